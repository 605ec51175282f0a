"""Contacts, the room, prescriptores: what is asked over HTTP, in both languages."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import counted_queries
from tests.factories.cities import city
from tests.spread.conftest import BARCELONA, MADRID, World, crowd, days_to
from ugc.accounts.models import Member
from ugc.core.db import now
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.influencers.models import HomeCity, PrescriptorScore, SpreadConsent
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import FalseMember
from ugc.spread import actions as spread_actions
from ugc.spread.rules import weeks as spread_weeks

SignIn = Callable[[str], FlaskClient]
SPANISH = {"Accept-Language": "es"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def ana(world: World, signed_in: Callable[..., FlaskClient]) -> tuple[FlaskClient, Member]:
    browser = signed_in("ana", city_id=MADRID, language="en")
    member = world.session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    return browser, member


def join(world: World, parent: Member, **values: object) -> Member:
    """Somebody joins through the parent's link, as the product does it."""
    link = referrals_linking.link_for(world.session, parent.id, world.brand_id)
    member = world.someone(joined_at=now(world.session), **values)
    referrals_linking.attribute(world.session, member, link.code, member.joined_at)
    world.session.flush()
    return member


# My contacts --------------------------------------------------------------------------------


def test_nobody_yet_in_both_languages(ana: tuple[FlaskClient, Member], app: object) -> None:
    browser, member = ana
    assert "Nobody yet. Share your link" in browser.get("/contacts").text
    browser.post("/language", data={"language": "es"})
    page = browser.get("/contacts").text
    assert "Nadie todavía. Comparte tu enlace" in page
    assert member.handle
    assert browser.post("/contacts/link").location == "/contacts"
    assert "/r/" in browser.get("/contacts").text
    assert browser.get("/contacts/qr.svg").text.startswith("<svg")


def test_far_contacts_are_named_only_where_they_allow_it(
    world: World, ana: tuple[FlaskClient, Member]
) -> None:
    browser, member = ana
    near = join(world, member)
    shy = join(world, near)
    open_one = join(world, near, shown_to_far_contacts=True)
    join(world, shy)
    gone = join(world, member)
    world.session.add(FalseMember(member_id=gone.id))
    world.session.commit()
    page = browser.get("/contacts").text
    assert f"/members/{near.handle}" in page
    assert f"/members/{open_one.handle}" in page
    assert f'"/members/{shy.handle}"' not in page
    assert not re.search(rf"\b{shy.handle}\b", page)
    assert not re.search(rf"\b{gone.handle}\b", page)
    # What names a person on this page is this reader's alone.
    for each in (near, shy):
        assert f'"{each.id}"' not in page


def test_a_newcomer_appears_and_an_unchanged_tree_costs_nothing(
    world: World, ana: tuple[FlaskClient, Member]
) -> None:
    browser, member = ana
    first = browser.get("/contacts/tree")
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache, no-transform"
    with counted_queries() as seen:
        same = browser.get("/contacts/tree", headers={"If-None-Match": first.headers["ETag"]})
    assert same.status_code == 304
    assert same.data == b""
    assert len(seen) <= 5, seen
    newcomer = join(world, member)
    world.session.commit()
    grown = browser.get("/contacts/tree", headers={"If-None-Match": first.headers["ETag"]})
    assert grown.status_code == 200
    assert f"/members/{newcomer.handle}" in grown.text
    assert "<html" not in grown.text
    join(world, newcomer)
    world.session.commit()
    again = browser.get("/contacts/tree", headers={"If-None-Match": grown.headers["ETag"]})
    assert again.status_code == 200


def test_the_page_costs_the_same_for_few_and_many(
    world: World, ana: tuple[FlaskClient, Member]
) -> None:
    browser, member = ana

    def cost() -> int:
        world.session.commit()
        with counted_queries() as seen:
            assert browser.get("/contacts").status_code == 200
        return len(seen)

    for parent in [join(world, member) for _ in range(2)]:
        join(world, join(world, parent))
    few = cost()
    for _ in range(60):
        join(world, join(world, member))
    assert cost() <= few
    assert few <= 45


def test_cities_of_far_contacts_need_three_or_their_word(
    world: World, ana: tuple[FlaskClient, Member]
) -> None:
    browser, member = ana
    near = join(world, member)
    far = [join(world, near) for _ in range(2)]
    for each in far:
        world.session.add(HomeCity(member_id=each.id, city_id=BARCELONA))
    world.session.commit()
    assert "Barcelona" not in browser.get("/contacts").text
    far[0].shown_to_far_contacts = True
    world.session.commit()
    assert "Barcelona" in browser.get("/contacts").text
    far[0].shown_to_far_contacts = False
    third = join(world, far[0])
    world.session.add(HomeCity(member_id=third.id, city_id=BARCELONA))
    world.session.commit()
    assert "Barcelona" in browser.get("/contacts").text


def test_my_place_and_my_score(world: World, ana: tuple[FlaskClient, Member]) -> None:
    browser, member = ana
    assert "no score yet" in browser.get("/prescriptores/me", headers=ENGLISH).text
    for _ in range(3):
        join(world, member)
    for _ in range(10):
        other = world.someone(city_id=MADRID)
        join(world, other)
    influencers_scoring.rescore(world.session)
    world.session.commit()
    page = browser.get("/contacts").text
    assert re.search(r'place__number">1</strong> <span>of 11 in Madrid', page)
    mine = browser.get("/prescriptores/me").text
    row = (
        world.session.get(PrescriptorScore, (1, "all", "", member.id))
        or world.session.scalars(
            sa.select(PrescriptorScore).where(PrescriptorScore.member_id == member.id)
        ).first()
    )
    assert row is not None
    assert f"{row.score:.1f}" in mine


# The room -----------------------------------------------------------------------------------


@pytest.fixture
def told_world(world: World) -> World:
    crowd(world, random.Random(7))
    spread_actions.publish_all_figures(world.session)
    world.session.commit()
    return world


def test_only_the_team_enters(
    told_world: World, client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    stranger = signed_in("stranger")
    for path in ("spread", "spread.csv", "spread.json", "prescriptores", "invitations"):
        address = f"/brands/{told_world.brand}/{path}"
        assert client.get(address).status_code == 401, path
        assert stranger.get(address).status_code == 404, path


def test_the_room_says_the_same_everywhere(told_world: World, browser_of: SignIn) -> None:
    browser = browser_of("owner")
    path = f"/brands/{told_world.brand}/spread"
    page = browser.get(path).text
    document = browser.get(f"{path}.json").get_json()
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{path}.csv").text)))
    total = sum(document["shown_total_by_degree"].values())
    assert total > 50
    assert f">{total}<" in page
    assert total == sum(int(row["people"]) for row in rows if row["series"] == "degree")
    assert all(int(row["people"]) % 10 == 0 for row in rows)
    public = told_world.brand
    assert {row["key"] for row in rows if row["series"] == "subject"} == {public}
    assert str(told_world.brand_id) not in [row["key"] for row in rows]
    for week in document["weeks"]:
        for figure in week["people_by_degree"].values():
            assert figure == "suppressed" or figure % 10 == 0
    told = browser.get(f"{path}.xml")
    assert told.status_code == 404


def test_spans_of_the_room(told_world: World, browser_of: SignIn) -> None:
    browser = browser_of("owner")
    path = f"/brands/{told_world.brand}/spread"
    for code, count in spread_weeks.LENGTHS.items():
        document = browser.get(f"{path}.json?span={code}").get_json()
        assert len(document["weeks"]) == count
    last = spread_weeks.last_complete(now(told_world.session).date())
    asked = f"from={last - spread_weeks.WEEK}&to={last}"  # the last one is only begun then
    document = browser.get(f"{path}.json?{asked}").get_json()
    assert [week["starts_on"] for week in document["weeks"]] == [str(last - spread_weeks.WEEK)]
    wrong = browser.get(f"{path}?span=custom&from=soon&to={last}")
    assert wrong.status_code == 422
    assert "There is no such day: write one as 2026-11-28." in wrong.text
    browser.post("/language", data={"language": "es"})
    assert "Ese día no existe" in browser.get(f"{path}?span=custom&from=soon&to={last}").text
    swapped = browser.get(f"{path}?span=custom&from={last}&to={last - spread_weeks.WEEK}")
    assert "El último día es anterior al primero." in swapped.text
    page = browser.get(path).text
    assert "Cómo se difunde Mora" in page
    assert "Factor K" in page


def test_the_room_before_anybody_came(world: World, browser_of: SignIn) -> None:
    page = browser_of("owner").get(f"/brands/{world.brand}/spread").text
    assert "Nobody to show yet" in page
    assert "fewer than 10" in page


def test_no_name_in_a_cascade_without_both(world: World, browser_of: SignIn) -> None:
    session = world.session
    one, other = world.someone(), world.someone()
    world.reach(one, days=days_to(session, 9))
    for _ in range(15):
        world.reach(world.someone(), one, days=days_to(session, 7))
    world.reach(other, one, days=days_to(session, 8))
    for _ in range(15):
        world.reach(world.someone(), other, days=days_to(session, 6))
    session.commit()
    spread_actions.publish_all_figures(session)
    session.commit()
    browser = browser_of("owner")
    page = browser.get(f"/brands/{world.brand}/spread").text
    assert 'class="cascade__hub"' in page
    assert f">{other.handle}<" not in page
    session.add(SpreadConsent(member_id=other.id, named=True))
    session.commit()
    assert f">{other.handle}<" not in browser.get(f"/brands/{world.brand}/spread").text
    session.add(SpreadConsent(member_id=one.id, named=True))
    session.commit()
    page = browser.get(f"/brands/{world.brand}/spread").text
    assert f">{one.handle}<" in page
    assert f">{other.handle}<" in page


# Prescriptores ------------------------------------------------------------------------------


def spreaders(world: World) -> tuple[Member, Member, Member]:
    """One who is named, one of a city of ten, one of a city of few."""
    session = world.session
    named = world.someone(city_id=BARCELONA)
    many, few = world.someone(city_id=MADRID), world.someone(city_id=BARCELONA)
    for member, count in ((named, 30), (many, 20), (few, 15)):
        for _ in range(count):
            newcomer = world.someone()
            world.refer(newcomer, member)
            world.reach(newcomer, member, joined=True)
    small = world.someone(city_id=MADRID)
    world.refer(world.someone(), small)
    for _ in range(10):
        world.someone(city_id=MADRID)
    session.add(SpreadConsent(member_id=named.id, named=True))
    session.commit()
    influencers_scoring.rescore(session)
    session.commit()
    return named, many, few


@pytest.mark.parametrize("of_brand", [False, True])
def test_who_is_listed_and_how(world: World, browser_of: SignIn, of_brand: bool) -> None:
    named, many, few = spreaders(world)
    browser = browser_of("owner")
    page = browser.get(
        f"/brands/{world.brand}/prescriptores" if of_brand else "/prescriptores"
    ).text
    assert f"/members/{named.handle}" in page
    assert "a member of Madrid" in page
    assert "a member of Barcelona" not in page
    for each in (many, few):
        assert f"/members/{each.handle}" not in page
    assert page.count('class="item spreader"') == 2
    assert "100 of 100" in page
    assert "30+" in page


def test_filters_of_the_list(world: World, client: FlaskClient) -> None:
    named, _many, _few = spreaders(world)
    assert f"/members/{named.handle}" in client.get("/prescriptores?city=Barcelona").text
    assert f"/members/{named.handle}" not in client.get("/prescriptores?city=Madrid").text
    assert "No city with this name" in client.get("/prescriptores?city=Xyzzy").text
    assert f"/members/{named.handle}" not in client.get("/prescriptores?category=cafe").text
    assert f"/members/{named.handle}" in client.get("/prescriptores?span=4w&category=odd").text
    spanish = client.get("/prescriptores?span=12w", headers=SPANISH).text
    assert "un miembro de Madrid" in spanish


def test_the_list_costs_the_same_whatever_its_length(world: World, client: FlaskClient) -> None:
    spreaders(world)
    with counted_queries() as seen:
        client.get("/prescriptores")
    assert len(seen) <= 12, seen


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_formulas_are_published(client: FlaskClient, language: str) -> None:
    headers = {"Accept-Language": language}
    page = client.get("/spread", headers=headers).text
    assert "score = caused × response × reliability × focus" in page
    assert "0.25" in page or "0,25" in page
    assert "/spread" in client.get("/about", headers=headers).text


def test_of_cities_of_one_name_the_one_with_members_is_meant(
    world: World, client: FlaskClient
) -> None:
    city(world.session, 1, "Mérida", "MX", -89.6, 21, population=900_000)
    city(world.session, 2, "Mérida", "ES", -6.3, 38.9, population=60_000)
    world.session.add(HomeCity(member_id=world.owner.id, city_id=2))
    world.session.commit()
    page = client.get("/prescriptores?city=merida", headers=SPANISH).text
    assert "Mérida: España." in page
    assert re.search(r'href="/prescriptores\?city=M%C3%A9rida&amp;city_id=1[^"]*">México</a>', page)
    other = client.get("/prescriptores?city=Mérida&city_id=1", headers=ENGLISH).text
    assert "Mérida: Mexico." in other
    assert "city_id=2" in other
