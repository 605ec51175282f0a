"""Reads of who spoke about a report besides its author, and of what its author corrected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ugc.content import queries as content_queries
from ugc.core.db import Session
from ugc.core.subjects import Transition
from ugc.geography import geo
from ugc.reports.models import MemberPosition, Report, Vote
from ugc.reports.rules import corrections as corrections_rules
from ugc.watches.models import Follow


def others_spoke(session: Session, report_id: int, author_id: int | None) -> bool:
    """Whether anyone but its author voted on a report, talks about it or follows it, or those who
    run the site answered or merged another into it."""
    vote = sa.exists().where(Vote.report_id == report_id)
    follow = sa.exists().where(Follow.subject_id == report_id, Follow.member_id != author_id)
    site = sa.exists().where(
        Transition.subject_id == report_id,
        sa.or_(Transition.field == "answer", Transition.reason == "merged_in"),
    )
    talk = content_queries.others_wrote(report_id, author_id)
    return bool(session.scalar(sa.select(sa.or_(vote, follow, talk, site))))


def corrections_of(session: Session, report_id: int) -> int:
    """How often its author corrected a report; one correction may log two moves at one time."""
    query = sa.select(sa.func.count(sa.distinct(Transition.at))).where(
        Transition.subject_id == report_id, Transition.reason.in_(corrections_rules.REASONS)
    )
    return session.scalar(query) or 0


def votes_with_positions(session: Session, report_id: int) -> Sequence[tuple[Vote, Any]]:
    """The votes on a report, each with where its voter was, to a tenth of a degree, while that is
    kept and of that vote: a `geo.Point` or None."""
    rows = session.execute(
        sa.select(Vote, MemberPosition.lon, MemberPosition.lat)
        .outerjoin(
            MemberPosition,
            sa.and_(MemberPosition.member_id == Vote.member_id, MemberPosition.at == Vote.voted_at),
        )
        .where(Vote.report_id == report_id)
        .order_by(Vote.member_id)
        .execution_options(populate_existing=True)
    )
    return [(row.Vote, None if row.lon is None else geo.Point(row.lon, row.lat)) for row in rows]


def moved_m(session: Session, report_id: int) -> float:
    """How far, in metres, its author moved a report since others spoke about it."""
    return session.scalars(sa.select(Report.moved_m).where(Report.id == report_id)).one()
