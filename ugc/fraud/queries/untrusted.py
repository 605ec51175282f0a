"""Reads of who is doubted, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ugc.accounts.models import Member
from ugc.core.db import Session, app_now
from ugc.fraud.models import Clearing, Fingerprint, FraudScore
from ugc.fraud.rules.score import Reason
from ugc.referrals.models import FalseMember, Referral
from ugc.reports.queries import trust as reports_trust

# The view that says who is not trusted, for every statement.
UNTRUSTED = sa.table("untrusted_members", sa.column("member_id", sa.BigInteger))


def one_of(column: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column = ANY(ids)`: one parameter, however many they are."""
    return column == sa.any_(sa.cast(list(ids), ARRAY(sa.BigInteger)))


def doubted() -> sa.Select[int]:
    """Ids of the members whose sharing and praise do not count: the rows of the view
    `untrusted_members` (a fraud score of at least 60, in an undecided ring, or found to be
    false). For `IN`, `NOT IN` or a join of another query."""
    return sa.select(UNTRUSTED.c.member_id)


def _hang_together(one: reports_trust.Column, other: reports_trust.Column) -> sa.Exists:
    """Whether two members share a browser or a mailbox, or the other is doubted: then the other
    proves nothing of the one (`reports.queries.trust`)."""
    a, b = sa.orm.aliased(Fingerprint), sa.orm.aliased(Fingerprint)
    shared = sa.select(a.member_id).where(
        a.member_id == one,
        b.member_id == other,
        a.kind == b.kind,
        a.hash == b.hash,
        a.kind.in_(("browser", "mailbox")),
    )
    found = doubted().subquery()
    return sa.union_all(
        shared, sa.select(found.c.member_id).where(found.c.member_id == other)
    ).exists()


reports_trust.register_tie(_hang_together)


def untrusted_among(session: Session, ids: Collection[int]) -> set[int]:
    """Members of `ids` with a fraud score of at least 60, confirmed as false, or in an undecided
    ring."""
    found = doubted().subquery()
    query = sa.select(found.c.member_id).where(one_of(found.c.member_id, ids))
    return set(session.scalars(query))


# Who brought a member -----------------------------------------------------------------------


def ancestors(session: Session, newcomer_id: int) -> list[tuple[int, int]]:
    """(degree, member) of who brought a newcomer, the nearest first."""
    row = session.get(Referral, newcomer_id)
    if row is None:
        return []
    above = (row.parent_id, row.grandparent_id, row.great_grandparent_id)
    return [(degree, each) for degree, each in enumerate(above, start=1) if each is not None]


def false_among(session: Session, ids: Collection[int]) -> set[int]:
    query = sa.select(FalseMember.member_id).where(FalseMember.member_id.in_(list(ids)))
    return set(session.scalars(query))


# scores -------------------------------------------------------------------------------------


def score_of(session: Session, member_id: int) -> FraudScore | None:
    return session.get(FraudScore, member_id)


def fingerprints_of(session: Session, member_id: int) -> list[Fingerprint]:
    query = sa.select(Fingerprint).where(Fingerprint.member_id == member_id)
    return list(session.scalars(query.order_by(Fingerprint.kind, Fingerprint.first_seen_at)))


def members_after(session: Session, after: int, limit: int) -> list[int]:
    """The next ids of members who are there and not imported."""
    query = (
        sa.select(Member.id)
        .where(Member.id > after, Member.erased_at.is_(None), Member.source_id.is_(None))
        .order_by(Member.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def present(session: Session, ids: Iterable[int]) -> dict[int, dt.datetime]:
    """When those of `ids` joined who were not erased."""
    query = sa.select(Member.id, Member.joined_at).where(
        one_of(Member.id, ids), Member.erased_at.is_(None)
    )
    return {row.id: row.joined_at for row in session.execute(query)}


def scores(session: Session, ids: Iterable[int]) -> dict[int, int]:
    query = sa.select(FraudScore.member_id, FraudScore.score).where(
        one_of(FraudScore.member_id, ids)
    )
    return {row.member_id: int(row.score) for row in session.execute(query)}


def clearings(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Reason]]:
    """What was cleared, by member and code."""
    found: dict[int, dict[str, Reason]] = {}
    for row in session.scalars(sa.select(Clearing).where(one_of(Clearing.member_id, ids))):
        reason = Reason(row.code, row.points, 0, tuple(row.with_ids))
        found.setdefault(row.member_id, {})[row.code] = reason
    return found


def parents(session: Session, ids: Iterable[int]) -> set[int]:
    query = sa.select(Referral.parent_id).where(one_of(Referral.member_id, ids)).distinct()
    return set(session.scalars(query))


def sharers(session: Session, member_id: int, limit: int = 200) -> list[int]:
    """Others with a fingerprint of the member (not the network alone), the newest first."""
    own = sa.orm.aliased(Fingerprint)
    query = (
        sa.select(Fingerprint.member_id)
        .join(own, sa.and_(own.kind == Fingerprint.kind, own.hash == Fingerprint.hash))
        .where(
            own.member_id == member_id,
            Fingerprint.member_id != member_id,
            Fingerprint.kind.in_(("browser", "mailbox")),
        )
        .distinct()
        .order_by(Fingerprint.member_id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def old_fingerprints() -> sa.ColumnElement[bool]:
    """Fingerprints not seen for the days that they are kept."""
    return Fingerprint.last_seen_at < app_now() - sa.text("interval '90 days'")
