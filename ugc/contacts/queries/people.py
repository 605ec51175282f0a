"""The reader's own people: who stands in the drawing, in which cities, and what they did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.brands.models import Fan
from ugc.contacts import rules
from ugc.core import people
from ugc.core.db import Session
from ugc.referrals import queries as referrals_queries

LISTED = 50  # people of each degree, the newest
FAR_IN_CITY = 3  # so many of farther degrees are told of a city without asking each

# Neither false nor erased: as the reach counts them.
COUNTED = """
m.erased_at IS NULL AND NOT EXISTS (SELECT FROM false_members f WHERE f.member_id = m.id)
"""
_FIRST = f"""
SELECT r.member_id AS id, r.parent_id AS via, r.referred_at, {people.WHO_SQL} AS handle,
  true AS open
FROM referrals r JOIN members m ON m.id = r.member_id
WHERE r.parent_id = :me AND {COUNTED} ORDER BY r.member_id LIMIT :most
"""
_BELOW = f"""
SELECT c.* FROM unnest(CAST(:parents AS bigint[])) AS p (id)
CROSS JOIN LATERAL (
  SELECT r.member_id AS id, r.parent_id AS via, r.referred_at, {people.WHO_SQL} AS handle,
    m.shown_to_far_contacts AS open
  FROM referrals r JOIN members m ON m.id = r.member_id
  WHERE r.parent_id = p.id AND {COUNTED} ORDER BY r.member_id LIMIT :most) AS c
"""


@dataclass(frozen=True)
class Contact:
    """`handle` only where the reader may see it: always in the 1st degree, farther who allows it.
    `brought` is how many they brought themselves."""

    id: int
    via: int
    degree: int
    handle: people.Who | None
    at: dt.datetime
    brought: int = 0


def drawn(session: Session, member_id: int) -> list[Contact]:
    """Those who have a place in the rings, the longest there first: at most so many of each as
    `rings` has places."""
    found: list[tuple[int, Any]] = []
    rows = session.execute(sa.text(_FIRST), {"me": member_id, "most": rules.most(1)}).all()
    found += [(1, row) for row in rows]
    for degree in (2, 3):
        parents = [row.id for row in rows]
        if not parents:
            break
        rows = session.execute(
            sa.text(_BELOW), {"parents": parents, "most": rules.most(degree)}
        ).all()
        found += [(degree, row) for row in rows]
    brought = referrals_queries.reach_many(session, [row.id for _, row in found])
    return [
        Contact(
            row.id,
            row.via,
            degree,
            people.of_row(row.handle) if row.open else None,
            row.referred_at,
            brought[row.id][0],
        )
        for degree, row in found
    ]


def newest(session: Session, member_id: int, limit: int = LISTED) -> dict[int, list[Contact]]:
    """The newest people of each degree."""
    found: dict[int, list[Contact]] = {}
    for degree, column in enumerate(("parent_id", "grandparent_id", "great_grandparent_id"), 1):
        rows = session.execute(
            sa.text(
                "SELECT r.member_id AS id, r.parent_id AS via, r.referred_at,"
                f" {people.WHO_SQL} AS handle,"
                f" m.shown_to_far_contacts AS open FROM referrals r JOIN members m"
                f" ON m.id = r.member_id WHERE r.{column} = :me AND {COUNTED}"
                " ORDER BY r.member_id DESC LIMIT :limit"
            ),
            {"me": member_id, "limit": limit},
        ).all()
        found[degree] = [
            Contact(
                row.id,
                row.via,
                degree,
                people.of_row(row.handle) if degree == 1 or row.open else None,
                row.referred_at,
            )
            for row in rows
        ]
    return found


@dataclass(frozen=True)
class CityReach:
    """People of a city, as the reader may know them: `near` of the 1st degree, `far` of the
    others; degrees, WGS 84."""

    id: int
    name: str
    lon: float
    lat: float
    near: int
    far: int

    @property
    def people(self) -> int:
        return self.near + self.far


def cities(session: Session, member_id: int) -> list[CityReach]:
    """Where the reader's people live, the most first. Farther contacts are counted in a city when
    they are `FAR_IN_CITY` or more, else only who lets farther contacts see their name."""
    rows = session.execute(
        sa.text(
            f"""
            SELECT c.id, c.name, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, sum(near) AS near,
              CASE WHEN sum(far) >= :least THEN sum(far) ELSE sum(open) END AS far
            FROM (
              SELECT h.city_id, (r.degree = 1)::int AS near, (r.degree > 1)::int AS far,
                (r.degree > 1 AND m.shown_to_far_contacts)::int AS open
              FROM (SELECT member_id, 1 AS degree FROM referrals WHERE parent_id = :me
                UNION ALL SELECT member_id, 2 FROM referrals WHERE grandparent_id = :me
                UNION ALL SELECT member_id, 3 FROM referrals WHERE great_grandparent_id = :me) AS r
              JOIN members m ON m.id = r.member_id
              JOIN home_cities h ON h.member_id = r.member_id
              WHERE {COUNTED}) AS people
            JOIN cities c ON c.id = people.city_id
            GROUP BY c.id ORDER BY sum(near) + sum(far) DESC, c.id
            """
        ),
        {"me": member_id, "least": FAR_IN_CITY},
    )
    found = [
        CityReach(row.id, row.name, row.lon, row.lat, int(row.near), int(row.far)) for row in rows
    ]
    return [city for city in found if city.people]


def fans_of_group(ids: sa.Select[int]) -> sa.Select[int]:
    """How often the members of a group follow a brand, for a part of a statement."""
    return sa.select(sa.func.count()).select_from(Fan).where(Fan.member_id.in_(ids))


def state(session: Session, member_id: int) -> tuple[int, int, int, int]:
    """What changes when the tree grows: the reach by degree, and the newest of the 1st degree."""
    last = session.scalar(
        sa.text("SELECT max(member_id) FROM referrals WHERE parent_id = :me"), {"me": member_id}
    )
    return (*referrals_queries.reach(session, member_id), int(last or 0))
