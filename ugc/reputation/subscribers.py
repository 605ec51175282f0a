"""What earns and loses points; votes on reports: `ugc.reports.subscribers`."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.reputation import actions, rules
from ugc.reputation.queries import ledger


def cause_of(event: events.ContentEvent) -> str:
    return f"{event.kind}:{event.subject_id}"


@events.on(events.ContentPosted, "reputation.content_posted")
def content_posted(session: Session, event: events.ContentPosted) -> None:
    if event.author_id is not None and event.kind in rules.ACTIONS:
        actions.credit(
            session,
            event.author_id,
            event.kind,
            cause_of(event),
            held=event.held,
            subject_id=event.subject_id,
            city_id=event.city_id,
        )


@events.on(events.ContentApproved, "reputation.content_approved")
def content_approved(session: Session, event: events.ContentApproved) -> None:
    actions.release(session, cause_of(event))


@events.on(events.ContentGone, "reputation.content_gone")
def content_gone(session: Session, event: events.ContentGone) -> None:
    actions.reverse(session, cause_of(event))
    # What its readers' votes earned goes with it, or two people could post, confirm, withdraw.
    for action in ("helpful", "confirmation", "confirmed"):
        for cause in ledger.causes(session, event.subject_id, action):
            actions.reverse(session, cause)


@events.on(events.ReviewFoundHelpful, "reputation.review_found_helpful")
def review_found_helpful(session: Session, event: events.ReviewFoundHelpful) -> None:
    """A point for the author; taken back with the vote, and not given twice by one voter."""
    if event.author_id is None:
        return
    cause = f"helpful:{event.review_id}:{event.member_id}"
    if event.helpful:
        actions.credit(
            session,
            event.author_id,
            "helpful",
            cause,
            held=False,
            subject_id=event.review_id,
            city_id=event.city_id,
        )
    else:
        actions.reverse(session, cause)


@events.on(events.PhotoUploaded, "reputation.photo_uploaded")
def photo_uploaded(session: Session, event: events.PhotoUploaded) -> None:
    """Held until the photo can be seen: a file that is none earns nothing."""
    if event.member_id is not None:
        actions.credit(
            session,
            event.member_id,
            "photo",
            rules.photo_cause(event.subject_id, event.member_id),
            held=True,
            subject_id=event.subject_id,
            city_id=event.city_id,
        )


@events.on(events.PhotoPublished, "reputation.photo_published")
def photo_published(session: Session, event: events.PhotoPublished) -> None:
    actions.release(session, rules.photo_cause(event.subject_id, event.member_id))


@events.on(events.PhotoGone, "reputation.photo_gone")
def photo_gone(session: Session, event: events.PhotoGone) -> None:
    if not event.remaining:
        actions.reverse(session, rules.photo_cause(event.subject_id, event.member_id))
