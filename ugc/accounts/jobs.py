"""Mail with links, and forgetting what is over."""

from __future__ import annotations

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext

from ugc.accounts import actions, queries
from ugc.accounts.actions import suspending
from ugc.accounts.models import AccountToken, MemberSession, SignInAttempt
from ugc.accounts.queries import suspensions as reads
from ugc.accounts.rules import suspensions as rules
from ugc.core import jobs, mail, render
from ugc.core.db import Session, app_now


@jobs.task("accounts.mail_link")
def mail_link(session: Session, *, member_id: int, purpose: str) -> None:
    """Sends the link that confirms the address or resets the password. The token is made here,
    so that no job row ever holds one."""
    if member_id == 0:
        return
    member = queries.member(session, member_id)
    if member.email is None:
        return
    token = actions.issue_token(session, member, purpose)
    site = current_app.config["SITE_URL"]
    with render.in_language(member.language):
        if purpose == "confirm":
            subject, link = gettext("Confirm your e-mail address"), f"{site}/confirm/{token}"
        else:
            subject, link = gettext("Choose a new password"), f"{site}/password/reset?token={token}"
    message = mail.compose(
        member.email,
        subject,
        f"accounts_{purpose}",
        member.language,
        handle=member.handle,
        link=link,
    )
    mail.send(message)


@jobs.task(suspending.MAIL)
def mail_suspension(session: Session, *, suspension_id: int, lifted: bool) -> None:
    """Tells the member why and until when they can only read, or that it is over. What was lifted
    before this mail went is not told any more."""
    row = reads.one(session, suspension_id)
    if row is None:
        return
    member = queries.member(session, row.member_id)
    standing = reads.standing(session, row.member_id)
    if member.email is None or (standing is None) is not lifted:
        return
    with render.in_language(member.language):
        subject = (
            gettext("Your account is no longer suspended")
            if lifted
            else gettext("Your account is suspended")
        )
        reason = str(rules.REASONS.get(row.reason, ""))
    message = mail.compose(
        member.email,
        subject,
        "accounts_reinstated" if lifted else "accounts_suspended",
        member.language,
        handle=member.handle,
        reason=reason,
        until=row.until,
        zone=member.timezone,
        note=row.note,
        appeal=row.cause.startswith("decision:"),
    )
    mail.send(message)


@jobs.task("accounts.end_suspensions", cron="* * * * *")
def end_suspensions(session: Session) -> None:
    suspending.end_those_over(session)


@jobs.task("accounts.forget", cron="23 3 * * *")
def forget(session: Session) -> None:
    """Failures older than a day; links and sessions that ended a week ago."""
    day, week = sa.text("interval '1 day'"), sa.text("interval '7 days'")
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.at < app_now() - day))
    session.execute(sa.delete(AccountToken).where(AccountToken.expires_at < app_now() - week))
    over = sa.func.least(MemberSession.expires_at, MemberSession.revoked_at) < app_now() - week
    session.execute(sa.delete(MemberSession).where(over))
