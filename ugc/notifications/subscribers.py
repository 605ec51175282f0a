"""What members are told of. Each is told once, by its
cause; the inbox folds what a day brought about one thing into one line."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session, now
from ugc.notifications import actions


@events.on(events.CaseDecided, "notifications.case_decided")
def case_decided(session: Session, event: events.CaseDecided) -> None:
    if event.kind in ("brand_claim", "ring"):
        return  # told by its own event
    actions.tell(
        session,
        event.author_id,
        event.outcome,
        f"decision:{event.decision_id}",
        subject_id=event.subject_id,
        rule=event.rule,
        of="photos" if event.photos and event.outcome == "approved" else event.kind,
    )


@events.on(events.ReportConfirmed, "notifications.report_confirmed")
def report_confirmed(session: Session, event: events.ReportConfirmed) -> None:
    if event.still_there:
        actions.tell(
            session,
            event.author_id,
            "confirmed",
            f"report:{event.report_id}:{event.member_id}",
            subject_id=event.report_id,
        )


@events.on(events.StillThereAsked, "notifications.still_there_asked")
def still_there_asked(session: Session, event: events.StillThereAsked) -> None:
    for member_id in event.member_ids:
        cause = f"still_there:{event.report_id}"
        actions.tell(session, member_id, "still_there", cause, subject_id=event.report_id)


@events.on(events.ReviewFoundHelpful, "notifications.review_found_helpful")
def review_found_helpful(session: Session, event: events.ReviewFoundHelpful) -> None:
    if event.helpful:
        actions.tell(
            session,
            event.author_id,
            "helpful",
            f"review:{event.review_id}:{event.member_id}",
            subject_id=event.review_id,
        )


@events.on(events.PhotoGone, "notifications.photo_gone")
def photo_gone(session: Session, event: events.PhotoGone) -> None:
    if event.reason == "unreadable":
        _tell_photo(session, event, "photo_unreadable")
    elif event.reason == "removed":
        _tell_photo(session, event, "photo_removed")


@events.on(events.PhotoFailed, "notifications.photo_failed")
def photo_failed(session: Session, event: events.PhotoFailed) -> None:
    _tell_photo(session, event, "photo_failed")


def _tell_photo(session: Session, event: events.PhotoEvent, kind: str) -> None:
    cause = f"photo:{event.photo_id}"
    actions.tell(session, event.member_id, kind, cause, subject_id=event.subject_id)


@events.on(events.LevelReached, "notifications.level_reached")
def level_reached(session: Session, event: events.LevelReached) -> None:
    actions.tell(
        session, event.member_id, "level", f"level:{event.level}", n=event.level, url="/leaderboard"
    )


@events.on(events.BadgeAwarded, "notifications.badge_awarded")
def badge_awarded(session: Session, event: events.BadgeAwarded) -> None:
    actions.tell(
        session,
        event.member_id,
        "badge",
        f"badge:{event.badge}",
        badge=event.badge,
        url="/about#badges",
    )


@events.on(events.ReferralMade, "notifications.referral_made")
def referral_made(session: Session, event: events.ReferralMade) -> None:
    cause = f"referral:{event.member_id}"
    actions.tell(session, event.parent_id, "contact", cause, who=event.member_id)


@events.on(events.RingDecided, "notifications.ring_decided")
def ring_decided(session: Session, event: events.RingDecided) -> None:
    for member_id in event.member_ids:
        actions.tell(
            session,
            member_id,
            f"account_{event.outcome}",
            f"decision:{event.decision_id}",
            rule=event.rule,
            url="/rewards#decisions",
        )


@events.on(events.MessageFailed, "notifications.message_failed")
def message_failed(session: Session, event: events.MessageFailed) -> None:
    """Once a day for each kind of message: a mail server that refuses an address refuses them
    all."""
    cause = f"{event.what}:{now(session):%Y-%m-%d}"
    actions.tell(session, event.member_id, f"unsent_{event.what}", cause, url="/settings")


@events.on(events.MemberSuspended, "notifications.member_suspended")
def member_suspended(session: Session, event: events.MemberSuspended) -> None:
    cause = f"suspension:{event.suspension_id}"
    actions.tell(session, event.member_id, "suspended", cause, url="/settings")


@events.on(events.NameTaken, "notifications.name_taken")
def name_taken(session: Session, event: events.NameTaken) -> None:
    cause = f"name:{event.change_id}"
    actions.tell(session, event.member_id, "name_taken", cause, rule=event.rule, url="/settings")


@events.on(events.MemberReinstated, "notifications.member_reinstated")
def member_reinstated(session: Session, event: events.MemberReinstated) -> None:
    cause = f"suspension:{event.suspension_id}"
    actions.tell(session, event.member_id, "reinstated", cause, url="/")


@events.on(events.BrandClaimDecided, "notifications.brand_claim_decided")
def brand_claim_decided(session: Session, event: events.BrandClaimDecided) -> None:
    kind = "claim_approved" if event.approved else "claim_refused"
    cause = f"claim:{event.brand_id}:{event.approved}"
    actions.tell(session, event.member_id, kind, cause, subject_id=event.brand_id)


@events.on(events.RoleGiven, "notifications.role_given")
def role_given(session: Session, event: events.RoleGiven) -> None:
    _tell_role(session, event, "given")


@events.on(events.RoleEnded, "notifications.role_ended")
def role_ended(session: Session, event: events.RoleEnded) -> None:
    _tell_role(session, event, "ended")


def _tell_role(session: Session, event: events.RoleGiven | events.RoleEnded, happened: str) -> None:
    """Tells the member and the others."""
    what = f"{'site' if event.subject_id is None else 'brand'}_role_{happened}"
    cause = f"grant:{event.grant_id}"
    for member_id in event.told:
        actions.tell(session, member_id, what, cause, subject_id=event.subject_id, role=event.role)
    for other in event.others:
        actions.tell(
            session,
            other,
            f"other_{what}",
            cause,
            subject_id=event.subject_id,
            role=event.role,
            who=event.member_id,
        )


@events.on(events.TeamInvited, "notifications.team_invited")
def team_invited(session: Session, event: events.TeamInvited) -> None:
    actions.tell(
        session,
        event.member_id,
        "team_invited",
        f"team_invitation:{event.invitation_id}",
        subject_id=event.brand_id,
        who=event.by_id,
        role=event.role,
        page="join-team",
    )
