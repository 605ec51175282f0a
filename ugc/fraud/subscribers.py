"""What joining, contributing and voting do to fraud scores. All may run twice."""

from __future__ import annotations

from ugc import events
from ugc.core import jobs
from ugc.core.db import Session
from ugc.fraud.actions import fingerprints, scoring
from ugc.fraud.queries import untrusted

# Members touched by another's action are scored once in this time, however much
# happens: a thousand may join by one link in a minute.
SOON_S = 60


def score_soon(session: Session, member_id: int) -> None:
    jobs.defer(
        session,
        "rewards.score",
        in_seconds=SOON_S,
        unique=f"rewards.score:{member_id}",
        member_id=member_id,
    )


@events.on(events.MemberJoined, "rewards.member_joined")
def member_joined(session: Session, event: events.MemberJoined) -> None:
    scoring.score(session, [event.member_id])
    for _, above in untrusted.ancestors(session, event.member_id):
        score_soon(session, above)
    for other in untrusted.sharers(session, event.member_id):
        score_soon(session, other)


@events.on(events.MemberConfirmed, "rewards.member_confirmed")
def member_confirmed(session: Session, event: events.MemberConfirmed) -> None:
    fingerprints.forget_pretenders(session, event.member_id)


@events.on(events.ContentApproved, "fraud.content_approved")
def content_approved(session: Session, event: events.ContentApproved) -> None:
    if event.author_id is not None:
        score_soon(session, event.author_id)


@events.on(events.ContentGone, "rewards.content_gone")
def content_gone(session: Session, event: events.ContentGone) -> None:
    if event.author_id is not None:
        score_soon(session, event.author_id)


@events.on(events.ReportConfirmed, "rewards.report_confirmed")
def report_confirmed(session: Session, event: events.ReportConfirmed) -> None:
    score_soon(session, event.member_id)


@events.on(events.VoteProved, "fraud.vote_proved")
def vote_proved(session: Session, event: events.VoteProved) -> None:
    score_soon(session, event.member_id)


@events.on(events.ReviewFoundHelpful, "rewards.review_found_helpful")
def review_found_helpful(session: Session, event: events.ReviewFoundHelpful) -> None:
    score_soon(session, event.member_id)
