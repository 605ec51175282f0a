"""The inbox of a member. So far its table."""
