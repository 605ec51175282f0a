"""The bundled cities (GeoNames, CC BY 4.0): search by name, and the city a point belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import geo
from ugc.core.db import Base, Session

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
    """An answer to a search by name; degrees, WGS 84."""

    name: str
    detail: str
    lon: float
    lat: float
    city_id: int | None = None


def nearest_city(session: Session, point: geo.Point) -> int | None:
    """GeoNames id of the city a point belongs to: the nearest of the 8 nearest, where a larger
    city reaches farther (population to the power 1/4), within `CITY_RADIUS_M`."""
    rows = session.execute(
        sa.select(City.id, City.population, geo.metres_between(City.geom, point).label("metres"))
        .where(City.population >= 5_000)
        .order_by(City.geom.op("<->")(point.sql()))
        .limit(8)
    ).all()
    near = [row for row in rows if row.metres <= CITY_RADIUS_M]
    if not near:
        return None
    best = min(near, key=lambda row: (row.metres + 500) / max(1, row.population) ** 0.25)
    return int(best.id)


def search_cities(session: Session, text: str, limit: int = 8) -> list[FoundPlace]:
    """Cities whose name begins with or resembles `text` (accents and typos forgiven), the most
    populous first among equally good ones."""
    key = sa.func.name_key(text)
    similarity = sa.func.similarity(City.name_key, key)
    prefix = City.name_key.startswith(sa.func.name_key(text), autoescape=False)
    score = similarity + sa.func.ln(City.population + 1) / 40 + sa.case((prefix, 0.3), else_=0)
    rows = session.execute(
        sa.select(City, geo.lon(City.geom), geo.lat(City.geom))
        .where(sa.or_(prefix, City.name_key.op("%")(key)))
        .order_by(score.desc(), City.id)
        .limit(limit)
    )
    return [
        FoundPlace(city.name, ", ".join(filter(None, (city.admin, city.country))), x, y, city.id)
        for city, x, y in rows
    ]


def city_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    wanted = list(set(ids))
    if not wanted:
        return {}
    rows = session.execute(sa.select(City.id, City.name).where(City.id.in_(wanted)))
    return {row.id: row.name for row in rows}
