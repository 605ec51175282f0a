"""What spreading does: my contacts, a brand's spread room, prescriptores."""
