"""Writes of places. Nothing here commits."""
