"""Loads of extracts, and the statements that make streets, corners and tiles of them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.geography.regions import Region, region_of
from ugc.streets.models import Extract, Step
from ugc.streets.rules.boxes import Box, overlap

# What is needed only while a load is made stands in a schema of its own, which is no part of the
# product's tables; without a log, since the same command makes it again.
SCHEMA = "drawing"

MAKE_STAGED = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"DROP TABLE IF EXISTS {SCHEMA}.raw_{{id}}, {SCHEMA}.nodes_{{id}}, {SCHEMA}.drawing_{{id}}",
    f"""CREATE UNLOGGED TABLE {SCHEMA}.raw_{{id}} (layer text, zoom smallint, properties jsonb,
      geom geometry(Geometry, 4326))""",
    f"""CREATE UNLOGGED TABLE {SCHEMA}.nodes_{{id}} (way bigint, node bigint,
      geom geometry(Point, 4326))""",
)


def staged(name: str, extract_id: int) -> str:
    """The table `raw`, `nodes` or `drawing` of a load."""
    return f"{SCHEMA}.{name}_{int(extract_id)}"


def shown_load(session: Session, code: str) -> Extract | None:
    query = sa.select(Extract).where(Extract.code == code, Extract.step == Step.SHOWN)
    return session.scalar(query)


def begun_load(session: Session, code: str) -> Extract | None:
    """The load of a city that was begun and not shown."""
    query = sa.select(Extract).where(Extract.code == code, Extract.step != Step.SHOWN)
    return session.scalar(query)


def shown_loads(session: Session) -> Sequence[Extract]:
    """The loads that readers see, in the order of their codes."""
    query = sa.select(Extract).where(Extract.step == Step.SHOWN)
    return session.scalars(query.order_by(Extract.code)).all()


def loads(session: Session) -> Sequence[Extract]:
    """Every load, those that are shown first in the order of their codes."""
    order = (Extract.code, (Extract.step != Step.SHOWN))
    return session.scalars(sa.select(Extract).order_by(*order)).all()


def overlapping(session: Session, code: str, box: Box) -> list[Extract]:
    """Shown loads of other cities whose boxes overlap this one."""
    shown = sa.select(Extract).where(Extract.code != code, Extract.step == Step.SHOWN)
    return [
        other
        for other in session.scalars(shown.order_by(Extract.code))
        if overlap(box, (other.west, other.south, other.east, other.north))
    ]


def archives(session: Session) -> set[str]:
    """Names of the files of tiles that a load names."""
    return set(session.scalars(sa.select(Extract.archive).where(Extract.archive.is_not(None))))


def staged_is_there(session: Session, name: str, extract_id: int) -> bool:
    """Whether a table of a load's making has rows: a server that fell empties it."""
    table = staged(name, extract_id)
    if session.scalar(sa.text("SELECT to_regclass(:name)"), {"name": table}) is None:
        return False
    return bool(session.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table})")))


_LARGEST = sa.text("""
SELECT ST_X(at), ST_Y(at) FROM (
  SELECT ST_PointOnSurface(geom) AS at, population FROM localities
  WHERE extract_id = :id AND kind IN ('city', 'town', 'village')) AS towns, extracts AS e
WHERE e.id = :id AND ST_X(at) BETWEEN west AND east AND ST_Y(at) BETWEEN south AND north
ORDER BY population DESC NULLS LAST LIMIT 1
""")

_LARGEST_BUNDLED = sa.text("""
SELECT ST_X(geom), ST_Y(geom) FROM cities
WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
ORDER BY population DESC LIMIT 1
""")

_COUNTRY = sa.text("""
SELECT country, admin FROM cities
ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) LIMIT 1
""")


def middle(session: Session, load: Extract) -> tuple[float, float]:
    """(lon, lat) of the largest town of a load, else of the largest bundled city in its box, else
    of the middle of the box."""
    box = {"west": load.west, "south": load.south, "east": load.east, "north": load.north}
    found = session.execute(_LARGEST, {"id": load.id}).first()
    if found is None:
        found = session.execute(_LARGEST_BUNDLED, box).first()
    if found is not None:
        return float(found[0]), float(found[1])
    return (load.west + load.east) / 2, (load.south + load.north) / 2


def region_at(session: Session, lon: float, lat: float) -> Region | None:
    """The region of the nearest bundled city."""
    found = session.execute(_COUNTRY, {"lon": lon, "lat": lat}).first()
    return region_of(found.country, found.admin) if found is not None else None


def homes(session: Session) -> list[tuple[float, float, float]]:
    """(lon, lat, zoom) of the cities that are shown, the first loaded first."""
    query = (
        sa.select(Extract.home_lon, Extract.home_lat, Extract.home_zoom)
        .where(Extract.step == Step.SHOWN, Extract.home_zoom.is_not(None))
        .order_by(Extract.begun_at, Extract.id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]  # type: ignore[misc]
