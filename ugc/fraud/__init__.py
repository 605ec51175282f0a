"""Fraud scores of members, the rings that they show, decisions and appeals about them."""
