"""Reads of what proves votes true (`rules.proof`)."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.core.subjects import Subject, Transition
from ugc.reports.models import Report, Vote
from ugc.reports.queries import trust
from ugc.reports.rules import proof as proof_rules


def confirms(session: Session, report_id: int, member_id: int) -> bool:
    """Whether the member's confirmation is one of an established member who is independent of the
    report's author."""
    query = (
        sa.select(Vote.member_id)
        .join(Report, Report.id == Vote.report_id)
        .where(
            Vote.report_id == report_id,
            Vote.member_id == member_id,
            Vote.still_there,
            Vote.established,
            trust.independent(Report.author_id, Vote.member_id),
        )
    )
    return session.scalar(query) is not None


def bearings(session: Session, report_id: int) -> dict[int, proof_rules.Bearing]:
    """What others said of each vote on the report, by voter."""
    other = sa.orm.aliased(Vote)
    age = sa.func.extract("epoch", other.voted_at - Vote.voted_at)
    # One level of FROM, as in `trust`: ties are correlated with the enclosing SELECT alone.
    rows = session.execute(
        sa.select(
            Vote.member_id,
            Vote.still_there,
            other.still_there.label("word"),
            (age > 0).label("later"),
            sa.and_(age > 0, age <= Report.half_life_s).label("soon"),
        )
        .join(Report, Report.id == Vote.report_id)
        .outerjoin(
            other,
            sa.and_(
                other.report_id == Vote.report_id,
                other.member_id != Vote.member_id,
                other.established,
                trust.independent(Vote.member_id, other.member_id),
            ),
        )
        .where(Vote.report_id == report_id)
        .order_by(Vote.member_id, other.voted_at, other.member_id)
    )
    found: dict[int, proof_rules.Bearing] = {}
    for row in rows:
        before = found.get(row.member_id, proof_rules.Bearing(row.still_there))
        first = row.word if before.answered is None and row.soon else before.answered
        same = row.word is row.still_there
        opposed = before.opposed or bool(row.later and not same)
        found[row.member_id] = proof_rules.Bearing(
            row.still_there, first, opposed, before.joined or same
        )
    return found


@dataclass(frozen=True)
class LastTransition:
    reason: str
    actor: str


def last_transition(session: Session, report_id: int) -> LastTransition:
    """Why the report's state changed last, and the actor; empty when nothing was logged."""
    query = (
        sa.select(Transition.reason, Transition.actor)
        .where(
            Transition.subject_id == report_id,
            Transition.field == "state",
            Transition.reason != "merged_in",
        )
        .order_by(Transition.id.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return LastTransition(row.reason, row.actor) if row else LastTransition("", "")


def merged_here(session: Session, report_id: int) -> list[int]:
    """The report and all that were merged into it, in any number of steps."""
    top = sa.select(sa.literal(report_id, sa.BigInteger).label("id")).cte(recursive=True)
    tree = top.union(sa.select(Subject.id).join(top, Subject.merged_into_id == top.c.id))
    return list(session.scalars(sa.select(tree.c.id)))
