"""What makes a member doubted, and how a ring is drawn."""
