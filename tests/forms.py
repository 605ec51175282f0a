"""What members send in the forms of the site."""

from __future__ import annotations

from collections.abc import Iterator

import marshmallow as ma

PLACE = {"name": "Café Comercial", "category": "cafe", "lat": "40.43", "lon": "-3.70"}
REVIEW = {"rating": "4", "title": "Good", "text": "The coffee is good and the staff is kind. " * 2}
BRAND = {"name": "Mora", "about": "", "website": ""}
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
WATCH = {
    "shape": "area",
    "name": "Home",
    "how": "circle",
    "lat": "40.4",
    "lon": "-3.7",
    "radius_km": "5",
}


def schemas(above: type[ma.Schema] = ma.Schema) -> Iterator[type[ma.Schema]]:
    for schema in above.__subclasses__():
        yield schema
        yield from schemas(schema)
