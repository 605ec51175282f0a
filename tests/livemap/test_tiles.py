"""Tiles, cells and counts: they say what the reports and places say, at every zoom and filter."""

from __future__ import annotations

import datetime as dt
import html
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import mapbox_vector_tile
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import MODERATOR, counted_queries
from tests.factories import bulk, content
from ugc.accounts.models import Member
from ugc.core import cache, jobs, subjects
from ugc.core.access import ANONYMOUS, Actor, ActorKind
from ugc.core.db import Session
from ugc.geography import geo
from ugc.livemap import actions as livemap_actions
from ugc.livemap import rules as livemap_rules
from ugc.livemap.jobs import rebuild
from ugc.livemap.models import MapAggregation, MapCell, MapPoint
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.livemap.rules import Only, Tile
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reports.models import Report
from ugc.reports.queries import reading as reports_reading

MADRID, BARCELONA, SUVA = (-3.7038, 40.4168), (2.1734, 41.3851), (178.44, -18.14)
Poster = Callable[..., str]


@pytest.fixture
def author(make_member: Callable[..., Member]) -> Actor:
    member = make_member("author", role="moderator")
    return Actor(ActorKind.MEMBER, id=member.id, handle="author", grants=MODERATOR, confirmed=True)


@pytest.fixture
def post(session: Session, author: Actor) -> Poster:
    def put(lon: float, lat: float, kind: str = "jam") -> str:
        made = reports_posting_actions.post_report(
            session, author, kind=kind, point=geo.Point(lon, lat), text="What is there."
        )
        session.commit()  # what a GET finds uncommitted it rolls back
        return made

    return put


@pytest.fixture
def fold(session: Session) -> Callable[[], None]:
    """What the worker does after each commit."""

    def run() -> None:
        session.flush()
        # All of a test is one transaction, which its own snapshots hold for seen as soon as a later
        # one of another test's has ended.
        session.execute(
            sa.update(MapAggregation)
            .where(MapAggregation.snapshot.is_not(None))
            .values(snapshot="3:3:")
        )
        folded = livemap_actions.fold(session)
        session.commit()
        if folded.everything:
            livemap_tiles.forget_all()
        livemap_tiles.forget(folded.quads)

    return run


def report(session: Session, public_id: str) -> Report:
    return session.get_one(Report, subjects.resolve(session, public_id).id)


def get(client: FlaskClient, address: str, **query: str) -> dict[str, list[dict[str, Any]]]:
    """The features of a tile, by its layers."""
    answer = client.get(f"/map/tiles/{address}", query_string=query)
    assert answer.status_code == 200, answer.text
    decoded = mapbox_vector_tile.decode(answer.data) if answer.data else {}
    return {name: layer["features"] for name, layer in decoded.items()}


def over(lon: float, lat: float, z: int) -> str:
    [tile] = livemap_rules.tiles_within(geo.Bounds(lon, lat, lon, lat), z)
    return f"{tile.z}/{tile.x}/{tile.y}"


def ids(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {each["properties"]["id"] for each in found.get("points", [])}


def total(found: dict[str, list[dict[str, Any]]]) -> int:
    clusters = sum(each["properties"]["n"] for each in found.get("clusters", []))
    return clusters + len(found.get("points", []))


# Rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", range(15))
def test_a_tile_and_its_number_are_one(z: int) -> None:
    rng = random.Random(z)
    for _ in range(50):
        tile = Tile(z, rng.randrange(1 << z), rng.randrange(1 << z))
        assert Tile.of_quad(z, tile.quad) == tile
        first, after = tile.quads(z + 3)
        assert (after - first, first >> 6, (after - 1) >> 6) == (64, tile.quad, tile.quad)
        box = tile.bounds
        lon, lat = box.centre.lon, box.centre.lat
        assert list(livemap_rules.tiles_within(geo.Bounds(lon, lat, lon, lat), z)) == [tile]


def test_known_tiles() -> None:
    # The slippy map's numbers: wiki.openstreetmap.org/wiki/Slippy_map_tilenames
    assert over(-3.7038, 40.4168, 10) == "10/501/386"
    assert over(178.44, -18.14, 8) == "8/254/141"
    assert Tile(0, 0, 0).bounds.north == pytest.approx(85.0511287)
    assert Tile.checked(3, 8, 0) is None
    assert Tile.checked(15, 0, 0) is None


def test_the_database_numbers_tiles_as_we_do(session: Session) -> None:
    rng = random.Random(5)
    for _ in range(200):
        lon, lat, level = rng.uniform(-180, 180), rng.uniform(-89, 89), rng.randrange(21)
        [tile] = livemap_rules.tiles_within(geo.Bounds(lon, lat, lon, lat), level)
        found = session.scalar(sa.select(sa.func.map_quad(lon, lat, level)))
        assert found == tile.quad, (lon, lat, level)
    corners = [(180.0, 90.0), (-180.0, -90.0)]
    assert [session.scalar(sa.select(sa.func.map_quad(*c, 3))) for c in corners] == [
        Tile(3, 7, 0).quad, Tile(3, 0, 7).quad,
    ]  # fmt: skip


def test_every_tile_over_a_quad_is_named_once() -> None:
    quads = [Tile(20, 5, 9).quad, Tile(20, 6, 9).quad, Tile(20, 1 << 19, 9).quad]
    named = list(livemap_rules.tiles_over(quads))
    assert len(named) == len(set(named))
    assert Counter(z for z, _ in named) == {0: 1} | dict.fromkeys(range(1, 15), 2)


# Tiles ------------------------------------------------------------------------------------------


def test_a_point_for_each_thing_near_by(client: FlaskClient, post: Poster) -> None:
    here, near = post(*MADRID), post(-3.70, 40.41, "waste")
    post(*BARCELONA)
    found = get(client, f"reports/{over(*MADRID, 10)}")
    assert ids(found) == {here, near}
    [jam] = [f for f in found["points"] if f["properties"]["id"] == here]
    wanted = {"id": here, "mark": "report-jam", "held": False}
    assert wanted.items() <= jam["properties"].items()
    assert jam["properties"].keys() - wanted.keys() == {"reliability", "at", "version"}
    assert "What is there." not in str(found)
    tile = Tile(10, 501, 386).bounds
    x, y = jam["geometry"]["coordinates"]
    assert tile.west + (tile.east - tile.west) * x / 4096 == pytest.approx(MADRID[0], abs=1e-3)
    assert tile.south + (tile.north - tile.south) * y / 4096 == pytest.approx(MADRID[1], abs=1e-3)


def test_farther_away_counts_of_cells(
    client: FlaskClient, post: Poster, fold: Callable[[], None]
) -> None:
    for n in range(5):
        post(MADRID[0] + n / 1000, MADRID[1], "jam" if n else "waste")
    alone = post(*BARCELONA, "waste")
    assert get(client, f"reports/{over(*MADRID, 5)}") == {}  # nobody has folded yet
    fold()
    found = get(client, f"reports/{over(*MADRID, 5)}")
    [cluster] = found["clusters"]
    assert cluster["properties"] == {"n": 5, "mark": "report-jam"}
    assert ids(get(client, f"reports/{over(*BARCELONA, 5)}")) == {alone}
    only = get(client, f"reports/{over(*MADRID, 5)}", kinds="waste")
    assert [f["properties"]["mark"] for f in only["points"]] == ["report-waste"]
    assert total(get(client, "reports/0/0/0")) == 6


def test_what_ends_leaves_and_what_changes_moves(
    client: FlaskClient, session: Session, author: Actor, post: Poster, fold: Callable[[], None]
) -> None:
    first, second, third = post(*MADRID), post(*MADRID), post(*SUVA)
    fold()
    assert total(get(client, "reports/0/0/0")) == 3
    reports_life_actions.close(session, author, report(session, first).id)
    moved = report(session, second)
    moved.geom, moved.kind = geo.Point(*BARCELONA).ewkt, "waste"
    subjects.touch(session, moved.id)
    fold()
    assert total(get(client, "reports/0/0/0")) == 2
    assert get(client, f"reports/{over(*MADRID, 9)}") == {}
    [there] = get(client, f"reports/{over(*BARCELONA, 9)}")["points"]
    assert there["properties"]["mark"] == "report-waste"
    # Time alone ends it: nothing touches the report.
    session.execute(
        sa.update(Report).where(Report.id == report(session, third).id)
        .values(expires_at=sa.func.now() + dt.timedelta(hours=1))
    )  # fmt: skip
    subjects.touch(session, report(session, third).id)
    fold()
    session.execute(sa.text("SET LOCAL boca.clock_offset = '2 hours'"))
    fold()
    assert ids(get(client, f"reports/{over(*SUVA, 9)}")) == set()
    session.execute(sa.text("SET LOCAL boca.clock_offset = '0'"))


def test_held_ones_are_there_hidden_ones_are_not(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    held, hidden = post(*MADRID), post(*MADRID)
    report(session, held).visibility = "held"
    report(session, hidden).visibility = "hidden"
    fold()
    for z in (4, 12):
        [point] = get(client, f"reports/{over(*MADRID, z)}")["points"]
        assert (point["properties"]["id"], point["properties"]["held"]) == (held, True)


def test_likely_ones_stop_being_so_by_time(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    row = report(session, post(*MADRID, "roadworks"))
    row.believed, row.half_life_s = 0.9, 3600
    row.expires_at = row.created_at + dt.timedelta(days=2)
    fold()
    where = f"reports/{over(*MADRID, 6)}"
    assert total(get(client, where, reliability="5")) == 1
    # 0.9 halves to 0.45, which is read as 5 of 10, in just one half-life.
    for offset, seen in (("59 minutes", 1), ("61 minutes", 0)):
        session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{offset}'"))
        fold()
        assert total(get(client, where, reliability="5")) == seen, offset
        close = f"reports/{over(*MADRID, 12)}"
        assert total(get(client, close, reliability="5")) == seen
        assert total(get(client, where)) == 1
        livemap_tiles.forget_all()
    session.execute(sa.text("SET LOCAL boca.clock_offset = '0'"))


def test_what_the_cells_do_not_know_is_counted_itself(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    old, new = report(session, post(*MADRID)), report(session, post(*MADRID, "waste"))
    old.occurred_at = old.created_at - dt.timedelta(hours=7)
    old.believed, new.believed = 0.9, 0.62
    old.believed_at = new.believed_at = old.created_at
    fold()
    for z in (0, 5, 9, 10, 14):
        where = f"reports/{over(*MADRID, z)}"
        assert total(get(client, where)) == 2
        assert total(get(client, where, hours="6")) == 1
        assert total(get(client, where, hours="8")) == 2
        assert total(get(client, where, reliability="8")) == 1
        assert total(get(client, where, reliability="6")) == 2
        assert total(get(client, where, hours="6", kinds="jam")) == 0


def test_by_brand(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    near = post(*MADRID)
    post(MADRID[0] + 0.02, MADRID[1])
    brand, other = (content.brand(session, name=name) for name in ("Prueba", "Otra"))
    spot = {"name": "Sitio", "category": "museum", "lon": -3.7028, "lat": 40.4168}
    place, _lone = (content.place(session, **spot) for _ in range(2))
    content.run_place(session, place.id, brand.id)
    fold()
    for z in (3, 9, 10, 13):
        tile = over(*MADRID, z)
        assert ids(get(client, f"reports/{tile}", brand=brand.public_id)) == {near}
        assert get(client, f"reports/{tile}", brand=other.public_id) == {}
        assert ids(get(client, f"places/{tile}", brand=brand.public_id)) == {place.public_id}
        assert total(get(client, f"places/{tile}")) == 2
    assert client.get("/map/tiles/reports/3/3/3?brand=nobody").status_code == 404
    page = client.get(f"/map/list?bbox=-4,40,-3,41&brand={brand.public_id}").text
    assert (near in page, page.count("data-id=")) == (True, 2)
    assert "Prueba" in client.get(f"/?brand={brand.public_id}").text
    # A brand that nobody sees filters nothing: what it runs is not told either.
    session.execute(
        sa.text("UPDATE brands SET visibility = 'hidden' WHERE id = :brand"), {"brand": brand.id}
    )
    session.commit()
    for address in (f"/map/tiles/places/{over(*MADRID, 10)}", "/map/list", "/"):
        assert client.get(address, query_string={"brand": brand.public_id}).status_code == 404


def test_both_sides_of_the_antimeridian_and_what_no_map_shows(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    for lon, lat in ((180.0, 10.0), (-180.0, 10.0), (0.0, 0.0), (12.0, 89.5), (12.0, -90.0)):
        post(lon, lat)
    fold()
    for z in (0, 1, 2):
        side = 1 << z
        found = [get(client, f"reports/{z}/{x}/{y}") for x in range(side) for y in range(side)]
        assert sum(total(each) for each in found) == 3, z  # Web Mercator ends at 85°
    assert (
        livemap_tiles.count_within(session, "reports", geo.Bounds(170, 0, -170, 20), 3, Only()) == 2
    )
    assert (
        livemap_tiles.count_within(session, "reports", geo.Bounds(-180, -85, 180, 85), 0, Only())
        == 3
    )
    sides = [get(client, f"reports/{over(lon, 10.0, 12)}") for lon in (180.0, -180.0)]
    assert [total(each) for each in sides] == [1, 1]


# Counts -----------------------------------------------------------------------------------------


WORLD = geo.Bounds(-180, -85, 180, 85)
VIEWS = [
    geo.Bounds(-10, 35, 5, 45),
    geo.Bounds(-3.72, 40.38, -3.55, 40.55),
    geo.Bounds(150, -60, -150, 60),
]
FILTERS = [
    Only(),
    Only(kinds=("jam",)),
    Only(least=5),
    Only(kinds=("jam", "waste"), least=5),
    Only(hours=12),
    Only(least=7),
]


@pytest.mark.parametrize("seed", [1, 2])
def test_tiles_counts_and_the_table_agree(
    client: FlaskClient, session: Session, fold: Callable[[], None], seed: int
) -> None:
    bulk.reports_scattered(session, 400, seed)
    fold()
    # Some change, and it is folded on top.
    session.execute(
        sa.text(
            "UPDATE reports SET state = 'closed' WHERE id % 5 = 0;"
            "UPDATE reports SET kind = 'jam' WHERE id % 7 = 0;"
            "UPDATE subjects SET changed_txid = pg_current_xact_id()"
            " WHERE id % 5 = 0 OR id % 7 = 0"
        )
    )
    bulk.reports_scattered(session, 100, seed + 50)
    fold()
    for only in FILTERS:
        rows = reports_reading.reports_within(
            session, ANONYMOUS, WORLD, only.kinds, 1000, hours=only.hours, least=only.least
        )
        query = {
            "kinds": ",".join(only.kinds),
            "reliability": str(only.least),
            "hours": str(only.hours or ""),
        }
        for z in (0, 1, 2):
            side = range(1 << z)
            found = [get(client, f"reports/{z}/{x}/{y}", **query) for x in side for y in side]
            assert sum(map(total, found)) == len(rows), (only, z)
        for z in (2, 5, 9, 11):
            assert livemap_tiles.count_within(session, "reports", WORLD, z, only) == len(rows)
        for view in VIEWS:
            inside = sum(
                any(w <= r.lon <= e and s <= r.lat <= n for w, s, e, n in view.parts) for r in rows
            )
            counted = livemap_tiles.count_within(session, "reports", view, 12, only)
            # A wide view is never counted finer than its cells, whose middles may lie outside.
            assert (
                counted == inside
                if livemap_rules.zoom_of(view) >= 8
                else abs(counted - inside) <= 3
            )
    assert livemap_actions.rebuild(session) == 0


def test_a_view_counts_what_its_clusters_add_up_to(
    client: FlaskClient, session: Session, fold: Callable[[], None]
) -> None:
    bulk.reports_scattered(session, 400, 3)
    fold()
    view, z = geo.Bounds(-20, 20, 20, 55), 4
    shown = 0
    for tile in livemap_rules.tiles_within(view, z):
        box = tile.bounds
        for features in get(client, f"reports/{z}/{tile.x}/{tile.y}").values():
            for each in features:
                x, y = each["geometry"]["coordinates"]
                lon = box.west + (box.east - box.west) * x / 4096
                # Near enough for cells of 2.8 degrees whose centres are not on the edge.
                lat = box.south + (box.north - box.south) * y / 4096
                if view.west <= lon <= view.east and view.south <= lat <= view.north:
                    shown += each["properties"].get("n", 1)
    counted = livemap_tiles.count_within(session, "reports", view, z, Only())
    assert counted > 100
    assert abs(counted - shown) <= 2


def test_wrong_cells_are_found_and_mended(
    session: Session, post: Poster, fold: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    post(*MADRID)
    fold()
    rebuild(session)
    assert "wrong" not in caplog.text
    session.execute(sa.update(MapCell).where(MapCell.level == 5).values(n=MapCell.n + 1))
    rebuild(session)
    assert "1 cells of the map were wrong" in caplog.text
    assert set(session.scalars(sa.select(MapCell.n))) == {1}


def test_another_database_s_snapshot_counts_anew(
    session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    post(*MADRID)
    fold()
    session.execute(sa.update(MapAggregation).values(system=1))
    session.execute(sa.delete(MapPoint))
    assert livemap_actions.fold(session).everything
    assert session.scalar(sa.select(sa.func.count()).select_from(MapPoint)) == 1


def test_the_nightly_check_is_registered() -> None:
    assert "livemap.rebuild" in jobs.queue.tasks


# What is kept ------------------------------------------------------------------------------------


def test_a_kept_tile_asks_the_database_nothing_until_something_changes(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    post(*MADRID)
    fold()
    there = [f"/map/tiles/reports/{over(*MADRID, z)}" for z in (4, 8, 10, 14)]
    elsewhere = f"/map/tiles/reports/{over(*SUVA, 8)}"
    first = {address: client.get(address) for address in [*there, elsewhere]}
    with counted_queries() as asked:
        for address in [*there, elsewhere]:
            again = client.get(address, headers={"If-None-Match": first[address].headers["ETag"]})
            assert again.status_code == 304
            assert again.headers["Live-Cursor"] == first[address].headers["Live-Cursor"]
            assert client.get(address).data == first[address].data
    assert asked == []
    post(*MADRID, "waste")
    fold()
    for address in there:
        again = client.get(address, headers={"If-None-Match": first[address].headers["ETag"]})
        assert again.status_code == 200
    with counted_queries() as asked:
        client.get(elsewhere)
    assert asked == []


def test_what_was_begun_before_a_change_is_not_kept_after_it(
    client: FlaskClient, session: Session, post: Poster, fold: Callable[[], None]
) -> None:
    wanted, only = Tile(10, 501, 386), Only()
    marks, _ = livemap_tiles.kept("reports", wanted, only)
    post(*MADRID)
    fold()
    livemap_tiles.make(session, "reports", wanted, only, marks)
    assert livemap_tiles.kept("reports", wanted, only)[1] is None
    assert total(get(client, "reports/10/501/386")) == 1


def test_without_redis_tiles_are_made(
    client: FlaskClient, post: Poster, fold: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    post(*MADRID)
    monkeypatch.setattr(cache, "client", lambda: None)
    fold()
    for _ in range(2):
        assert total(get(client, "reports/0/0/0")) == 1


def test_many_changes_at_once_forget_all(
    client: FlaskClient, session: Session, fold: Callable[[], None]
) -> None:
    get(client, "reports/9/0/0")
    bulk.reports_scattered(session, 1500, 7)
    fold()
    assert livemap_tiles.kept("reports", Tile(9, 0, 0), Only())[1] is None


def test_packed_for_who_can_unpack(
    client: FlaskClient, session: Session, fold: Callable[[], None]
) -> None:
    bulk.reports_scattered(session, 2000, 9)
    fold()
    plain = client.get("/map/tiles/reports/2/1/1")
    packed = client.get("/map/tiles/reports/2/1/1", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "no-cache" in plain.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("reports/15/0/0", 404), ("reports/3/8/0", 404), ("nothing/3/0/0", 404),
        ("reports/3/0/0?hours=0", 422), ("reports/3/0/0?hours=soon", 422),
        ("reports/3/0/0?hours=99999999999999999999", 422), ("reports/3/0/0?reliability=11", 422),
        ("reports/3/0/0?reliability=-1", 422), ("reports/3/0/0?hours=%D9%A3", 422),
    ],
)  # fmt: skip
def test_bad_addresses_say_what_is_wrong(client: FlaskClient, address: str, status: int) -> None:
    headers = {"Accept": "application/json", "Accept-Language": "es"}
    answer = client.get(f"/map/tiles/{address}", headers=headers)
    assert answer.status_code == status
    if status == 422:
        assert "número entero" in answer.text


# The list beside the map ------------------------------------------------------------------------


def listed(client: FlaskClient, **query: str) -> list[str]:
    text = client.get("/map/list", query_string=query).text
    return [part.split('"')[0] for part in text.split('data-id="')[1:]]


def test_the_list_by_time_and_by_distance(client: FlaskClient, post: Poster) -> None:
    # A degree of longitude is shorter than one of latitude: west is nearer than north.
    north, west = post(-3.70, 40.435), post(-3.722, 40.4168)
    far = post(-3.60, 40.4168)
    box = "-3.8,40.3,-3.5,40.6"
    assert listed(client, bbox=box) == [far, west, north]
    near = listed(client, bbox=box, sort="near", **{"from": "-3.7,40.4168"})
    assert near == [west, north, far]
    assert listed(client, bbox="-3.65,40.3,-3.55,40.6", sort="near") == [far]
    text = client.get("/map/list", query_string={"bbox": box, "sort": "near"}).text
    assert " km" in text
    bad = client.get("/map/list?sort=near&from=here", headers={"Accept": "application/json"})
    assert bad.status_code == 422


def test_the_list_says_how_many_there_are(
    client: FlaskClient, session: Session, fold: Callable[[], None]
) -> None:
    bulk.reports_scattered(session, 400, 4)
    fold()
    text = client.get("/map/list?zoom=0&show=reports").text
    alive = total(get(client, "reports/0/0/0"))
    assert f'data-count="{alive}"' in text
    assert f"The newest 12 of {alive} live reports here" in text


MILLISECOND = sa.literal_column("interval '1 millisecond'")


@pytest.mark.parametrize("sort", ["new", "near"])
def test_the_pages_of_the_list_hold_everything_once(
    client: FlaskClient, session: Session, post: Poster, sort: str
) -> None:
    alive = [post(-3.7 + step / 1000, 40.4) for step in range(30)]
    # All of a test is one transaction, of one moment.
    session.execute(
        sa.update(Report).values(created_at=Report.created_at + MILLISECOND * Report.id)
    )
    session.commit()
    alive = alive[::-1] if sort == "new" else alive
    address: str | None = f"/?bbox=-3.8,40.3,-3.5,40.6&sort={sort}&from=-3.7,40.4"
    found: list[str] = []
    while address:  # as a browser without scripts goes on
        text = client.get(address.partition("#")[0]).text
        found += [part.split('"')[0] for part in text.split('<li data-id="')[1:]]
        following = re.search(r'rel="next" href="([^"]*)"', text)
        address = html.unescape(following[1]) if following else None
    assert found == alive
    assert "Live reports 25 to 30 of 30" in text
    assert 'rel="prev"' in text
    assert "is reported here" not in client.get("/map/list?page=39").text
    assert client.get("/map/list?page=nine").status_code == 200


# Plans --------------------------------------------------------------------------------------------


def test_tiles_and_counts_are_answered_by_indexes(
    session: Session, fold: Callable[[], None]
) -> None:
    bulk.reports_scattered(session, 20_000, 11)
    fold()
    session.execute(sa.text("ANALYZE subjects, reports, map_points, map_cells"))

    def plan(z: int, only: Only) -> str:
        [tile] = livemap_rules.tiles_within(geo.Bounds(*MADRID, *MADRID), z)
        sql = "EXPLAIN " + livemap_tiles._tile_sql("reports", z, only)
        values = livemap_tiles._tile_values("reports", tile, only)
        rows = session.connection().exec_driver_sql(sql, values)
        return "\n".join(row[0] for row in rows)

    assert "pk_map_cells" in plan(8, Only())
    assert "ix_map_points_layer_quad" in plan(8, Only())
    for z, only in ((14, Only()), (10, Only()), (9, Only(hours=5))):
        assert "ix_reports_open_geom" in plan(z, only)
