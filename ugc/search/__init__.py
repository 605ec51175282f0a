"""The one search: finders of all capabilities, ranked by one measure of likeness, and the places
that forms understand by name (decision 44)."""
