"""The map page: what is alive in a viewport, as features for the map and as a list that says the
same without one. Open maps are told of changes by `ugc.stream` (streams) or `/map/changes` (polls):
`rules` say what a view is told, `queries` read it."""
