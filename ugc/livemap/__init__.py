"""The map page: what is alive in a viewport, as features for the map and as a list that says the
same without one."""
