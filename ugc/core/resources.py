"""What the API tells of a kind of content: fields as SQL that makes JSON text, and their schemas.

Each capability declares its resource in `api.py`; `ugc.brandapi` pages, filters and
describes all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ugc.core import people

TEXT: dict[str, Any] = {"type": "string"}
TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
URI, URI_OR_NULL = {**TEXT, "format": "uri"}, {**TEXT_OR_NULL, "format": "uri"}


class Field(NamedTuple):
    """A field: its name, its SQL, how that becomes JSON text (`text`, `code`, `raw`, `time`,
    `moment`, `date`), and its JSON schema, where `how` does not tell it."""

    name: str
    sql: str
    how: str
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Resource:
    """One kind of content. `fades` are the fields that change by the clock alone; `source` joins
    everything the fields use, the content as `c` and its subject as `s`; `point` is None for what
    has no place; `choose` joins what choosing the rows needs (point, visibility, filters);
    `filters` maps a parameter to SQL with `%(parameter)s`."""

    kind: str
    table: str
    source: str
    point: str | None
    shown: str
    choose: str
    fields: tuple[Field, ...]
    filters: dict[str, str] = field(default_factory=dict)
    fades: tuple[Field, ...] = ()


AUTHOR_SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "description": "null for imported content, when the person erased the account, and where"
    " the author of a report on a road does not show the name.",
    # `picture`: a square photo, WebP; null where initials stand for the person.
    "properties": {"handle": TEXT, "name": TEXT_OR_NULL, "picture": URI_OR_NULL},
}
AUTHOR = (
    "'{\"handle\":' || to_json(m.handle)::text || ',\"name\":'"
    f" || coalesce(to_json(nullif({people.NAME_SQL}, ''))::text, 'null') || ',\"picture\":'"
    f" || coalesce('\"' || %(site)s::text || '/photos/' || nullif({people.PICTURE_SQL}, '')"
    f" || '/face{people.LARGE_PX}.webp\"', 'null') || '}}'"
)


def addresses(collection: str) -> tuple[Field, ...]:
    """The thing's page on the site and its resource here, absolute."""
    return (
        Field(
            "url",
            f"%(site)s::text || '/{collection}/' || s.public_id",
            "code",
            {**URI, "description": "Its page on the site."},
        ),
        Field(
            "self",
            f"%(site)s::text || '/api/v1/{collection}/' || s.public_id",
            "code",
            {**URI, "description": "This resource."},
        ),
    )


def sourced(person: str | None) -> tuple[Field, ...]:
    """Who wrote it or where it was imported from."""
    author = (Field("author", person, "raw", AUTHOR_SCHEMA),) if person else ()
    return (
        *author,
        Field("attribution", "o.attribution", "text"),
        Field("licence", "o.licence", "text"),
        Field("source", "o.url", "text"),
    )
