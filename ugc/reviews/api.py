"""What the API tells of a review."""

from __future__ import annotations

from ugc.core.resources import (
    AUTHOR,
    Field,
    Resource,
    addresses,
    sourced,
)
from ugc.media.api import PHOTOS_FIELD
from ugc.places.api import RUN_BY_BRAND
from ugc.places.rules.categories import CATEGORIES

REVIEWS = Resource(
    kind="review",
    table="reviews",
    source=(
        " JOIN subjects s ON s.id = c.id JOIN places p ON p.id = c.place_id"
        " JOIN subjects ps ON ps.id = p.id LEFT JOIN members m ON m.id = c.author_id"
        " LEFT JOIN sources o ON o.id = c.source_id"
    ),
    point="p.geom",
    shown="c.visibility = 'published' AND p.visibility = 'published'",
    choose=" JOIN places p ON p.id = c.place_id JOIN subjects ps ON ps.id = p.id",
    fields=(
        Field("place", "ps.public_id", "code"),
        Field("place_name", "p.name", "text"),
        Field("category", "p.category", "code", {"type": "string", "enum": list(CATEGORIES)}),
        Field("rating", "c.rating", "raw", {"type": "integer", "minimum": 1, "maximum": 5}),
        Field(
            "subratings",
            "c.subratings",
            "raw",
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ),
        Field("title", "nullif(c.title, '')", "text"),
        Field("text", "nullif(c.text, '')", "text"),
        Field("language", "nullif(c.language, 'und')", "text"),
        Field("visited_month", "c.visited_month", "date"),
        Field("visit_kind", "c.visit_kind", "text"),
        Field("helpful", "c.helpful", "raw"),
        Field("edited_at", "c.edited_at", "time"),
        Field("created_at", "c.created_at", "time"),
        Field("changed_at", "s.changed_at", "time"),
        *sourced(AUTHOR),
        *addresses("reviews"),
        PHOTOS_FIELD,
    ),
    filters={
        "category": "p.category = ANY(%(category)s)",
        "brand": RUN_BY_BRAND.format("c.place_id"),
        "place": "ps.public_id = %(place)s",
        "rating": "c.rating = %(rating)s",
    },
)
