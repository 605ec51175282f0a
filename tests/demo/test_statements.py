"""How many statements each page asks the database: a page that asks more fails here,
and shows its statements. Say why in the commit that raises a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import counted_queries
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import Member
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.core.db import BUILT, Session

ANA, OWNER, MODERATOR, ADMINISTRATOR = "demo-ana", "demo-elena", "demo-mod", "demo-admin"


class Page(NamedTuple):
    """An address (`{place}` and so on stand for public ids of the demo world), the most statements
    of a visitor (None: signed-in people only) and of a member, and which member asks."""

    address: str
    visitor: int | None
    member: int
    who: str = ANA


PAGES = {
    "livemap.map_page": Page("/", 4, 7),
    "site.about_page": Page("/about", 0, 2),
    "brandapi.docs_page": Page("/api", 0, 2),
    "brandapi.errors_page": Page("/api/errors", 0, 2),
    "brands.index_page": Page("/brands", 1, 3),
    "brands.brand_page": Page("/brands/{brand}", 6, 12),
    "brands.edit_page": Page("/brands/{brand}/edit", None, 3, OWNER),
    "campaigns.invitations_page": Page("/brands/{brand}/invitations", None, 5, OWNER),
    "brandapi.keys_page": Page("/brands/{brand}/keys", None, 5, OWNER),
    "influencers.brand_prescriptores_page": Page("/brands/{brand}/prescriptores", None, 8, OWNER),
    "brands.qr": Page("/brands/{brand}/qr.svg", None, 3, OWNER),
    "spread.spread_page": Page("/brands/{brand}/spread", None, 16, OWNER),
    "teams.team_page": Page("/brands/{brand}/team", None, 7, OWNER),
    "brands.new_page": Page("/brands/new", None, 2),
    "contacts.contacts_page": Page("/contacts", None, 35),
    "contacts.qr": Page("/contacts/qr.svg", None, 3),
    "contacts.contacts_tree": Page("/contacts/tree", None, 14),
    "moderation.contributions_page": Page("/contributions", None, 12),
    "cards.embed": Page("/embed/{place}", 4, 5),
    "accounts.erased_page": Page("/erased", 0, 2),
    "moderation.flag_page": Page("/flag/{place}", None, 5, OWNER),
    "search.search_places_by_name": Page("/geo/search?q=madrid", 4, 5),
    "notifications.inbox_page": Page("/inbox", None, 5),
    "campaigns.invitation_page": Page("/invitations/{invitation}", 3, 9),
    "accounts.join_page": Page("/join", 0, 1),
    "reputation.leaderboard_page": Page("/leaderboard", 1, 4),
    "offline.manifest": Page("/manifest.webmanifest", 0, 1),
    "livemap.card_fragment": Page("/map/card/place/{place}", 1, 2),
    "livemap.changes": Page("/map/changes", 0, 1),
    "livemap.features": Page("/map/features", 5, 7),
    "lookback.history_page": Page("/map/history", 6, 8),
    "lookback.data": Page("/map/history/data", 3, 3),
    "lookback.list_fragment": Page("/map/history/list", 4, 5),
    "livemap.list_fragment": Page("/map/list", 4, 6),
    "livemap.tile": Page("/map/tiles/reports/4/7/6", 0, 1),
    "reputation.points_page": Page("/points", None, 6),
    "accounts.profile_page": Page("/members/demo-ana", 21, 24, OWNER),
    "moderation.suspensions_page": Page("/members/demo-ana/suspensions", None, 6, MODERATOR),
    "moderation.queue_page": Page("/moderation", None, 22, MODERATOR),
    "roles.roles_page": Page("/moderation/roles", None, 4, ADMINISTRATOR),
    "cards.oembed": Page("/oembed?url={site}/places/{place}", 4, 5),
    "offline.shell": Page("/offline/es", 0, 1),
    "offline.sheet": Page("/offline/sheet/es", 0, 1),
    "accounts.forgotten_page": Page("/password/forgotten", 0, 2),
    "places.index_page": Page("/places", 3, 5),
    "places.place_page": Page("/places/{place}", 7, 10),
    "places.edit_page": Page("/places/{place}/edit", None, 4, MODERATOR),
    "place_facts.proposals_page": Page("/places/proposals", None, 6, MODERATOR),
    "reviews.new_page": Page("/places/{place}/review", None, 5, MODERATOR),
    "places.new_page": Page("/places/new", None, 2),
    "influencers.prescriptores_page": Page("/prescriptores", 9, 10),
    "influencers.my_score_page": Page("/prescriptores/me", None, 6),
    "reports.page": Page("/reports/{report}", 8, 10, OWNER),
    "reports.edit_page": Page("/reports/{own_report}/edit", None, 4),
    "reports.correct_page": Page("/reports/{own_report}/correct", None, 8),
    "reports.new_page": Page("/reports/new", None, 3),
    "reviews.page": Page("/reviews/{review}", 5, 7, OWNER),
    "reviews.edit_page": Page("/reviews/{own_review}/edit", None, 4),
    "rewards.rewards_page": Page("/rewards", None, 11),
    "cards.robots": Page("/robots.txt", 0, 1),
    "livemap.search_page": Page("/search?q=demo", 12, 14),
    "offline.session_state": Page("/session", 0, 1),
    "accounts.settings_page": Page("/settings", None, 16),
    "profiles.picture_fragment": Page("/settings/picture", None, 2),
    "privateplaces.places_page": Page("/settings/places", None, 3),
    "cards.share_page": Page("/share/{place}", None, 18),
    "cards.poster_page": Page("/share/{place}/poster", None, 10),
    "cards.qr_png": Page("/share/{place}/qr.png", None, 6),
    "cards.qr_svg": Page("/share/{place}/qr.svg", None, 6),
    "accounts.sign_in_page": Page("/sign-in", 0, 1),
    "cards.sitemap_index": Page("/sitemap.xml", 0, 1),
    "cards.sitemap_of_pages": Page("/sitemaps/pages.xml", 0, 1),
    "influencers.explained_page": Page("/spread", 0, 2),
    "contacts.travel_page": Page("/spread/of/{place}", None, 17),
    "watches.index_page": Page("/watching", None, 10),
    "watches.page": Page("/watching/{watch}", None, 9),
    "watches.edit_page": Page("/watching/{watch}/edit", None, 5),
    "watches.new_page": Page("/watching/new", None, 3),
    "accounts.welcome_page": Page("/welcome", None, 2),
    "referrals.invitation_page": Page("/invitation", 0, 3),
    "teams.invitation_page": Page("/brands/{brand}/join-team", None, 4),
}  # fmt: skip
# What is no page: files, probes, what programs ask, and what a token in a mail leads to.
NO_PAGES = {
    "static", "site.basemap", "site.alive", "site.ready", "offline.worker", "media.file",
    "media.figure", "cards.map_picture", "cards.invitation_picture", "accounts.confirm_page",
    "accounts.mail_change_page", "accounts.reset_page", "watches.unsubscribe_page",
    "referrals.open_link", "cards.picture", "cards.sitemap", "spread.export_spread",
    "accounts.export", "streets.archive",
}  # fmt: skip
# Public ids of the demo world, by the name that stands for them.
THINGS = {
    "site": "SELECT 'http://localhost'",
    "place": "SELECT s.public_id FROM subjects s JOIN places p USING (id)"
    " WHERE p.visibility = 'published' ORDER BY p.rating_count DESC, id LIMIT 1",
    "report": "SELECT s.public_id FROM subjects s JOIN reports r USING (id)"
    " WHERE r.visibility = 'published' AND r.state = 'open' ORDER BY id LIMIT 1",
    "review": "SELECT s.public_id FROM subjects s JOIN reviews r USING (id)"
    " WHERE r.visibility = 'published' AND r.text <> '' ORDER BY id LIMIT 1",
    "brand": "SELECT s.public_id FROM subjects s JOIN grants g ON g.subject_id = s.id"
    " WHERE g.member_id = (SELECT id FROM members WHERE handle = 'demo-elena')"
    " ORDER BY s.id LIMIT 1",
    "invitation": "SELECT public_id FROM subjects WHERE kind = 'invitation' LIMIT 1",
    "watch": "SELECT public_id FROM watches"
    " WHERE member_id = (SELECT id FROM members WHERE handle = 'demo-ana') ORDER BY id LIMIT 1",
    "own_report": "SELECT s.public_id FROM subjects s JOIN reports r USING (id) WHERE"
    " r.state = 'open' AND r.author_id = (SELECT id FROM members WHERE handle = 'demo-ana')"
    " ORDER BY id LIMIT 1",
    "own_review": "SELECT s.public_id FROM subjects s JOIN reviews r USING (id)"
    " WHERE r.author_id = (SELECT id FROM members WHERE handle = 'demo-ana') ORDER BY id LIMIT 1",
}


@pytest.fixture(scope="module")
def app(demo_app: Flask) -> Iterator[Flask]:
    """What a process keeps for a while is kept, as in production."""
    demo_app.config["KEEPS_OF_LATE"] = True
    yield demo_app
    demo_app.config["KEEPS_OF_LATE"] = False


def address_of(page: Page, session: Session) -> str:
    names = re.findall(r"{(\w+)}", page.address)
    found = {name: session.scalar(sa.text(THINGS[name])) for name in names}
    assert all(found.values()), found
    return page.address.format(**found)


def browser_of(app: Flask, session: Session, handle: str) -> FlaskClient:
    browser = app.test_client()
    if handle:
        member = session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()
        with browser.session_transaction() as cookie:
            cookie[COOKIE_TOKEN] = accounts_signing_in.open_session(
                session, member, "a browser of the tests"
            )
            cookie.permanent = True
        session.commit()
    return browser


def statements(app: Flask, session: Session, page: Page, who: str) -> list[str]:
    """What is asked when the page is opened again: marks of a day and caches are there then."""
    address, browser = address_of(page, session), browser_of(app, session, who)
    browser.get(address)
    with counted_queries() as seen:
        answer = browser.get(address)
    # Signed-in people need no form to join or sign in; nobody invited this member to a team.
    assert answer.status_code in (200, 302, 404)
    return seen


CASES = [
    (endpoint, who, most)
    for endpoint, page in PAGES.items()
    for who, most in (("", page.visitor), (page.who, page.member))
    if most is not None
]


@pytest.mark.parametrize(("endpoint", "who", "most"), CASES)
def test_no_page_asks_the_database_more_than_this(
    app: Flask, session: Session, endpoint: str, who: str, most: int
) -> None:
    seen = statements(app, session, PAGES[endpoint], who)
    shown = "\n".join(" ".join(each.split())[:160] for each in seen)
    assert len(seen) <= most, f"{endpoint} asks {len(seen)} times, {most} at most:\n{shown}"


def test_statements_are_built_for_no_reader_and_no_thing(app: Flask, session: Session) -> None:
    """What is kept of a statement must serve all: a value in it would be one of another request."""
    kinds = {"places": "place", "reports": "report", "reviews": "review", "brands": "brand"}
    ids = {
        path: session.scalars(
            sa.text(f"SELECT public_id FROM subjects WHERE kind = '{kind}' AND visible LIMIT 9")
        ).all()
        for path, kind in kinds.items()
    }
    ben, carla = (browser_of(app, session, f"demo-{name}") for name in ("ben", "carla"))
    visitor = app.test_client()
    lists = ("/", "/map/list?lat=40.4&lon=-3.7", "/places?near=Madrid")

    def open_all(member: FlaskClient, at: slice) -> None:
        for browser in (visitor, member):
            for path in (*lists, *(f"/{kind}/{each}" for kind in ids for each in ids[kind][at])):
                assert browser.get(path).status_code == 200

    open_all(ben, slice(0, 5))
    carla.get("/about")  # her unread ones are counted by days of her zone
    built = {each: each.cache_info().misses for each in BUILT}
    open_all(carla, slice(5, 9))
    assert {each: each.cache_info().misses for each in BUILT} == built


def test_every_page_is_counted(app: Flask) -> None:
    asked = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api.")
    }
    assert asked - NO_PAGES == PAGES.keys()
