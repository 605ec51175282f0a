"""Referral links, visits and the tree of contacts. So far its tables; nothing writes them yet."""
