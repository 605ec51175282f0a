"""What a brand's machines read: keys, and `/api/v1` with reports, places, reviews and the brand's
spread.

A key is shown once and stored hashed; it is valid until revoked. A page of 100 features is built by
one statement in the database and passed through as bytes; see docs/api.md."""
