"""What the API tells of a place."""

from __future__ import annotations

from ugc.core.resources import (
    AUTHOR,
    AUTHOR_SCHEMA,
    Field,
    Resource,
    addresses,
)
from ugc.drawing import citymap
from ugc.media.api import PHOTOS_FIELD
from ugc.places.models import EXTRACT_SOURCE
from ugc.places.rules.categories import CATEGORIES
from ugc.streets.api import LOCATED

COPYRIGHT = "https://www.openstreetmap.org/copyright"
# `{0}` is the id of a place.
RUN_BY_BRAND = (
    "EXISTS (SELECT FROM place_brands pb JOIN subjects bs ON bs.id = pb.brand_id"
    " WHERE pb.place_id = {0} AND pb.until IS NULL AND bs.public_id = %(brand)s)"
)
# Facts of OpenStreetMap in a place that came from elsewhere bring its terms along.
_HAS_EXTRACTED = (
    f"(o.code IS DISTINCT FROM '{EXTRACT_SOURCE}' AND EXISTS (SELECT FROM place_facts pf"
    " WHERE pf.place_id = c.id AND pf.origin = 'extract'))"
)


def _with_extracted(column: str, told: str) -> str:
    return f"nullif(concat_ws('; ', {column}, CASE WHEN {_HAS_EXTRACTED} THEN '{told}' END), '')"


PLACES = Resource(
    kind="place",
    table="places",
    source=(
        " JOIN subjects s ON s.id = c.id LEFT JOIN members m ON m.id = c.author_id"
        " LEFT JOIN cities t ON t.id = c.city_id LEFT JOIN sources o ON o.id = c.source_id"
        " LEFT JOIN subject_addresses a ON a.subject_id = c.id"
    ),
    point="c.geom",
    shown="c.visibility = 'published'",
    choose="",
    fields=(
        Field("name", "c.name", "text"),
        Field("category", "c.category", "code", {"type": "string", "enum": list(CATEGORIES)}),
        Field("address", "nullif(c.address, '')", "text"),
        Field("phone", "nullif(c.phone, '')", "text"),
        Field("website", "nullif(c.website, '')", "text"),
        Field("opening_hours", "nullif(c.opening_hours, '')", "text"),
        Field("timezone", "c.timezone", "text"),
        Field(
            "closed_at",
            "c.closed_at",
            "time",
            {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "Since when the place is known to be closed for good; null while"
                " it is not.",
            },
        ),
        Field("rating_count", "c.rating_count", "raw"),
        Field(
            "rating_mean",
            "round(c.rating_sum::numeric / nullif(c.rating_count, 0), 2)",
            "raw",
            {"type": ["number", "null"]},
        ),
        Field(
            "brand",
            "(SELECT bs.public_id FROM place_brands pb JOIN subjects bs ON bs.id = pb.brand_id"
            " WHERE pb.place_id = c.id AND pb.until IS NULL)",
            "code",
        ),
        Field("created_at", "c.created_at", "time"),
        Field("changed_at", "s.changed_at", "time"),
        Field("city", "t.name", "text"),
        *LOCATED,
        Field("author", AUTHOR, "raw", AUTHOR_SCHEMA),
        Field("attribution", _with_extracted("o.attribution", citymap.SOURCE), "text"),
        Field("licence", _with_extracted("o.licence", "ODbL 1.0"), "text"),
        Field(
            "source", f"coalesce(o.url, CASE WHEN {_HAS_EXTRACTED} THEN '{COPYRIGHT}' END)", "text"
        ),
        *addresses("places"),
        PHOTOS_FIELD,
    ),
    filters={"category": "c.category = ANY(%(category)s)", "brand": RUN_BY_BRAND.format("c.id")},
)
