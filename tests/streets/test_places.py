"""Named things of a city become places: new, found again, changed, gone, and beside what people
wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.streets.conftest import Run
from tests.streets.small_city import CROSS
from ugc.content import actions as content_actions
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Base, Session
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.places import jobs as places_jobs
from ugc.places.actions import editing as places_editing
from ugc.places.actions import facts as places_facts_actions
from ugc.places.models import Origin, Place, PlaceFact, PlaceObject
from ugc.places.queries import objects as places_objects_queries
from ugc.places.rules import objects as places_objects_rules
from ugc.places.rules.categories import CATEGORIES
from ugc.places.rules.describing import timezone_at
from ugc.streets.rules.things import thing_of
from ugc.watches.models import Follow

AT = (2.0005, 41.0005)
CAFE = {"amenity": "cafe", "name": "Cafè del Mig"}
Things = dict[int, tuple[float, float, dict[str, str]]]
Load = Callable[..., str]


@pytest.fixture
def load(run: Run, osm: Callable[..., Path]) -> Load:
    """`load({9: (lon, lat, tags)}, day="2026-02-01")`: these things of a small city; what the
    command says."""

    def one(things: Things, *options: str, name: str = "vila.osm", **made: Any) -> str:
        ways = {**CROSS["ways"], **made.pop("ways", {})}
        file = osm(name, nodes={**CROSS["nodes"], **things}, ways=ways, **made)
        done = run("load", file, *options)
        assert done.exit_code == 0, done.output
        return done.output

    return one


def node(tags: dict[str, str], at: tuple[float, float] = AT) -> tuple[float, float, dict[str, str]]:
    return (*at, tags)


def places(session: Session) -> list[Place]:
    return list(session.scalars(sa.select(Place).order_by(Place.id)))


def only(session: Session) -> Place:
    [place] = places(session)
    return place


def links(session: Session) -> dict[str, str | None]:
    rows = session.execute(sa.select(PlaceObject.osm, PlaceObject.ended))
    return {row.osm: row.ended for row in rows}


def suggest(session: Session, member: Any, **values: Any) -> int:
    """A published place of a member."""
    said = {"name": "Cafe del Mig", "category": "cafe", "point": geo.Point(2.0006, 41.0005)}
    actor = Actor(ActorKind.MEMBER, id=member.id, confirmed=True)
    places_editing.add_place(session, actor, **{**said, **values})
    place_id = session.scalar(sa.select(sa.func.max(Place.id)))
    assert place_id is not None
    session.execute(sa.update(Place).values(visibility="published").where(Place.id == place_id))
    session.flush()
    session.expire_all()
    return place_id


def follow(session: Session, member: Any, place_id: int) -> None:
    session.execute(sa.insert(Follow).values(member_id=member.id, subject_id=place_id))


def test_new_things_become_places_with_their_source(
    load: Load, session: Session, client: FlaskClient
) -> None:
    said = {
        **CAFE, "addr:street": "Carrer Llarg", "addr:housenumber": "7", "phone": "912 345 678; x",
        "website": "cafe.example", "opening_hours": "mo-fr 9:00-13:00",
    }  # fmt: skip
    output = load({
        9: node(said),
        10: node({"shop": "cheese", "name": "Formatges"}, (2.001, 41.0005)),
        11: node({"amenity": "bench", "name": "Banc"}),
        12: node({"amenity": "cafe"}),
    })  # fmt: skip
    assert "2 places: 2 new." in output
    cafe, cheese = places(session)
    assert (cafe.name, cafe.category, cafe.address) == ("Cafè del Mig", "cafe", "Carrer Llarg 7")
    assert cafe.website == "https://cafe.example"
    assert cafe.opening_hours == "Mo-Fr 09:00-13:00"
    assert (cafe.phone, cafe.author_id, cafe.visibility) == ("+34912345678", None, "published")
    assert (cheese.category, cheese.address) == ("shop", "")
    # An address that all the world may write proves nothing of who runs the place.
    assert cafe.website_since is None
    public_id = session.get_one(Subject, cafe.id).public_id
    page = client.get(f"/places/{public_id}").text
    assert "© OpenStreetMap contributors" in page
    assert "ODbL 1.0" in page
    assert 'href="https://www.openstreetmap.org/node/9"' in page
    # Nobody gets points for it, and nobody is told.
    for table in ("point_entries", "notifications", "cases"):
        assert session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0
    logged = "SELECT new, reason, actor FROM transitions WHERE subject_id = :id"
    moves = session.execute(sa.text(logged), {"id": cafe.id}).all()
    assert [tuple(move) for move in moves] == [("published", "imported", "system")]


def test_values_that_are_not_what_they_should_be_are_left_out(load: Load, session: Session) -> None:
    bad = {
        "phone": "12", "website": "javascript:alert(1)", "opening_hours": "now and then",
        "name": "Cafè &#8238;del Mig",
    }  # fmt: skip
    output = load({9: node({**CAFE, **bad}), 10: node({**CAFE, "name": "x" * 121}, (2.001, 41.0))})
    assert "opening_hours 1, phone 1, website 1" in output
    place = only(session)
    assert (place.name, place.phone, place.website, place.opening_hours) == (
        "Cafè del Mig", "", "", "",
    )  # fmt: skip


def test_the_same_things_again_change_nothing(load: Load, session: Session) -> None:
    load({9: node(CAFE)})
    before = session.execute(sa.text("SELECT * FROM places, subjects s WHERE s.id = places.id"))
    rows = before.all()
    output = load({9: node(CAFE)}, day="2026-02-01")
    assert "1 places." in output
    after = session.execute(sa.text("SELECT * FROM places, subjects s WHERE s.id = places.id"))
    assert after.all() == rows
    assert session.scalar(sa.text("SELECT count(*) FROM transitions")) == 1
    # The same file does nothing at all.
    assert "nothing was done" in load({9: node(CAFE)}, day="2026-02-01")


def test_changed_things_change_their_places(load: Load, session: Session) -> None:
    load({9: node(CAFE)})
    place_id = only(session).id
    new = {"amenity": "bar", "name": "Bar del Mig", "website": "https://bar.example"}
    output = load({9: node(new, (2.0006, 41.0005))}, day="2026-02-01")
    assert "1 places: 1 changed." in output
    place = only(session)
    assert (place.id, place.name, place.category) == (place_id, "Bar del Mig", "bar")
    assert session.scalar(sa.select(geo.lon(Place.geom))) == 2.0006
    assert (place.website, place.website_since) == ("https://bar.example", None)
    assert place.revision == 2


def test_a_thing_under_a_new_number_is_the_same_place(load: Load, session: Session) -> None:
    """A point becomes a building: reviews stay with it, and nothing flickers."""
    load({9: node(CAFE)})
    before = only(session)
    corners = {21: AT, 22: (2.0006, 41.0005), 23: (2.0006, 41.0006), 24: (2.0005, 41.0006)}
    output = load(
        {number: node({}, at) for number, at in corners.items()},
        ways={77: ([21, 22, 23, 24, 21], {**CAFE, "building": "yes", "name": "Cafe del  Mig"})},
        day="2026-02-01",
    )  # fmt: skip
    assert "1 places: 1 found again under another number." in output
    assert links(session) == {"w77": None}
    place = only(session)
    assert (place.id, place.visibility, place.closed_at) == (before.id, "published", None)
    assert session.scalar(sa.text("SELECT count(*) FROM transitions")) == 1


@pytest.mark.parametrize(
    ("thing", "far"),
    [
        ({"amenity": "cafe", "name": "Forn de Dalt"}, AT),
        ({"amenity": "pharmacy", "name": "Cafè del Mig"}, AT),
        (CAFE, (2.0016, 41.0005)),  # 92 m
    ],
)
def test_what_only_resembles_a_gone_thing_is_another(
    thing: dict[str, str], far: tuple[float, float], load: Load, session: Session
) -> None:
    load({9: node(CAFE)})
    output = load({10: node(thing, far)}, day="2026-02-01")
    assert "1 places: 1 new, 1 hidden." in output
    assert [place.visibility for place in places(session)] == ["hidden", "published"]


def test_one_number_can_become_another_thing(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    """Reviews of a café are not those of the shop that took its point in the file."""
    load({9: node(CAFE)})
    follow(session, make_member("ana"), only(session).id)
    output = load({9: node({"shop": "shoes", "name": "Sabates Puig"})}, day="2026-02-01")
    assert "1 places: 1 new, 1 marked closed." in output
    cafe, shoes = places(session)
    assert (cafe.name, cafe.visibility) == ("Cafè del Mig", "published")
    assert cafe.closed_at is not None
    assert (shoes.name, shoes.category, shoes.closed_at) == ("Sabates Puig", "shop", None)
    # Another name of the same kind is the same place.
    load({9: node({"shop": "shoes", "name": "Calçats Roca"})}, day="2026-03-01")
    assert [place.name for place in places(session)] == ["Cafè del Mig", "Calçats Roca"]


def test_gone_things_are_hidden_or_closed_and_come_back(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    both = {9: node(CAFE), 10: node({"shop": "yes", "name": "Queviures"}, (2.001, 41.0005))}
    load(both)
    cafe, shop = (place.id for place in places(session))
    follow(session, make_member("ana"), cafe)
    output = load({}, day="2026-02-01")
    assert "0 places: 1 hidden, 1 marked closed." in output
    assert [place.visibility for place in places(session)] == ["published", "hidden"]
    closed_at = session.get_one(Place, cafe).closed_at
    assert closed_at is not None
    assert f"{closed_at:%Y-%m-%d}" == "2026-02-01"
    assert session.get_one(Subject, shop).visible is False
    output = load(both, day="2026-03-01")
    assert "2 places: 2 there again." in output
    assert [place.id for place in places(session)] == [cafe, shop]
    assert {place.visibility for place in places(session)} == {"published"}
    assert {place.closed_at for place in places(session)} == {None}
    assert session.get_one(Subject, shop).visible is True


def test_things_that_are_no_places_any_more_are_gone(load: Load, session: Session) -> None:
    for day, said in (("02", {**CAFE, "disused": "yes"}), ("03", {**CAFE, "amenity": "studio"})):
        load({9: node(CAFE)}, "--replace")
        assert only(session).visibility == "published"
        load({9: node(said)}, day=f"2026-{day}-01")
        assert only(session).visibility == "hidden"


def test_what_moderators_hid_and_members_closed_stays_so(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    """Neither by the same number nor by another is it back, nor a second one."""
    load({9: node(CAFE)})
    place_id = only(session).id
    places_facts_actions.offer(session, place_id, Origin.MEMBER, {"closed": True})
    content_actions.set_visibility(
        session, places_editing.PLACES, place_id, subjects.Visibility.HIDDEN, "spam", "member:1"
    )
    for number, day in ((10, "2026-02-01"), (9, "2026-03-01")):
        load({number: node(CAFE)}, day=day)
        place = only(session)
        assert place.visibility == "hidden"
        assert place.closed_at is not None
        load({}, day=f"{day[:8]}02")


def test_a_members_place_is_the_same_and_keeps_what_people_wrote(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    place_id = suggest(session, make_member("ana"), address="Carrer Llarg, 5")
    thing = {
        **CAFE, "amenity": "restaurant", "phone": "+34912345678", "addr:street": "Carrer Llarg",
        "addr:housenumber": "7",
    }  # fmt: skip
    assert "1 known from members or imports" in load({9: node(thing)})
    place = only(session)
    # 8 m off and another accent say nothing new; an empty detail is filled.
    assert (place.id, place.name, place.phone) == (place_id, "Cafe del Mig", "+34912345678")
    assert (place.category, place.address) == ("cafe", "Carrer Llarg, 5")
    waiting = sa.select(PlaceFact.field, PlaceFact.proposed).where(PlaceFact.proposed.is_not(None))
    assert set(session.execute(waiting)) == {
        ("category", "restaurant"), ("address", "Carrer Llarg 7"),
    }  # fmt: skip
    # Gone from the file, it is not closed: its people are asked.
    assert "1 left as they are" in load({}, day="2026-02-01")
    assert only(session).closed_at is None
    asked = session.get_one(PlaceFact, (place_id, "closed"))
    assert (asked.proposed, asked.proposed_origin) == ("closed", "extract")


@pytest.mark.parametrize("origin", [Origin.MODERATOR, Origin.BRAND, Origin.MEMBER])
def test_edits_of_people_win_over_the_file(origin: Origin, load: Load, session: Session) -> None:
    load({9: node({**CAFE, "phone": "+34912345678"})})
    place_id = only(session).id
    places_facts_actions.offer(session, place_id, origin, {"name": "Can Mig", "phone": ""})
    load({9: node({**CAFE, "phone": "+34912345679", "website": "mig.example"})}, day="2026-02-01")
    place = only(session)
    assert (place.name, place.phone, place.website) == ("Can Mig", "", "https://mig.example")
    row = session.get_one(PlaceFact, (place_id, "name"))
    assert (row.proposed, row.proposed_origin) == ("Cafè del Mig", "extract")
    # And it is of people now.
    load({}, day="2026-03-01")
    assert only(session).visibility == "published"
    assert only(session).closed_at is not None


@pytest.mark.parametrize("visibility", ["hidden", "withdrawn", "removed", "held"])
def test_what_is_not_shown_does_not_stand_beside_a_second_one(
    visibility: str, load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    suggest(session, make_member("ana"))
    session.execute(sa.update(Place).values(visibility=visibility))
    load({9: node(CAFE)})
    assert only(session).visibility == visibility


def test_invented_places_of_a_demo_world_are_no_real_ones(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    suggest(session, make_member("invented", is_demo=True))
    assert "1 places: 1 new." in load({9: node(CAFE)})
    assert len(places(session)) == 2


def test_the_nearest_and_most_alike_belong_together(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    """Two branches of a name beside each other, and one place that members know."""
    place_id = suggest(session, make_member("ana"), name="Cafè del Mig")
    load({9: node(CAFE, (2.0002, 41.0005)), 10: node(CAFE, (2.00061, 41.0005))})
    assert len(places(session)) == 2
    assert session.get_one(PlaceObject, "n10").place_id == place_id


def test_what_stands_twice_in_the_file_is_one_place(load: Load, session: Session) -> None:
    """A building and the point in it; two points of one name are two branches."""
    corners = {21: (2.0004, 41.0004), 22: (2.0006, 41.0004), 23: (2.0006, 41.0006),
               24: (2.0004, 41.0006)}  # fmt: skip
    nodes = {number: node({}, at) for number, at in corners.items()}
    ring = [21, 22, 23, 24, 21]
    building = {77: (ring, {**CAFE, "building": "yes", "opening_hours": "24/7", "phone": "1"})}
    point = node({**CAFE, "website": "https://mig.example"}, (2.00045, 41.00045))
    branch = node(CAFE, (2.001, 41.0005))
    output = load({**nodes, 9: point}, ways=building)
    assert "2 places: 1 new, 1 twice in the file." in output
    place = only(session)
    assert (place.website, place.opening_hours) == ("https://mig.example", "24/7")
    assert session.scalar(sa.select(geo.lon(Place.geom))) == 2.00045
    # What one of them does not say, the other one did: it stays.
    both = {**nodes, 9: node({**CAFE, "website": "https://b.example"}, point[:2]), 10: branch}
    output = load(both, ways=building, day="2026-02-01")
    assert "3 places: 1 new, 1 changed." in output
    place = places(session)[0]
    assert (place.website, place.opening_hours) == ("https://b.example", "24/7")
    # With one of them gone the place lives; the other comes back as its twin.
    load({**nodes, 10: branch}, ways=building, day="2026-03-01")
    assert [place.visibility for place in places(session)] == ["published", "published"]
    assert set(links(session)) == {"w77", "n10"}
    output = load(both, ways=building, day="2026-04-01")
    assert "3 places: 1 twice in the file." in output
    assert len(places(session)) == 2


def test_cut_short_between_batches_it_goes_on(
    load: Load, session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_jobs, "BATCH", 2)
    things = {
        number: node({"shop": "yes", "name": f"Botiga {number * 7919}"}, (2 + number / 1e4, 41.0))
        for number in range(10, 17)
    }
    real, calls = places_jobs.objects_actions.write_batch, []

    def stop(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(places_jobs.objects_actions, "write_batch", stop)
    with pytest.raises(AssertionError, match="same command goes on"):
        load(things)
    assert len(places(session)) == 4
    assert "its places are there now" in (output := load(things))
    assert "7 places: 7 new." in output
    assert len(places(session)) == 7
    assert "nothing was done" in load(things)
    assert "places=7" in run("list").output


def test_a_removed_city_takes_only_what_is_its_own(
    load: Load, session: Session, run: Run, make_member: Callable[..., Any]
) -> None:
    ana = make_member("ana")
    suggest(session, ana, name="Farmàcia Nova", category="pharmacy", point=geo.Point(2.001, 41.0))
    things = {
        9: node(CAFE), 10: node({"shop": "yes", "name": "Queviures"}, (2.0015, 41.0005)),
        11: node({"amenity": "pharmacy", "name": "Farmàcia Nova"}, (2.001, 41.0)),
    }  # fmt: skip
    load(things)
    pharmacy, cafe, shop = (place.id for place in places(session))
    follow(session, ana, cafe)
    assert run("remove", "vila", "--yes").exit_code == 0
    shown = {place.id: (place.visibility, place.closed_at) for place in places(session)}
    assert shown[pharmacy] == shown[cafe] == ("published", None)
    assert shown[shop] == ("hidden", None)
    assert "3 places: 3 there again." in load(things)
    assert {place.visibility for place in places(session)} == {"published"}
    assert len(places(session)) == 3


def test_what_a_smaller_file_leaves_out_is_not_closed(
    load: Load, session: Session, make_member: Callable[..., Any]
) -> None:
    far = {9: node(CAFE, (2.1, 41.0)), 10: node({"shop": "yes", "name": "Lluny"}, (2.1, 41.01))}
    load(far)
    cafe = places(session)[0]
    follow(session, make_member("ana"), cafe.id)
    assert "1 hidden, 1 left as they are" in load({}, day="2026-02-01")
    assert session.get_one(Place, cafe.id).closed_at is None


def test_what_two_cities_have_is_one_place_until_both_lose_it(
    load: Load, session: Session, run: Run
) -> None:
    old = {**CAFE, "name": "Cafè del Mig Vell"}
    load({9: node(CAFE)}, day="2026-02-01")
    assert "1 places" not in load({9: node(old)}, "--beside", name="beside.osm")
    # The older data of the other city change nothing.
    assert only(session).name == "Cafè del Mig"
    load({}, "--beside", day="2026-03-01")
    assert only(session).visibility == "published"
    assert session.get_one(PlaceObject, "n9").extract_code == "beside"
    assert run("remove", "beside", "--yes").exit_code == 0
    assert only(session).visibility == "hidden"


def test_every_table_that_names_a_place_is_judged(session: Session) -> None:
    """Whether its rows are something of people, which keeps a place."""
    machines = {
        "brands", "brand_changes", "brand_claims", "cascade_reaches", "grants", "invitations",
        "map_points", "members", "news", "notifications", "place_facts", "place_objects", "places",
        "prescriptor_scores", "profiles", "reports", "rings", "root_days", "subject_addresses",
        "subjects", "published_figures", "published_weeks", "visit_days", "appeals", "transitions",
        "versions",  # of places there are none: facts know what they come from
    }  # fmt: skip
    found = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ("subjects", "places")
    }
    assert found - machines == set(places_objects_queries.of_people())
    assert not places_objects_queries.touched_by_people(session, [1])


def test_kinds_of_the_categories_are_of_one_category_and_read() -> None:
    kinds = [kind for each in CATEGORIES.values() for kind in (each.osm, *each.also) if kind]
    assert len(kinds) == len(set(kinds))
    for kind in kinds:
        key, value = kind.split("=")
        thing = thing_of({key: value, "name": "A"})
        assert thing is not None, kind
        assert places_objects_rules.category_of(thing.kinds) is not None


def test_zones_are_those_of_the_point() -> None:
    zones = places_objects_rules.Zones()
    for lon, lat in ((-3.7, 40.4), (2.1, 41.4), (1.52, 42.5), (-7.35, 38.89), (179.99, -89.99)):
        point = geo.Point(lon, lat)
        assert zones.at(point) == timezone_at(point)
    assert re.match("Europe", zones.at(geo.Point(-3.7, 40.4)))
