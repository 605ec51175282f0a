"""Mails about accounts, and forgetting what is over."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext, lazy_gettext

from ugc import events
from ugc.accounts.actions import erasing, links, suspending
from ugc.accounts.models import (
    AccountToken,
    MailChange,
    Member,
    MemberSession,
    RequestedMail,
    SignInAttempt,
)
from ugc.accounts.queries import lookup
from ugc.accounts.queries import suspensions as suspensions_queries
from ugc.accounts.rules import credentials
from ugc.accounts.rules import suspensions as suspensions_rules
from ugc.core import erasures, jobs, mail, render, returning
from ugc.core.db import Session, app_now, now

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """A mail about an account: `says` are its paragraphs before the link, `after` those below it,
    made in the member's language of facts such as `new`, `browser` and `time`. `path` may hold
    `{token}`."""

    subject: Any
    says: Callable[[dict[str, str]], list[str]]
    path: str
    after: Callable[[dict[str, str]], list[str]]


LETTERS = {
    "confirm": Letter(
        lazy_gettext("Confirm your e-mail address"),
        lambda _f: [gettext("Open this link to confirm your address; it is good for three days:")],
        "/confirm/{token}",
        lambda _f: [
            gettext("You did not join? Then do nothing: without the link nothing happens.")
        ],
    ),
    "reset": Letter(
        lazy_gettext("Choose a new password"),
        lambda _f: [
            gettext("Open this link to choose a new password; it is good for one hour:"),
        ],
        "/password/reset?token={token}",
        lambda _f: [gettext("You did not ask for it? Then do nothing: your password stays.")],
    ),
    "exists": Letter(
        lazy_gettext("You have an account already"),
        lambda _f: [
            gettext(
                "This address was typed in to join, or as the new address of an account. It belongs"
                " to your account, and that stays so."
            ),
            gettext("Was it you? Sign in with this address, or choose a new password there:"),
        ],
        "/sign-in",
        lambda _f: [gettext("Was it not you? Then do nothing: it opens nothing of yours.")],
    ),
    "mail_new": Letter(
        lazy_gettext("Confirm your new e-mail address"),
        lambda f: [
            gettext("Open this link to say that this address is yours; it is good for three days:")
        ],
        "/settings/mail/{token}",
        lambda f: [
            gettext(
                "When your account has a confirmed address already, that one is asked too: the"
                " change is made when both have agreed."
            ),
            gettext("You did not ask for it? Then do nothing: without the link nothing happens."),
        ],
    ),
    "mail_old": Letter(
        lazy_gettext("The address of your account is to change"),
        lambda f: [
            gettext("The new address would be %(new)s.", new=f["new"]),
            gettext("Open this link to agree, or to stop it; it is good for three days:"),
        ],
        "/settings/mail/{token}",
        lambda _f: [
            gettext("It was not you? Stop it there, and choose a new password in your settings.")
        ],
    ),
    "password_changed": Letter(
        lazy_gettext("Your password was changed"),
        lambda f: [
            gettext(
                "The password of your account was changed on %(time)s. Every other browser was"
                " signed out.",
                time=f["time"],
            ),
            gettext("It was not you? Choose another one at once:"),
        ],
        "/password/forgotten",
        lambda _f: [gettext("It was you? Then there is nothing to do.")],
    ),
    "mail_changed": Letter(
        lazy_gettext("The address of your account was changed"),
        lambda f: [
            gettext(
                "It was changed to %(new)s on %(time)s, as both addresses agreed. Mail goes there"
                " from now on, and you sign in with it.",
                new=f["new"],
                time=f["time"],
            ),
            gettext(
                "It was not you? Then another person reads your mail: change the password of your"
                " mailbox first, then write to the people who run the site:"
            ),
        ],
        "/about",
        lambda _f: [gettext("It was you? Then there is nothing to do.")],
    ),
    "new_browser": Letter(
        lazy_gettext("A new browser signed in to your account"),
        lambda f: [
            gettext("%(browser)s, on %(time)s.", browser=f["browser"], time=f["time"]),
            gettext("It was not you? Sign that browser out, and choose a new password:"),
        ],
        "/settings",
        lambda _f: [gettext("It was you? Then there is nothing to do.")],
    ),
}


def _post(
    session: Session,
    member: Member,
    to: str,
    what: str,
    token: str = "",
    back_to: str = "/",
    **facts: str,
) -> None:
    letter = LETTERS[what]
    path = returning.carried(letter.path.format(token=token), back_to)
    with render.in_language(member.language):
        message = mail.compose(
            to,
            str(letter.subject),
            "accounts_letter",
            member.language,
            handle=member.who.in_text if member.who else "",
            says=letter.says(facts),
            link=str(current_app.config["SITE_URL"]) + path,
            after=letter.after(facts),
        )
    mail.send(message)


def _link_failed(session: Session, *, member_id: int, purpose: str, **_more: object) -> None:
    what = "mail_change" if purpose in ("mail_new", "mail_old") else purpose
    if member_id:
        events.emit(session, events.MessageFailed(member_id, what))


@jobs.task(
    "accounts.mail_link", priority=jobs.Priority.PERSON, tells=_link_failed, retry=jobs.OUTLAST
)
def mail_link(session: Session, *, member_id: int, purpose: str, back_to: str = "/") -> None:
    """Sends a link: `confirm`, `reset`, `mail_new` or `mail_old`; the first two lead on to the page
    `back_to`. The token is made here, so that
    no job row ever holds one. Who has an address confirmed is told when another types it."""
    if member_id == 0:
        return
    member = lookup.member(session, member_id)
    change = lookup.open_mail_change(session, member_id)
    is_change = purpose in ("mail_new", "mail_old")
    if member.email is None or (is_change and change is None):
        return
    address = change.new_email if purpose == "mail_new" and change else member.email
    holder = lookup.holder(session, address)
    if purpose in ("confirm", "mail_new") and holder is not None and holder.id != member_id:
        if links.may_mail(session, address, "exists"):
            _post(session, holder, address, "exists", back_to=back_to)
        return
    if purpose == "confirm" and member.email_confirmed_at is not None:
        return
    if links.may_mail(session, address, purpose):
        token = links.issue_token(session, member, purpose, address)
        new = change.new_email if change else ""
        _post(session, member, address, purpose, token, back_to=back_to, new=new)


def _browser_named(user_agent: str) -> str:
    browser, system = credentials.browser_names(user_agent)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or gettext("Unknown browser")


def _notice_failed(session: Session, *, member_id: int, **_more: object) -> None:
    events.emit(session, events.MessageFailed(member_id, "notice"))


@jobs.task(
    "accounts.mail_notice", priority=jobs.Priority.PERSON, tells=_notice_failed, retry=jobs.OUTLAST
)
def mail_notice(session: Session, *, member_id: int, what: str, row_id: int = 0) -> None:
    """Tells the member of a change to their account: `password_changed`, `mail_changed` (`row_id`
    is the change) or `new_browser` (`row_id` is the session). An address that was never confirmed
    may be another's: nothing is sent there."""
    member = lookup.member(session, member_id)
    to, at, facts = member.email, now(session), {}
    if member.email_confirmed_at is None or member.erased_at is not None:
        return
    if what == "mail_changed":
        change = session.get_one(MailChange, row_id)
        to, at, facts = change.old_email, change.ended_at or at, {"new": change.new_email}
    elif what == "new_browser":
        opened = session.get(MemberSession, row_id)
        if opened is None:
            return
        with render.in_language(member.language):
            at, facts = opened.created_at, {"browser": _browser_named(opened.user_agent)}
    if to is None or not links.may_mail(session, to, what):
        return
    _post(session, member, to, what, **facts, time=_in_their_zone(member, at))


def _in_their_zone(member: Member, at: dt.datetime) -> str:
    with render.in_language(member.language):
        return f"{render.in_zone(at, member.timezone)} ({member.timezone})"


def _suspension_mail_failed(session: Session, *, suspension_id: int, lifted: bool) -> None:
    row = suspensions_queries.one(session, suspension_id)
    if row is not None:
        events.emit(session, events.MessageFailed(row.member_id, "suspension"))


@jobs.task(
    suspending.MAIL,
    priority=jobs.Priority.PERSON,
    tells=_suspension_mail_failed,
    retry=jobs.OUTLAST,
)
def mail_suspension(session: Session, *, suspension_id: int, lifted: bool) -> None:
    """Tells the member why and until when they can only read, or that it is over. What was lifted
    before this mail went is not told any more."""
    row = suspensions_queries.one(session, suspension_id)
    if row is None:
        return
    member = lookup.member(session, row.member_id)
    standing = suspensions_queries.standing(session, row.member_id)
    if member.email is None or (standing is None) is not lifted:
        return
    with render.in_language(member.language):
        subject = (
            gettext("Your account is no longer suspended")
            if lifted
            else gettext("Your account is suspended")
        )
        reason = str(suspensions_rules.REASONS.get(row.reason, ""))
    message = mail.compose(
        member.email,
        subject,
        "accounts_reinstated" if lifted else "accounts_suspended",
        member.language,
        handle=member.who.in_text if member.who else "",
        reason=reason,
        until=row.until,
        zone=member.timezone,
        note=row.note,
        appeal=row.cause.startswith("decision:"),
    )
    mail.send(message)


@jobs.task(
    "accounts.end_suspensions",
    cron="* * * * *",
    priority=jobs.Priority.FOLLOW,
    tells=jobs.operator_only,
)
def end_suspensions(session: Session) -> None:
    suspending.end_those_over(session)


@jobs.task(
    "accounts.forget", cron="23 3 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def forget(session: Session) -> None:
    """Failures and counted mails older than a day; links, changes and sessions that ended a week
    ago."""
    day, week = sa.text("interval '1 day'"), sa.text("interval '7 days'")
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.at < app_now() - day))
    session.execute(sa.delete(RequestedMail).where(RequestedMail.at < app_now() - day))
    session.execute(sa.delete(AccountToken).where(AccountToken.expires_at < app_now() - week))
    ended = sa.func.least(MailChange.expires_at, MailChange.ended_at) < app_now() - week
    session.execute(sa.delete(MailChange).where(ended))
    over = sa.func.least(MemberSession.expires_at, MemberSession.revoked_at) < app_now() - week
    session.execute(sa.delete(MemberSession).where(over))


@jobs.task("accounts.note_erasure", priority=jobs.Priority.PERSON, tells=jobs.operator_only)
def note_erasure(_session: Session, *, member: str, with_content: bool) -> None:
    """Writes an erasure into the file outside of the database, if the request could not."""
    erasures.append(erasures.path(), {member: with_content})


@jobs.task(
    "accounts.erase_again",
    cron="*/5 * * * *",
    priority=jobs.Priority.FOLLOW,
    tells=jobs.operator_only,
)
def erase_again(session: Session) -> None:
    """Erases who was erased before the database was restored, however it was restored."""
    back = erasing.erase_again(session, erasures.read(erasures.path()))
    if back:
        log.warning("%s members were erased again after a restore", back)
