"""The inbox by day, with its filters and pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.notifications import actions as notifications_actions
from ugc.notifications import queries as notifications_queries
from ugc.notifications import rules as notifications_rules
from ugc.notifications.models import Notification

Browser = Callable[..., FlaskClient]


def tell(session: Session, handle: str, kind: str, cause: str, at: str = "") -> None:
    member_id = session.execute(
        sa.text("SELECT id FROM members WHERE handle = :handle"), {"handle": handle}
    ).scalar_one()
    facts: dict[str, object] = {"badge": "first_report"} if kind == "badge" else {"url": "/about"}
    notifications_actions.tell(session, member_id, kind, cause, **facts)
    if at:
        session.execute(
            sa.update(Notification)
            .where(Notification.cause == cause)
            .values(created_at=sa.func.timestamptz(at))
        )


def days(page: str) -> list[str]:
    return re.findall(r'<h2 class="inbox__day"[^>]*><time datetime="([\d-]+)">', page)


def titles(page: str) -> list[str]:
    parts = page.split('class="item__title">')[1:]
    return [re.sub(r"^<label[^>]*>", "", part).split("<")[0].strip() for part in parts]


def test_lines_stand_under_the_readers_own_days(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana", language="en", timezone="Europe/Madrid")
    # The last minutes of a day in UTC are the next day in Madrid.
    for number, at in enumerate(
        ("2026-07-01 20:00+00", "2026-07-01 22:30+00", "2026-07-02 09:00+00")
    ):
        tell(session, "ana", "address_taken", f"a:{number}", at)
    session.commit()
    page = ana.get("/inbox").text
    assert days(page) == ["2026-07-02", "2026-07-01"]
    assert len(titles(page)) == 3
    tell(session, "ana", "address_taken", "now")
    session.commit()
    assert ">Today</time>" in ana.get("/inbox").text


def test_filters_by_family_and_unread_go_together_and_stay_in_the_next_page(
    session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications_rules, "PAGE", 2)
    ana = signed_in("ana", language="en")
    for number, at in enumerate(range(1, 6)):
        tell(session, "ana", "address_taken", f"a:{number}", f"2026-07-0{at} 12:00+00")
        tell(session, "ana", "badge", f"badge:{number}", f"2026-07-0{at} 12:00+00")
    session.commit()
    assert len(titles(ana.get("/inbox?about=progress").text)) == 2
    # What the menu counts as unread ticks no box.
    assert 'name="unread" value="yes">' in ana.get("/inbox").text
    assert 'name="unread" value="yes" checked>' in ana.get("/inbox?unread=yes").text
    seen, address = [], "/inbox?about=progress&unread=yes"
    while address:
        page = ana.get(address).text
        seen += days(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
        assert not address or ("about=progress" in address and "unread=yes" in address)
    assert seen == [f"2026-07-0{day}" for day in (5, 4, 3, 2, 1)]
    one = session.scalars(sa.select(Notification).where(Notification.cause == "badge:4")).one()
    ana.post(f"/inbox/{one.id}")
    assert "2026-07-05" not in days(ana.get("/inbox?about=progress&unread=yes").text)
    assert "2026-07-05" in days(ana.get("/inbox?about=progress").text)
    # What no family is called leads to everything.
    assert len(titles(ana.get("/inbox?about=nonsense").text)) > 0
    assert "No news here" in ana.get("/inbox?about=brands").text


@pytest.mark.parametrize("count", [1, 2, 3])
def test_older_news_are_offered_only_where_there_are_some(
    session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(notifications_rules, "PAGE", 2)
    ana = signed_in("ana", language="en")
    for number in range(count):
        tell(session, "ana", "address_taken", f"a:{number}", f"2026-07-0{number + 1} 12:00+00")
    session.commit()
    assert ('rel="next"' in ana.get("/inbox").text) is (count > 2)
    later = ana.get("/inbox?before=1").text
    assert "Nothing older" in later
    assert "Report something" not in later.split("<main")[1].split("</main>")[0]


def test_a_line_is_opened_by_its_words_and_by_one_button(
    session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana", language="en")
    tell(session, "ana", "address_taken", "a:1")
    session.commit()
    line = ana.get("/inbox").text.split("inbox__line")[1].split("</li>")[0]
    (button,) = re.findall(r"<button[^>]*>", line)
    one = session.scalars(sa.select(Notification.id)).one()
    assert f'<label for="open-{one}">' in line
    assert f'id="open-{one}"' in button
    # Its name says what it does and of what: the label alone would not say the first.
    assert f'aria-labelledby="word-{one} n{one}"' in button


def test_many_helpful_votes_on_one_review_are_one_line(
    session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana", language="en")
    for number in range(12):
        tell(session, "ana", "helpful", f"review:7:{number}")
    session.commit()
    page = ana.get("/inbox?about=helpful").text
    assert [line for line in titles(page) if "helpful" in line] == titles(page)
    assert len(titles(page)) == 1
    assert "12 people found your review helpful" in page
    mine = session.scalars(sa.select(Notification.member_id)).first() or 0
    assert notifications_queries.unread_count(session, mine, "UTC") == 1


@pytest.mark.parametrize("code", notifications_rules.KINDS)
def test_every_kind_belongs_to_a_family_that_the_filter_offers(code: str) -> None:
    family = notifications_rules.KINDS[code].family
    assert family in notifications_rules.FAMILIES
    assert code in notifications_rules.kinds_of(family)


def test_reading_all_leads_back_to_the_filter(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    tell(session, "ana", "badge", "badge:1")
    session.commit()
    answer = ana.post("/inbox/read", data={"next": "/inbox?about=progress"})
    assert answer.location == "/inbox?about=progress"
    assert ana.post("/inbox/read", data={"next": "https://x.example"}).location == "/inbox"
