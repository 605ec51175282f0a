"""Geotagged live reports: post, confirm, deny, close, withdraw, expire.

A report is open, closed or expired; alive is `open` and `expires_at` in the future. Its visibility
is published, or held: then kind, place and time show at once as unconfirmed while the text waits
for a moderator. Kinds, their lives and names are in `taxonomy.toml`.
Events: `content.posted`, `content.approved`, `content.gone`, `report.confirmed`."""
