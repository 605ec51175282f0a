"""What an extract is called, and where its box lies. Pure."""
