"""Positions as people type and paste them, in Spanish and English: one parser for every field."""
