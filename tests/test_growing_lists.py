"""No page asks the database again for each row of its list: each is opened with FEW and with MANY
rows. A new address belongs into `LISTS`, or into `NO_LISTS` when it shows no list."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import counted_queries
from tests.growing import CASES, World
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.core import cache
from ugc.core.db import Session

FEW, MANY = 2, 12
LEAST_BYTES = 10  # of a row


class Page(NamedTuple):
    """`address` has names of `World.of`; `who` opens it, '' for a visitor, `key` for a key of the
    API."""

    address: str
    who: str = ""


LISTS: dict[str, list[Page]] = {
    "accounts.export": [Page("/settings/export", "ana")],
    "accounts.profile_page": [Page("/members/ana", "admin"), Page("/members/ana", "m0")],
    "accounts.settings_page": [Page("/settings", "ana")],
    "api.brands": [Page("/api/v1/brands", "key")],
    "api.places": [Page("/api/v1/places", "key")],
    "api.reports": [Page("/api/v1/reports", "key")],
    "api.reviews": [Page("/api/v1/reviews", "key")],
    "brandapi.keys_page": [Page("/brands/{brand}/keys", "ana")],
    "brands.brand_page": [Page("/brands/{brand}"), Page("/brands/{brand}", "m0")],
    "brands.index_page": [Page("/brands"), Page("/brands", "ana"), Page("/brands?q=Mark")],
    "cards.sitemap": [
        Page("/sitemaps/places/{place0}.xml"),
        Page("/sitemaps/reports/{report0}.xml"),
    ],
    "influencers.brand_prescriptores_page": [Page("/brands/{brand}/prescriptores", "ana")],
    "contacts.contacts_page": [Page("/contacts", "ana")],
    "contacts.contacts_tree": [Page("/contacts/tree", "ana")],
    "campaigns.invitations_page": [Page("/brands/{brand}/invitations", "ana")],
    "influencers.prescriptores_page": [Page("/prescriptores"), Page("/prescriptores", "ana")],
    "contacts.travel_page": [Page("/spread/of/{quiet place}", "ana")],
    "livemap.features": [Page("/map/features?{box}"), Page("/map/features?{box}", "m0")],
    "livemap.list_fragment": [Page("/map/list?{box}"), Page("/map/list?{box}", "m0")],
    "livemap.map_page": [Page("/?{box}"), Page("/?{box}", "m0")],
    "livemap.search_page": [Page("/search?q=number"), Page("/search?q=number", "m0")],
    "lookback.data": [Page("/map/history/data?{box}")],
    "lookback.history_page": [Page("/map/history?{box}")],
    "lookback.list_fragment": [Page("/map/history/list?{box}")],
    "moderation.contributions_page": [Page("/contributions", "ana")],
    "moderation.queue_page": [Page("/moderation", f"of_{kind}") for kind in CASES],
    "moderation.suspensions_page": [Page("/members/ana/suspensions", "admin")],
    "notifications.inbox_page": [Page("/inbox", "ana")],
    "place_facts.proposals_page": [Page("/places/proposals", "admin")],
    "places.index_page": [Page("/places?near=Madrid"), Page("/places?near=Madrid", "m0")],
    "places.place_page": [Page("/places/{place0}"), Page("/places/{place0}", "ana")],
    "privateplaces.places_page": [Page("/settings/places", "ana")],
    "reports.page": [Page("/reports/{report0}"), Page("/reports/{report0}", "admin")],
    "reputation.leaderboard_page": [Page("/leaderboard"), Page("/leaderboard", "m0")],
    "reputation.points_page": [Page("/points", "ana")],
    "reviews.page": [Page("/reviews/{review of ana 0}")],
    "rewards.rewards_page": [Page("/rewards", "ana")],
    "roles.roles_page": [Page("/moderation/roles", "admin")],
    "search.search_places_by_name": [Page("/geo/search?q=madrid")],
    "teams.team_page": [Page("/brands/{brand}/team", "ana")],
    "watches.index_page": [Page("/watching", "ana")],
    "watches.page": [Page("/watching/{watch}", "ana")],
}
NO_LISTS = {
    # one thing, or a form
    "accounts.confirm_page", "accounts.erased_page", "accounts.forgotten_page",
    "accounts.join_page", "accounts.mail_change_page", "accounts.reset_page",
    "accounts.sign_in_page", "accounts.welcome_page", "api.brand", "api.place", "api.report",
    "api.review", "brands.edit_page", "brands.new_page", "cards.embed", "cards.oembed",
    "cards.poster_page", "cards.share_page", "campaigns.invitation_page",
    "influencers.my_score_page",
    "livemap.card_fragment", "moderation.flag_page", "places.edit_page", "places.new_page",
    "profiles.picture_fragment", "referrals.invitation_page", "referrals.open_link",
    "reports.correct_page", "reports.edit_page", "reports.new_page", "reviews.edit_page",
    "reviews.new_page", "teams.invitation_page", "watches.edit_page", "watches.new_page",
    "watches.unsubscribe_page",
    # a list that the code has, or that has one row for each week or for 50,000 things
    "api.categories", "api.kinds", "api.openapi", "api.root", "api.spread",
    "brandapi.docs_page", "brandapi.errors_page", "cards.sitemap_index",
    "cards.sitemap_of_pages", "influencers.explained_page", "spread.export_spread",
    "spread.spread_page", "site.about_page",
    # files, pictures and probes
    "brands.qr", "cards.invitation_picture", "cards.map_picture", "cards.picture",
    "cards.qr_png", "cards.qr_svg", "cards.robots", "contacts.qr", "livemap.changes",
    "livemap.tile", "media.figure", "media.file", "offline.manifest", "offline.session_state",
    "offline.sheet", "offline.shell", "offline.worker", "site.alive", "site.basemap",
    "site.ready", "static", "streets.archive",
}  # fmt: skip
PARAMETERS = re.compile(r"%\(\w+\)s(::\w+)?(, %\(\w+\)s(::\w+)?)*")
BOX = "bbox=-3.8,40.3,-3.6,40.5&zoom=12"


def browser_of(world: World, who: str) -> FlaskClient:
    browser = world.app.test_client()
    if who not in ("", "key"):
        with browser.session_transaction() as cookie:
            cookie[COOKIE_TOKEN] = accounts_signing_in.open_session(
                world.session, world.ids[who], "a browser of the tests"
            )
            cookie.permanent = True
        world.session.commit()
    return browser


def opened(world: World, browser: FlaskClient, page: Page) -> tuple[list[str], int]:
    """The statements and the length of a page that was opened before: what a process keeps is
    there, and nothing that Redis keeps."""
    address = page.address.format(**world.of, box=BOX)
    headers = {"Authorization": f"Bearer {world.of['key']}"} if page.who == "key" else {}
    for _ in range(2):
        cache.client().flushdb()  # type: ignore[union-attr]
        world.session.expunge_all()  # each request of the product has a session of its own
        with counted_queries() as seen:
            answer = browser.get(address, headers=headers)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return seen, len(answer.data)


def repeated(few: list[str], many: list[str]) -> str:
    """The statements that `many` has more than once more; a next page may cost one."""
    before, after = (
        Counter(PARAMETERS.sub("…", " ".join(each.split())) for each in seen)
        for seen in (few, many)
    )
    more = [(each, n) for each, n in (after - before).items() if n > 1]
    return "".join(f"\n    {n} more: {each[:160]}" for each, n in more)


def test_no_statement_is_asked_for_each_row(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "KEEPS_OF_LATE", True)
    world = World(app, session)
    world.grow(FEW)
    pages = [
        (endpoint, page, browser_of(world, page.who))
        for endpoint, listed in LISTS.items()
        for page in listed
    ]
    few = [opened(world, browser, page) for _, page, browser in pages]
    world.grow(MANY)
    many = [opened(world, browser, page) for _, page, browser in pages]
    # What is no longer shows no rows of this world, which must make some.
    short = {
        page.address
        for (_, page, _), (_, before), (_, after) in zip(pages, few, many, strict=True)
        if after - before < (MANY - FEW) * LEAST_BYTES
    }
    assert not short, "\n".join(sorted(short))
    grown = [
        f"{endpoint} for {page.who or 'a visitor'}{more}"
        for (endpoint, page, _), (before, _), (after, _) in zip(pages, few, many, strict=True)
        if (more := repeated(before, after))
    ]
    assert not grown, "\n".join(grown)


def test_every_address_is_placed(app: Flask) -> None:
    asked = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert asked == LISTS.keys() | NO_LISTS
    assert not LISTS.keys() & NO_LISTS
