"""Loads of extracts, and the statements that make streets, corners and tiles of them."""
