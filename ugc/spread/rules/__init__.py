"""How figures are disclosed, summed and drawn."""
