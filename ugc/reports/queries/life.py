"""Reads of the life of a report: its votes, how far it is believed and why, its time line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.content import queries as content_queries
from ugc.core.db import Session, built_once, lately, read_so_far
from ugc.core.subjects import Subject, Transition, TransitionNote
from ugc.geography import geo
from ugc.reports.models import MemberPosition, Report, ReportState, Vote
from ugc.reports.rules import belief

# Reasons of the moves that bring a report back after its end.
BACK = ("reopened", "still_there")


def position(session: Session, report_id: int) -> tuple[float, float]:
    """(lon, lat) in degrees, the public ones."""
    row = session.execute(
        sa.select(geo.lon(Report.geom), geo.lat(Report.geom)).where(Report.id == report_id)
    ).one()
    return float(row[0]), float(row[1])


def who_saw_it(session: Session, report: Report) -> list[int]:
    """The members who may know whether it is still there: its author and those who confirmed,
    without the suspended, who could not answer. Of an area only its author is asked."""
    author = {report.author_id} if report.author_id is not None else set()
    confirmers = session.scalars(
        sa.select(Vote.member_id)
        .where(Vote.report_id == report.id, Vote.still_there)
        .order_by(Vote.member_id)
    )
    people = author if report.coarse else author.union(confirmers)
    return sorted(people - accounts_suspensions_queries.suspended_among(session, people))


def vote_row(session: Session, report_id: int, member_id: int | None) -> Vote | None:
    """The member's vote on the report, as it is in the database now."""
    if member_id is None:
        return None
    return session.get(Vote, (report_id, member_id), populate_existing=True)


def last_said(
    session: Session, report_id: int, *, still_there: bool, but: int
) -> dt.datetime | None:
    """When anybody but a member last confirmed (`still_there`) or denied."""
    return session.scalar(
        sa.select(sa.func.max(Vote.voted_at)).where(
            Vote.report_id == report_id,
            Vote.still_there == still_there,
            Vote.member_id != but,
        )
    )


def ended_by(session: Session, report_id: int) -> str:
    """The reason of the last move of its state, '' when none was logged."""
    query = sa.select(Transition.reason).where(
        Transition.subject_id == report_id, Transition.field == "state"
    )
    query = query.where(Transition.reason != "merged_in").order_by(Transition.id.desc()).limit(1)
    return session.scalar(query) or ""


def times_back(session: Session, report_id: int) -> int:
    """How often the report was brought back after its end, whichever way."""
    query = sa.select(sa.func.count()).where(Transition.subject_id == report_id)
    return session.scalar(query.where(Transition.reason.in_(BACK))) or 0


def brought_back(session: Session, actor: str) -> int:
    """How many reports an actor (`Actor.reference`) brought back in the last day."""
    day = dt.timedelta(days=1)
    query = sa.select(sa.func.count()).where(Transition.actor == actor, lately(Transition.at, day))
    # As its partial index says.
    query = query.where(Transition.old.is_not(None), Transition.new == ReportState.OPEN)
    return session.scalar(query.where(Transition.reason.in_(BACK))) or 0


def casts(session: Session, report_id: int, since: dt.datetime) -> list[belief.Cast]:
    """The log that the belief is folded from: the votes since `since`, oldest first."""
    rows = session.execute(
        sa.select(Vote.still_there, Vote.weight, Vote.voted_at, Vote.established, Vote.member_id)
        .where(Vote.report_id == report_id, Vote.voted_at >= since)
        .order_by(Vote.voted_at, Vote.member_id)
    )
    return [_cast(row) for row in rows]


def _cast(row: Any) -> belief.Cast:
    return belief.Cast(
        row.still_there, row.weight, row.voted_at, not row.established, row.member_id
    )


def companions(session: Session, report_id: int, member_id: int, still_there: bool) -> int:
    """How many accounts that voted the same here always move together with this one
    (`belief.are_together`), among the latest fifty."""
    here = (
        sa.select(Vote.member_id)
        .where(
            Vote.report_id == report_id,
            Vote.still_there == still_there,
            Vote.member_id != member_id,
        )
        .order_by(Vote.voted_at.desc())
        .limit(50)
        .subquery()
    )
    mine, theirs = sa.orm.aliased(Vote), sa.orm.aliased(Vote)
    my_count = sa.select(sa.func.count()).where(
        mine.member_id == member_id, mine.report_id != report_id
    )
    count = sa.orm.aliased(Vote)
    their_count = (
        sa.select(sa.func.count())
        .where(count.member_id == here.c.member_id, count.report_id != report_id)
        .scalar_subquery()
    )
    common = (
        sa.select(sa.func.count())
        .select_from(mine)
        .join(
            theirs,
            sa.and_(
                theirs.report_id == mine.report_id,
                theirs.still_there == mine.still_there,
                theirs.member_id == here.c.member_id,
            ),
        )
        .where(mine.member_id == member_id, mine.report_id != report_id)
        .scalar_subquery()
    )
    own = session.scalar(my_count) or 0
    if own < belief.TOGETHER_VOTES:
        return 0
    rows = session.execute(sa.select(common, their_count).select_from(here))
    return sum(belief.are_together(c, own, t) for c, t in rows)


def joined_at(session: Session, member_id: int) -> dt.datetime:
    return session.scalars(sa.select(Member.joined_at).where(Member.id == member_id)).one()


def last_position(session: Session, member_id: int) -> tuple[geo.Point, dt.datetime] | None:
    """Where the member last was when they voted, to a tenth of a degree."""
    row = session.get(MemberPosition, member_id, populate_existing=True)
    return (geo.Point(row.lon, row.lat), row.at) if row else None


def _with_votes(session: Session, report_id: int) -> tuple[Any, Sequence[Any]]:
    """The report's numbers and its votes, oldest first: read once by a request that only reads."""
    read = read_so_far("votes_of_reports")
    if report_id not in read:
        read[report_id] = session.execute(_votes(), {"report_id": report_id}).all()
    rows = cast("Sequence[Any]", read[report_id])
    return rows[0], [row for row in rows if row.member_id is not None]


@built_once
def _votes() -> Any:
    return (
        sa.select(
            Report.prior, Report.seen_at, Report.believed, Report.believed_at, Report.half_life_s,
            Report.created_at, Report.source_id, Vote.still_there, Vote.weight, Vote.voted_at,
            Vote.established, Vote.member_id, Vote.dampings,
        )
        .outerjoin(Vote, Vote.report_id == Report.id)
        .where(Report.id == sa.bindparam("report_id"))
        .order_by(Vote.voted_at, Vote.member_id)
    )  # fmt: skip


def own_word(session: Session, report_id: int, member_id: int | None) -> Any:
    """The member's vote with `still_there` and `dampings`, None without one; of what `explanation`
    and `time_line` read."""
    if member_id is None:
        return None
    _row, votes = _with_votes(session, report_id)
    return next((vote for vote in votes if vote.member_id == member_id), None)


@dataclass(frozen=True)
class Explanation:
    """Why a report is believed as it is: shares from 0 to 1, weights, and how many votes weigh
    less for which reason. `as_of` is the time of the last vote; since then it halves every
    `half_life`."""

    prior: float
    weight_for: float
    weight_against: float
    damped: dict[str, int]
    believed: float
    as_of: dt.datetime
    half_life: dt.timedelta


def explanation(session: Session, report_id: int) -> Explanation:
    """The numbers behind the reliability, folded from the log of votes."""
    row, said = _with_votes(session, report_id)
    counted = [vote for vote in said if vote.voted_at >= row.seen_at]
    votes = belief.counted([_cast(vote) for vote in counted])
    return Explanation(
        prior=row.prior,
        weight_for=sum(v.weight for v in votes if v.still_there),
        weight_against=sum(v.weight for v in votes if not v.still_there),
        damped=Counter(reason for vote in counted for reason in vote.dampings),
        believed=row.believed,
        as_of=row.believed_at,
        half_life=dt.timedelta(seconds=row.half_life_s),
    )


@dataclass(frozen=True)
class Moment:
    """One line of a report's public time line. `what` is a code that the page words: the reason of
    a move, confirmed, denied or edited; `count` folds the votes of an hour; `note` is free text (a
    reason, an official answer), `before` the code of what it was (`corrections.code_of`)."""

    what: str
    at: dt.datetime
    count: int = 1
    note: str = ""
    before: str = ""


BEGINNINGS = frozenset({"posted", "history", "imported"})


def time_line(session: Session, report_id: int) -> list[Moment]:
    """Every public transition, oldest first, without who voted."""
    moves = session.execute(_public_moves(), {"report_id": report_id})
    moments = [
        Moment(r.reason, r.at, note=r.note or "", before=(r.old or "") if r.field == "kind" else "")
        for r in moves
    ]
    row, votes = _with_votes(session, report_id)
    hours: dict[tuple[bool, int], list[dt.datetime]] = {}
    for vote in votes:
        hour = int(vote.voted_at.timestamp()) // 3600
        hours.setdefault((vote.still_there, hour), []).append(vote.voted_at)
    moments += [
        Moment("confirmed" if still_there else "denied", max(times), count=len(times))
        for (still_there, _hour), times in hours.items()
    ]
    moments += [Moment("edited", each.replaced_at) for each in versions(session, report_id)]
    if not any(m.what in BEGINNINGS for m in moments):
        # Posted before its state was logged, or open when it was imported.
        moments.append(Moment("imported" if row.source_id else "posted", row.created_at))
    return sorted(moments, key=lambda m: m.at)


@built_once
def _public_moves() -> Any:
    return (
        sa.select(
            Transition.field, Transition.old, Transition.reason, Transition.at, TransitionNote.note
        )
        .outerjoin(TransitionNote, TransitionNote.transition_id == Transition.id)
        .where(
            Transition.subject_id == sa.bindparam("report_id"),
            sa.or_(
                Transition.field.in_(("state", "answer", "kind", "place")),
                sa.and_(Transition.field == "visibility", Transition.reason == "withdrawn"),
            ),
        )
        .order_by(Transition.id)
    )


def versions(session: Session, report_id: int) -> list[content_queries.Earlier]:
    """What it said before, newest first; read once by a request that only reads."""
    read = read_so_far("versions_of_reports")
    if report_id not in read:
        read[report_id] = content_queries.versions_of(session, [report_id]).get(report_id, [])
    return cast("list[content_queries.Earlier]", read[report_id])


def votes_by(session: Session, member_id: int) -> list[tuple[Vote, str]]:
    """A member's votes with the public ids of their reports, for their own export."""
    rows = session.execute(
        sa.select(Vote, Subject.public_id)
        .join(Subject, Subject.id == Vote.report_id)
        .where(Vote.member_id == member_id)
        .order_by(Vote.voted_at, Vote.report_id)
    )
    return [(row.Vote, row.public_id) for row in rows]


def vote_counts(session: Session, report_id: int) -> tuple[int, int]:
    """(confirmations, denials), recounted from the votes."""
    row = session.execute(
        sa.select(
            sa.func.count().filter(Vote.still_there),
            sa.func.count().filter(sa.not_(Vote.still_there)),
        ).where(Vote.report_id == report_id)
    ).one()
    return int(row[0]), int(row[1])
