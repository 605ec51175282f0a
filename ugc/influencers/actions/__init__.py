"""Writes of scores and consents. Nothing here commits."""
