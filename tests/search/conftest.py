"""A small invented town: a street on each side of a square, two Calle Mayor in two villages, one
house number, a member, a brand, places, a report and a review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

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
    extract = session.scalar(
        sa.text(
            "INSERT INTO extracts (code, file_name, sha256, step, west, south, east, north)"
            " VALUES ('villanueva', 'v.osm.pbf', 'x', 'shown', 9.4, 47, 9.7, 47.2) RETURNING id"
        )
    )
    found = {}
    for name, (others, place, east, metres) in STREETS.items():
        lon = LON + east * DEGREES
        line = f"SRID=4326;MULTILINESTRING(({lon} {LAT - 0.002}, {lon} {LAT + 0.002}))"
        found[name] = session.scalar(
            sa.text(
                "INSERT INTO streets (extract_id, name, metres, rank, town, centre, geom) VALUES"
                " (:extract, :name, :metres, 3, :town, :centre, :geom) RETURNING id"
            ),
            {
                "extract": extract, "name": name.strip(), "metres": metres, "town": place,
                "centre": f"SRID=4326;POINT({lon} {LAT})", "geom": line,
            },
        )  # fmt: skip
        for said in [name, *others]:
            session.execute(
                sa.text(
                    "INSERT INTO street_names (extract_id, street_id, key, core)"
                    " VALUES (:extract, :street, name_key(:said), street_core(:said))"
                ),
                {"extract": extract, "street": found[name], "said": said.strip()},
            )
    session.execute(
        sa.text(
            "INSERT INTO addresses (extract_id, osm, number, street, street_id, geom) VALUES"
            " (:extract, 'n1', '46', 'Calle de Alcolea', :street, :geom)"
        ),
        {
            "extract": extract, "street": found["Calle de Alcolea"],
            "geom": f"SRID=4326;POINT({LON} {LAT + 0.001})",
        },
    )  # fmt: skip
    session.execute(
        sa.text(
            "INSERT INTO corners (extract_id, street_ids, geom) VALUES (:extract, :ids, :geom)"
        ),
        {
            "extract": extract,
            "ids": [found["Calle de Alcolea"], found["Avenida del Doctor Serra"]],
            "geom": f"SRID=4326;POINT({LON + 0.002} {LAT})",
        },
    )
    for kind, name, east in (
        ("town", "Villanueva", 0),
        ("village", "Pinarejo", 5_000),
        ("quarter", "Las Eras", 900),
    ):
        session.execute(
            sa.text(
                "INSERT INTO localities (extract_id, osm, kind, name, names, population, geom)"
                " VALUES (:extract, 'n2', :kind, :name, ARRAY[:name], 900, :geom)"
            ),
            {
                "extract": extract, "kind": kind, "name": name,
                "geom": f"SRID=4326;POINT({LON + east * DEGREES} {LAT})",
            },
        )  # fmt: skip
    session.commit()
    return found


Add = Callable[..., str]


@pytest.fixture
def add(session: Session) -> Add:
    """`add("place", name=…, …)` → the public id; east is in metres from the town's middle."""

    def put(kind: str, /, *, east: float = 0, **columns: Any) -> str:
        subject = subjects.create(session, kind)
        table = {"place": "places", "report": "reports", "review": "reviews"}.get(kind, kind + "s")
        if kind in ("place", "report"):
            columns.setdefault("geom", f"SRID=4326;POINT({LON + east * DEGREES} {LAT})")
        columns = {"id": subject.id, **columns}
        names = ", ".join(columns)
        values = ", ".join(f":{name}" for name in columns)
        session.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), columns)
        session.commit()
        return subject.public_id

    return put
