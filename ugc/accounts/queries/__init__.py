"""Reads of members, sessions and tokens."""
