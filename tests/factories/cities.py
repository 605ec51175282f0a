"""Cities of the gazetteer."""

from __future__ import annotations

import sqlalchemy as sa

from tests.factories.content import at
from ugc.core.db import Session
from ugc.geography.gazetteer import City

MADRID, BARCELONA, ZARAGOZA = 3117735, 3128760, 3104324


def city(
    session: Session | sa.Connection,
    city_id: int,
    name: str,
    country: str,
    lon: float,
    lat: float,
    *,
    population: int = 1000,
    admin: str = "",
) -> None:
    session.execute(
        sa.insert(City).values(
            id=city_id,
            name=name,
            name_key=sa.func.name_key(name),
            country=country,
            admin=admin,
            population=population,
            geom=at(lon, lat),
        )
    )
