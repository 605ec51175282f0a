"""Links in mails: one-time tokens, confirming, resetting, and changing the address. Nothing here
commits."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.actions.passwords import is_password, set_password
from ugc.accounts.models import AccountToken, MailChange, Member, RequestedMail
from ugc.accounts.queries import lookup, tokens
from ugc.accounts.rules import credentials
from ugc.core import audit, identity, jobs, keyed
from ugc.core.db import Session, app_now, now
from ugc.core.errors import DomainError, Invalid


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def may_mail(session: Session, address: str, purpose: str) -> bool:
    """Counts a mail to the mailbox behind `address`, unless it had `rules.MAILS_PER_HOUR` of this
    purpose within the hour. Jobs for one mailbox wait for each other."""
    who = keyed.digest("mailboxes", identity.mailbox(address).encode())[:32]
    session.execute(lookup.lock("mailbox", who))
    if lookup.mails_of_hour(session, who, purpose) >= credentials.MAILS_PER_HOUR:
        audit.note_now("mail_limited", purpose=purpose, mailbox=who[:12])
        return False
    session.add(RequestedMail(who=who, purpose=purpose))
    return True


def send_confirmation(session: Session, member: Member, back_to: str = "/") -> None:
    """The link leads on to `back_to`, an address of this site without words of a person."""
    jobs.defer(
        session, "accounts.mail_link", member_id=member.id, purpose="confirm", back_to=back_to
    )


def request_reset(session: Session, email: str, back_to: str = "/") -> None:
    """Sends a link when the account exists, which leads on to `back_to`; says nothing about whether
    it does, and takes the same time: no member (0) is a job too."""
    member = next(filter(None, lookup.members_of_address(session, email)), None)
    jobs.defer(
        session,
        "accounts.mail_link",
        member_id=member.id if member else 0,
        purpose="reset",
        back_to=back_to,
    )


def issue_token(session: Session, member: Member, purpose: str, address: str) -> str:
    """A new one-time token that is sent to `address`; older ones of its purpose end."""
    end_tokens(session, member.id, purpose)
    minutes = credentials.RESET_MINUTES if purpose == "reset" else credentials.CONFIRM_HOURS * 60
    token = secrets.token_urlsafe(32)
    session.add(
        AccountToken(
            member_id=member.id,
            purpose=purpose,
            token_hash=digest(token),
            email=address,
            expires_at=now(session) + dt.timedelta(minutes=minutes),
        )
    )
    return token


def end_tokens(session: Session, member_id: int, *purposes: str) -> None:
    """Ends the member's live links; without `purposes`, all of them."""
    these = [AccountToken.purpose.in_(purposes)] if purposes else []
    session.execute(
        sa.update(AccountToken)
        .where(AccountToken.member_id == member_id, AccountToken.used_at.is_(None), *these)
        .values(used_at=app_now())
    )


def _expired() -> DomainError:
    return DomainError(
        lazy_gettext("This link was used already or is too old. Ask for a new one."),
        code="link_expired",
    )


def _use_token(session: Session, token: str, purpose: str) -> Member | None:
    """The member whose live link this is, whose address is still the one it was sent to; the link
    ends. None without one."""
    row = tokens.good_token(session, digest(token), purpose)
    if row is None:
        return None
    member = lookup.member(session, row.member_id)
    if member.email is None or member.email.lower() != row.email.lower():
        return None
    row.used_at = now(session)
    return member


def _pressed_before(session: Session, token: str, *purposes: str) -> AccountToken | None:
    """The link, if it ended within ten minutes: a request that carries a secret is not remembered,
    so its repetition is recognised by what the first one left.

    Asked after `_use_token` or `good_token`, which wait for a first press that still runs."""
    return tokens.ended_token(session, digest(token), *purposes)


def _hold_address(session: Session, member: Member, address: str) -> None:
    """The address is confirmed for `member`; the first who confirms it has it. Raises DomainError
    `link_expired` when it is another's."""
    session.execute(lookup.lock("address", address.lower()))
    holder = lookup.holder(session, address)
    if holder is not None and holder.id != member.id:
        raise _expired()
    was_confirmed = member.email_confirmed_at is not None
    member.email = address
    if not was_confirmed or holder is None:
        member.email_confirmed_at = now(session)
    if not was_confirmed:
        events.emit(session, events.MemberConfirmed(member.id))


def confirm_email(session: Session, token: str) -> Member:
    """The same link is answered alike for ten minutes. Raises DomainError `link_expired`."""
    member = _use_token(session, token, "confirm")
    if member is not None:
        _hold_address(session, member, str(member.email))
        return member
    before = _pressed_before(session, token, "confirm")
    if before is not None:
        member = lookup.member(session, before.member_id)
    if member is None or member.email_confirmed_at is None:
        raise _expired()
    return member


def reset_password(session: Session, token: str, password: str) -> Member:
    """Sets the password and ends every session. The same link with the same new password is
    answered alike for ten minutes. Raises Invalid, DomainError `link_expired`."""
    member = _use_token(session, token, "reset")
    if member is not None:
        _hold_address(session, member, str(member.email))
        set_password(session, member, password)
        return member
    before = _pressed_before(session, token, "reset")
    if before is not None:
        member = lookup.member(session, before.member_id)
    if member is None or not is_password(password, member.password_hash):
        raise _expired()
    return member


def request_mail_change(session: Session, member_id: int, *, email: str, password: str) -> None:
    """Asks both addresses whether the account's is to change; an old one that was never confirmed
    is not asked. A request before this one ends. Raises Invalid."""
    member = lookup.locked_member(session, member_id, beside_writes=True)
    fields: dict[str, list[object]] = {}
    if not is_password(password, member.password_hash):
        fields["password"] = [lazy_gettext("This is not your present password.")]
    confirmed = member.email_confirmed_at is not None
    if confirmed and member.email is not None and member.email.lower() == email.lower():
        fields["email"] = [lazy_gettext("This is your address already.")]
    if fields:
        raise Invalid(fields=fields)
    stop_mail_change(session, member_id)
    session.add(
        MailChange(
            member_id=member_id,
            old_email=member.email if confirmed else None,
            new_email=email,
            expires_at=now(session) + dt.timedelta(hours=credentials.CONFIRM_HOURS),
        )
    )
    jobs.defer(session, "accounts.mail_link", member_id=member_id, purpose="mail_new")
    if confirmed:
        jobs.defer(session, "accounts.mail_link", member_id=member_id, purpose="mail_old")
    audit.note_now("mail_change", outcome="asked", member=member_id)


def stop_mail_change(session: Session, member_id: int) -> None:
    """Ends what was asked and its links, if anything was."""
    end_tokens(session, member_id, "mail_new", "mail_old")
    change = lookup.open_mail_change(session, member_id)
    if change is not None:
        change.ended_at = now(session)
        session.flush()
        audit.note_now("mail_change", outcome="stopped", member=member_id)


def mail_change_of(session: Session, token: str) -> tuple[MailChange, AccountToken]:
    """What a link of either mail is about. Raises DomainError `link_expired`."""
    for purpose in ("mail_new", "mail_old"):
        row = tokens.good_token(session, digest(token), purpose)
        change = lookup.open_mail_change(session, row.member_id) if row is not None else None
        if row is not None and change is not None:
            return change, row
    raise _expired()


def _answered_before(session: Session, token: str, *, agreed: bool) -> str | None:
    """What this very answer came to when it was given within ten minutes: the change bears the
    moment at which the link ended."""
    row = _pressed_before(session, token, "mail_new", "mail_old")
    change = lookup.newest_mail_change(session, row.member_id) if row is not None else None
    if row is None or change is None:
        return None
    email = lookup.member(session, row.member_id).email
    is_made = email is not None and email.lower() == change.new_email.lower()
    if not agreed:
        return "stopped" if change.ended_at == row.used_at and not is_made else None
    of_new = row.purpose == "mail_new"
    if row.used_at != (change.new_confirmed_at if of_new else change.old_confirmed_at):
        return None
    if change.ended_at is None:
        return "waiting"
    return "done" if is_made else None


def answer_mail_change(session: Session, token: str, *, agreed: bool) -> str:
    """What came of it: `done`, `stopped`, or `waiting` for the other address. The same answer is
    given alike for ten minutes. Raises DomainError `link_expired`."""
    try:
        change, row = mail_change_of(session, token)
    except DomainError:
        before = _answered_before(session, token, agreed=agreed)
        if before is None:
            raise
        return before
    member = lookup.locked_member(session, change.member_id, beside_writes=True)
    session.refresh(change)
    if change.ended_at is not None:
        raise _expired()
    if not agreed:
        stop_mail_change(session, member.id)
        return "stopped"
    row.used_at = now(session)
    if row.purpose == "mail_new":
        change.new_confirmed_at = now(session)
    else:
        change.old_confirmed_at = now(session)
    if change.new_confirmed_at is None or (change.old_email and change.old_confirmed_at is None):
        return "waiting"
    _hold_address(session, member, change.new_email)
    change.ended_at = now(session)
    end_tokens(session, member.id)
    jobs.defer(
        session, "accounts.mail_notice", member_id=member.id, what="mail_changed", row_id=change.id
    )
    audit.note_now("mail_change", outcome="done", member=member.id)
    return "done"
