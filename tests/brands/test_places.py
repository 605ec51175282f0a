"""A place comes to a brand by a case, or by a domain that others wrote there long ago."""

import html
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.brands.conftest import Decide
from tests.factories import content
from ugc.brands.models import Brand
from ugc.core import subjects
from ugc.core.db import Session
from ugc.notifications.models import Notification
from ugc.places.models import KIND as PLACE
from ugc.places.models import Place, PlaceBrand, PlaceClaim
from ugc.places.queries.reading import PAGE

Browser = Callable[..., FlaskClient]


@pytest.fixture
def place(session: Session) -> str:
    """The address of an imported museum."""
    subject = subjects.create(session, PLACE)
    session.add(Place(id=subject.id, name="Museo", category="museum", geom="POINT(-3.7 40.4)"))
    session.commit()
    return f"/places/{subject.public_id}"


def runs(session: Session) -> list[bool]:
    """Of each relation of place and brand, whether it stands."""
    session.expire_all()
    return [row.until is None for row in session.scalars(sa.select(PlaceBrand))]


def claim(browser: FlaskClient, place: str, brand: str) -> int:
    form = {"brand": brand.rsplit("/", 1)[-1]}
    return browser.post(f"{place}/brand", data=form).status_code


def test_a_claim_to_a_place_is_decided_in_the_queue(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    mod: FlaskClient,
    owner: FlaskClient,
    address: str,
    place: str,
    decide: Decide,
    run_jobs: Callable[[], int],
) -> None:
    assert claim(signed_in("bea"), place, address) == 404
    assert claim(owner, place, address) == 303
    assert "run by" not in client.get(place).text
    assert "Museo" not in client.get(address).text
    assert claim(owner, place, address) == 409
    assert "Museo" in mod.get("/moderation").text
    assert decide("refused") == 303
    assert runs(session) == []
    claim(owner, place, address)
    assert decide("approved") == 303
    assert "run by" in client.get(place).text
    assert "Museo" in client.get(address).text
    run_jobs()
    kinds = session.scalars(sa.select(Notification.kind).order_by(Notification.id)).all()
    assert {"refused", "approved"} <= set(kinds)
    row = session.scalars(sa.select(PlaceBrand)).one()
    assert row.added_by_id is not None


def test_the_team_takes_its_claim_back_and_lets_a_place_go(
    session: Session, mod: FlaskClient, owner: FlaskClient, address: str, place: str, decide: Decide
) -> None:
    claim(owner, place, address)
    brand = address.rsplit("/", 1)[-1]
    assert owner.post(f"{place}/brand/withdraw", data={"brand": brand}).status_code == 303
    assert session.scalars(sa.select(PlaceClaim.visibility)).all() == ["withdrawn"]
    assert "Museo" not in mod.get("/moderation").text
    claim(owner, place, address)
    decide("approved")
    assert owner.post(f"{place}/brand", data={"brand": ""}).status_code == 303
    assert runs(session) == [False]


def test_a_moderator_takes_a_place_from_a_brand_and_its_team_is_told(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    mod: FlaskClient,
    owner: FlaskClient,
    address: str,
    place: str,
    decide: Decide,
) -> None:
    claim(owner, place, address)
    decide("approved")
    assert signed_in("bea").post(f"{place}/brand", data={"brand": ""}).status_code == 403
    assert "does not run this place" in mod.get(place).text
    assert mod.post(f"{place}/brand", data={"brand": ""}).status_code == 303
    assert "run by" not in client.get(place).text
    assert "your brand does not run" in owner.get("/inbox").text
    row = session.scalars(sa.select(PlaceBrand)).one()
    assert row.ended_by_id not in (None, row.added_by_id)


@pytest.mark.parametrize(
    ("website", "days", "by", "email", "at_once"),
    [
        ("https://www.cafemora.example/madrid", 31, None, "owner@cafemora.example", True),
        ("https://madrid.cafemora.example", 31, "other", "owner@cafemora.example", True),
        ("https://cafemora.example", 29, None, "owner@cafemora.example", False),
        ("https://cafemora.example", 31, "owner", "owner@cafemora.example", False),
        ("https://cafemora.example", None, None, "owner@cafemora.example", False),
        ("https://cafemora.example", 31, None, "owner@elsewhere.example", False),
        ("https://notcafemora.example", 31, None, "owner@cafemora.example", False),
        ("", 31, None, "owner@cafemora.example", False),
    ],
)
def test_a_domain_that_others_wrote_long_ago_is_proof(
    session: Session,
    make_member: Callable[..., object],
    owner: FlaskClient,
    address: str,
    place: str,
    website: str,
    days: int | None,
    by: str | None,
    email: str,
    at_once: bool,
) -> None:
    make_member("other")
    session.execute(
        sa.text("UPDATE members SET email = :email WHERE handle = 'owner'"), {"email": email}
    )
    session.execute(
        sa.text(
            "UPDATE places SET website = :website,"
            " website_since = app_now() - make_interval(days => CAST(:days AS int)),"
            " website_by_id = (SELECT id FROM members WHERE handle = :by)"
        ),
        {"website": website, "days": days, "by": by},
    )
    session.commit()
    assert claim(owner, place, address) == 303
    assert runs(session) == ([True] if at_once else [])


def test_a_domain_takes_no_place_from_another_brand(
    session: Session, mod: FlaskClient, owner: FlaskClient, address: str, place: str, decide: Decide
) -> None:
    mod.post("/brands", data={"name": "Loro", "about": "", "website": ""})
    loro = session.scalars(sa.select(Brand.id).where(Brand.name == "Loro")).one()
    content.run_place(session, content.the_only(session, Place), loro)
    session.execute(
        sa.text(
            "UPDATE places SET website = 'https://cafemora.example',"
            " website_since = app_now() - interval '1 year'"
        )
    )
    session.execute(
        sa.text("UPDATE members SET email = 'o@cafemora.example' WHERE handle = 'owner'")
    )
    session.commit()
    claim(owner, place, address)
    assert runs(session) == [True]
    assert "Loro" in mod.get("/moderation").text
    assert decide("approved") == 303
    assert sorted(runs(session)) == [False, True]


def test_who_writes_a_web_address_is_kept(session: Session, mod: FlaskClient) -> None:
    form = {
        "name": "Bar Sol", "category": "bar", "lat": "40.1", "lon": "-3.1",
        "website": "https://sol.example",
    }  # fmt: skip
    where = mod.post("/places", data=form).location
    query = sa.select(Place.website_since, Place.website_by_id)
    since, by = session.execute(query).one()
    assert since is not None
    session.execute(sa.text("UPDATE places SET website_since = website_since - interval '1 day'"))
    session.commit()
    mod.post(f"{where}/edit", data={**form, "address": "Mayor 1", "revision": "1"})
    session.expire_all()
    assert session.execute(query).one()[0] < since
    mod.post(f"{where}/edit", data={**form, "website": "https://x.example", "revision": "2"})
    session.expire_all()
    assert session.execute(query).one()[0] >= since
    assert by is not None


def test_many_places_of_a_brand_stand_on_pages_with_links_between_them(
    client: FlaskClient, session: Session, owner: FlaskClient, address: str
) -> None:
    public_id = address.rsplit("/", 1)[-1]
    brand_id = subjects.resolve(session, public_id).id
    for number in range(PAGE + 1):
        subject = subjects.create(session, PLACE)
        point = f"POINT(-3.7 {40 + number / 100})"
        session.add(Place(id=subject.id, name=f"Shop {number:02}", category="museum", geom=point))
        session.flush()
        session.add(PlaceBrand(place_id=subject.id, brand_id=brand_id))
    session.commit()
    shown, seen = address, []
    while shown:
        text = client.get(shown).text
        seen.append(re.findall(r">(Shop \d\d)<", text))
        following = re.search(r'rel="next" href="([^"#]*)', text)
        shown = html.unescape(following[1]) if following else ""
    assert [len(names) for names in seen] == [PAGE, 1]
    assert sorted(seen[0] + seen[1]) == [f"Shop {number:02}" for number in range(PAGE + 1)]
    assert 'rel="prev"' in client.get(f"{address}?places=2").text
    # What is no page is the first one.
    assert re.findall(r">(Shop \d\d)<", client.get(f"{address}?places=x").text) == seen[0]
