"""Reads of the ledger and of what is folded from it."""
