"""A small invented town: a street on each side of a square, two Calle Mayor in two villages, one
house number, a member, a brand, places, a report and a review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import content, streets
from tests.factories.content import at
from tests.factories.members import member
from ugc.core import subjects
from ugc.core.db import Session

LON, LAT = 9.5, 47.1  # of the town's middle, far from the test's three cities
STREETS = {
    # name: (names in all languages, town, metres east of the middle, metres)
    "Calle de Alcolea": (["Carrer d'Alcolea"], "Villanueva", 0, 900),
    "Calle Mayor": ([], "Villanueva", 200, 700),
    "Calle Mayor ": ([], "Pinarejo", 5_000, 300),
    "Avenida del Doctor Serra": ([], "Villanueva", 400, 1_500),
    "Mannerheimintie": (["Mannerheimvägen"], "Villanueva", 600, 2_000),
}
DEGREES = 1 / 75_000  # a metre to the east


@pytest.fixture
def town(session: Session) -> dict[str, int]:
    """The ids of the streets by name; extract "villanueva" is shown."""
    load = streets.extract(session, "villanueva", (9.4, 47, 9.7, 47.2))
    found = {}
    for name, (others, place, east, metres) in STREETS.items():
        lon = LON + east * DEGREES
        found[name] = streets.street(
            session, load, name.strip(), f"{lon} {LAT - 0.002}, {lon} {LAT + 0.002}",
            also=tuple(others), metres=metres, town=place, centre=at(lon, LAT),
        )  # fmt: skip
    alcolea = found["Calle de Alcolea"]
    streets.house(session, load, "46", "Calle de Alcolea", alcolea, LON, LAT + 0.001)
    crossing = [alcolea, found["Avenida del Doctor Serra"]]
    streets.corner(session, load, crossing, LON + 0.002, LAT)
    for kind, name, east in (
        ("town", "Villanueva", 0),
        ("village", "Pinarejo", 5_000),
        ("quarter", "Las Eras", 900),
    ):
        middle = at(LON + east * DEGREES, LAT)
        streets.locality(session, load, kind, name, middle, population=900)
    session.commit()
    return found


Add = Callable[..., str]


@pytest.fixture
def add(session: Session) -> Add:
    """`add("place", name=…, …)` → the public id; east is in metres from the town's middle."""

    makers = {"place": content.place, "report": content.report, "brand": content.brand}

    def put(kind: str, /, *, east: float = 0, **columns: Any) -> str:
        if kind == "review":
            made = content.review(session, columns.pop("place_id"), **columns)
        elif kind == "member":
            made = session.get_one(subjects.Subject, member(session, **columns).id)
        else:
            where = {} if kind == "brand" else {"lon": LON + east * DEGREES, "lat": LAT}
            made = makers[kind](session, **where, **columns)
        session.commit()
        return made.public_id

    return put
