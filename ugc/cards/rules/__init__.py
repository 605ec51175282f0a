"""What is told of a shared thing, and how it is said. Pure."""
