"""Writes of decisions on rings, and of appeals. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.core import inputs, subjects
from ugc.core.access import Actor
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from ugc.core.subjects import Visibility
from ugc.fraud.actions import consequences, scoring
from ugc.fraud.models import APPEAL_KIND, RING_KIND, Appeal, Clearing, RingMember
from ugc.fraud.queries import rings, untrusted
from ugc.fraud.rules import deciding
from ugc.fraud.rules.score import WITH_MOST
from ugc.moderation import actions as moderation_actions
from ugc.referrals.actions import counts as referrals_counts
from ugc.reputation import actions as reputation_actions
from ugc.reputation.queries import ledger as reputation_ledger


@dataclass(frozen=True)
class Chosen:
    """Whom of a ring a decision is about (`members` None: all), and how long they are suspended."""

    members: frozenset[int] | None = None
    suspend_days: int = 0


def _decide(outcome: str) -> Callable[[Session, moderation_actions.Performance], None]:
    """Decides about all of a ring or some: `false` or `cleared`. The others wait in a new case."""

    def do(session: Session, it: moderation_actions.Performance) -> None:
        chosen: Chosen = it.details or Chosen()
        if chosen.suspend_days not in deciding.SUSPENSIONS:
            raise Invalid(fields={"suspend": [lazy_gettext("Choose one of the spans.")]})
        waiting = rings.undecided_of(session, it.subject_id)
        wanted = chosen.members
        rows = [row for row in waiting if wanted is None or row.member_id in wanted]
        if not rows or (wanted is not None and len(rows) != len(wanted)):
            raise Invalid(fields={"who": [lazy_gettext("Choose at least one of the group.")]})
        moment = now(session)
        for row in rows:
            row.outcome, row.decision_id, row.decided_at = outcome, it.decision.id, moment
        session.flush()
        people = [row.member_id for row in rows]
        if outcome == "false":
            _find_false(session, it.actor, rows, chosen.suspend_days, it.decision.id, it.note)
        else:
            for row in rows:
                _clear(session, row)
        if len(rows) < len(waiting):
            moderation_actions.open_case(session, it.subject_id, "doubted")
        scoring.score(session, [*people, *untrusted.parents(session, people)])
        if outcome == "cleared":
            consequences.trusted(session, people)
        events.emit(
            session,
            events.RingDecided(it.subject_id, it.decision.id, people, outcome, it.decision.rule),
        )

    return do


def _find_false(
    session: Session,
    actor: Actor,
    rows: Sequence[RingMember],
    suspend_days: int,
    decision_id: int,
    note: str,
) -> None:
    people = [row.member_id for row in rows]
    referrals_counts.mark_false(session, people)
    causes = {
        person: [
            *(cause for each in consequences.registered for cause in each.causes(session, person)),
            *rings.votes_of(session, person),
        ]
        for person in people
    }
    earned = [each for own in causes.values() for each in own]
    reputation_actions.lock_totals(session, [*people, *reputation_ledger.earners(session, earned)])
    for row in rows:
        # What they earned, what was earned by bringing them, and what their votes gave to others.
        row.taken = reputation_actions.reverse_member(session, row.member_id, causes[row.member_id])
        if suspend_days:
            accounts_suspending.suspend(
                session,
                actor,
                row.member_id,
                reason="accounts",
                days=suspend_days,
                note=note,
                cause=f"decision:{decision_id}",
            )
            row.suspended_until = now(session) + dt.timedelta(days=suspend_days)
    for each in consequences.registered:
        each.found_false(session, people)
    session.flush()


def _clear(session: Session, row: RingMember) -> None:
    """Remembers what was looked at: as it was when the case came, and as it is now."""
    score = untrusted.score_of(session, row.member_id)
    before = untrusted.clearings(session, [row.member_id]).get(row.member_id, {})
    for reason in [*row.reasons, *(score.reasons if score else [])]:
        if reason["points"] <= 0:
            continue
        known = before.get(reason["code"])
        ids = sorted({*reason["with"], *(known.with_ids if known else ())})[: 5 * WITH_MOST]
        statement = insert(Clearing).values(
            member_id=row.member_id, code=reason["code"], points=reason["points"], with_ids=ids
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["member_id", "code"],
                set_={
                    "points": sa.func.greatest(Clearing.points, statement.excluded.points),
                    "with_ids": statement.excluded.with_ids,
                    "cleared_at": app_now(),
                },
            )
        )
        before = untrusted.clearings(session, [row.member_id]).get(row.member_id, {})


moderation_actions.register(
    RING_KIND,
    moderation_actions.Reviewable(
        (
            moderation_actions.Action(
                "find_false", "refused", lazy_gettext("They are false"), _decide("false")
            ),
            moderation_actions.Action(
                "clear", "approved", lazy_gettext("They are genuine"), _decide("cleared")
            ),
        ),
        rules=deciding.RULES,
        barred=rings.people_of,
        lock=scoring.lock_fraud_scoring,
    ),
)


# appeals ------------------------------------------------------------------------------------


def appeal(session: Session, actor: Actor, ring_id: int, text: str) -> None:
    """Appeals once, for a member who was found to be false; the suspended may too. Raises
    Conflict, Invalid, NotFound."""
    if not actor.is_member or actor.id is None:
        raise SignInNeeded()
    row = rings.locked_ring_member(session, ring_id, actor.id)
    if row.outcome != "false":
        raise NotFound()
    if any(each.ring_id == ring_id for each in rings.appeals_of(session, actor.id)):
        raise Conflict(lazy_gettext("You appealed before: there is one appeal."))
    short = lazy_gettext(
        "Say why the decision is wrong: at least %(count)d characters.", count=deciding.APPEAL_MIN
    )
    text = inputs.checked_text(
        text, least=deciding.APPEAL_MIN, most=deciding.APPEAL_MAX, field="text", short=short
    )
    subject = subjects.create(session, APPEAL_KIND, visible=False)
    session.add(Appeal(id=subject.id, ring_id=ring_id, member_id=actor.id, text=text))
    session.flush()
    moderation_actions.open_case(session, subject.id, "appealed")


def _decide_appeal(session: Session, it: moderation_actions.Performance, granted: bool) -> None:
    """Granted, all that the first decision took comes back."""
    found = rings.appeal(session, it.subject_id)
    if found.granted is not None:
        return
    subjects.log_transition(
        session,
        it.subject_id,
        "visibility",
        None,
        str(Visibility.PUBLISHED if granted else Visibility.HIDDEN),
        reason=it.cause,
        actor=it.actor.reference,
    )
    found.granted, found.decided_at = granted, now(session)
    if not granted:
        return
    row = rings.locked_ring_member(session, found.ring_id, found.member_id)
    row.outcome = "cleared"
    session.flush()
    referrals_counts.clear_false(session, [row.member_id])
    _clear(session, row)
    if row.decision_id is not None:
        accounts_suspending.lift_by_cause(
            session, row.member_id, f"decision:{row.decision_id}", it.cause
        )
    row.suspended_until = None
    back = rings.taken_back(session, row.ring_id, row.member_id)
    if back:
        reputation_actions.restore(session, back)
    for each in consequences.registered:
        each.cleared(session, row.member_id)
    scoring.score(session, [row.member_id, *untrusted.parents(session, [row.member_id])])
    consequences.trusted(session, [row.member_id])


def _appellant(session: Session, appeal_id: int) -> int | None:
    return rings.appeal(session, appeal_id).member_id


def _barred_from_appeal(session: Session, appeal_id: int) -> set[int]:
    """Who decided about the member, and who is of the ring."""
    found = rings.appeal(session, appeal_id)
    return rings.deciders(session, found.ring_id, found.member_id) | rings.people_of(
        session, found.ring_id
    )


moderation_actions.register(
    APPEAL_KIND,
    moderation_actions.Reviewable(
        (
            moderation_actions.Action(
                "grant",
                "approved",
                lazy_gettext("Approve"),
                lambda session, it: _decide_appeal(session, it, granted=True),
            ),
            moderation_actions.Action(
                "uphold",
                "refused",
                lazy_gettext("Refuse"),
                lambda session, it: _decide_appeal(session, it, granted=False),
            ),
        ),
        _appellant,
        rules=deciding.APPEAL_RULES,
        barred=_barred_from_appeal,
        lock=scoring.lock_fraud_scoring,
    ),
)


def _describe_own(
    session: Session, ids: Iterable[int], author_id: int
) -> list[subjects.SubjectInfo]:
    title = lazy_gettext("Your appeal")
    return [
        subjects.SubjectInfo(each.id, APPEAL_KIND, "", title, "/rewards#decisions")  # type: ignore[arg-type]
        for each in rings.appeals_of(session, author_id)
        if each.id in set(ids)
    ]


# Only their author sees them, and a moderator in the case.
subjects.register(
    subjects.Kind(APPEAL_KIND, lazy_gettext("Appeal"), lambda _s, _ids: [], _describe_own)
)
subjects.register(subjects.Kind(RING_KIND, lazy_gettext("Doubted accounts"), lambda _s, _ids: []))
