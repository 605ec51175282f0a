"""What a referral, and taking part, do to rewards. All may run twice."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.rewards import actions


@events.on(events.ReferralMade, "rewards.referral_made")
def referral_made(session: Session, event: events.ReferralMade) -> None:
    actions.hold(session, event.member_id)


@events.on(events.ContentApproved, "rewards.content_approved")
def content_approved(session: Session, event: events.ContentApproved) -> None:
    if event.author_id is not None:
        actions.release(session, event.author_id)


@events.on(events.VoteProved, "rewards.vote_proved")
def vote_proved(session: Session, event: events.VoteProved) -> None:
    actions.release(session, event.member_id)
