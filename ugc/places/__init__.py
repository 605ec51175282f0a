"""Places: where people go, found by name (accents and typos forgiven) and near by.

A member suggests one after seeing likely duplicates; it is held whole while they are new. Its
`rating_*` columns are told by `reviews`. Categories and their aspects are in `categories.toml`.
Events: `content.posted`, `content.approved`, `content.gone`."""
