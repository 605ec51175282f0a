"""Streets, house numbers and corners by what people type, and where a point is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.geography import geo
from ugc.search.finding import Area
from ugc.search.likeness import likeness, words
from ugc.streets.rules.asked import Asked
from ugc.streets.rules.wording import Address

MOST = 200  # streets whose names are alike, before they are ranked
FAR_M = 100_000  # metres from the middle of the map at which a street loses as much as it can
LOOKED = 24  # streets whose house numbers are looked at
CALLED_SO = 0.88  # likeness of the name of an area that is meant
NEAR_NUMBER = 20  # how far a known house number may be from one that is not
SURER = 0.97  # the same, where the house number is not known
SURE = 0.9  # likeness of a street at which no other way to read the text is tried

_WHERE = sa.text("SELECT * FROM where_is(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))")

# The nearer a name is to what was typed, the longer the street and the nearer to the map, the
# better; a street that has the number, and one in the town that was said, gain. `<%` compares by
# the connection's threshold (`core.db`), which the index knows.
_FIND = """
WITH shown AS MATERIALIZED (SELECT id FROM extracts WHERE step = 'shown'),
said AS (SELECT street_core(:street) AS core, name_key(:street) AS key),
asked AS MATERIALIZED (
  SELECT core, key, replace(replace(core, '%', ''), '_', '') AS start FROM said),
alike AS MATERIALIZED (
  SELECT n.street_id, n.core, n.key,
      word_similarity(asked.core, n.core) * 0.6 + similarity(asked.core, n.core) * 0.4
      + CASE WHEN n.core LIKE asked.start || '%' THEN 0.15 ELSE 0 END
      + similarity(asked.key, n.key) * 0.15 AS alike
  FROM asked JOIN street_names AS n ON {are_alike}
  WHERE n.extract_id IN (SELECT id FROM shown)
  ORDER BY alike DESC LIMIT {most}),
named AS MATERIALIZED (
  SELECT DISTINCT ON (street_id) * FROM alike ORDER BY street_id, alike DESC),
ranked AS (
  SELECT s.id, s.name, s.quarter, s.town, s.centre, s.metres, named.core, named.key,
    named.alike + ln(1 + s.metres) / 60 - s.rank / 60.0
      + CASE WHEN :town = '' THEN 0 ELSE 0.3 * greatest(
          word_similarity(name_key(:town), name_key(coalesce(s.town, ''))),
          word_similarity(name_key(:town), name_key(coalesce(s.quarter, '')))) END
      - CASE WHEN CAST(:lon AS float8) IS NULL THEN 0 ELSE least(0.2, ST_DistanceSphere(
          s.centre, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) / {far_m}) END AS score
  FROM named JOIN streets AS s ON s.id = named.street_id),
chosen AS MATERIALIZED (
  SELECT ranked.*, house.number, house.geom AS house, coalesce(house.is_exact, false) AS is_exact
  FROM (SELECT * FROM ranked ORDER BY score DESC, id LIMIT :looked) AS ranked
  LEFT JOIN LATERAL (
    SELECT a.number, a.geom, said.is_exact
    FROM addresses AS a, LATERAL (SELECT
        lower(:number) = ANY(regexp_split_to_array(lower(replace(a.number, ' ', '')), '[;,]'))
          AS is_exact,
        abs(substring(a.number FROM '^[0-9]{{1,6}}')::int
          - nullif(substring(:number FROM '^[0-9]{{1,6}}'), '')::int) AS off) AS said
    WHERE :number <> '' AND a.street_id = ranked.id
      AND (said.is_exact OR said.off <= {near_number})
    ORDER BY said.is_exact DESC, said.off % 2, said.off LIMIT 1) AS house ON true)
SELECT id, name, number, quarter, town, metres, chosen.core, chosen.key, is_exact,
  score + CASE WHEN is_exact THEN 0.1 ELSE 0 END AS score,
  ST_X(coalesce(house, centre)) AS lon, ST_Y(coalesce(house, centre)) AS lat,
  asked.core AS asked_core, asked.key AS asked_key
FROM chosen, asked ORDER BY score DESC, id LIMIT :most
"""


def _find(are_alike: str) -> sa.TextClause:
    given = {"most": MOST, "far_m": FAR_M, "near_number": NEAR_NUMBER}
    return sa.text(_FIND.format(are_alike=are_alike, **given))


# Names that hold what was typed, from the beginning of a word on; and those that resemble it.
_FIND_SAID = _find("(n.core LIKE asked.start || '%' OR n.core LIKE '% ' || asked.start || '%')")
_FIND_ALIKE = _find("asked.core <% n.core")

_CORNERS = sa.text("""
SELECT one.id AS one_id, other.id AS other_id, one.name, other.name AS crossing,
  one.quarter, one.town,
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
    """A street, house or corner; degrees, WGS 84. `number` is that of the house at the point, and
    `is_exact` tells that it is the one that was asked for; `likeness` and `life` are 0 to 1."""

    address: Address
    lon: float
    lat: float
    score: float
    is_exact: bool
    likeness: float = 1.0
    life: float = 0.0


def address_at(session: Session, point: geo.Point) -> Address | None:
    """Where a point is; None outside of every loaded city, and where nothing near has a name."""
    row = session.execute(_WHERE, {"lon": point.lon, "lat": point.lat}).first()
    if row is None:
        return None
    names = ("street", "number", "corner", "before", "after", "quarter", "town")
    return Address(**{name: getattr(row, name) or "" for name in names}) or None


def find_addresses(
    session: Session,
    ways: Sequence[Asked],
    near: geo.Point | None = None,
    limit: int = 8,
    *,
    guesses: bool = True,
) -> list[FoundAddress]:
    """What was asked for in any of the ways to understand it, the best first, each once; without
    `guesses` only names that hold the words as they were typed."""
    found: list[FoundAddress] = []
    for way in ways:
        if way.crossing:
            found += _corners(session, way, near, limit, guesses=guesses)
        else:
            rows = _streets(session, way, near, limit, guesses=guesses)
            found += [_street(row, way) for row in rows]
        if any(each.likeness >= (SURE if each.is_exact else SURER) for each in found):
            break
    best: dict[tuple[str, str, str, str], FoundAddress] = {}
    for each in sorted(found, key=lambda one: (-one.likeness - one.score, not one.is_exact)):
        told = each.address
        best.setdefault((told.street, told.corner, told.quarter, told.town), each)
    return list(best.values())[:limit]


def _street(row: sa.Row[Any], way: Asked) -> FoundAddress:
    return FoundAddress(
        Address(
            street=row.name,
            number=row.number if row.is_exact else "",
            quarter=row.quarter or "",
            town=row.town or "",
        ),
        row.lon, row.lat, row.score, row.is_exact or not way.number, _alike(row, way),
        min(1.0, row.metres / 3000),
    )  # fmt: skip


def _alike(row: sa.Row[Any], way: Asked) -> float:
    """The name without the kind of street counts most: people leave it out, shorten it and say it
    in another language. A town that was said counts as a word of the name."""
    core = likeness(words(row.asked_core), words(row.core))
    whole = likeness(words(row.asked_key), words(row.key))
    alike = max(core * 0.93 + whole * 0.07, whole)
    if way.town:
        said = words(way.town)
        town = max(likeness(said, words(name)) for name in (row.town or "", row.quarter or ""))
        alike = alike * (0.6 + 0.4 * town)
    return alike


def _streets(
    session: Session, way: Asked, near: geo.Point | None, limit: int, *, guesses: bool
) -> Sequence[sa.Row[Any]]:
    return session.execute(
        _FIND_ALIKE if guesses else _FIND_SAID,
        {
            "street": way.street, "number": way.number, "town": way.town, "most": limit,
            "looked": max(limit, LOOKED),
            "lon": near.lon if near else None, "lat": near.lat if near else None,
        },
    ).all()  # fmt: skip


def _corners(
    session: Session, way: Asked, near: geo.Point | None, limit: int, *, guesses: bool
) -> list[FoundAddress]:
    """Where two streets meet, those that resemble best what was typed first."""
    one, other = (
        _streets(session, Asked(name, town=way.town), near, 20, guesses=guesses)
        for name in (way.street, way.crossing)
    )
    if not one or not other:
        return []
    alike = {row.id: _alike(row, way) for row in (*one, *other)}
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
            (alike[row.one_id] + alike[row.other_id]) / 2,
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip


_AREAS = sa.text("""
SELECT said, found.* FROM unnest(CAST(:names AS text[])) AS said, LATERAL (
  SELECT l.name, l.names, l.population, l.geom FROM localities AS l
  WHERE name_key(said) <% locality_key(l.name, l.names)
    AND l.extract_id IN (SELECT id FROM extracts WHERE step = 'shown')
    AND (l.level IS NULL OR l.level >= 6)
  LIMIT 100) AS near, LATERAL (
  SELECT near.name, near.names, near.population, ST_X(at.point) AS lon, ST_Y(at.point) AS lat,
    CAST(sqrt(ST_Area(near.geom)) * 55000 AS int) AS half
  FROM (SELECT ST_PointOnSurface(near.geom) AS point) AS at) AS found
WHERE word_similarity(name_key(said), locality_key(found.name, found.names)) > 0.6
""")


def areas_named(session: Session, names: Sequence[str]) -> list[tuple[str, Area]]:
    """Towns and their parts in loaded cities that are called so, in any language."""
    areas = []
    for row in session.execute(_AREAS, {"names": list(names)}):
        said = words(row.said)
        alike = max(likeness(said, words(name)) for name in (row.name, *row.names))
        if alike >= CALLED_SO:
            people = row.population or 1000
            reach = max(2000, row.half)
            area = Area(row.name, "", row.lon, row.lat, people, reach, alike)
            areas.append((row.said, area))
    return areas


_FIND_AREAS = sa.text("""
SELECT DISTINCT ON (l.name) l.name, l.kind, l.population, ST_X(at.point) AS lon,
  ST_Y(at.point) AS lat, l.names, town_at(at.point, l.extract_id) AS town,
  word_similarity(name_key(:text), locality_key(l.name, l.names)) AS alike
FROM localities AS l, LATERAL (SELECT ST_PointOnSurface(l.geom) AS point) AS at
WHERE name_key(:text) <% locality_key(l.name, l.names)
  AND l.extract_id IN (SELECT id FROM extracts WHERE step = 'shown')
  AND (l.level IS NULL OR l.level >= 6)
ORDER BY l.name, l.kind = 'admin', l.population DESC NULLS LAST LIMIT 40
""")


def find_areas(session: Session, text: str) -> Sequence[sa.Row[Any]]:
    """Towns and their parts in loaded cities whose names resemble `text`: name, names, kind,
    population, town, lon and lat in degrees."""
    return session.execute(_FIND_AREAS, {"text": text}).all()
