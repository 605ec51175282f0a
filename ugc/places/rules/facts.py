"""Which origin of a fact counts, and what becomes of what another one says. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection

from ugc.core.access import Actor
from ugc.geography import geo
from ugc.places.models import EXTRACT_SOURCE, FIELDS, TEXTS, Origin

__all__ = ["EXTRACT_SOURCE", "FIELDS", "TEXTS", "Origin"]

PEOPLE = (Origin.MODERATOR, Origin.BRAND, Origin.MEMBER)
MACHINES = (Origin.IMPORT, Origin.EXTRACT)
REQUIRED = ("name", "category", "point")
CLOSED = "closed"  # the value of the field of that name; '' for open
REFUSED_MOST = 20  # values that were not taken and are remembered, of one field
_RANKS = {origin: -number for number, origin in enumerate(Origin)}
Value = str | bool | geo.Point


class Verdict(enum.Enum):
    WRITE = "write"
    PROPOSE = "propose"
    NOTHING = "nothing"  # and what this origin or a weaker one proposed before goes


def outranks(origin: str, other: str) -> bool:
    """Whether the first may write over the second; an origin may write over itself."""
    return _RANKS[Origin(origin)] >= _RANKS[Origin(other)]


def origin_of_source(code: str | None) -> Origin:
    """The origin of a place's facts that have none of their own, by the code of its source."""
    if code is None:
        return Origin.MEMBER
    return Origin.EXTRACT if code == EXTRACT_SOURCE else Origin.IMPORT


def usual_of(field: str, present: str, usual: Origin) -> Origin:
    """The origin of a field that has none of its own: its place's, but of a detail that is empty
    the weakest, so that any origin may fill it."""
    return usual if present or field in (*REQUIRED, CLOSED) else Origin.EXTRACT


def origin_of(actor: Actor, brand_id: int | None) -> Origin:
    """As what a member writes facts of a place that the brand (None: no brand) runs."""
    if actor.may("edit_content"):
        return Origin.MODERATOR
    if brand_id is not None and actor.may("run_places", brand_id):
        return Origin.BRAND
    return Origin.MEMBER


def written(value: Value) -> str:
    """A value as texts of facts hold it: a point is `lat, lon` in degrees of five decimals,
    closed for good is `closed`."""
    if isinstance(value, bool):
        return CLOSED if value else ""
    if isinstance(value, geo.Point):
        # Adding 0 makes 0 of -0.
        return f"{value.public.lat + 0:.5f}, {value.public.lon + 0:.5f}"
    return value


def point_of(text: str) -> geo.Point:
    """The point of a text that `written` made."""
    lat, lon = text.split(", ")
    return geo.Point(float(lon), float(lat))


def judge(
    field: str, said: str, origin: str, *, present: str, of: str, refused: Collection[str]
) -> Verdict:
    """What becomes of a value that `origin` says of a field whose value `present` is of another
    origin. What a file does not say it does not deny: only its own value goes with it."""
    if said == present or (not said and field in REQUIRED):
        return Verdict.NOTHING
    if outranks(origin, of):
        return Verdict.WRITE
    if said in refused or (not said and origin in MACHINES):
        return Verdict.NOTHING
    return Verdict.PROPOSE
