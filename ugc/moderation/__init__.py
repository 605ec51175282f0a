"""Flags, cases, decisions and the columns that moderated content shares. So far its tables."""
