"""Reviews of places: one per member and place, editable with a public history, found helpful by
others.

A new member's is held whole. The place carries the count and the sum of published ratings.
Events: `content.posted`, `content.approved`, `content.gone`, `review.found_helpful`."""
