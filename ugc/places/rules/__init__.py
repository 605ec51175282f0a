"""Categories, what a place may say of itself, and what looks like the same place. Pure."""
