"""What the API tells of a report."""

from __future__ import annotations

from ugc.core.resources import (
    AUTHOR,
    Field,
    Resource,
    addresses,
    sourced,
)
from ugc.media.api import PHOTOS_FIELD
from ugc.reports.rules.kinds import KINDS
from ugc.streets.api import LOCATED

STATES = ("open", "closed", "expired")
BELIEF = {"type": "number", "minimum": 0, "maximum": 1}
OF_TEN = {"type": "integer", "minimum": 0, "maximum": 10}
# Belief is told to the hundredth and the second, as on the report's page: exactly, it would tell
# reports of one author from those of others. What fades is computed from what is told.
_BELIEF = "round(c.believed::numeric, 2)"
_REACTION = "round(c.reacted::numeric, 2)"
_BELIEVED_AT = "date_trunc('second', c.believed_at)"


def _out_of_ten(belief: str, held: str = "false") -> str:
    return f"out_of_ten(belief_now(({belief})::float8, {_BELIEVED_AT}, c.half_life_s), {held})"


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
        Field("kind", "c.kind", "code", {"type": "string", "enum": list(KINDS)}),
        Field(
            "subkind",
            "c.subkind",
            "code",
            {
                "type": ["string", "null"],
                "description": "One of `subkinds` of its kind (see `/kinds`); null when none was"
                " said.",
            },
        ),
        Field(
            "state",
            "CASE WHEN c.state = 'open' AND c.expires_at <= app_now() THEN 'expired'"
            " ELSE c.state END",
            "code",
            {"type": "string", "enum": list(STATES)},
        ),
        Field("unconfirmed", "c.visibility = 'held'", "raw", {"type": "boolean"}),
        Field("text", "CASE WHEN c.visibility = 'published' THEN nullif(c.text, '') END", "text"),
        Field("language", "nullif(c.language, 'und')", "text"),
        Field("confirmations", "c.confirmations", "raw"),
        Field("denials", "c.denials", "raw"),
        Field(
            "belief",
            _BELIEF,
            "raw",
            {
                **BELIEF,
                "description": "How far it was believed at `believed_at`. It halves every"
                " `half_life_s`.",
            },
        ),
        Field(
            "reaction",
            _REACTION,
            "raw",
            {**BELIEF, "description": "As `belief`, by what people said of it alone."},
        ),
        Field("believed_at", _BELIEVED_AT, "time", {"type": "string", "format": "date-time"}),
        Field("half_life_s", "c.half_life_s", "raw", {"type": "number", "exclusiveMinimum": 0}),
        Field("heading", "c.heading", "raw"),
        Field(
            "accuracy_m",
            "CASE WHEN c.coarse THEN c.accuracy_m::int END",
            "raw",
            {
                "type": ["integer", "null"],
                "description": "Of a report whose author shows only an area: its radius in metres"
                " round the"
                " point. null when the point is where it is.",
            },
        ),
        Field("occurred_at", "c.occurred_at", "time"),
        Field("expires_at", "c.expires_at", "time"),
        Field("created_at", "c.created_at", "time"),
        Field("changed_at", "s.changed_at", "time"),
        Field("city", "t.name", "text"),
        *LOCATED,
        *sourced(f"CASE WHEN NOT c.author_hidden THEN {AUTHOR} END"),
        *addresses("reports"),
        PHOTOS_FIELD,
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
        Field(
            "as_of",
            "app_now()",
            "moment",
            {
                "type": "string",
                "format": "date-time",
                "description": "When `reliability` and `confidence` were computed.",
            },
        ),
        Field(
            "reliability",
            _out_of_ten(_BELIEF, "c.visibility = 'held'"),
            "raw",
            {
                **OF_TEN,
                "description": "At a time t: min(10, or 5 while `unconfirmed`; floor(10 ·"
                " `belief` · 2^-h"
                " + 0.5)) where h is (t - `believed_at`) / `half_life_s`, from 0 to 60.",
            },
        ),
        Field(
            "confidence",
            _out_of_ten(_REACTION),
            "raw",
            {**OF_TEN, "description": "As `reliability` by `reaction`, without the cap."},
        ),
    ),
)
