"""What may be told of a spread, and what it means. Pure; a part each:

`disclosure` which figures brands see · `weeks` spans of whole ISO weeks · `growth` K, cycle time
and the curve they imply · `shape` cascades: structural virality, and what of them may be drawn ·
`rings` the drawing of my contacts · `score` of prescriptores."""
