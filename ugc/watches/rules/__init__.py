"""What may be watched and how much of it, and which news goes where. Pure."""
