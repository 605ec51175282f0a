"""`ugc backup` and `ugc restore`: the database, the photos and a manifest of both in one folder."""
