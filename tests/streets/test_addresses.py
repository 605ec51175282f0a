"""What stands on the map has an address in words, wherever a city was loaded."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from tests.conftest import counted_queries
from tests.factories import streets as made
from tests.streets.conftest import VILLAGE, Run
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Base, Session
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.moderation.models import Moderated
from ugc.reports.actions import personal_data as reports_personal_data
from ugc.streets.actions import addresses as streets_addresses_actions
from ugc.streets.actions import loading as streets_loading
from ugc.streets.models import Extract, SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.queries.search import address_at
from ugc.streets.rules import wording as streets_wording

Browser = Callable[..., FlaskClient]
IN_THE_VILLAGE = (26.95216, 60.53278)
WORDS = [
    (made.AT_THE_HOUSE, "Calle Mayor 7, Villa Prueba", "Calle Mayor 7, Villa Prueba"),
    (
        made.ACROSS_THE_STREET,
        "Calle Mayor, between Calle Sol and Calle Luna, Villa Prueba",
        "Calle Mayor, entre Calle Sol y Calle Luna, Villa Prueba",
    ),
    (
        made.FARTHER_DOWN,
        "Calle Mayor, between Calle Sol and Calle Luna, Villa Prueba",
        "Calle Mayor, entre Calle Sol y Calle Luna, Villa Prueba",
    ),
    (
        made.AT_A_CORNER,
        "corner of Calle Mayor and Calle Sol, Villa Prueba",
        "esquina de Calle Mayor y Calle Sol, Villa Prueba",
    ),
    (
        made.PAST_THE_LAST_CORNER,
        "Calle Mayor, near Calle Luna, Villa Prueba",
        "Calle Mayor, cerca de Calle Luna, Villa Prueba",
    ),
    (made.AWAY_FROM_STREETS, "Villa Prueba", "Villa Prueba"),
    (made.OUTSIDE, "", ""),
]


def fields(point: tuple[float, float], **rest: str) -> dict[str, str]:
    return {"lon": str(point[0]), "lat": str(point[1]), **rest}


def post(browser: FlaskClient, point: tuple[float, float], **rest: str) -> str:
    """A new report; returns its address."""
    said = {"kind": "jam", "text": "By the zebra crossing.", "anyway": "yes"}
    data = fields(point, **{**said, **rest})
    answer = browser.post("/reports", data=data)
    assert answer.status_code in (302, 303), answer.text
    return str(answer.location)


def suggest(browser: FlaskClient, point: tuple[float, float], **rest: str) -> str:
    data = fields(point, **{"name": "Bar Uno", "category": "cafe", "anyway": "yes", **rest})
    answer = browser.post("/places", data=data)
    assert answer.status_code in (302, 303), answer.text
    return str(answer.location)


def stored(session: Session, url: str) -> SubjectAddress | None:
    found = session.scalar(
        sa.select(SubjectAddress)
        .join(Subject, Subject.id == SubjectAddress.subject_id)
        .where(Subject.public_id == url.rsplit("/", 1)[-1])
        .execution_options(populate_existing=True)
    )
    return found


@pytest.mark.parametrize(("point", "english", "spanish"), WORDS)
def test_a_point_in_words(
    app: Flask, session: Session, point: tuple[float, float], english: str, spanish: str
) -> None:
    made.load_city(session)
    address = address_at(session, geo.Point(*point))
    with app.test_request_context():
        for language, said in (("en", english), ("es", spanish)):
            with force_locale(language):
                assert streets_wording.where(address, "") == said


def test_long_and_short_lines(app: Flask) -> None:
    corner = streets_wording.Address("A", "", "B", quarter="Centro", town="Villa")
    with app.test_request_context(), force_locale("en"):
        assert streets_wording.whole_line(corner) == "Corner of A and B, Centro, Villa"
        assert streets_wording.short_line(corner) == "corner of A and B, Villa"
        assert streets_wording.postal_line(corner) == "A"
        # A number says more than a corner.
        numbered = streets_wording.Address("A", "7", "B", town="Villa")
        assert streets_wording.whole_line(numbered) == "A 7, Villa"
        assert streets_wording.where(None, "Madrid") == "Madrid"


def test_parts_are_stored_with_where_they_come_from(session: Session, signed_in: Browser) -> None:
    load = made.load_city(session)
    address = stored(session, post(signed_in("ana"), made.AT_THE_HOUSE))
    assert address is not None
    assert (address.street, address.number, address.is_exact, address.side) == (
        "Calle Mayor", "7", True, -1,
    )  # fmt: skip
    assert (address.before, address.after) == ("Calle Sol", "Calle Luna")
    assert (address.quarter, address.town) == ("Centro", "Villa Prueba")
    assert (address.extract_id, address.extract_code) == (load, "prueba")
    assert address.data_at is not None


# By kind -----------------------------------------------------------------------------------------


def test_every_table_of_things_with_a_point_is_filled(app: Flask, session: Session) -> None:
    """A new table with a public point registers itself, and its triggers note the address."""
    with_points = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Moderated) and "geom" in mapper.local_table.columns
    }
    assert set(streets_addresses_queries.located()) == with_points
    for table in with_points:
        triggers = set(
            session.scalars(
                sa.text("SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:t AS regclass)"),
                {"t": table},
            )
        )
        assert {"note_address_new", "note_address_moved"} <= triggers, table


# Filling -----------------------------------------------------------------------------------------


def test_a_moved_point_has_another_address(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    report, place = post(ana, made.AT_THE_HOUSE), suggest(ana, made.AT_THE_HOUSE)
    for url, table in ((report, "reports"), (place, "places")):
        address = stored(session, url)
        assert address is not None
        assert address.number == "7"
        move = sa.text(
            f"UPDATE {table} SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) WHERE id = :id"
        )
        point = dict(zip(("lon", "lat"), made.AT_A_CORNER, strict=True))
        session.execute(move, {**point, "id": address.subject_id})
        address = stored(session, url)
        assert address is not None
        assert (address.number, address.corner) == ("", "Calle Sol")
        point = dict(zip(("lon", "lat"), made.OUTSIDE, strict=True))
        session.execute(move, {**point, "id": address.subject_id})
        assert stored(session, url) is None


def test_correcting_a_report_moves_its_address(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    report = post(ana, made.AT_THE_HOUSE)
    said = ana.get(f"{report}/correct")
    assert said.status_code == 200
    revision = session.scalar(sa.text("SELECT max(revision) FROM reports"))
    data = fields(made.AT_A_CORNER, kind="jam", revision=str(revision))
    assert ana.post(f"{report}/correct", data=data).status_code in (302, 303)
    address = stored(session, report)
    assert address is not None
    assert address.corner == "Calle Sol"


def test_what_shows_an_area_only_has_no_address(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    report = post(ana, made.AT_THE_HOUSE)
    address = stored(session, report)
    assert address is not None
    of_it = {"id": address.subject_id}
    coarse = "UPDATE reports SET coarse = true, accuracy_m = 300 WHERE id = :id"
    session.execute(sa.text(coarse), of_it)
    assert stored(session, report) is None
    # Nor does the job give it one, and its page says the city.
    fill(session)
    assert stored(session, report) is None
    page = ana.get(report).text
    assert "Calle Mayor" not in page
    assert "Madrid" in page


def test_a_report_near_a_private_place_has_none(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    home = ana.post("/settings/places", data=fields(made.AT_THE_HOUSE, name="Home"))
    assert home.status_code in (302, 303), home.text
    report = post(ana, made.AT_THE_HOUSE, kind="waste", near="area")
    row = session.execute(sa.text("SELECT coarse, geom_exact IS NOT NULL FROM reports")).one()
    assert tuple(row) == (True, True)
    assert stored(session, report) is None
    fill(session)
    assert stored(session, report) is None


def fill(session: Session) -> int:
    """Runs the job until it has nothing to do; returns how many batches that took."""
    batches = 0
    while streets_addresses_actions.note_batch(session):
        batches += 1
        assert batches < 20
    session.commit()
    return batches


def test_the_job_fills_what_stood_there_before(
    session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streets_addresses_actions, "BATCH", 2)
    ana = signed_in("ana", role="moderator")
    urls = [post(ana, made.AT_THE_HOUSE) for _ in range(3)]
    urls.append(suggest(ana, made.AT_A_CORNER))
    far = post(ana, made.OUTSIDE)
    assert all(stored(session, url) is None for url in urls)
    load_id = made.load_city(session)
    # Two batches, and one that finds nothing left.
    assert fill(session) == 3
    assert [stored(session, url).street for url in urls] == ["Calle Mayor"] * 4  # type: ignore[union-attr]
    assert stored(session, far) is None
    assert session.get_one(Extract, load_id).addressed_at is not None
    assert fill(session) == 0


def test_the_job_tells_the_feed_what_changed_only(session: Session, signed_in: Browser) -> None:
    report = post(signed_in("ana"), made.AT_THE_HOUSE)
    load_id = made.load_city(session)
    told: list[list[int]] = []
    plain = streets_addresses_actions._tell
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            streets_addresses_actions, "_tell", lambda s, ids: (told.append(ids), plain(s, ids))
        )
        fill(session)
        load = session.get_one(Extract, load_id)
        load.addressed_id, load.addressed_at = 0, None
        session.flush()
        fill(session)
    address = stored(session, report)
    assert address is not None
    assert [ids for ids in told if ids] == [[address.subject_id]]


def test_a_load_is_followed_by_the_job(
    session: Session, signed_in: Browser, run: Run, run_jobs: Callable[[], int]
) -> None:
    report = post(signed_in("ana"), IN_THE_VILLAGE)
    run_jobs()
    assert run("load", VILLAGE).exit_code == 0
    assert stored(session, report) is None
    run_jobs()
    address = stored(session, report)
    assert address is not None
    assert address.street
    assert address.extract_code == "myllykoski"


def test_another_load_gives_its_names_and_what_lies_outside_of_it_loses_them(
    session: Session, signed_in: Browser
) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    report, corner = post(ana, made.AT_THE_HOUSE), post(ana, made.AT_A_CORNER)
    # The new file is smaller: the corner is not in it any more.
    made.load_city(session, main="Gran Via", number="9", box=(-3.702, 40.41, -3.68, 40.43))
    fill(session)
    address = stored(session, report)
    assert address is not None
    assert (address.street, address.number) == ("Gran Via", "9")
    assert stored(session, corner) is None


def test_removing_a_city_empties_its_addresses(
    session: Session, signed_in: Browser, run: Run
) -> None:
    made.load_city(session)
    report = post(signed_in("ana"), made.AT_THE_HOUSE)
    assert stored(session, report) is not None
    assert run("remove", "prueba", "--yes").exit_code == 0
    assert stored(session, report) is None
    fill(session)
    assert stored(session, report) is None


def test_a_city_below_takes_over(session: Session, signed_in: Browser) -> None:
    inner = made.load_city(session)
    made.load_city(session, "region", main="Calle Grande", box=(-3.8, 40.3, -3.5, 40.5))
    report = post(signed_in("ana"), made.AT_THE_HOUSE)
    fill(session)
    streets_addresses_actions.forget(session, inner)
    streets_loading.remove(session, inner)
    session.commit()
    fill(session)
    address = stored(session, report)
    assert address is not None
    assert (address.street, address.extract_code) == ("Calle Grande", "region")


def test_what_people_wrote_wins(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    mod = signed_in("mod", role="moderator")
    place = suggest(mod, made.AT_THE_HOUSE, address="Plaza Vieja 3")
    page = mod.get(place).text
    assert "Plaza Vieja 3" in page
    assert "Calle Mayor" not in page


# Where it shows ----------------------------------------------------------------------------------

SHOWN: dict[str, Any] = {
    "a report": lambda report, _place: report,
    "a place": lambda _report, place: place,
    "the card of a report on the map": lambda report, _: f"/map/card/report/{report[9:]}",
    "the card of a place on the map": lambda _, place: f"/map/card/place/{place[8:]}",
    "what is to be shared of a report": lambda report, _: f"/share/{report[9:]}",
    "what is to be shared of a place": lambda _, place: f"/share/{place[8:]}",
    "a report elsewhere": lambda report, _: f"/embed/{report[9:]}",
    "a place elsewhere": lambda _, place: f"/embed/{place[8:]}",
    "places": lambda _r, _p: "/places",
    "search for a place": lambda _r, _p: "/search?q=Bar+Uno",
    "search for a report": lambda _r, _p: "/search?q=zebra+crossing",
    "what one contributed": lambda _r, _p: "/contributions",
}


@pytest.mark.parametrize("surface", SHOWN)
def test_surfaces_say_the_address(session: Session, signed_in: Browser, surface: str) -> None:
    mod = signed_in("mod", role="moderator")
    point = made.ACROSS_THE_STREET
    report, place = post(mod, point), suggest(mod, point)
    address = SHOWN[surface](report, place)
    before = mod.get(address)
    assert before.status_code == 200, address
    assert "Madrid" in before.text
    assert "Calle Mayor" not in before.text
    made.load_city(session)
    fill(session)
    sign = "&" if "?" in address else "?"
    for language, words in (("en", WORDS[1][1]), ("es", WORDS[1][2])):
        mod.post("/language", data={"language": language})
        # What stands on other sites says its language in its address.
        assert words in mod.get(address + f"{sign}lang={language}").text, language


def test_an_address_without_its_thing_goes(session: Session) -> None:
    """Else the job would never come to an end."""
    left = subjects.create(session, "place")
    session.add(
        SubjectAddress(subject_id=left.id, street="Gone", extract_id=0, extract_code="gone")
    )
    session.flush()
    assert fill(session) == 1
    assert stored(session, left.public_id) is None


@pytest.mark.parametrize("surface", SHOWN)
def test_no_surface_asks_one_statement_more(
    session: Session, signed_in: Browser, client: FlaskClient, surface: str
) -> None:
    mod = signed_in("mod", role="moderator")
    address = SHOWN[surface](post(mod, made.AT_THE_HOUSE), suggest(mod, made.AT_THE_HOUSE))
    post(mod, made.AT_A_CORNER)
    suggest(mod, made.AT_A_CORNER, name="Bar Uno Dos")
    reader = mod if "contributed" in surface else client
    reader.get(address)
    counts = []
    for _ in range(2):
        session.expire_all()
        with counted_queries() as asked:
            assert reader.get(address).status_code == 200
        counts.append(len(asked))
        made.load_city(session)
        fill(session)
    assert counts[1] <= counts[0], asked


@pytest.mark.parametrize("surface", ["a report", "a place"])
def test_titles_and_machines_are_told_it(
    session: Session, signed_in: Browser, client: FlaskClient, surface: str
) -> None:
    made.load_city(session)
    mod = signed_in("mod", role="moderator")
    point = made.AT_THE_HOUSE
    page = client.get(SHOWN[surface](post(mod, point), suggest(mod, point))).text
    title = re.search(r"<title>(.*?)</title>", page)
    assert title is not None
    assert "Calle Mayor 7, Villa Prueba" in title[1]
    assert "Calle Mayor 7, Centro, Villa Prueba" in page
    assert re.search(r'name="description" content="[^"]*Calle Mayor 7, Centro', page)
    if surface == "a place":
        assert '"streetAddress": "Calle Mayor 7"' in page
        assert '"addressLocality": "Villa Prueba"' in page


def test_the_map_and_its_list(session: Session, signed_in: Browser, client: FlaskClient) -> None:
    made.load_city(session)
    post(signed_in("ana"), made.AT_THE_HOUSE)
    listed = client.get("/map/list?bbox=-3.72,40.41,-3.68,40.43").text
    assert "Calle Mayor 7, Villa Prueba" in listed


def test_a_profile_that_shows_days_only_tells_no_street(
    session: Session, signed_in: Browser, client: FlaskClient
) -> None:
    made.load_city(session)
    ana = signed_in("ana", role="moderator")
    post(ana, made.AT_THE_HOUSE)
    page = client.get("/members/ana").text
    assert "Traffic jam · Madrid" in page
    assert "Calle Mayor" not in page


def test_subjects_are_named_with_their_address(
    app: Flask, session: Session, signed_in: Browser
) -> None:
    made.load_city(session)
    mod = signed_in("mod", role="moderator")
    url = post(mod, made.ACROSS_THE_STREET)
    address = stored(session, url)
    assert address is not None
    with app.test_request_context():
        for language, said in (
            ("en", f"Traffic jam at {WORDS[1][1]}"), ("es", f"Atasco en {WORDS[1][2]}"),
        ):  # fmt: skip
            with force_locale(language):
                info = subjects.describe(session, [address.subject_id])[address.subject_id]
                assert info.named == said
                assert info.where == "Madrid"


def test_what_is_hidden_is_not_told(
    session: Session, signed_in: Browser, client: FlaskClient
) -> None:
    made.load_city(session)
    ana = signed_in("ana", role="moderator")
    url = post(ana, made.AT_THE_HOUSE)
    address = stored(session, url)
    assert address is not None
    assert ana.post(f"{url}/withdraw").status_code in (302, 303)
    assert client.get(url).status_code in (404, 410)
    assert subjects.describe(session, [address.subject_id]) == {}
    for path in ("/", f"/embed/{url[9:]}", f"/share/{url[9:]}", "/search?q=Calle+Mayor"):
        assert "Calle Mayor 7" not in client.get(path).text, path


def test_own_data_say_where_it_was(session: Session, signed_in: Browser) -> None:
    made.load_city(session)
    ana = signed_in("ana")
    post(ana, made.AT_THE_HOUSE)
    member = session.scalar(sa.select(Member.id).where(Member.handle == "ana"))
    assert member is not None
    [posted] = reports_personal_data.export_member(session, member)["posted"]  # type: ignore[misc, call-overload]
    assert posted["where"] == "Calle Mayor 7, Centro, Villa Prueba"


# Without a city ----------------------------------------------------------------------------------


def test_without_a_city_a_report_costs_no_look_at_streets(
    session: Session, signed_in: Browser
) -> None:
    """The trigger asks `extracts` and no more: with streets and no shown load nothing is noted."""
    load_id = made.load_city(session)
    session.execute(sa.update(Extract).where(Extract.id == load_id).values(step="drawn"))
    assert stored(session, post(signed_in("ana"), made.AT_THE_HOUSE)) is None
