"""Reads of how far a member's word is trusted: what they said, and what independent, established
members said of the same."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.referrals.models import Referral
from ugc.reports.models import Report, Vote
from ugc.reports.rules import belief

# Members who came by one link within this time of each other are not independent.
BROUGHT_WITHIN = "72 hours"

Column = sa.SQLColumnExpression[Any]
# Whether two members (columns of ids) hang together, so that the second proves nothing of the
# first; what higher capabilities know is added by `register_tie`.
_ties: list[Callable[[Column, Column], sa.ColumnElement[bool]]] = []


def register_tie(tie: Callable[[Column, Column], sa.ColumnElement[bool]]) -> None:
    _ties.append(tie)
    _statements.cache_clear()


def independent(one: Column, other: Column) -> sa.ColumnElement[bool]:
    """Whether nothing known ties two members (columns of ids), so that the word of the second may
    prove that of the first."""
    return sa.and_(*(sa.not_(tie(one, other)) for tie in _ties))


def _brought(one: Column, other: Column) -> sa.ColumnElement[bool]:
    """One brought the other, or the same member brought both within BROUGHT_WITHIN."""
    a, b = sa.orm.aliased(Referral), sa.orm.aliased(Referral)
    parent = sa.select(a.member_id).where(
        sa.or_(
            sa.and_(a.member_id == one, a.parent_id == other),
            sa.and_(a.member_id == other, a.parent_id == one),
        )
    )
    apart = sa.func.greatest(a.referred_at, b.referred_at) - sa.func.least(
        a.referred_at, b.referred_at
    )
    siblings = sa.select(a.member_id).where(
        a.member_id == one,
        b.member_id == other,
        a.parent_id == b.parent_id,
        apart <= sa.cast(BROUGHT_WITHIN, sa.Interval),
    )
    return sa.or_(parent.exists(), siblings.exists())


def record_of(session: Session, member_id: int | None) -> tuple[float, float]:
    """(proved true, proved false) of the member's last statements (reports, confirmations,
    denials), each beside what established and independent members said of the same report within
    one half-life of its kind, the sooner the weightier. A report that a moderator took away proved
    false.

    The query is built once: it is asked for each post and vote."""
    if member_id is None:
        return 0.0, 0.0
    rows = session.execute(_statements(), {"member_id": member_id})
    grouped = itertools.groupby(rows, key=lambda r: (r.report_id, r.said, r.taken_away, r.at))
    return belief.record(
        belief.Statement(
            said,
            [
                belief.Heard(r.other_id, r.still_there, float(r.weight))
                for r in heard
                if r.other_id is not None
            ],
            taken_away,
        )
        for (_, said, taken_away, _), heard in grouped
    )


def trust_of(session: Session, member_id: int | None) -> float:
    """How often what the member said proved true (`belief.trust`)."""
    return belief.trust(*record_of(session, member_id))


@functools.cache
def _statements() -> sa.Select[Any]:
    """One row for each other member who spoke about one of the last statements of `:member_id`,
    and one for each statement that none spoke about; the newest statement first."""
    member_id = sa.bindparam("member_id", type_=sa.BigInteger)
    own = (
        sa.select(
            Report.id.label("report_id"),
            sa.true().label("said"),
            Report.created_at.label("at"),
            Report.half_life_s,
            Report.visibility.in_((Visibility.HIDDEN, Visibility.REMOVED)).label("taken_away"),
        )
        .where(Report.author_id == member_id)
        .order_by(Report.created_at.desc())
        .limit(belief.RECORD_LENGTH)
    )
    votes = (
        sa.select(Vote.report_id, Vote.still_there, Vote.voted_at, Report.half_life_s, sa.false())
        .join(Report, Report.id == Vote.report_id)
        .where(Vote.member_id == member_id)
        .order_by(Vote.voted_at.desc())
        .limit(belief.RECORD_LENGTH)
    )
    both = sa.union_all(own.subquery().select(), votes.subquery().select()).subquery()
    last = sa.select(both).order_by(both.c.at.desc()).limit(belief.RECORD_LENGTH).subquery()
    other = sa.orm.aliased(Vote)
    age = sa.func.extract("epoch", other.voted_at - last.c.at) / last.c.half_life_s
    return (
        sa.select(
            last.c.report_id,
            last.c.said,
            last.c.taken_away,
            last.c.at,
            other.member_id.label("other_id"),
            other.still_there,
            (other.weight * sa.func.power(2.0, -age)).label("weight"),
        )
        .select_from(last)
        .outerjoin(
            other,
            sa.and_(
                other.report_id == last.c.report_id,
                other.member_id != member_id,
                other.established,
                other.voted_at > last.c.at,
                age <= 1,
                independent(member_id, other.member_id),
            ),
        )
        .order_by(last.c.at.desc(), last.c.report_id, last.c.said, other.voted_at, other.member_id)
    )


register_tie(_brought)
