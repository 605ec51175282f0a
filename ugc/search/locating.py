"""Places that a form asks for: a position as people type it, or a name that the search knows."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale, lazy_gettext

from ugc.core import names
from ugc.core.access import current_actor
from ugc.core.db import Session
from ugc.core.errors import Invalid
from ugc.geography import geo, geocoder
from ugc.search import finding
from ugc.search.finding import Found

NAME_MOST = 100  # characters of a name that is looked for
# What people mean by the name of a place on the map; a shop's name is many shops'.
_WHERE = frozenset({"city", "area", "street", "address", "corner"})
_UNMISTAKABLE = 0.98  # likeness of a name of anything else that is taken


def named_place(session: Session, name: str, field: str) -> Found:
    """A position as people type it, or what a name means: an address, a street, a corner, a part of
    a town or a city. Raises Invalid on `field`."""
    point = geo.Point.parsed(name, field)
    if point is not None:
        return Found("position", name, lon=point.lon, lat=point.lat)
    name = names.cleaned_name(name)[:NAME_MOST]
    # A service that the operator chose knows streets; loaded and bundled cities are always there.
    for title, lon, lat in geocoder.search(name, str(get_locale()), limit=1):
        checked = geo.Point.checked(lon, lat)
        return Found("address", title, lon=checked.lon, lat=checked.lat)
    found = [
        each
        for each in finding.find(session, current_actor(), name, of_map=True)
        if each.kind in _WHERE or each.likeness >= _UNMISTAKABLE
    ]
    if found:
        best = found[0]
        if best.meant:
            return best
        doubt = lazy_gettext(
            "No address or city with this name is known. Is it %(name)s (%(where)s)? Then write it"
            " so.",
            name=best.title,
            where=best.detail,
        )
        raise Invalid(fields={field: [doubt]})
    unknown = lazy_gettext(
        "No address or city with this name is known. Try another, or coordinates."
    )
    raise Invalid(fields={field: [unknown]})


def named_point(session: Session, name: str, field: str) -> geo.Point:
    """The point of `named_place`. Raises Invalid on `field`."""
    found = named_place(session, name, field)
    return geo.Point.checked(found.lon, found.lat)


def point_of_form(session: Session, data: dict[str, Any]) -> geo.Point:
    """The place of a form that includes `_pick.html`: coordinates first, else a name. Raises
    Invalid."""
    if data["lat"] or data["lon"]:
        return geo.Point.of_fields(data["lat"], data["lon"])
    if data["place_name"]:
        return named_point(session, data["place_name"], field="place_name")
    where = lazy_gettext(
        "Say where: your position, a point on the map, coordinates, an address or a city."
    )
    raise Invalid(fields={"location": [where]})
