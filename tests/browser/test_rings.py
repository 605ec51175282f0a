"""A ring of doubted accounts in the moderators' queue, and what one of them reads and answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Axe, Site
from tests.browser.steps import fits
from tests.factories.members import PASSWORD as SEEDED
from tests.factories.members import PASSWORD_HASH
from ugc.accounts.models import KIND, Member, UsedHandle
from ugc.core import subjects
from ugc.core.db import now
from ugc.fraud.actions import fingerprints as fraud_fingerprints
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import Referral
from ugc.rewards import actions as rewards_actions

PEOPLE = 14


@pytest.fixture(scope="module")
def ring(site: Site) -> list[str]:
    """The names of somebody and of whom they made on one network with one browser."""
    names = ["gang-head", *(f"gang-{number}" for number in range(1, PEOPLE))]
    with site.transaction() as session:
        ids = []
        for name in names:
            subject = subjects.create(session, KIND)
            session.add(
                Member(
                    id=subject.id, handle=name, email=f"{name}@example.org",
                    password_hash=PASSWORD_HASH, email_confirmed_at=now(session),
                )
            )  # fmt: skip
            session.add(UsedHandle(handle=name))
            session.flush()
            ids.append(subject.id)
            fraud_fingerprints.note_fingerprints(
                session, subject.id, {"browser": b"x" * 16, "network": b"y" * 16}
            )
        link = referrals_linking.link_for(session, ids[0], ids[0])
        for each in ids[1:]:
            session.add(Referral(member_id=each, parent_id=ids[0], link_id=link.id))
        session.flush()
        for each in ids[1:]:
            rewards_actions.hold(session, each)
        fraud_scoring.score(session, ids)
    return names


def sign_in(page: Page, site: Site, handle: str, password: str) -> None:
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail").fill(f"{handle}@example.org")
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(f"{site.url}/sign-in")


def test_a_ring_is_looked_at_decided_and_appealed(
    browser: Browser, site: Site, ring: list[str], axe: Axe, accessible: Callable[[Page], None]
) -> None:
    first = browser.new_context(viewport=PHONE, locale="en")
    page = first.new_page()
    site.enter(page, "ringmod")
    site.make_moderator("ringmod")
    page.goto(f"{site.url}/moderation")
    expect(page.locator(".ring__dot")).to_have_count(PEOPLE)
    accessible(page)
    page.get_by_role("button", name="Español").click()
    page.goto(f"{site.url}/moderation")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    accessible(page)

    # By keyboard: two of them are cleared, the others wait in a new case.
    page.goto(f"{site.url}/moderation")
    if page.get_by_role("button", name="English").count():
        page.get_by_role("button", name="English").click()
        page.goto(f"{site.url}/moderation")
    # Others' accounts may be doubted, too: the tests of a process share a site.
    gang = page.get_by_role("article").filter(has_text="gang-")
    for name in ("gang-1", "gang-2"):
        page.get_by_role("checkbox", name=name, exact=True).focus()
        page.keyboard.press("Space")
    gang.get_by_label("Only those ticked above").check()
    gang.get_by_role("button", name="They are genuine").click()
    expect(page.locator(".ring__dot")).to_have_count(PEOPLE - 2)

    # The rest is false.
    gang.get_by_label("Rule (when they are false)").select_option("several_accounts")
    gang.get_by_label("Note to those concerned").fill("All from one browser within a minute.")
    gang.get_by_role("button", name="They are false").click()
    expect(page.locator(".ring__dot")).to_have_count(0)

    theirs = browser.new_context(viewport=PHONE, locale="en")
    head = theirs.new_page()
    sign_in(head, site, "gang-head", SEEDED)
    head.goto(f"{site.url}/rewards")
    expect(head.get_by_text("Several accounts of one person")).to_be_visible()
    assert axe(head) == []
    assert fits(head)
    head.get_by_label("Why the decision is wrong").fill("These are my pupils, I can show it.")
    head.get_by_role("button", name="Appeal").click()
    expect(head.get_by_text("waits for another moderator").first).to_be_visible()

    other = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(other, "ringmod2")
    site.make_moderator("ringmod2")
    other.goto(f"{site.url}/moderation")
    case = other.locator("main article", has_text="These are my pupils")
    assert axe(other) == []
    case.get_by_role("button", name="Approve").click()
    expect(case).to_have_count(0)
    head.reload()
    expect(head.get_by_text("Your appeal was granted")).to_be_visible()
