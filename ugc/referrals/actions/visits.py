"""Visits: anonymous visitor keys, and what is counted of them. Nothing here commits."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core.db import Session
from ugc.referrals import queries, rules
from ugc.referrals.actions import linking
from ugc.referrals.models import VisitSalt

MONTHS_AHEAD = 2
# Every writer adds in the order of keys.
ADD_TO_LINKS = sa.text(
    """
    INSERT INTO visit_days AS d (link_id, day, channel, degree, visits, root_id)
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[]), CAST(:channels AS text[]),
      CAST(:degrees AS smallint[]), CAST(:counts AS bigint[]), CAST(:roots AS bigint[]))
    ON CONFLICT (link_id, day, channel, degree) DO UPDATE SET visits = d.visits + excluded.visits
    """
)
ADD_TO_ROOTS = sa.text(
    """
    INSERT INTO root_days AS d (root_id, day, channel, degree, visits)
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[]), CAST(:channels AS text[]),
      CAST(:degrees AS smallint[]), CAST(:counts AS bigint[]))
    ON CONFLICT (root_id, day, channel, degree) DO UPDATE SET visits = d.visits + excluded.visits
    """
)


def count_visits(session: Session, visits: Iterable[rules.Seen]) -> int:
    """Inserts the visits that are not there yet and adds those to the counts by link and by root;
    returns how many were new. Everything is written in one order, so that two who count at once
    wait for each other in turn."""
    visits = list(visits)
    places = _roots_and_degrees(session, visits)
    new = session.execute(
        sa.text(
            "INSERT INTO visits (visited_on, link_id, visitor_key, channel, degree, visited_at)"
            " SELECT * FROM unnest(CAST(:days AS date[]), CAST(:links AS bigint[]),"
            " CAST(:keys AS bytea[]), CAST(:channels AS text[]), CAST(:degrees AS smallint[]),"
            " CAST(:times AS timestamptz[])) AS v (day, link, visitor_key)"
            " ORDER BY day, link, visitor_key ON CONFLICT DO NOTHING"
            " RETURNING link_id, visited_on, channel, degree"
        ),
        {
            "days": [visit.day for visit in visits],
            "links": [visit.link_id for visit in visits],
            "keys": [visit.visitor_key for visit in visits],
            "channels": [visit.channel for visit in visits],
            "degrees": [places[visit.link_id][1] for visit in visits],
            "times": [visit.at for visit in visits],
        },
    )
    by_link = Counter((row[0], row[1], row[2], row[3]) for row in new)
    gone = {visit.link_id for visit in visits if not visit.present}
    roots = {
        link_id: None if link_id in gone else root_id for link_id, (root_id, _) in places.items()
    }
    by_root: Counter[tuple[int, dt.date, str, int]] = Counter()
    for (link_id, *rest), count in by_link.items():
        root_id = roots[link_id]
        if root_id is not None:
            by_root[root_id, *rest] += count
    _add(session, ADD_TO_LINKS, by_link, roots=[roots[key[0]] for key in sorted(by_link)])
    _add(session, ADD_TO_ROOTS, by_root)
    return by_link.total()


def _add(
    session: Session,
    statement: sa.TextClause,
    counted: Counter[tuple[int, dt.date, str, int]],
    **more: list[int | None],
) -> None:
    if not counted:
        return
    keys = sorted(counted)
    columns: dict[str, list[Any]] = {
        "ids": [key[0] for key in keys],
        "days": [key[1] for key in keys],
        "channels": [key[2] for key in keys],
        "degrees": [key[3] for key in keys],
        "counts": [counted[key] for key in keys],
    }
    session.execute(statement, columns | more)


def _roots_and_degrees(
    session: Session, visits: Iterable[rules.Seen]
) -> dict[int, tuple[int | None, int]]:
    """For each link its root (a brand), if any, and the degree of who comes by it."""
    found = queries.links_with_subjects(session, {visit.link_id for visit in visits})
    roots = {link.id: linking.root_of(session, subject) for link, subject in found}
    sharers = {link.id: (roots[link.id] or subject.id, link.owner_id) for link, subject in found}
    degrees = queries.degrees_in(session, set(sharers.values()))
    return {link.id: (roots[link.id], degrees.get(sharers[link.id], 0) + 1) for link, _ in found}


def day_salt(session: Session, day: dt.date) -> bytes:
    """The salt of a day's visitor keys, made when there is none; deletes those of days before."""
    session.execute(sa.delete(VisitSalt).where(VisitSalt.day < day))
    session.execute(
        insert(VisitSalt).values(day=day, salt=secrets.token_bytes(32)).on_conflict_do_nothing()
    )
    return session.scalars(sa.select(VisitSalt.salt).where(VisitSalt.day == day)).one()


def forget_salts(session: Session, today: dt.date) -> int:
    """Deletes the salts of days that are over; returns how many."""
    return len(
        session.scalars(
            sa.delete(VisitSalt).where(VisitSalt.day < today).returning(VisitSalt.day)
        ).all()
    )


def keep_partitions(session: Session, today: dt.date, months: int) -> tuple[list[str], list[str]]:
    """Makes the partitions of this month and the next two, and drops those of which every day is
    older than `months` months; returns the names of both. What found no partition in time is moved
    into its own; what is too old there is deleted. Counts by day stay."""
    there = queries.partitions(session)
    wanted = [rules.month_of(today, ahead) for ahead in range(MONTHS_AHEAD + 1)]
    missing = [first for first in wanted if rules.partition_name(first) not in there]
    oldest = rules.month_of(today, -months)
    dropped = [name for name in there if name < rules.partition_name(oldest)]
    if missing or dropped:
        # The parent first, in the order of the counting job, against deadlocks.
        session.execute(sa.text("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE"))
    made = []
    for first in missing:
        following, name = rules.month_of(first, 1), rules.partition_name(first)
        span = {"first": first, "following": following}
        session.execute(sa.text(f"CREATE TABLE {name} (LIKE visits INCLUDING ALL)"))
        session.execute(
            sa.text(
                "WITH moved AS (DELETE FROM visits_other"
                " WHERE visited_on >= :first AND visited_on < :following RETURNING *)"
                f" INSERT INTO {name} SELECT * FROM moved"
            ),
            span,
        )
        session.execute(
            sa.text(
                f"ALTER TABLE visits ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{first}') TO ('{following}')"
            )
        )
        made.append(name)
    for name in dropped:
        session.execute(sa.text(f"DROP TABLE {name}"))
    session.execute(
        sa.text("DELETE FROM visits_other WHERE visited_on < :oldest"), {"oldest": oldest}
    )
    return made, dropped
