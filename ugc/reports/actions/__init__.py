"""Writes of reports. Nothing here commits."""
