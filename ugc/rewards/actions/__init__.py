"""Writes of rewards and marks. Nothing here commits."""
