"""Writes of brands. Nothing here commits."""
