"""Writes: joining, confirming, signing in, settings, leaving. Nothing here commits."""
