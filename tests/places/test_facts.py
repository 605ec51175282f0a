"""What the facts of a place come from, which of them counts, and what is proposed instead."""

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import MODERATOR
from tests.factories import content
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind, Grant
from ugc.core.db import Session
from ugc.core.errors import Conflict, Forbidden
from ugc.core.sources import Source
from ugc.core.subjects import Subject, Transition
from ugc.geography import geo
from ugc.places.actions import editing as places_editing
from ugc.places.actions.facts import decide, offer
from ugc.places.models import KIND, Origin, Place, PlaceFact
from ugc.places.queries import facts as places_facts_queries
from ugc.places.queries.reading import place_by_id
from ugc.places.rules import facts as places_facts_rules

Browser = Callable[..., FlaskClient]
STRENGTH = ["extract", "import", "member", "brand", "moderator"]
LATER = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
VALUES: dict[str, tuple[object, object, object]] = {
    # Present, another, empty (None: a place always has one).
    "name": ("Bar Uno", "Bar Dos", ""),
    "category": ("bar", "cafe", ""),
    "address": ("Calle 1", "Calle 2", ""),
    "phone": ("+34911111111", "+34922222222", ""),
    "website": ("https://uno.example", "https://dos.example", ""),
    "opening_hours": ("Mo-Fr 09:00-20:00", "24/7", ""),
    "point": (geo.Point(-3.7, 40.4), geo.Point(2.17, 41.39), None),
    "closed": (True, False, False),
}


def stored(place: Place, session: Session) -> dict[str, object]:
    session.refresh(place)
    lon, lat = session.execute(
        sa.select(geo.lon(Place.geom), geo.lat(Place.geom)).where(Place.id == place.id)
    ).one()
    return {
        **{field: getattr(place, field) for field in places_facts_rules.TEXTS},
        "point": geo.Point(lon, lat),
        "closed": place.closed_at is not None,
    }


def facts_of(session: Session, place_id: int) -> places_facts_queries.Facts:
    moderator = Actor(ActorKind.MEMBER, grants=MODERATOR)
    return places_facts_queries.facts_of(session, place_by_id(session, moderator, place_id))


@pytest.fixture
def place(session: Session) -> Place:
    """Imported, with a value in each field."""
    source = Source(code="town", name="Town", attribution="© Town", licence="CC0", url=None)
    session.add(source)
    subject = subjects.create(session, KIND)
    values = {field: each[0] for field, each in VALUES.items() if field in places_facts_rules.TEXTS}
    session.flush()
    row = Place(
        id=subject.id, geom="SRID=4326;POINT(-3.7 40.4)", city_id=3117735,
        timezone="Europe/Madrid", source_id=source.id, external_id="1",
        closed_at=LATER - dt.timedelta(days=9), **values,
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def fact(session: Session, place: Place, field: str) -> PlaceFact | None:
    return session.get(PlaceFact, (place.id, field), populate_existing=True)


def given(session: Session, place: Place, field: str, origin: str, **values: object) -> None:
    session.add(PlaceFact(place_id=place.id, field=field, origin=origin, at=LATER, **values))
    session.flush()


@pytest.mark.parametrize("field", places_facts_rules.FIELDS)
def test_the_stronger_origin_writes_and_the_weaker_proposes(
    session: Session, place: Place, field: str
) -> None:
    present, other, _empty = VALUES[field]
    was = stored(place, session)
    for of in STRENGTH:
        for origin in STRENGTH:
            with session.begin_nested() as undone:
                given(session, place, field, of)
                revision, wins = place.revision, STRENGTH.index(origin) >= STRENGTH.index(of)
                done = offer(session, place.id, Origin(origin), {field: other}, LATER)  # type: ignore[dict-item]
                row = fact(session, place, field)
                assert row is not None
                now = stored(place, session)
                told = f"{origin} over {of}"
                waits = not wins and not (field == "closed" and origin in ("import", "extract"))
                assert now[field] == (other if wins else present), told
                assert {**now, field: None} == {**was, field: None}, told
                assert place.revision == revision + wins, told
                assert row.origin == (origin if wins else of), told
                assert row.proposed_origin == (origin if waits else None), told
                assert row.proposed == (places_facts_rules.written(other) if waits else None), told  # type: ignore[arg-type]
                assert done.written == ((field,) if wins else ()), told
                assert done.proposed == ((field,) if waits else ()), told
                undone.rollback()
            session.expire_all()


@pytest.mark.parametrize("origin", STRENGTH)
@pytest.mark.parametrize("of", STRENGTH)
def test_the_same_value_changes_nothing_and_ends_a_proposal(
    session: Session, place: Place, of: str, origin: str
) -> None:
    given(
        session, place, "phone", of,
        proposed="+34933333333", proposed_origin="extract", proposed_at=LATER,
    )  # fmt: skip
    done = offer(session, place.id, Origin(origin), {"phone": "+34911111111"})
    row = fact(session, place, "phone")
    assert row is not None
    assert (done.written, done.proposed, row.origin, row.at) == ((), (), of, LATER)
    assert row.proposed is row.proposed_origin is row.proposed_at is None
    assert place.revision == 1


@pytest.mark.parametrize("origin", STRENGTH)
@pytest.mark.parametrize("of", STRENGTH)
def test_a_file_that_says_nothing_takes_only_its_own_value_away(
    session: Session, place: Place, of: str, origin: str
) -> None:
    for field in ("phone", "name"):
        given(session, place, field, of)
    offer(session, place.id, Origin(origin), {"phone": "", "name": ""})
    goes = STRENGTH.index(origin) >= STRENGTH.index(of)
    assert stored(place, session)["phone"] == ("" if goes else "+34911111111")
    assert stored(place, session)["name"] == "Bar Uno"
    row = fact(session, place, "phone")
    assert row is not None
    # A person who empties a field says so; a file is silent.
    says = not goes and origin in ("member", "brand")
    assert row.proposed == ("" if says else None)


@pytest.mark.parametrize(
    ("source", "origin"), [(None, "member"), ("town", "import"), ("openstreetmap", "extract")]
)
def test_a_fact_without_a_row_has_the_origin_of_its_place(
    session: Session, place: Place, source: str | None, origin: str
) -> None:
    if source is None:
        place.source_id = None
    else:
        session.execute(sa.update(Source).values(code=source))
    session.flush()
    assert set(facts_of(session, place.id).origins.values()) == {origin}
    assert session.scalar(sa.select(sa.func.count()).select_from(PlaceFact)) == 0
    offer(session, place.id, Origin.EXTRACT, {"phone": "+34922222222", "address": "Calle 1"}, LATER)
    wins = origin == "extract"
    assert stored(place, session)["phone"] == ("+34922222222" if wins else "+34911111111")
    row = fact(session, place, "phone")
    assert row is not None
    assert (row.origin, row.at) == (origin, LATER if wins else place.created_at)
    assert fact(session, place, "address") is None


def test_a_written_point_brings_city_and_zone_and_is_told(session: Session, place: Place) -> None:
    changed = sa.select(Subject.changed_at).where(Subject.id == place.id)
    before = session.scalar(changed)
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '1 hour', true)"))
    offer(session, place.id, Origin.IMPORT, {"point": geo.Point(139.6917, 35.6895)})
    session.refresh(place)
    assert place.timezone == "Asia/Tokyo"
    assert place.city_id != 3117735
    assert session.scalar(changed) != before
    tasks = session.scalars(sa.text("SELECT task_name FROM procrastinate_jobs")).all()
    assert tasks == ["reviews.place_changed"]


@pytest.mark.parametrize("origin", ["import", "extract"])
def test_a_web_address_of_a_file_is_new_and_that_of_an_extract_proves_nothing(
    session: Session, place: Place, origin: str
) -> None:
    place.website_since = before = LATER - dt.timedelta(days=90)
    given(session, place, "website", origin)
    offer(session, place.id, Origin(origin), {"website": "https://uno.example"})
    session.refresh(place)
    assert place.website_since == before
    offer(session, place.id, Origin(origin), {"website": "https://dos.example"})
    session.refresh(place)
    assert place.website_by_id is None
    if origin == "extract":
        assert place.website_since is None
    else:
        assert place.website_since is not None
        assert place.website_since > LATER


def test_a_weaker_proposal_does_not_push_a_stronger_away(session: Session, place: Place) -> None:
    given(session, place, "phone", "moderator")
    offer(session, place.id, Origin.EXTRACT, {"phone": "+341"})
    offer(session, place.id, Origin.EXTRACT, {"phone": "+342"})
    row = fact(session, place, "phone")
    assert row is not None
    assert row.proposed == "+342"
    offer(session, place.id, Origin.MEMBER, {"phone": "+343"})
    for said in ("+344", "", "+34911111111"):
        offer(session, place.id, Origin.EXTRACT, {"phone": said})
        row = fact(session, place, "phone")
        assert row is not None
        assert (row.proposed, row.proposed_origin) == ("+343", "member")


def test_a_withdrawn_place_takes_no_facts(session: Session, place: Place) -> None:
    place.visibility = "withdrawn"
    session.flush()
    assert offer(session, place.id, Origin.MODERATOR, {"phone": "+341"}).written == ()
    assert stored(place, session)["phone"] == "+34911111111"


# Editing -----------------------------------------------------------------------------------------


def actor_of(member: Member, as_what: str, brand_id: int) -> Actor:
    team = Grant("owner", frozenset({"run_places"}), subject_id=brand_id)
    grants = {"moderator": MODERATOR, "brand": (team,), "member": ()}[as_what]
    return Actor(ActorKind.MEMBER, id=member.id, confirmed=True, grants=grants)


@pytest.fixture
def brand_id(session: Session, place: Place) -> int:
    """Of the brand that runs the place."""
    subject = content.brand(session, name="Cadena")
    content.run_place(session, place.id, subject.id)
    session.commit()
    return subject.id


def edited(session: Session, actor: Actor, place: Place, **changed: object) -> object:
    values = {**stored(place, session), **changed}
    return places_editing.edit_place(session, actor, place.id, revision=place.revision, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("as_what", ["moderator", "brand", "member"])
def test_an_edit_notes_what_changed_with_origin_and_time(
    session: Session,
    place: Place,
    brand_id: int,
    make_member: Callable[..., Member],
    as_what: str,
) -> None:
    member = make_member("ana")
    if as_what == "member":
        place.source_id, place.author_id = None, member.id
        session.flush()
    edited(session, actor_of(member, as_what, brand_id), place, phone="+34944444444", closed=False)
    rows = session.scalars(sa.select(PlaceFact).order_by(PlaceFact.field)).all()
    assert [(row.field, row.origin) for row in rows] == [("closed", as_what), ("phone", as_what)]
    assert all(abs(row.at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1) for row in rows)
    session.refresh(place)
    assert (place.phone, place.closed_at) == ("+34944444444", None)
    # A brand's team was looked at before; a new member's change waits.
    assert place.visibility == ("held" if as_what == "member" else "published")


def test_an_author_proposes_over_what_the_brand_wrote(
    session: Session, place: Place, brand_id: int, make_member: Callable[..., Member]
) -> None:
    author, owner = make_member("ana"), make_member("owner")
    place.source_id, place.author_id = None, author.id
    session.flush()
    brand = actor_of(owner, "brand", brand_id)
    edited(session, brand, place, phone="+34944444444", website="https://cadena.example")
    assert place.website_by_id == owner.id
    mine = actor_of(author, "member", brand_id)
    edited(session, mine, place, phone="+34955555555", address="Calle 9", website="")
    session.refresh(place)
    assert (place.phone, place.address) == ("+34944444444", "Calle 9")
    assert (place.website, place.website_by_id) == ("https://cadena.example", owner.id)
    waiting = {each.field: each for each in facts_of(session, place.id).proposals}
    assert {f: (p.proposed, p.origin) for f, p in waiting.items()} == {
        "phone": ("+34955555555", "member"), "website": ("", "member"),
    }  # fmt: skip
    with pytest.raises(Forbidden):
        decide(session, mine, place.id, "phone", "+34955555555", take=True)


@pytest.mark.parametrize("origin", ["import", "extract"])
def test_a_taken_proposal_of_a_file_stays_the_files(
    session: Session,
    place: Place,
    brand_id: int,
    make_member: Callable[..., Member],
    origin: str,
) -> None:
    given(session, place, "website", "brand")
    owner = make_member("owner")
    offer(session, place.id, Origin(origin), {"website": "https://dos.example"}, LATER)
    brand = actor_of(owner, "brand", brand_id)
    with pytest.raises(Conflict):
        decide(session, brand, place.id, "website", "https://tres.example", take=True)
    assert decide(session, brand, place.id, "website", "https://dos.example", take=True)
    row = fact(session, place, "website")
    assert row is not None
    assert (place.website, row.origin, row.at, row.proposed) == (
        "https://dos.example", origin, LATER, None
    )  # fmt: skip
    # Taken by its team, the address proves nothing for it.
    assert place.website_by_id == owner.id
    assert not decide(session, brand, place.id, "website", "https://dos.example", take=True)
    moves = session.execute(
        sa.select(Transition.field, Transition.old, Transition.new, Transition.reason)
    ).all()
    assert ("proposal", origin, "website", "taken") in moves


def test_a_taken_proposal_of_a_member_is_the_deciders(
    session: Session, place: Place, brand_id: int, make_member: Callable[..., Member]
) -> None:
    given(session, place, "phone", "brand")
    offer(session, place.id, Origin.MEMBER, {"phone": "+341"})
    moderator = actor_of(make_member("moder"), "moderator", brand_id)
    assert decide(session, moderator, place.id, "phone", "+341", take=True)
    row = fact(session, place, "phone")
    assert row is not None
    assert (place.phone, row.origin) == ("+341", "moderator")


def test_what_was_refused_is_not_proposed_again(
    session: Session, place: Place, brand_id: int, make_member: Callable[..., Member]
) -> None:
    given(session, place, "phone", "moderator")
    moderator = actor_of(make_member("moder"), "moderator", brand_id)
    offer(session, place.id, Origin.EXTRACT, {"phone": "+341"})
    assert decide(session, moderator, place.id, "phone", "+341", take=False)
    assert offer(session, place.id, Origin.EXTRACT, {"phone": "+341"}).proposed == ()
    assert facts_of(session, place.id).proposals == []
    assert offer(session, place.id, Origin.EXTRACT, {"phone": "+342"}).proposed == ("phone",)
    assert offer(session, place.id, Origin.EXTRACT, {"phone": "+341"}).proposed == ()
    assert facts_of(session, place.id).proposals == []
    assert stored(place, session)["phone"] == "+34911111111"


# Pages -------------------------------------------------------------------------------------------


@pytest.fixture
def address(session: Session, place: Place) -> str:
    return f"/places/{session.scalar(sa.select(Subject.public_id).where(Subject.id == place.id))}"


def form_of(place: Place, session: Session, **changed: str) -> dict[str, str]:
    session.refresh(place)
    texts = {field: getattr(place, field) for field in places_facts_rules.TEXTS}
    where = {"lat": "40.4", "lon": "-3.7", "revision": str(place.revision)}
    return {**texts, **where, "hours_was": place.opening_hours, **changed}


def test_those_who_decide_see_what_is_proposed(
    client: FlaskClient, session: Session, place: Place, address: str, signed_in: Browser
) -> None:
    place.source_id, place.closed_at = None, None
    values = {
        "phone": "+34922222222", "category": "cafe", "closed": True,
        "point": geo.Point(-3.71, 40.41), "website": "https://dos.example",
    }  # fmt: skip
    offer(session, place.id, Origin.EXTRACT, values, LATER)  # type: ignore[arg-type]
    session.commit()
    moderator = signed_in("moder", role="moderator")
    assert "says otherwise" not in client.get(address).text
    assert "says otherwise" not in signed_in("bea").get(address).text
    page = moderator.get(address).text
    assert "OpenStreetMap says otherwise" in page
    for text in ("+34 922 22 22 22", "https://dos.example", "Café", "40.41000, -3.71000"):
        assert text in page
    spanish = signed_in("modesta", role="moderator", language="es")
    assert "OpenStreetMap dice otra cosa" in spanish.get(address).text
    for _twice in range(2):
        sent = {"proposed": "+34922222222", "take": "yes"}
        assert moderator.post(f"{address}/facts/phone", data=sent).status_code == 303
    session.refresh(place)
    assert place.phone == "+34922222222"
    # What was taken has the terms of its source, beside whose place it is.
    public = client.get(address).text
    assert "Some facts are from OpenStreetMap contributors, ODbL 1.0" in public
    assert 'href="https://www.openstreetmap.org/copyright"' in public
    kept = {"proposed": "https://dos.example", "take": "no"}
    assert moderator.post(f"{address}/facts/website", data=kept).status_code == 303
    session.refresh(place)
    assert place.website == "https://uno.example"
    page = moderator.get(address).text
    assert "https://dos.example" not in page
    assert "40.41000" in page
    other = {"proposed": "40.00000, 0.00000", "take": "yes"}
    assert moderator.post(f"{address}/facts/point", data=other).status_code == 409
    assert moderator.post(f"{address}/facts/nonsense", data=other).status_code == 404
    closing = {"proposed": "closed", "take": "yes"}
    assert signed_in("eva").post(f"{address}/facts/closed", data=closing).status_code == 403
    assert client.post(f"{address}/facts/closed", data=closing).status_code in (302, 303, 401)
    assert moderator.post(f"{address}/facts/closed", data=closing).status_code == 303
    session.refresh(place)
    assert place.closed_at == LATER


def test_a_place_of_the_extract_shows_its_terms_once(
    client: FlaskClient, session: Session, place: Place, address: str
) -> None:
    terms = {
        "code": "openstreetmap", "attribution": "© OpenStreetMap contributors",
        "licence": "ODbL 1.0", "url": "https://www.openstreetmap.org/copyright",
    }  # fmt: skip
    session.execute(sa.update(Source).values(**terms))
    session.commit()
    article = client.get(address).text.split("<article", 1)[1].split("</article>", 1)[0]
    assert article.count("https://www.openstreetmap.org/copyright") == 1
    assert "© OpenStreetMap contributors" in article
    assert "ODbL 1.0" in article


def test_the_form_says_whose_facts_stay(
    session: Session, place: Place, address: str, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    place.source_id = None
    place.author_id = session.scalar(sa.select(Member.id).where(Member.handle == "ana"))
    given(session, place, "phone", "brand")
    session.commit()
    form = ana.get(f"{address}/edit").text
    assert "The brand or a moderator wrote: Telephone." in form
    sent = form_of(place, session, phone="+34955555555", address="Calle 9", closed="yes")
    page = ana.post(f"{address}/edit", data=sent, follow_redirects=True).text
    assert "until they decide on your change: Telephone." in page
    session.refresh(place)
    assert (place.phone, place.address) == ("+34911111111", "Calle 9")
    assert place.closed_at is not None
    assert "Something else is proposed" not in page
    mod = signed_in("moder", role="moderator").get(address).text
    assert "Something else is proposed" in mod
    assert "Who suggested the place" in mod


def test_closing_for_good_is_said_and_taken_back(
    client: FlaskClient, session: Session, place: Place, address: str, signed_in: Browser
) -> None:
    place.closed_at = None
    moderator = signed_in("moder", role="moderator")
    session.commit()
    assert "Closed for good" not in client.get(address).text
    form = form_of(place, session, closed="yes")
    assert moderator.post(f"{address}/edit", data=form).status_code == 303
    row = fact(session, place, "closed")
    assert row is not None
    assert row.origin == "moderator"
    assert 'name="closed" value="yes" aria-describedby="closed-hint" checked' in moderator.get(
        f"{address}/edit"
    ).text  # fmt: skip
    moderator.post(f"{address}/edit", data=form_of(place, session))
    session.refresh(place)
    assert place.closed_at is None
    moves = session.execute(
        sa.select(Transition.field, Transition.new).where(Transition.field == "closed")
    ).all()
    assert [tuple(move) for move in moves] == [("closed", "closed"), ("closed", "reopened")]


@pytest.mark.parametrize(
    "path",
    [
        "{}", "/places", "/places?order=near&lat=40.4&lon=-3.7", "/?bbox=-4,40,-3,41",
        "/map/card/place/{id}", "/search?q=bar+uno", "/embed/{id}",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Closed for good"), ("es", "Cerrado definitivamente")]
)
def test_closed_for_good_is_told_wherever_the_place_is(
    client: FlaskClient, place: Place, address: str, path: str, language: str, words: str
) -> None:
    where = path.format(address, id=address.rsplit("/", 1)[-1])
    page = client.get(where, headers={"Accept-Language": language}, follow_redirects=True)
    assert page.status_code == 200, where
    assert words in page.text, where
    for hours in ("Open now", "Closed now", "Abierto ahora", "Cerrado ahora"):
        assert hours not in page.text


def test_those_who_decide_have_a_list(
    session: Session, place: Place, brand_id: int, make_member: Callable[..., Member]
) -> None:
    author, owner = make_member("ana"), make_member("owner")
    place.source_id, place.author_id = None, author.id
    for field, origin in (("phone", "moderator"), ("address", "brand"), ("website", "member")):
        given(session, place, field, origin)
    values = {"phone": "+341", "address": "Calle 9", "website": "https://tres.example"}
    offer(session, place.id, Origin.EXTRACT, values, LATER)  # type: ignore[arg-type]
    session.commit()
    decides = {"moderator": 3, "brand": 2, "member": 1}
    for as_what, member in (("moderator", owner), ("brand", owner), ("member", author)):
        actor = actor_of(member, as_what, brand_id)
        [(row, count)], more = places_facts_queries.places_to_decide(session, actor)
        assert (row.id, count, more) == (place.id, decides[as_what], False)
        shown = places_facts_queries.facts_of(session, row).decided_by(actor, brand_id)
        assert len(shown) == count == places_facts_queries.to_decide(session, actor)
    nobodys = actor_of(make_member("bea"), "member", brand_id)
    assert places_facts_queries.places_to_decide(session, nobodys) == ([], False)
    assert places_facts_queries.to_decide(session, nobodys) == 0
    place.visibility = "hidden"
    session.flush()
    assert places_facts_queries.to_decide(session, actor_of(owner, "moderator", brand_id)) == 0


@pytest.mark.parametrize("handle", ["ana", "bea"])
def test_the_list_is_reached_from_ones_contributions(
    session: Session, place: Place, address: str, signed_in: Browser, handle: str
) -> None:
    browsers = {each: signed_in(each) for each in ("ana", "bea")}
    place.source_id = None
    place.author_id = session.scalar(sa.select(Member.id).where(Member.handle == "ana"))
    offer(session, place.id, Origin.EXTRACT, {"phone": "+34922222222"})
    session.commit()
    browser, is_mine = browsers[handle], handle == "ana"
    assert ("/places/proposals" in browser.get("/contributions").text) is is_mine
    page = browser.get("/places/proposals").text
    assert ("1 fact to decide" in page) is is_mine
    assert (f"{address}#proposals" in page) is is_mine
    assert ("Nothing to decide" in page) is not is_mine


@pytest.mark.parametrize("order", ["best", "near"])
@pytest.mark.parametrize("text", ["", "&q=bar"])
def test_what_closed_for_good_comes_last(
    client: FlaskClient, session: Session, place: Place, order: str, text: str
) -> None:
    subject = subjects.create(session, KIND)
    # Farther, without reviews, of a less similar name.
    session.add(
        Place(id=subject.id, name="Un bar lejano", category="bar", geom="POINT(-3.705 40.405)")
    )
    place.rating_count, place.rating_sum, place.name = 9, 45, "Barrio"
    session.commit()
    page = client.get(f"/places?lat=40.4&lon=-3.7&order={order}{text}").text
    assert page.index("Un bar lejano") < page.index(">Barrio<")
    place.closed_at = None
    session.commit()
    page = client.get(f"/places?lat=40.4&lon=-3.7&order={order}{text}").text
    assert page.index("Un bar lejano") > page.index(">Barrio<")


def test_a_closed_place_is_still_reviewed(
    session: Session, place: Place, address: str, signed_in: Browser
) -> None:
    sent = {"rating": "4", "title": "Era bueno", "text": "Comimos muy bien todos los años. " * 3}
    assert signed_in("ana").post(f"{address}/review", data=sent).status_code == 303


def test_search_engines_read_that_it_closed(
    client: FlaskClient, place: Place, address: str
) -> None:
    page = client.get(address).text
    assert '"dissolutionDate": "2026-11-20"' in page
    assert "openingHoursSpecification" not in page
