"""What the API tells of each kind of content, as SQL that writes JSON text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ugc.core import citymap, people
from ugc.places.models import EXTRACT_SOURCE
from ugc.reports.rules.belief import HELD_RELIABILITY_CAP

COPYRIGHT = "https://www.openstreetmap.org/copyright"
# How a value becomes JSON text. Codes hold nothing that JSON escapes.
_AS_JSON = {
    "code": """coalesce('"' || {0} || '"', 'null')""",
    "text": "coalesce(to_json({0})::text, 'null')",
    "raw": "coalesce({0}::text, 'null')",
    "time": """coalesce('"' || to_char({0}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"', 'null')""",
    "moment": """'"' || to_char({0}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'""",
    "date": """coalesce('"' || {0}::text || '"', 'null')""",
}
_AUTHOR = (
    "'{\"handle\":' || to_json(m.handle)::text || ',\"name\":'"
    f" || coalesce(to_json(nullif({people.NAME_SQL}, ''))::text, 'null') || ',\"picture\":'"
    f" || coalesce('\"' || %(site)s::text || '/photos/' || nullif({people.PICTURE_SQL}, '')"
    f" || '/face{people.LARGE_PX}.webp\"', 'null') || '}}'"
)
# `site` is SITE_URL as it stands inside of a JSON string. Photos come with the rest of a page.
_PHOTOS = (
    "'[' || coalesce((SELECT string_agg('\"' || %(site)s::text || '/photos/' || f.key ||"
    " '/large.webp\"', ',' ORDER BY f.id) FROM photos f WHERE f.subject_id = c.id"
    " AND f.state = 'ready' AND f.visibility = 'published'), '') || ']'"
)


def _addresses(collection: str) -> tuple[tuple[str, str, str], ...]:
    """The thing's page on the site and its resource here, absolute."""
    return (
        ("url", f"%(site)s::text || '/{collection}/' || s.public_id", "code"),
        ("self", f"%(site)s::text || '/api/v1/{collection}/' || s.public_id", "code"),
    )


def _sourced(person: str | None) -> tuple[tuple[str, str, str], ...]:
    """Who wrote it or where it was imported from."""
    author = (("author", person, "raw"),) if person else ()
    return (
        *author,
        ("attribution", "o.attribution", "text"),
        ("licence", "o.licence", "text"),
        ("source", "o.url", "text"),
    )


# Where it is by a loaded extract. A coarse report has none.
_LOCATED = (
    ("street", "nullif(a.street, '')", "text"),
    (
        "address_parts",
        "CASE WHEN a.subject_id IS NOT NULL THEN json_build_object('street', nullif(a.street, ''),"
        " 'number', nullif(a.number, ''), 'is_exact', a.is_exact, 'side', CASE a.side"
        " WHEN 1 THEN 'right' WHEN -1 THEN 'left' END, 'corner', nullif(a.corner, ''),"
        " 'before', nullif(a.before, ''), 'after', nullif(a.after, ''),"
        " 'quarter', nullif(a.quarter, ''), 'town', nullif(a.town, ''),"
        " 'extract', a.extract_code, 'data_at',"
        """ to_char(a.data_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) END""",
        "raw",
    ),
)


@dataclass(frozen=True)
class Resource:
    """One kind of content. `fields` are (name, SQL, how), `fades` those of them that change by the
    clock alone; `source` joins everything the fields use, the content as `c` and its subject as
    `s`; `point` is None for what has no place; `choose` joins what choosing the rows needs
    (point, visibility, filters); `filters` maps a parameter to SQL with `%(parameter)s`."""

    kind: str
    table: str
    source: str
    point: str | None
    shown: str
    choose: str
    fields: tuple[tuple[str, str, str], ...]
    filters: dict[str, str] = field(default_factory=dict)
    fades: tuple[tuple[str, str, str], ...] = ()


# Belief is told to the hundredth and the second, as on the report's page: exactly, it would tell
# reports of one author from those of others. What fades is computed from what is told.
_BELIEF = "round(c.believed::numeric, 2)"
_REACTION = "round(c.reacted::numeric, 2)"
_BELIEVED_AT = "date_trunc('second', c.believed_at)"


def _out_of_ten(belief: str) -> str:
    now = f"belief_now(({belief})::float8, {_BELIEVED_AT}, c.half_life_s)"
    return f"floor(10 * {now} + 0.5)"


REPORTS = Resource(
    kind="report",
    table="reports",
    source=(
        " JOIN subjects s ON s.id = c.id LEFT JOIN members m ON m.id = c.author_id"
        " LEFT JOIN cities t ON t.id = c.city_id LEFT JOIN sources o ON o.id = c.source_id"
        " LEFT JOIN subject_addresses a ON a.subject_id = c.id"
    ),
    point="c.geom",
    shown="c.visibility IN ('published', 'held') AND c.state <> 'merged'",
    choose="",
    fields=(
        ("kind", "c.kind", "code"),
        ("subkind", "c.subkind", "code"),
        (
            "state",
            "CASE WHEN c.state = 'open' AND c.expires_at <= app_now() THEN 'expired'"
            " ELSE c.state END",
            "code",
        ),
        ("unconfirmed", "c.visibility = 'held'", "raw"),
        ("text", "CASE WHEN c.visibility = 'published' THEN nullif(c.text, '') END", "text"),
        ("language", "nullif(c.language, 'und')", "text"),
        ("confirmations", "c.confirmations", "raw"),
        ("denials", "c.denials", "raw"),
        ("belief", _BELIEF, "raw"),
        ("reaction", _REACTION, "raw"),
        ("believed_at", _BELIEVED_AT, "time"),
        ("half_life_s", "c.half_life_s", "raw"),
        ("heading", "c.heading", "raw"),
        ("accuracy_m", "CASE WHEN c.coarse THEN c.accuracy_m::int END", "raw"),
        ("occurred_at", "c.occurred_at", "time"),
        ("expires_at", "c.expires_at", "time"),
        ("created_at", "c.created_at", "time"),
        ("changed_at", "s.changed_at", "time"),
        ("city", "t.name", "text"),
        *_LOCATED,
        *_sourced(f"CASE WHEN NOT c.author_hidden THEN {_AUTHOR} END"),
        *_addresses("reports"),
        ("photos", _PHOTOS, "raw"),
    ),
    filters={
        "kind": "c.kind = ANY(%(kind)s)",
        "subkind": "c.subkind = ANY(%(subkind)s)",
        "state": (
            "CASE WHEN c.state = 'open' AND c.expires_at <= app_now() THEN 'expired'"
            " ELSE c.state END = %(state)s"
        ),
    },
    fades=(
        ("as_of", "app_now()", "moment"),
        (
            "reliability",
            f"least(CASE WHEN c.visibility = 'held' THEN {HELD_RELIABILITY_CAP} ELSE 10 END,"
            f" {_out_of_ten(_BELIEF)})",
            "raw",
        ),
        ("confidence", _out_of_ten(_REACTION), "raw"),
    ),
)
_BRAND = (
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
    source=REPORTS.source,
    point="c.geom",
    shown="c.visibility = 'published'",
    choose="",
    fields=(
        ("name", "c.name", "text"),
        ("category", "c.category", "code"),
        ("address", "nullif(c.address, '')", "text"),
        ("phone", "nullif(c.phone, '')", "text"),
        ("website", "nullif(c.website, '')", "text"),
        ("opening_hours", "nullif(c.opening_hours, '')", "text"),
        ("timezone", "c.timezone", "text"),
        ("closed_at", "c.closed_at", "time"),
        ("rating_count", "c.rating_count", "raw"),
        (
            "rating_mean",
            "round(c.rating_sum::numeric / nullif(c.rating_count, 0), 2)",
            "raw",
        ),
        (
            "brand",
            "(SELECT bs.public_id FROM place_brands pb JOIN subjects bs ON bs.id = pb.brand_id"
            " WHERE pb.place_id = c.id AND pb.until IS NULL)",
            "code",
        ),
        ("created_at", "c.created_at", "time"),
        ("changed_at", "s.changed_at", "time"),
        ("city", "t.name", "text"),
        *_LOCATED,
        ("author", _AUTHOR, "raw"),
        ("attribution", _with_extracted("o.attribution", citymap.SOURCE), "text"),
        ("licence", _with_extracted("o.licence", "ODbL 1.0"), "text"),
        ("source", f"coalesce(o.url, CASE WHEN {_HAS_EXTRACTED} THEN '{COPYRIGHT}' END)", "text"),
        *_addresses("places"),
        ("photos", _PHOTOS, "raw"),
    ),
    filters={"category": "c.category = ANY(%(category)s)", "brand": _BRAND.format("c.id")},
)
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
        ("place", "ps.public_id", "code"),
        ("place_name", "p.name", "text"),
        ("category", "p.category", "code"),
        ("rating", "c.rating", "raw"),
        ("subratings", "c.subratings", "raw"),
        ("title", "nullif(c.title, '')", "text"),
        ("text", "nullif(c.text, '')", "text"),
        ("language", "nullif(c.language, 'und')", "text"),
        ("visited_month", "c.visited_month", "date"),
        ("visit_kind", "c.visit_kind", "text"),
        ("helpful", "c.helpful", "raw"),
        ("edited_at", "c.edited_at", "time"),
        ("created_at", "c.created_at", "time"),
        ("changed_at", "s.changed_at", "time"),
        *_sourced(_AUTHOR),
        *_addresses("reviews"),
        ("photos", _PHOTOS, "raw"),
    ),
    filters={
        "category": "p.category = ANY(%(category)s)",
        "brand": _BRAND.format("c.place_id"),
        "place": "ps.public_id = %(place)s",
        "rating": "c.rating = %(rating)s",
    },
)
BRANDS = Resource(
    kind="brand",
    table="brands",
    source=" JOIN subjects s ON s.id = c.id LEFT JOIN sources o ON o.id = c.source_id",
    point=None,
    shown="c.visibility = 'published'",
    choose="",
    fields=(
        ("name", "c.name", "text"),
        ("about", "nullif(c.about, '')", "text"),
        ("website", "nullif(c.website, '')", "text"),
        ("claimed", "c.claimed_at IS NOT NULL", "raw"),
        ("created_at", "c.created_at", "time"),
        ("changed_at", "s.changed_at", "time"),
        *_sourced(None),
        *_addresses("brands"),
        ("photos", _PHOTOS, "raw"),
    ),
)


def _members(fields: Sequence[tuple[str, str, str]]) -> str:
    """SQL of the fields as JSON text, without the braces."""
    parts = [f"""'"{name}":' || {_AS_JSON[how].format(f"({sql})")}""" for name, sql, how in fields]
    return " || ',' || ".join(parts)


def feature(resource: Resource, geojson: bool) -> tuple[str, str | None]:
    """SQL of one feature (RFC 7946), or of one plain object with `lon` and `lat`, in two parts that
    make it together: what changes with the content alone, and what fades with its end (None: the
    first part is the whole)."""
    end = "'}}'" if geojson else "'}'"
    steady = f"{_head(resource, geojson)} || {_members(resource.fields)}"
    if not resource.fades:
        return f"{steady} || {end}", None
    return steady, f"',' || {_members(resource.fades)} || {end}"


def _head(resource: Resource, geojson: bool) -> str:
    lon, lat = f"ST_X({resource.point})", f"ST_Y({resource.point})"
    if geojson:
        point = f"""'{{"type":"Point","coordinates":[' || {lon} || ',' || {lat} || ']}}'"""
        geometry = point if resource.point else "'null'"
        return (
            """'{"type":"Feature","id":"' || s.public_id || '","geometry":' || """
            f"""{geometry} || ',"properties":{{'"""
        )
    place = f""" || ',"lon":' || {lon} || ',"lat":' || {lat}""" if resource.point else ""
    return f"""'{{"id":"' || s.public_id || '"'{place} || ','"""
