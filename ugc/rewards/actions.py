"""Writes of rewards. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core import jobs
from ugc.core.db import Session, app_now, now
from ugc.fraud.actions import consequences as fraud_consequences
from ugc.fraud.queries import evidence as fraud_evidence
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.fraud.rules import genuine as fraud_genuine
from ugc.moderation import actions as moderation_actions
from ugc.reputation import actions as reputation_actions
from ugc.reputation import rules as reputation_rules
from ugc.rewards import queries, rules
from ugc.rewards.models import ReferralReward


def hold(session: Session, newcomer_id: int) -> None:
    """Credits who brought a newcomer, up to three degrees, with points that wait; what does not
    fit into the daily cap is noted and not credited. Once, however often it runs."""
    above = fraud_untrusted.ancestors(session, newcomer_id)
    # The cap is counted by one at a time.
    reputation_actions.lock_totals(session, [each for _, each in above])
    false = fraud_untrusted.false_among(session, [newcomer_id, *(each for _, each in above)])
    if newcomer_id in false:
        return
    today = now(session).astimezone(dt.UTC).date()
    for degree, beneficiary_id in above:
        if beneficiary_id in false:
            continue
        action = rules.ACTIONS[degree]
        points = reputation_rules.ACTIONS[action].points
        fits = rules.fits_the_day(queries.credited_on(session, beneficiary_id, today), points)
        new = session.scalar(
            insert(ReferralReward)
            .values(
                newcomer_id=newcomer_id,
                beneficiary_id=beneficiary_id,
                degree=degree,
                points=points,
                state="held" if fits else "capped",
                given_on=today,
            )
            .on_conflict_do_nothing()
            .returning(ReferralReward.newcomer_id)
        )
        if new is not None and fits:
            reputation_actions.credit(
                session, beneficiary_id, action, rules.cause(newcomer_id), held=True
            )


def release(session: Session, newcomer_id: int) -> None:
    """Releases what waits for a newcomer, when it is due; what is not goes on waiting. When only
    the first day has not passed yet, it is asked again then."""
    held = queries.held_of(session, newcomer_id)
    joined = fraud_untrusted.present(session, [newcomer_id]).get(newcomer_id)
    if not held or joined is None:
        return
    tables = moderation_actions.counted_tables()
    genuine = fraud_evidence.genuine(session, [newcomer_id], tables)[newcomer_id].total
    moment = now(session)
    if not rules.is_due(genuine, joined, moment):
        wait = rules.wait_of_a_day(joined, moment)
        if genuine >= fraud_genuine.GENUINE_NEEDED:
            jobs.defer(
                session,
                "rewards.release",
                in_seconds=wait + 1,
                unique=f"rewards.release:{newcomer_id}",
                newcomer_id=newcomer_id,
            )
        return
    unsure = fraud_untrusted.untrusted_among(
        session, [newcomer_id, *(row.beneficiary_id for row in held)]
    )
    if newcomer_id in unsure:
        return
    for row in held:
        if row.beneficiary_id not in unsure:
            reputation_actions.release(session, rules.cause(newcomer_id), row.beneficiary_id)
            row.state, row.changed_at = "released", moment
    session.flush()


def release_soon(session: Session, member_ids: Iterable[int]) -> None:
    """Looks again at what waits for these members or for their contacts."""
    newcomers = {each for member in member_ids for each in queries.waited_for(session, member)}
    jobs.defer_all(
        session,
        (jobs.Waiting("rewards.release", {"newcomer_id": each}) for each in sorted(newcomers)),
    )


def release_due(session: Session, newcomer_ids: Sequence[int]) -> None:
    """A job for each of these newcomers whose rewards are due: one transaction each, so that
    no totals are locked for long."""
    moment = now(session)
    joined = fraud_untrusted.present(session, newcomer_ids)
    genuine = fraud_evidence.genuine(session, joined, moderation_actions.counted_tables())
    due = {each for each in joined if rules.is_due(genuine[each].total, joined[each], moment)}
    due -= fraud_untrusted.untrusted_among(session, due)
    jobs.defer_all(
        session,
        (jobs.Waiting("rewards.release", {"newcomer_id": each}) for each in sorted(due)),
    )


def drop_held(session: Session, newcomer_id: int) -> None:
    """Drops what waited for a member who left; what was released stays."""
    for row in queries.held_of(session, newcomer_id):
        reputation_actions.reverse_held(session, rules.cause(newcomer_id), row.beneficiary_id)
        row.state, row.changed_at = "reversed", now(session)
    session.flush()


class _Rewards:
    """What decisions about doubted members do to rewards (`fraud.actions.consequences`)."""

    def causes(self, session: Session, member_id: int) -> list[str]:
        return [rules.cause(member_id)]

    def found_false(self, session: Session, member_ids: Collection[int]) -> None:
        session.execute(
            sa.update(ReferralReward)
            .where(
                sa.or_(
                    ReferralReward.newcomer_id.in_(member_ids),
                    ReferralReward.beneficiary_id.in_(member_ids),
                ),
                ReferralReward.state.in_(("held", "released")),
            )
            .values(state="reversed", changed_at=app_now())
        )

    def cleared(self, session: Session, member_id: int) -> None:
        for reward, held, available in queries.reversed_of(session, member_id):
            if held or available:
                reward.state = "held" if held else "released"
                reward.changed_at = now(session)
        session.flush()

    def trusted(self, session: Session, member_ids: Collection[int]) -> None:
        release_soon(session, member_ids)


fraud_consequences.register(_Rewards())


def export_member(session: Session, member_id: int) -> dict[str, Any]:
    """What the member got for bringing people."""
    return {
        "rewards": [
            {
                "degree": row.degree,
                "points": row.points,
                "state": row.state,
                "given_on": row.given_on,
            }
            for row in queries.rewards_of(session, member_id)
        ]
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Drops what waits for the member; what was released stays."""
    drop_held(session, member_id)
