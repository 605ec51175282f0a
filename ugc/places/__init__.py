"""Points of interest and the brand that runs them. So far its tables."""
