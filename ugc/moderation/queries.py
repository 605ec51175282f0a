"""Reads of the queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from ugc.accounts.models import Member
from ugc.core.access import Grant
from ugc.core.db import Session, app_now
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, Transition, Visibility
from ugc.moderation.models import Case, Decision, DecisionNote, Flag, Moderated, UndoneDecision

LEAST_DECISIONS = 5  # below which a median says nothing


@dataclass(frozen=True)
class CaseRow:
    """One open case; `flags` are (rule, note) pairs, newest first."""

    id: int
    version: int
    kind: str
    subject_id: int
    reason: str
    opened_at: dt.datetime
    flags: list[tuple[str, str]]


@dataclass(frozen=True)
class DecisionRow:
    outcome: str
    rule: str | None
    note: str
    decided_at: dt.datetime


Tables = Mapping[str, type[Moderated]]  # of content, by kind


def covered(grants: Sequence[Grant], tables: Tables) -> sa.ColumnElement[bool]:
    """Whether one of the grants covers a `Subject`: one without limits covers all; a kind is the
    subject's, language and city are columns of its table, and a table without the column is not
    covered by a grant that names one."""
    if any(not grant.is_limited for grant in grants):
        return sa.true()
    return sa.or_(sa.false(), *[_covers(grant, tables) for grant in grants])


def _covers(grant: Grant, tables: Tables) -> sa.ColumnElement[bool]:
    limits = {"language": grant.language, "city_id": grant.city_id}
    asked = {name: value for name, value in limits.items() if value is not None}
    kinds = [] if grant.kind is None else [Subject.kind == grant.kind]
    if not asked:
        return sa.and_(sa.true(), *kinds)
    within = [
        sa.exists().where(
            table.id == Subject.id, *[getattr(table, name) == it for name, it in asked.items()]
        )
        for table in tables.values()
        if all(hasattr(table, name) for name in asked)
    ]
    return sa.and_(*kinds, sa.or_(sa.false(), *within))


def is_covered(session: Session, subject_id: int, grants: Sequence[Grant], tables: Tables) -> bool:
    query = sa.select(sa.exists().where(Subject.id == subject_id, covered(grants, tables)))
    return bool(session.scalar(query))


def open_cases(
    session: Session, grants: Sequence[Grant], tables: Tables, limit: int = 20
) -> list[CaseRow]:
    """The queue of who holds `grants`: most flagged first, then the longest waiting."""
    rows = session.execute(
        sa.select(Case, Subject.kind)
        .join(Subject, Subject.id == Case.subject_id)
        .where(Case.decided_at.is_(None), covered(grants, tables))
        .order_by(Case.flags.desc(), Case.opened_at, Case.id)
        .limit(limit)
    ).all()
    flags: dict[int, list[tuple[str, str]]] = {}
    wanted = [row.Case.subject_id for row in rows]
    for flag in session.scalars(
        sa.select(Flag).where(Flag.subject_id.in_(wanted)).order_by(Flag.id.desc())
    ):
        flags.setdefault(flag.subject_id, []).append((flag.rule, flag.note))
    return [
        CaseRow(
            id=row.Case.id,
            version=row.Case.version,
            kind=row.kind,
            subject_id=row.Case.subject_id,
            reason=row.Case.reason,
            opened_at=row.Case.opened_at,
            flags=flags.get(row.Case.subject_id, []),
        )
        for row in rows
    ]


def open_count(session: Session, grants: Sequence[Grant], tables: Tables) -> int:
    """How many cases wait for who holds `grants`."""
    query = (
        sa.select(sa.func.count())
        .select_from(Case)
        .join(Subject, Subject.id == Case.subject_id)
        .where(Case.decided_at.is_(None), covered(grants, tables))
    )
    return session.scalar(query) or 0


@dataclass(frozen=True)
class Record:
    """What a moderator should know of an author: how many of theirs are published, were refused,
    and wait."""

    joined_at: dt.datetime
    published: int
    refused: int
    waiting: int


def published_by(session: Session, member_id: int, tables: Iterable[type[Moderated]]) -> int:
    """How many of the member's are published, over every kind in `tables`; one statement."""
    counts = [
        sa.select(sa.func.count())
        .where(table.author_id == member_id, table.visibility == Visibility.PUBLISHED)
        .scalar_subquery()
        for table in tables
    ]
    return session.scalar(sa.select(sum(counts, sa.literal(0)))) or 0


def records_of(
    session: Session, ids: Collection[int], tables: Iterable[type[Moderated]]
) -> dict[int, Record]:
    """Of these members, over every kind of content in `tables`; one statement."""
    if not ids:
        return {}
    parts = [
        sa.select(table.author_id, sa.cast(table.visibility, sa.Text).label("visibility")).where(
            table.author_id.in_(ids)
        )
        for table in tables
    ]
    theirs = sa.union_all(*parts).subquery()

    def many(*visibilities: Visibility) -> sa.ColumnElement[int]:
        return sa.func.count().filter(theirs.c.visibility.in_(visibilities))

    rows = session.execute(
        sa.select(
            Member.id,
            Member.joined_at,
            many(Visibility.PUBLISHED),
            many(Visibility.HIDDEN, Visibility.REMOVED),
            many(Visibility.HELD),
        )
        .outerjoin(theirs, theirs.c.author_id == Member.id)
        .where(Member.id.in_(ids))
        .group_by(Member.id)
    )
    return {row[0]: Record(*row[1:]) for row in rows}


def is_published(session: Session, table: type[Moderated] | None, subject_id: int) -> bool:
    """Whether everyone sees the content now; what has no table is no content."""
    if table is None:
        return False
    shown = sa.exists().where(table.id == subject_id, table.visibility == Visibility.PUBLISHED)
    return bool(session.scalar(sa.select(shown)))


def usual_wait(session: Session) -> dt.timedelta | None:
    """The median time from opening to decision of what was held, over the last 30 days; None under
    five."""
    waited = sa.func.extract("epoch", Decision.decided_at - Case.opened_at)
    count, median = session.execute(
        sa.select(sa.func.count(), sa.func.percentile_cont(0.5).within_group(waited))
        .join(Case, Case.id == Decision.case_id)
        .where(
            Case.reason == "held",
            Decision.decided_at > app_now() - sa.cast("30 days", sa.Interval),
        )
    ).one()
    if count < LEAST_DECISIONS:
        return None
    return dt.timedelta(seconds=float(median))


def locked_case(session: Session, case_id: int) -> Case:
    """The case, locked until the transaction ends. Raises NotFound."""
    case = session.scalar(sa.select(Case).where(Case.id == case_id).with_for_update(key_share=True))
    if case is None:
        raise NotFound()
    return case


def subject_of_case(session: Session, case_id: int) -> Subject:
    """What a case is about. Raises NotFound."""
    found = session.scalar(sa.select(Subject).join(Case).where(Case.id == case_id))
    if found is None:
        raise NotFound()
    return found


def visibility_before(session: Session, subject_id: int, cause: str) -> Visibility | None:
    """The visibility that a decision changed; None when it changed none."""
    old = session.scalar(
        sa.select(Transition.old).where(
            Transition.subject_id == subject_id,
            Transition.field == "visibility",
            Transition.reason == cause,
        )
    )
    return Visibility(old) if old is not None else None


def moved_on(session: Session, subject_id: int, decision: Decision) -> bool:
    """Whether a decision was undone, or its subject changed or was flagged, since it was made."""
    cause = f"decision:{decision.id}"
    its_own = sa.select(sa.func.max(Transition.id)).where(
        Transition.subject_id == subject_id, Transition.reason == cause
    )
    later = sa.or_(
        sa.exists().where(UndoneDecision.decision_id == decision.id),
        sa.exists().where(Case.subject_id == subject_id, Case.id > decision.case_id),
        sa.exists().where(Subject.id == subject_id, Subject.changed_at > decision.decided_at),
        sa.exists().where(
            Transition.subject_id == subject_id,
            Transition.at >= decision.decided_at,
            Transition.id > sa.func.coalesce(its_own.scalar_subquery(), 0),
        ),
    )
    return bool(session.scalar(sa.select(later)))


@dataclass(frozen=True)
class Decided:
    """A decision as its moderator sees it a moment later."""

    id: int
    kind: str
    outcome: str
    subject_id: int


def decided_by(session: Session, moderator_id: int, decision_id: int) -> Decided | None:
    """A decision of this moderator; None when it is none of theirs."""
    row = session.execute(
        sa.select(Decision.id, Subject.kind, Decision.outcome, Subject.id)
        .join(Case, Case.id == Decision.case_id)
        .join(Subject, Subject.id == Case.subject_id)
        .where(Decision.id == decision_id, Decision.moderator_id == moderator_id)
    ).first()
    return Decided(*row) if row else None


def decision_notes(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """What moderators wrote to authors, by decision; those without a note are left out."""
    rows = session.execute(
        sa.select(DecisionNote.decision_id, DecisionNote.note).where(
            DecisionNote.decision_id.in_(list(ids))
        )
    )
    return {row.decision_id: row.note for row in rows}


def decisions_on(session: Session, ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """What was decided on each subject, for its author's own export."""
    rows = session.execute(
        sa.select(Case.subject_id, Decision, DecisionNote.note)
        .join(Case, Case.id == Decision.case_id)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .where(Case.subject_id.in_(list(ids)))
        .order_by(Decision.id)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.subject_id, []).append(_told(row.Decision, row.note))
    return found


def decisions_of(session: Session, moderator_id: int) -> list[dict[str, Any]]:
    """What a moderator decided, for their own export."""
    rows = session.execute(
        sa.select(Decision, DecisionNote.note)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .where(Decision.moderator_id == moderator_id)
        .order_by(Decision.id)
    )
    return [_told(row.Decision, row.note) for row in rows]


def _told(decision: Decision, note: str | None) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "rule": decision.rule,
        "note": note or "",
        "at": decision.decided_at,
    }


def flags_of(session: Session, member_id: int) -> list[dict[str, Any]]:
    """What a member flagged, for their own export."""
    rows = session.execute(
        sa.select(Flag, Subject.public_id)
        .join(Subject, Subject.id == Flag.subject_id)
        .where(Flag.member_id == member_id)
        .order_by(Flag.id)
    )
    return [
        {
            "of": row.public_id,
            "rule": row.Flag.rule,
            "note": row.Flag.note,
            "at": row.Flag.created_at,
        }
        for row in rows
    ]


def last_decisions(session: Session, ids: Collection[int]) -> dict[int, DecisionRow]:
    """The latest decision on each subject, with its note."""
    rows = session.execute(
        sa.select(Case.subject_id, Decision, DecisionNote.note)
        .join(Case, Case.id == Decision.case_id)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .where(Case.subject_id.in_(ids))
        .ext(distinct_on(Case.subject_id))
        .order_by(Case.subject_id, Decision.id.desc())
    )
    return {
        row.subject_id: DecisionRow(
            row.Decision.outcome, row.Decision.rule, row.note or "", row.Decision.decided_at
        )
        for row in rows
    }


def last_decision(session: Session, subject_id: int) -> DecisionRow | None:
    """The latest decision on a subject, with its note."""
    return last_decisions(session, [subject_id]).get(subject_id)
