"""Writes of links, referrals and cascades. Nothing here commits."""
