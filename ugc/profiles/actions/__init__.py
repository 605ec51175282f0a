"""Writes of profiles. Nothing here commits."""
