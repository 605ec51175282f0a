"""Reads of scores and consents."""
