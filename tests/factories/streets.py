"""Streets, houses and districts of an extract; and a city made by hand: one street from west to
east that two others cross, with one house."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tests.factories.content import at
from ugc.core.db import Base, Session
from ugc.streets.models import (
    Address,
    Corner,
    Extract,
    Locality,
    Road,
    Street,
    StreetName,
)

BOX = (-3.72, 40.41, -3.68, 40.43)
# The house stands 17 m to the north of the street.
HOUSE = (-3.70, 40.42015)
# (lon, lat) and what is said of them.
AT_THE_HOUSE = (-3.70, 40.4201)
ACROSS_THE_STREET = (-3.70, 40.4199)
FARTHER_DOWN = (-3.7005, 40.4201)
AT_A_CORNER = (-3.7049, 40.42)
PAST_THE_LAST_CORNER = (-3.692, 40.4201)
AWAY_FROM_STREETS = (-3.70, 40.428)
OUTSIDE = (-3.60, 40.42)

_ROADS = {
    "Calle Mayor": "-3.71 40.42, -3.705 40.42, -3.695 40.42, -3.69 40.42",
    "Calle Sol": "-3.705 40.415, -3.705 40.42, -3.705 40.422",
    "Calle Luna": "-3.695 40.415, -3.695 40.42, -3.695 40.422",
}
_AREAS = {
    "Villa Prueba": ("admin", 8, BOX),
    "Centro": ("suburb", None, (-3.71, 40.41, -3.69, 40.425)),
}


Box = tuple[float, float, float, float]


def _row(session: Session, model: type[Base], **values: Any) -> int:
    made = session.scalar(sa.insert(model).values(**values).returning(sa.column("id")))
    return int(made)  # type: ignore[arg-type]


def extract(session: Session, code: str, box: Box, **values: Any) -> int:
    """A load that is shown; its id."""
    west, south, east, north = box
    return _row(
        session, Extract, code=code, file_name=f"{code}.osm.pbf", sha256="none", step="shown",
        west=west, south=south, east=east, north=north, **values,
    )  # fmt: skip


def street(
    session: Session,
    load: int,
    name: str,
    points: str,
    *,
    also: tuple[str, ...] = (),
    **values: Any,
) -> int:
    """`points` are "lon lat, lon lat …"; `also` its names in other languages."""
    line = sa.func.ST_GeomFromEWKT(f"SRID=4326;LINESTRING({points})")
    own = {"metres": 500, "rank": 3, "centre": sa.func.ST_StartPoint(line)}
    made = _row(
        session, Street, extract_id=load, name=name, geom=sa.func.ST_Multi(line), **(own | values)
    )
    for said in (name, *also):
        session.execute(
            sa.insert(StreetName).values(
                extract_id=load, street_id=made, key=sa.func.name_key(said),
                core=sa.func.street_core(said),
            )
        )  # fmt: skip
    return made


def road(session: Session, load: int, way: int, street_id: int, name: str, points: str) -> int:
    return _row(
        session, Road, extract_id=load, way=way, kind="residential", name=name, names=[name],
        oneway=0, street_id=street_id, geom=f"SRID=4326;LINESTRING({points})",
    )  # fmt: skip


def corner(session: Session, load: int, street_ids: list[int], lon: float, lat: float) -> int:
    return _row(session, Corner, extract_id=load, street_ids=street_ids, geom=at(lon, lat))


def house(
    session: Session, load: int, number: str, name: str, street_id: int, lon: float, lat: float
) -> int:
    return _row(
        session, Address, extract_id=load, osm="n1", number=number, street=name,
        street_id=street_id, geom=at(lon, lat),
    )  # fmt: skip


def locality(session: Session, load: int, kind: str, name: str, geom: Any, **values: Any) -> int:
    """A district or a town; `geom` is its area or its middle."""
    return _row(
        session, Locality, extract_id=load, osm="r1", kind=kind, name=name, names=[name],
        geom=geom, **values,
    )  # fmt: skip


def load_city(
    session: Session,
    code: str = "prueba",
    *,
    main: str = "Calle Mayor",
    number: str = "7",
    box: Box = BOX,
) -> int:
    """Shows a city whose main street has this name, instead of the one of the same code; returns
    the load's id."""
    session.execute(sa.delete(Extract).where(Extract.code == code))
    load = extract(session, code, box, data_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
                   shown_at=sa.func.now())  # fmt: skip
    streets = {}
    for way, (known, points) in enumerate(_ROADS.items(), 1):
        name = main if known == "Calle Mayor" else known
        streets[way] = street(session, load, name, points)
        road(session, load, way, streets[way], name, points)
    for crossing, lon in ((2, -3.705), (3, -3.695)):
        corner(session, load, [streets[1], streets[crossing]], lon, 40.42)
    house(session, load, number, main, streets[1], *HOUSE)
    for name, (kind, level, bounds) in _AREAS.items():
        area = sa.func.ST_MakeEnvelope(*bounds, 4326)
        locality(session, load, kind, name, area, level=level)
    session.commit()
    return load
