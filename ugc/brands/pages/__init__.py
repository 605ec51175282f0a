"""Brands' pages: finding, following, claiming, and the team's own."""
