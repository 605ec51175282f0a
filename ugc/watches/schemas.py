"""Forms of watches and of how one is told."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import orjson
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.core.errors import Invalid
from ugc.watches.models import Delivery
from ugc.watches.rules.geometry import Line

DRAWN_MAX = 500  # corners
_NUMBER = lazy_gettext("Write a number, such as 5.")


def _number(text: str, field: str) -> float:
    """A number as people type it. Raises Invalid on `field`."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise Invalid(fields={field: [_NUMBER]}) from None


def drawn_line(text: str) -> Line:
    """What was drawn on the map: JSON [[lon, lat], …] in degrees. Raises Invalid on `drawn`."""
    bad = Invalid(fields={"drawn": [lazy_gettext("Draw it on the map first.")]})
    try:
        points = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad from None
    if not isinstance(points, list) or not 2 <= len(points) <= DRAWN_MAX:
        raise bad
    line: list[tuple[float, float]] = []
    for point in points:
        match point:
            case [int() | float() as lon, int() | float() as lat]:
                if isinstance(lon, bool) or abs(lon) > 180 or abs(lat) > 90:
                    raise bad
                line.append((float(lon), float(lat)))
            case _:
                raise bad
    return line


class WatchForm(Form):
    """`how` says which of the ways to give a shape counts."""

    name = ma.fields.String(load_default="")
    how = ma.fields.String(
        load_default="circle", validate=ma.validate.OneOf(("circle", "drawn", "file", "keep"))
    )
    place_name = ma.fields.String(load_default="")
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    radius_km = ma.fields.String(load_default="5")
    drawn = ma.fields.String(load_default="", metadata={"longest": 40_000})
    file = ma.fields.String(load_default="")  # browsers send an empty field for no file
    distance_m = ma.fields.String(load_default="200")
    least = ma.fields.Integer(
        load_default=0,
        validate=ma.validate.Range(0, 10),
        error_messages={"invalid": _NUMBER},
    )
    delivery = ma.fields.String(
        load_default="", validate=ma.validate.OneOf(("", *(str(d) for d in Delivery)))
    )

    @ma.post_load
    def numbers(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        data["radius_m"] = _number(data.pop("radius_km"), "radius_km") * 1000
        data["distance_m"] = _number(data["distance_m"], "distance_m")
        return data


def _hour() -> ma.fields.Integer:
    return ma.fields.Integer(required=True, validate=ma.validate.Range(0, 23))


class DeliveryForm(Form):
    # With `table`, what is ticked in `told` is the whole table of news (`rules.where_of_boxes`).
    table = ma.fields.Boolean(load_default=False, truthy={"yes"}, falsy={""})
    told = ma.fields.Raw(load_default=None)
    delivery = ma.fields.Enum(Delivery, by_value=True, required=True)
    still_there = ma.fields.Boolean(load_default=False, truthy={"yes"}, falsy={""})
    hour = _hour()
    weekday = ma.fields.Integer(required=True, validate=ma.validate.Range(0, 6))
    quiet_from = _hour()
    quiet_until = _hour()
