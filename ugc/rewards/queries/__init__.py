"""Reads of rewards, scores and rings."""
