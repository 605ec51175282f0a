"""When a reward counts, and who is doubted. Pure."""
