"""What the API tells of a brand."""

from __future__ import annotations

from ugc.core.resources import (
    Field,
    Resource,
    addresses,
    sourced,
)
from ugc.media.api import PHOTOS_FIELD

BRANDS = Resource(
    kind="brand",
    table="brands",
    source=" JOIN subjects s ON s.id = c.id LEFT JOIN sources o ON o.id = c.source_id",
    point=None,
    shown="c.visibility = 'published'",
    choose="",
    fields=(
        Field("name", "c.name", "text"),
        Field("about", "nullif(c.about, '')", "text"),
        Field("website", "nullif(c.website, '')", "text"),
        Field(
            "claimed",
            "c.claimed_at IS NOT NULL",
            "raw",
            {"type": "boolean", "description": "Whether a team speaks for the brand."},
        ),
        Field("created_at", "c.created_at", "time"),
        Field("changed_at", "s.changed_at", "time"),
        *sourced(None),
        *addresses("brands"),
        PHOTOS_FIELD,
    ),
)
