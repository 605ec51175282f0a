"""Mail and pushes of what members watch."""

from __future__ import annotations

import logging
import smtplib
from email.message import EmailMessage

import orjson
import requests
from flask import current_app
from flask_babel import gettext, ngettext
from pywebpush import WebPushException, webpush

from ugc import events
from ugc.accounts.models import Member
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.core import guarded, jobs, mail, render, subjects, texts
from ugc.core.db import Session, app_now, exclusive, record
from ugc.notifications import queries as notifications_queries
from ugc.notifications import rules as notifications_rules
from ugc.watches.actions import browsers as browsers_actions
from ugc.watches.actions import news as news_actions
from ugc.watches.models import MailAttempt, MailKind
from ugc.watches.queries import news as news_queries
from ugc.watches.queries import reading
from ugc.watches.rules import choices

log = logging.getLogger(__name__)
PUSH_TIMEOUT_S = 10
PUSH_KEPT_S = 12 * 3600  # how long a push service keeps one for a browser that is off


@jobs.task(
    news_actions.HAND_OVER,
    cron="* * * * *",
    priority=jobs.Priority.FOLLOW,
    tells=jobs.operator_only,
)
def hand_over(session: Session) -> None:
    """What quiet hours held back, too."""
    news_actions.enqueue_due_deliveries(session)


@jobs.task(
    "watches.begin_digests",
    cron="*/5 * * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def begin_digests(session: Session) -> None:
    news_actions.begin_digests(session)


@jobs.task(
    "watches.forget_old", cron="41 4 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def forget_old(session: Session) -> None:
    news_actions.forget_old(session)


def _send_once(session: Session, batch: str, message: EmailMessage) -> None:
    """At most once: that it begins is recorded, and committed, before the mail is handed over. A
    worker that is killed between leaves a batch of unknown fate, and it is not sent
    again; a mail server that refuses or is away is tried again."""
    with exclusive(f"mail:{batch}") as mine:
        begun, refused = news_queries.attempts(session, batch)
        if not mine or begun > refused:
            return
        attempt = {"batch": batch, "number": begun}
        record(MailAttempt.__table__, {**attempt, "outcome": "begun"})  # type: ignore[arg-type]
        try:
            mail.send(message)
        except (OSError, smtplib.SMTPException):
            record(MailAttempt.__table__, {**attempt, "outcome": "refused"})  # type: ignore[arg-type]
            raise


def _told(session: Session, lines: list[news_queries.Line]) -> list[dict[str, object]]:
    """What the lines say in the language in force: text, url, where (a city, or ''), watch,
    public_id and time. Things that are no longer public are left out."""
    about = subjects.describe(session, [line.report_id for line in lines if line.report_id])
    site = current_app.config["SITE_URL"]
    told: list[dict[str, object]] = _told_of_inbox(session, lines)
    for line in lines:
        info = about.get(line.report_id or 0)
        if info is None:
            continue
        code = line.what if line.what == "still_there" else f"news_{line.what}"
        told.append(
            {
                "text": notifications_rules.KINDS[code].say(
                    notifications_rules.Told(title=info.named)
                ),
                "title": info.named,
                "where": info.where,
                "url": f"{site}{info.url}",
                "path": info.url,
                "public_id": info.public_id,
                "watch": line.watch,
                "at": line.at,
            }
        )
    return told


def _told_of_inbox(session: Session, lines: list[news_queries.Line]) -> list[dict[str, object]]:
    """The lines of the inbox among them, folded as there, the oldest first. What is gone, or leads
    nowhere, leads to the inbox."""
    ids = [line.notification_id for line in lines if line.notification_id is not None]
    site = current_app.config["SITE_URL"]
    found = notifications_queries.items(session, lines[0].member_id, ids) if ids else []
    return [
        {
            "text": item.text,
            "title": item.text,
            "where": "",
            "url": f"{site}{item.url or '/inbox'}",
            "path": item.url or "/inbox",
            "public_id": f"n{item.id}",
            "watch": None,
            "at": item.created_at,
            "told": True,
        }
        for item in reversed(found)
    ]


def _subject(kind: str, told: list[dict[str, object]]) -> str:
    if kind == MailKind.STILL_THERE or (kind == MailKind.NOW and len(told) == 1):
        return str(told[0]["text"])
    where = _where(told)
    if kind == MailKind.NOW:
        return _happened(told)
    if where:
        return ngettext(
            "Your digest: %(num)d thing happened in %(where)s",
            "Your digest: %(num)d things happened in %(where)s",
            len(told), where=where,
        )  # fmt: skip
    return ngettext(
        "Your digest: %(num)d thing happened", "Your digest: %(num)d things happened", len(told)
    )


def _where(told: list[dict[str, object]]) -> str:
    """The cities of the lines, '' when none is known."""
    found = dict.fromkeys(str(each["where"] or "") for each in told)
    names = [texts.isolated(name) for name in found if name]
    return ", ".join(names[: choices.CITIES_SHOWN]) + (
        "…" if len(names) > choices.CITIES_SHOWN else ""
    )


def _happened(told: list[dict[str, object]]) -> str:
    where = _where(told)
    if where:
        return ngettext(
            "%(num)d thing happened in %(where)s", "%(num)d things happened in %(where)s",
            len(told), where=where,
        )  # fmt: skip
    return ngettext(
        "%(num)d thing happened where you watch", "%(num)d things happened where you watch",
        len(told),
    )  # fmt: skip


def _mail_failed(session: Session, *, batch: str) -> None:
    for member_id in {line.member_id for line in news_queries.lines_of_batch(session, batch)}:
        events.emit(session, events.MessageFailed(member_id, "news"))


@jobs.task(news_actions.MAIL, priority=jobs.Priority.SEND, tells=_mail_failed, retry=jobs.OUTLAST)
def send_mail(session: Session, *, batch: str) -> None:
    """One mail with the news of a batch, at most once (see `_send_once`). Nothing is sent to who
    ended this kind of mail meanwhile or is suspended, nor when all of it is gone."""
    lines = news_queries.lines_of_batch(session, batch)
    if not lines:
        return
    member: Member = accounts_lookup.member(session, lines[0].member_id)
    kind = str(lines[0].mail)
    chosen = reading.choice(session, member.id)
    if accounts_suspensions_queries.suspended_among(session, [member.id]):
        return
    if member.email is None or not choices.wants(kind, chosen.delivery, chosen.still_there):
        return
    site = current_app.config["SITE_URL"]
    with render.in_language(member.language):
        told = _told(session, lines)
        if not told:
            return
        subject = _subject(kind, told)
    token = mail.unsubscribe_token(reading.public_id_of(session, member.id), kind)
    message = mail.compose(
        member.email,
        subject,
        "watches_still_there" if kind == MailKind.STILL_THERE else "watches_news",
        member.language,
        unsubscribe=f"{site}/unsubscribe/{token}",
        handle=member.who.in_text if member.who else "",
        told=told[: choices.MAIL_MAX],
        more=max(0, len(told) - choices.MAIL_MAX),
        zone=member.timezone,
        kind=kind,
        watched=not any("told" in each for each in told),
    )
    _send_once(session, batch, message)


def _payloads(session: Session, member: Member, news_ids: list[int]) -> list[dict[str, object]]:
    """What the browser shows: title, body, url (a path) and tag; the same tag replaces."""
    with render.in_language(member.language):
        told = _told(session, news_queries.lines_by_id(session, news_ids))
        if len(told) > choices.PUSHED_ONE_BY_ONE:
            told = [
                {"text": _happened(told), "watch": None, "path": "/inbox", "public_id": "inbox"}
            ]
        return [
            {
                "title": each["watch"]
                or (
                    current_app.config["SITE_NAME"]
                    if "told" in each
                    else gettext("You follow this")
                ),
                "body": each["text"],
                "url": each["path"],
                "tag": each["public_id"],
                "lang": member.language,
            }
            for each in told
        ]


def _push_failed(session: Session, *, subscription_id: int, news_ids: list[int]) -> None:
    browser = reading.browser(session, subscription_id)
    if browser is not None:
        events.emit(session, events.MessageFailed(browser.member_id, "push"))


@jobs.task(news_actions.PUSH, priority=jobs.Priority.SEND, tells=_push_failed)
def push(session: Session, *, subscription_id: int, news_ids: list[int]) -> None:
    """Pushes news to one browser; again after a failure, when the tag makes it replace itself. A
    browser that is gone (404, 410) or whose address leads into a private network is forgotten."""
    key = str(current_app.config["VAPID_PRIVATE_KEY"])
    browser = reading.browser(session, subscription_id)
    if browser is None or not key:
        return
    member = accounts_lookup.member(session, browser.member_id)
    if accounts_suspensions_queries.suspended_among(session, [member.id]):
        return
    unguarded = bool(current_app.testing and current_app.config.get("PUSH_UNGUARDED"))
    for payload in _payloads(session, member, news_ids):
        try:
            webpush(
                {
                    "endpoint": browser.endpoint,
                    "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
                },
                orjson.dumps(payload).decode(),
                vapid_private_key=key,
                vapid_claims={"sub": str(current_app.config["VAPID_CONTACT"])},
                ttl=PUSH_KEPT_S,
                timeout=PUSH_TIMEOUT_S,
                headers={"Topic": str(payload["tag"])},
                requests_session=guarded.session(unguarded=unguarded),
            )
        except guarded.BlockedAddress:
            log.warning("push: browser %d has an address that is not public", browser.id)
            browsers_actions.remove_browser(session, member.id, browser.id)
            return
        except WebPushException as error:
            status = error.response.status_code if error.response is not None else 0
            if status in (404, 410):
                browsers_actions.remove_browser(session, member.id, browser.id)
                return
            if status == 429 or status >= 500 or status == 0:
                raise
            log.warning("push: browser %d was refused with %d", browser.id, status)
            return
        except requests.exceptions.SSLError:
            log.warning("push: browser %d has no good certificate", browser.id)
            return
    browser.delivered_at = app_now()  # type: ignore[assignment]
