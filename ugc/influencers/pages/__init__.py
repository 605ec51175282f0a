"""Pages of prescriptores."""
