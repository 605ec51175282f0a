"""What changed on the map since a cursor, read by transaction id (docs/decisions/0005)."""
