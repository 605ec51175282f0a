"""Reads of fingerprints, scores, rings and appeals."""
