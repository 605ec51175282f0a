"""Keys of the public API. So far its tables."""
