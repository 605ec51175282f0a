"""Reads of follows, watches and how members want to be told."""
