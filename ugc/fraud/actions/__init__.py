"""Writes of fingerprints, scores, rings and appeals. Nothing here commits."""
