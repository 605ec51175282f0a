"""Reads of weekly figures."""
