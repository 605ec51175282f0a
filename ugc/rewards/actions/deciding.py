"""Writes of decisions on rings, and of appeals. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.core import inputs, subjects
from ugc.core.access import Actor
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from ugc.core.subjects import Subject, Visibility
from ugc.moderation import actions as moderation_actions
from ugc.moderation import queries as moderation_queries
from ugc.referrals.actions import counts as referrals_counts
from ugc.reputation import actions as reputation_actions
from ugc.reputation.queries import ledger as reputation_ledger
from ugc.rewards.actions import holding, scoring
from ugc.rewards.models import (
    APPEAL_KIND,
    RING_KIND,
    Appeal,
    Clearing,
    ReferralReward,
    RingMember,
)
from ugc.rewards.queries import doubts, rings
from ugc.rewards.rules import points
from ugc.rewards.rules.score import WITH_MOST


def decide_ring(
    session: Session,
    actor: Actor,
    case_id: int,
    *,
    version: int,
    outcome: str,
    chosen: Collection[int] | None,
    rule: str | None = None,
    note: str = "",
    suspend_days: int = 0,
) -> None:
    """Decides about all of a ring (`chosen` None) or some: `false` with a rule, or `cleared`. Who
    is not chosen waits in a new case. Raises Conflict, Forbidden, Invalid, NotFound."""
    scoring.lock_fraud_scoring(session)
    case = moderation_queries.locked_case(session, case_id)
    if session.get_one(Subject, case.subject_id).kind != RING_KIND:
        raise NotFound()
    if outcome not in ("false", "cleared"):
        raise Invalid(fields={"outcome": [lazy_gettext("Say whether they are false or genuine.")]})
    if suspend_days not in points.SUSPENSIONS:
        raise Invalid(fields={"suspend": [lazy_gettext("Choose one of the spans.")]})
    waiting = rings.undecided_of(session, case.subject_id)
    rows = [row for row in waiting if chosen is None or row.member_id in chosen]
    as_seen = case.decided_at is None and case.version == version
    if as_seen and (not rows or (chosen is not None and len(rows) != len(set(chosen)))):
        raise Invalid(fields={"who": [lazy_gettext("Choose at least one of the group.")]})
    decision = moderation_actions.decide_in_own_form(
        session,
        actor,
        case_id,
        version=version,
        outcome="refused" if outcome == "false" else "approved",
        rule=rule,
        note=note,
    )
    moment = now(session)
    for row in rows:
        row.outcome, row.decision_id, row.decided_at = outcome, decision.id, moment
    session.flush()
    people = [row.member_id for row in rows]
    if outcome == "false":
        _find_false(session, actor, rows, suspend_days, decision.id, note)
    else:
        for row in rows:
            _clear(session, row)
    if len(rows) < len(waiting):
        moderation_actions.open_case(session, case.subject_id, "doubted")
    scoring.score(session, [*people, *doubts.parents(session, people)])
    if outcome == "cleared":
        holding.release_soon(session, people)
    events.emit(
        session,
        events.RingDecided(case.subject_id, decision.id, people, outcome, decision.rule),
    )


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
    causes = {each: [points.cause(each), *rings.votes_of(session, each)] for each in people}
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
    session.execute(
        sa.update(ReferralReward)
        .where(
            sa.or_(
                ReferralReward.newcomer_id.in_(people), ReferralReward.beneficiary_id.in_(people)
            ),
            ReferralReward.state.in_(("held", "released")),
        )
        .values(state="reversed", changed_at=app_now())
    )
    session.flush()


def _clear(session: Session, row: RingMember) -> None:
    """Remembers what was looked at: as it was when the case came, and as it is now."""
    score = doubts.score_of(session, row.member_id)
    before = doubts.clearings(session, [row.member_id]).get(row.member_id, {})
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
        before = doubts.clearings(session, [row.member_id]).get(row.member_id, {})


def _stay(session: Session, ring_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """A ring has no visibility: what a decision does is done beside it. The log says who."""
    subjects.log_move(
        session, ring_id, "visibility", None, str(visibility), reason=reason, actor=who
    )


moderation_actions.register(
    RING_KIND,
    moderation_actions.Content(
        lambda _session, _ring_id: None,
        _stay,
        None,
        rules=points.RULES,
        barred=rings.people_of,
        own_form=True,
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
        "Say why the decision is wrong: at least %(count)d characters.", count=points.APPEAL_MIN
    )
    text = inputs.checked_text(
        text, least=points.APPEAL_MIN, most=points.APPEAL_MAX, field="text", short=short
    )
    subject = subjects.create(session, APPEAL_KIND, visible=False)
    session.add(Appeal(id=subject.id, ring_id=ring_id, member_id=actor.id, text=text))
    session.flush()
    moderation_actions.open_case(session, subject.id, "appealed")


def decide_appeal(
    session: Session, appeal_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on an appeal does: granted, all that the first decision took comes back."""
    found = rings.appeal(session, appeal_id)
    if found.granted is not None:
        return
    granted = visibility is Visibility.PUBLISHED
    subjects.log_move(
        session, appeal_id, "visibility", None, str(visibility), reason=reason, actor=who
    )
    found.granted, found.decided_at = granted, now(session)
    if not granted:
        return
    scoring.lock_fraud_scoring(session)
    row = rings.locked_ring_member(session, found.ring_id, found.member_id)
    row.outcome = "cleared"
    session.flush()
    referrals_counts.clear_false(session, [row.member_id])
    _clear(session, row)
    if row.decision_id is not None:
        accounts_suspending.lift_by_cause(
            session, row.member_id, f"decision:{row.decision_id}", reason
        )
    row.suspended_until = None
    back = rings.taken_back(session, row.ring_id, row.member_id)
    if back:
        reputation_actions.restore(session, back)
    _rewards_as_the_ledger_says(session, row.member_id)
    scoring.score(session, [row.member_id, *doubts.parents(session, [row.member_id])])
    holding.release_soon(session, [row.member_id])


def _rewards_as_the_ledger_says(session: Session, member_id: int) -> None:
    for reward, held, available in rings.reversed_of(session, member_id):
        if held or available:
            reward.state = "held" if held else "released"
            reward.changed_at = now(session)
    session.flush()


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
    moderation_actions.Content(
        _appellant,
        decide_appeal,
        None,
        rules=points.APPEAL_RULES,
        barred=_barred_from_appeal,
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
