"""Streets, house numbers and corners by what people type, and where a point is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.core import geo
from ugc.core.db import Session
from ugc.streets.rules.asked import Asked
from ugc.streets.rules.wording import Address

SIMILARITY = 0.45  # of pg_trgm's word_similarity, 0 to 1: a letter lost is forgiven
MOST = 200  # streets whose names are alike, before they are ranked
FAR_M = 100_000  # metres from the middle of the map at which a street loses as much as it can
ENOUGH = 0.55  # a score below which a street is a guess

_WHERE = sa.text("SELECT * FROM where_is(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))")

# The nearer a name is to what was typed, the longer the street and the nearer to the map, the
# better; a street that has the number, and one in the town that was said, gain.
_FIND = sa.text(f"""
WITH shown AS MATERIALIZED (SELECT id FROM extracts WHERE step = 'shown'),
named AS MATERIALIZED (
  SELECT n.street_id, max(
      word_similarity(asked.core, n.core) * 0.6 + similarity(asked.core, n.core) * 0.4
      + CASE WHEN n.core LIKE replace(replace(asked.core, '%', ''), '_', '') || '%' THEN 0.15
          ELSE 0 END
      + similarity(asked.key, n.key) * 0.15) AS alike
  FROM (SELECT street_core(:street) AS core, name_key(:street) AS key) AS asked
  JOIN street_names AS n ON asked.core <% n.core
  WHERE n.extract_id IN (SELECT id FROM shown)
  GROUP BY n.street_id ORDER BY alike DESC LIMIT {MOST}),
ranked AS (
  SELECT s.id, s.name, s.quarter, s.town, s.centre, house.number, house.geom AS house,
    named.alike + ln(1 + s.metres) / 60 - s.rank / 60.0
      + CASE WHEN house.number IS NULL THEN 0 ELSE 0.1 END
      + CASE WHEN :town = '' THEN 0 ELSE 0.3 * greatest(
          word_similarity(name_key(:town), name_key(coalesce(s.town, ''))),
          word_similarity(name_key(:town), name_key(coalesce(s.quarter, '')))) END
      - CASE WHEN CAST(:lon AS float8) IS NULL THEN 0 ELSE least(0.2, ST_DistanceSphere(
          s.centre, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) / {FAR_M}) END AS score
  FROM named JOIN streets AS s ON s.id = named.street_id
  LEFT JOIN LATERAL (
    SELECT a.number, a.geom FROM addresses AS a
    WHERE :number <> '' AND a.street_id = s.id
      AND lower(replace(a.number, ' ', '')) = lower(:number)
    LIMIT 1) AS house ON true)
SELECT id, name, number, quarter, town, score,
  ST_X(coalesce(house, centre)) AS lon, ST_Y(coalesce(house, centre)) AS lat
FROM ranked ORDER BY score DESC, id LIMIT :most
""")

_CORNERS = sa.text("""
SELECT one.name, other.name AS crossing, one.quarter, one.town,
  ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat
FROM corners AS c
JOIN streets AS one ON one.id = ANY(c.street_ids) AND one.id = ANY(:ones)
JOIN streets AS other ON other.id = ANY(c.street_ids) AND other.id = ANY(:others)
WHERE one.id <> other.id AND c.extract_id = one.extract_id
ORDER BY array_position(:ones, one.id) + array_position(:others, other.id), c.id
LIMIT :most
""").bindparams(
    sa.bindparam("ones", type_=sa.ARRAY(sa.BigInteger)),
    sa.bindparam("others", type_=sa.ARRAY(sa.BigInteger)),
)


@dataclass(frozen=True)
class FoundAddress:
    """A street, house or corner; degrees, WGS 84. `is_exact` tells that the number that was asked
    for is known there; `number` is else what was typed."""

    address: Address
    lon: float
    lat: float
    score: float
    is_exact: bool


def address_at(session: Session, point: geo.Point) -> Address | None:
    """Where a point is; None outside of every loaded city, and where nothing near has a name."""
    row = session.execute(_WHERE, {"lon": point.lon, "lat": point.lat}).first()
    if row is None:
        return None
    names = ("street", "number", "corner", "before", "after", "quarter", "town")
    return Address(**{name: getattr(row, name) or "" for name in names}) or None


def find_addresses(
    session: Session, ways: Sequence[Asked], near: geo.Point | None = None, limit: int = 8
) -> list[FoundAddress]:
    """What was asked for in any of the ways to understand it, the best first, each once."""
    session.execute(
        sa.select(sa.func.set_config("pg_trgm.word_similarity_threshold", str(SIMILARITY), False))
    )
    found: list[FoundAddress] = []
    for way in ways:
        if way.crossing:
            found += _corners(session, way, near, limit)
        else:
            found += [
                FoundAddress(
                    Address(
                        street=row.name,
                        number=row.number or way.number,
                        quarter=row.quarter or "",
                        town=row.town or "",
                    ),
                    row.lon, row.lat, row.score, row.number is not None or not way.number,
                )
                for row in _streets(session, way, near, limit)
            ]  # fmt: skip
    best: dict[tuple[str, str, str], FoundAddress] = {}
    for each in sorted(found, key=lambda one: -one.score):
        key = (each.address.street, each.address.quarter, each.address.town)
        best.setdefault(key, each)
    return list(best.values())[:limit]


def _streets(
    session: Session, way: Asked, near: geo.Point | None, limit: int
) -> Sequence[sa.Row[Any]]:
    return session.execute(
        _FIND,
        {
            "street": way.street, "number": way.number, "town": way.town, "most": limit,
            "lon": near.lon if near else None, "lat": near.lat if near else None,
        },
    ).all()  # fmt: skip


def _corners(
    session: Session, way: Asked, near: geo.Point | None, limit: int
) -> list[FoundAddress]:
    """Where two streets meet, those that resemble best what was typed first."""
    one, other = (
        _streets(session, Asked(name, town=way.town), near, 20)
        for name in (way.street, way.crossing)
    )
    if not one or not other:
        return []
    rows = session.execute(
        _CORNERS,
        {"ones": [row.id for row in one], "others": [row.id for row in other], "most": limit},
    )
    # A corner that is there is what was meant: before streets that only resemble the words.
    score = 1 + (one[0].score + other[0].score) / 2
    return [
        FoundAddress(
            Address(
                street=row.name, corner=row.crossing,
                quarter=row.quarter or "", town=row.town or "",
            ),
            row.lon, row.lat, score - place / 100, True,
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip
