"""Writes of follows, watches and choices. Nothing here commits."""
