"""Reviews of places, their history and helpful votes. So far its tables."""
