"""Where a member wants each family of news: on the site, by mail, by push, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.accounts.models import MemberSession
from ugc.core.db import Session
from ugc.notifications import actions as notifications_actions
from ugc.notifications import queries as notifications_queries
from ugc.notifications import rules as notifications_rules
from ugc.notifications.models import Notification
from ugc.notifications.rules import Family, Where
from ugc.watches.actions import news as watches_news_actions
from ugc.watches.models import News, PushSubscription

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
Mails = Callable[[], list[str]]
CAUSE = "decision:1"  # as a decision of a moderator names it
HOURS = {"hour": "8", "weekday": "0", "quiet_from": "0", "quiet_until": "0"}
FREE = [
    code
    for code, kind in notifications_rules.KINDS.items()
    if kind.family not in notifications_rules.LOCKED
]
KEPT = [
    code
    for code, kind in notifications_rules.KINDS.items()
    if kind.family in notifications_rules.LOCKED
]


def member_id(session: Session, handle: str = "ana") -> int:
    query = sa.text("SELECT id FROM members WHERE handle = :handle")
    return int(session.execute(query, {"handle": handle}).scalar_one())


def facts(code: str) -> dict[str, object]:
    """What a line of the kind needs to be told."""
    return {"badge": "first_report", "role": "moderator", "rule": "spam", "n": 2, "url": "/about"}


def choose(browser: FlaskClient, *told: str, delivery: str = "now") -> None:
    form = {**HOURS, "delivery": delivery, "table": "yes", "told": list(told)}
    assert browser.post("/settings/watching", data=form).status_code == 303


def rows(session: Session) -> list[tuple[str, bool]]:
    session.expire_all()
    query = sa.select(Notification.kind, Notification.shown).order_by(Notification.id)
    return [(kind, shown) for kind, shown in session.execute(query)]


@pytest.mark.parametrize("code", FREE)
def test_a_kind_that_is_wanted_nowhere_is_not_told(
    session: Session, signed_in: Browser, code: str
) -> None:
    ana = signed_in("ana")
    choose(ana)
    notifications_actions.tell(session, member_id(session), code, "once", **facts(code))
    session.commit()
    assert rows(session) == []
    assert session.scalars(sa.select(News)).all() == []


@pytest.mark.parametrize("code", KEPT)
def test_decisions_and_the_account_are_always_told_on_the_site(
    session: Session, signed_in: Browser, code: str
) -> None:
    ana = signed_in("ana")
    choose(ana)
    notifications_actions.tell(session, member_id(session), code, "once", **facts(code))
    session.commit()
    assert rows(session) == [(code, True)]


@pytest.mark.parametrize(
    "family", [f for f in Family if f not in (Family.WATCHING, Family.STILL_THERE)]
)
def test_what_is_wanted_by_mail_leaves_by_mail(
    session: Session, signed_in: Browser, run_jobs: Run, mails: Mails, family: Family
) -> None:
    ana = signed_in("ana", language="en")
    choose(ana, f"{family}:mail")
    run_jobs()
    mails()
    code = (
        next(
            code
            for code in notifications_rules.kinds_of(family)
            if code not in ("contact", "invitation")
        )
        if family is not Family.CONTACTS
        else "contact"
    )
    notifications_actions.tell(session, member_id(session), code, CAUSE, **facts(code))
    session.commit()
    run_jobs()
    told = notifications_queries.items(
        session, member_id(session), list(session.scalars(sa.select(Notification.id)))
    )
    (mail,) = mails()
    assert told[0].text in mail.replace("\n", " ")
    assert "/unsubscribe/" in mail
    shown = family in notifications_rules.LOCKED
    assert rows(session) == [(code, shown)]
    assert ('class="item inbox__line' in ana.get("/inbox").text) is shown
    # Told again, it is neither told nor mailed twice.
    notifications_actions.tell(session, member_id(session), code, CAUSE, **facts(code))
    session.commit()
    run_jobs()
    assert mails() == []


def test_a_digest_folds_and_waits_for_its_day(
    session: Session, signed_in: Browser, run_jobs: Run, mails: Mails
) -> None:
    ana = signed_in("ana", language="en")
    choose(ana, "helpful:site", "helpful:mail", delivery="daily")
    for number in range(3):
        notifications_actions.tell(
            session, member_id(session), "helpful", f"review:1:{number}", url="/about"
        )
    session.commit()
    run_jobs()
    assert mails() == []
    session.execute(sa.text("UPDATE mail_choices SET digest_due_at = app_now()"))
    watches_news_actions.begin_digests(session)
    session.commit()
    run_jobs()
    (mail,) = mails()
    assert "3 people found your review helpful" in mail.replace("\n", " ")


def test_what_waits_follows_the_new_choice(
    session: Session, signed_in: Browser, run_jobs: Run, mails: Mails
) -> None:
    ana = signed_in("ana")
    choose(ana, "helpful:mail", "comments:mail", delivery="daily")
    for code in ("helpful", "comment"):
        notifications_actions.tell(session, member_id(session), code, "once", url="/about")
    session.commit()
    choose(ana, "comments:mail", delivery="daily")
    session.expire_all()
    waiting = session.scalars(sa.select(News).where(News.mail.is_not(None))).all()
    kinds = [session.get_one(Notification, row.notification_id).kind for row in waiting]
    assert kinds == ["comment"]
    # The end of the mails by the link in one of them ends them all.
    choose(ana, "comments:mail", delivery="site")
    session.expire_all()
    assert session.scalars(sa.select(News).where(News.mail.is_not(None))).all() == []


def test_pushes_follow_the_choice(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    choose(ana, "comments:push")
    browser = session.scalars(sa.select(MemberSession)).one()
    session.execute(
        sa.insert(PushSubscription).values(
            member_id=browser.member_id, session_id=browser.id, p256dh="", auth="",
            endpoint="https://push.example.org/1",
        )
    )  # fmt: skip
    for code in ("comment", "helpful"):
        notifications_actions.tell(session, member_id(session), code, "once", url="/about")
    session.flush()
    (row,) = session.scalars(sa.select(News))
    assert (row.what, row.push, row.mail) == ("told", True, None)


def test_the_table_shows_and_keeps_what_was_chosen(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana", language="en")

    def ticked() -> set[str]:
        return set(re.findall(r'name="told" value="([\w:]+)" checked', ana.get("/settings").text))

    first = ticked()
    assert {f"{family}:site" for family in Family} <= first
    assert {"watching:mail", "watching:push", "still_there:mail"} <= first
    choose(ana, "comments:mail", "watching:push", "still_there:site")
    kept = {f"{family}:site" for family in notifications_rules.LOCKED}
    assert ticked() == kept | {"comments:mail", "watching:push", "still_there:site"}
    assert session.execute(sa.text("SELECT still_there FROM mail_choices")).scalar_one() is False
    export = ana.get("/settings/export").get_json(force=True)
    assert export["news_choices"]["comments"] == {"site": False, "mail": True, "push": False}


def test_locked_families_stay_on_the_site_whatever_was_sent() -> None:
    table = notifications_rules.where_of_boxes([])
    assert table[Family.DECISIONS] == Where(site=True)
    assert table[Family.HELPFUL] == Where(site=False)
