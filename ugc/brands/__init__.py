"""Brands, claims, teams and fans. So far its tables."""
