"""How one shared thing travelled: who came to it by whose link, for its author as a whole and for
who shared it what came of that."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.contacts.queries.people import COUNTED
from ugc.core.db import Session
from ugc.core.people import WHO_SQL, Who, of_row
from ugc.referrals import queries as referrals_queries
from ugc.spread.rules import shape as spread_shape

DRAWN = 400  # people asked for a drawing, the first who came
LISTED = 50  # the newest
SHAPED = 20_000  # edges that a shape is computed of, the first ones
SHARED = 12  # of a member's links, those that brought most

# A name stands for who came by the reader's word to the site, and who lets it be seen from far.
_PEOPLE = f"""
SELECT c.member_id AS id, c.sharer_id AS via, c.near AS degree, c.joined, c.reached_at AS at,
  CASE WHEN m.shown_to_far_contacts OR EXISTS (SELECT FROM referrals r
    WHERE r.member_id = m.id AND r.parent_id = :me) THEN {WHO_SQL} END AS handle
FROM ({{came}}) AS c JOIN members m ON m.id = c.member_id
WHERE {COUNTED} ORDER BY c.reached_at {{order}}, c.id {{order}} LIMIT :most
"""
_WHOLE = "SELECT *, degree AS near FROM cascade_reaches WHERE root_id = :root"
_MINE = " UNION ALL ".join(
    f"SELECT *, {degree} AS near FROM cascade_reaches WHERE root_id = :root AND {column} = :me"
    for degree, column in enumerate(("sharer_id", "second_sharer_id", "third_sharer_id"), 1)
)


@dataclass(frozen=True)
class Traveller:
    """A member who came by a link of `via` (None: the thing's own). `degree` counts from the thing
    or, among a sharer's people, from the sharer; `handle` only where the reader may see it."""

    id: int
    via: int | None
    degree: int
    joined: bool
    at: dt.datetime
    handle: Who | None


def people(
    session: Session, root_id: int, me: int, *, whole: bool, newest: bool = False
) -> list[Traveller]:
    """Who came, the first of them or the newest: all, or by the word of `me` up to three degrees
    on."""
    text = _PEOPLE.format(came=_WHOLE if whole else _MINE, order="DESC" if newest else "")
    values = {"root": root_id, "me": me, "most": LISTED if newest else DRAWN}
    return [
        Traveller(row.id, row.via, row.degree, row.joined, row.at, of_row(row.handle))
        for row in session.execute(sa.text(text), values)
    ]


@dataclass(frozen=True)
class Shape:
    """`people` came in all; the rest is of the largest tree of links: its depth, its structural
    virality, and in how many days half of its people came."""

    people: int
    depth: int
    virality: float
    half_days: int


def whole_shape(session: Session, root_id: int, people_count: int) -> Shape | None:
    """The shape of a cascade; None for an empty one."""
    edges = referrals_queries.cascade(session, root_id, SHAPED)
    found = spread_shape.trees(
        (spread_shape.Reached(edge.member_id, edge.sharer_id, edge.reached_at) for edge in edges),
        root_id,
    )
    if not found:
        return None
    tree = found[0]
    return Shape(
        people_count,
        spread_shape.depth(tree),
        spread_shape.virality(tree.parent),
        spread_shape.half_days(tree),
    )


@dataclass(frozen=True)
class SharedThing:
    """What a member shared, the people who came by that link, and its visits (people-days)."""

    subject_id: int
    people: int
    visits: int


def shared_by(session: Session, member_id: int) -> list[SharedThing]:
    """A member's links, those that brought most first."""
    rows = session.execute(
        sa.text(
            f"""
            SELECT l.subject_id, coalesce(came.people, 0) AS people, coalesce(seen.visits, 0)
            FROM referral_links l
            LEFT JOIN (
              SELECT c.root_id, count(*) AS people FROM cascade_reaches c
              JOIN members m ON m.id = c.member_id
              WHERE c.sharer_id = :me AND {COUNTED} GROUP BY c.root_id
            ) AS came ON came.root_id = l.subject_id
            LEFT JOIN LATERAL (
              SELECT sum(d.visits) AS visits FROM visit_days d WHERE d.link_id = l.id
            ) AS seen ON true
            WHERE l.owner_id = :me
            ORDER BY people DESC, 3 DESC, l.id DESC LIMIT :most
            """
        ),
        {"me": member_id, "most": SHARED},
    )
    return [SharedThing(row[0], int(row[1]), int(row[2])) for row in rows]
