"""Campaigns of brands: invitations to members who let the brand invite them."""
