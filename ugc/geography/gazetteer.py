"""The bundled cities (GeoNames, CC BY 4.0): search by name, and the city a point belongs to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import names
from ugc.core.db import Base, Session, built_once
from ugc.geography import geo

MEANT_SIMILARITY = 0.5  # "Barclona" is meant; of what is less alike people are asked
# Thousands of ids are one value, not as many placeholders.
IDS = sa.ARRAY(sa.BigInteger)
SEAM = 176.0  # degrees east or west: within it, `CITY_RADIUS_M` may reach over the antimeridian
CITY_RADIUS_M = 40_000  # a point farther from every city belongs to none


class City(Base):
    """`id` is GeoNames'. `name_key` is the unaccented lower-case name that searches use."""

    __tablename__ = "cities"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    name_key: Mapped[str]
    country: Mapped[str]
    admin: Mapped[str] = mapped_column(server_default="")
    population: Mapped[int]
    geom: Mapped[Any] = geo.point_column(nullable=False)
    __table_args__ = (
        sa.Index("ix_cities_geom", "geom", postgresql_using="gist"),
        sa.Index(
            "ix_cities_name_key_trgm",
            "name_key",
            postgresql_using="gin",
            postgresql_ops={"name_key": "gin_trgm_ops"},
        ),
        sa.Index("ix_cities_name_key", sa.text("name_key text_pattern_ops")),
    )


@dataclass(frozen=True)
class FoundPlace:
    """An answer to a search by name; degrees, WGS 84. `is_meant`: no question is needed, it is
    the beginning of the name, or a typo in it."""

    name: str
    detail: str
    lon: float
    lat: float
    city_id: int | None = None
    population: int = 0
    is_meant: bool = True


def _metres(column: Any, point: Any) -> sa.ColumnElement[float]:
    """On the sphere: ten times faster than on the spheroid, and 0.6 % move no border of a city."""
    return sa.func.ST_DistanceSphere(column, point, type_=sa.Float)


def _probes(point: geo.Point) -> list[geo.Point]:
    """A point, and near the antimeridian where it is seen from the other side: the index orders
    by degrees, in which those over there are far."""
    if abs(point.lon) <= SEAM:
        return [point]
    return [point, geo.Point(point.lon - math.copysign(360, point.lon), point.lat)]


def nearest_city(session: Session, point: geo.Point) -> int | None:
    """GeoNames id of the city a point belongs to: the nearest of the 8 nearest, where a larger
    city reaches farther (population to the power 1/4), within `CITY_RADIUS_M`."""
    rows = [
        row
        for probe in _probes(point)
        for row in session.execute(
            sa.select(City.id, City.population, _metres(City.geom, point.sql()).label("metres"))
            .where(City.population >= 5_000)
            .order_by(City.geom.op("<->")(probe.sql()))
            .limit(8)
        )
    ]
    near = [row for row in rows if row.metres <= CITY_RADIUS_M]
    if not near:
        return None
    best = min(near, key=lambda row: (row.metres + 500) / max(1, row.population) ** 0.25)
    return int(best.id)


def nearest_city_sql(geom: str) -> str:
    """SQL of the city that `nearest_city` would find for the column `geom`, for whole tables."""
    cities = f"""SELECT id, population, ST_DistanceSphere(cities.geom, {geom}) AS metres
        FROM cities WHERE population >= 5000"""
    other_side = f"ST_Translate({geom}, -360 * sign(ST_X({geom})), 0)"
    return f"""(SELECT near.id FROM (
        ({cities} ORDER BY cities.geom <-> {geom} LIMIT 8) UNION ALL
        ({cities} AND abs(ST_X({geom})) > {SEAM} ORDER BY cities.geom <-> {other_side} LIMIT 8)
        ) AS near
      WHERE near.metres <= {CITY_RADIUS_M}
      ORDER BY (near.metres + 500) / power(greatest(1, near.population)::float8, 0.25::float8)
      LIMIT 1)"""


# Each half by its own index, which a plan for any parameters uses too: those that begin with the
# text and those that resemble it. Distance counts as `finding` counts it: 0.3 at ten thousand
# kilometres.
_BEGUN = """SELECT id FROM cities
  WHERE name_key ~>=~ name_key(:text) AND name_key ~<~ (name_key(:text) || chr(1114111))"""
_ALIKE = "SELECT id FROM cities WHERE name_key % name_key(:text)"
_CHOSEN = f"""
SELECT c.id, c.name, c.country, c.admin, c.population, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat,
  starts_with(c.name_key, name_key(:text))
    OR similarity(c.name_key, name_key(:text)) >= {MEANT_SIMILARITY} AS is_meant
FROM looked JOIN cities AS c USING (id)
ORDER BY similarity(c.name_key, name_key(:text)) + ln(c.population + 1) / 40
    + CASE WHEN starts_with(c.name_key, name_key(:text)) THEN 0.3 ELSE 0 END
    - CASE WHEN CAST(:lon AS float8) IS NULL THEN 0 ELSE 0.3 / ln(10001) * ln(1
      + ST_DistanceSphere(c.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) / 1000) END DESC, c.id
LIMIT :most
"""
_BY_BEGINNING = f"WITH looked AS MATERIALIZED ({_BEGUN}) {_CHOSEN}"
_BY_NAME = f"WITH looked AS MATERIALIZED ({_ALIKE} UNION {_BEGUN}) {_CHOSEN}"


def search_cities(
    session: Session,
    text: str,
    limit: int = 8,
    near: geo.Point | None = None,
    *,
    guesses: bool = True,
) -> list[FoundPlace]:
    """Cities whose name begins with or, with `guesses`, resembles `text` (accents and typos
    forgiven), the most populous and the nearest to `near` first among equally good ones."""
    given: dict[str, Any] = {"text": names.cleaned_name(text), "most": limit}
    given |= {"lon": near.lon if near else None, "lat": near.lat if near else None}
    return [
        FoundPlace(row.name, where_of(row), row.lon, row.lat, row.id, row.population, row.is_meant)
        for row in session.execute(sa.text(_BY_NAME if guesses else _BY_BEGINNING), given)
    ]


# A namesake that has more than one person for so many of a city may be what its name says, too.
NAMESAKE = 4
WITH_STATES = ("US", "CA", "AU")


def _is_ambiguous() -> sa.ColumnElement[bool]:
    """Whether readers may think of another city by this name: one elsewhere that is not much
    smaller. Madrid is Madrid; the Valencias of Spain and of Venezuela are told apart, and so is the
    Madrid of Colombia."""
    other = sa.orm.aliased(City)
    elsewhere = sa.or_(
        other.country != City.country,
        sa.and_(City.country.in_(WITH_STATES), other.admin != City.admin),
    )
    return sa.exists().where(
        other.name_key == City.name_key, elsewhere, other.population * NAMESAKE >= City.population
    )


@lru_cache
def shown_columns() -> tuple[Any, ...]:
    """What `shown_city` reads of a row that is joined with `City`."""
    return (
        City.name.label("city"),
        City.country.label("country"),
        City.admin.label("admin"),
        _is_ambiguous().label("city_is_ambiguous"),
    )


def shown_city(row: Any) -> str | None:
    """The city of a row, as cards, lists and titles name it: with its country, in the reader's
    language, where the name alone is ambiguous."""
    if row.city is None or not row.city_is_ambiguous:
        return row.city  # type: ignore[no-any-return]
    return f"{row.city} ({where_of(row)})"


def where_of(city: Any) -> str:
    """The country in the reader's language; before it a state that people write in letters."""
    locale = get_locale()
    country = locale.territories.get(city.country, city.country) if locale else city.country
    state = city.admin if city.admin.isalpha() and city.country in WITH_STATES else ""
    return ", ".join(filter(None, (state, country)))


def city_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Names by id, as `shown_city` tells them; where two of them are alike, each with its
    country."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    told = sa.select(City.id, City.name, *shown_columns())
    cities = session.execute(told.where(City.id == sa.any_(sa.literal(wanted, IDS)))).all()
    alike = Counter(city.name for city in cities)
    return {
        city.id: f"{city.name} ({where_of(city)})"
        if alike[city.name] > 1
        else shown_city(city) or city.name
        for city in cities
    }


@built_once
def _named_so() -> sa.Select[Any]:
    said = sa.func.unnest(sa.bindparam("names", type_=sa.ARRAY(sa.Text)))
    keys = said.table_valued("said").render_derived()
    return (
        sa.select(
            keys.c.said, City.name, City.country, City.admin, City.population,
            geo.lon(City.geom).label("lon"), geo.lat(City.geom).label("lat"),
        )
        .join(City, City.name_key == sa.func.name_key(keys.c.said))
        .order_by(City.population.desc())
        .limit(20)
    )  # fmt: skip


def cities_named(session: Session, wanted: Sequence[str]) -> list[tuple[str, FoundPlace]]:
    """Cities that have exactly one of these names, each with that name, the most populous first."""
    return [
        (row.said, FoundPlace(row.name, where_of(row), row.lon, row.lat, None, row.population))
        for row in session.execute(_named_so(), {"names": list(wanted)})
    ]


def country_at(session: Session, point: geo.Point) -> str | None:
    """ISO 3166 code of the country, by its nearest city."""
    found = [
        session.execute(
            sa.select(City.country, _metres(City.geom, point.sql()).label("metres"))
            .order_by(City.geom.op("<->")(probe.sql()))
            .limit(1)
        ).first()
        for probe in _probes(point)
    ]
    near = min((row for row in found if row), key=lambda row: row.metres, default=None)
    return near.country if near else None
