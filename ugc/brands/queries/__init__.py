"""Reads of brands, their teams and fans."""
