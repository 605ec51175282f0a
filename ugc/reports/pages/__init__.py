"""Posting, reading, confirming and denying reports; `slots` are their panels on other pages."""
