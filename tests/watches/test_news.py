"""Who is told what, once: by HTTP and jobs, and matching against brute force."""

import datetime as dt
import json
import math
from collections.abc import Callable
from typing import Any

import shapely
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deciding import decide
from tests.factories import bulk, content
from tests.watches.conftest import AREA, REPORT, only_watch, told
from ugc import events
from ugc.core import jobs
from ugc.core.db import Session
from ugc.core.subjects import new_code
from ugc.geography import geo
from ugc.reports.models import Report
from ugc.watches.actions import news as watches_news_actions
from ugc.watches.actions import watching as watches_watching
from ugc.watches.models import News, Watch
from ugc.watches.queries import news as watches_news_queries
from ugc.watches.rules import geometry as watches_geometry

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
YES, NO = {"still_there": "yes"}, {"still_there": "no"}


# following ----------------------------------------------------------------------------------


def test_followers_are_told_once_of_each_cause(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=REPORT).location
    ana = signed_in("ana")
    ana.post(f"{address}/follow")
    for name in ("bea", "cai"):
        signed_in(name).post(f"{address}/vote", data=YES)
    signed_in("dan").post(f"{address}/vote", data=NO)
    run_jobs()
    assert told(session, "ana") == ["votes"]
    revision = session.scalar(sa.select(Report.revision))
    mod.post(f"{address}/edit", data={"revision": revision, "text": "Slower now."})
    mod.post(f"{address}/answer", data={"answer": "We know of it."})
    mod.post(f"{address}/close")
    run_jobs()
    mod.post(f"{address}/reopen", data={"note": "It came back."})
    run_jobs()
    assert told(session, "ana") == ["votes", "edited", "answered", "closed", "reopened"]
    page = ana.get("/inbox").text
    assert "It is open again: Traffic jam" in page
    assert "There is an official answer: Traffic jam" in page
    # Who did it is not told, of it or in it.
    assert told(session, "mod") == ["votes"]
    assert told(session, "dan") == []
    inbox = page.partition("<main")[2].partition("</main>")[0]
    for name in ("bea", "cai", "dan"):
        assert f">{name}<" not in inbox
        assert f"/{name}" not in inbox


def test_the_words_are_the_readers(session: Session, signed_in: Browser, run_jobs: Run) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=REPORT).location
    ana = signed_in("ana", language="es")
    ana.post(f"{address}/follow")
    mod.post(f"{address}/close")
    run_jobs()
    assert "Ya terminó: Atasco" in ana.get("/inbox").text


def test_the_inbox_names_the_watch(signed_in: Browser, watcher: Browser, run_jobs: Run) -> None:
    ana = watcher("ana")
    mod = signed_in("mod", role="moderator")
    for lat in ("40.42", "40.43"):
        mod.post("/reports", data={**REPORT, "lat": lat, "anyway": "1"})
    run_jobs()
    page = ana.get("/inbox").text
    assert page.count("New where you watch: Traffic jam in Madrid") == 2
    assert page.count("Round my home") == 2


def test_votes_of_another_day_are_another_line(
    session: Session, signed_in: Browser, run_jobs: Run, at: Callable[[dt.datetime], None]
) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data={**REPORT, "kind": "roadworks"}).location
    ana = signed_in("ana", timezone="Europe/Madrid")
    ana.post(f"{address}/follow")
    start = session.scalar(sa.text("SELECT now()")).replace(hour=20, minute=0)
    voters = {name: signed_in(name) for name in ("bea", "cai", "dan")}
    # 21:00, 22:30 and 23:30 UTC: in Madrid the second or the third is the next day.
    for name, minutes in (("bea", 60), ("cai", 100), ("dan", 230)):
        at(start + dt.timedelta(minutes=minutes))
        voters[name].post(f"{address}/vote", data=YES)
        run_jobs()
    assert told(session, "ana") == ["votes", "votes"]


def test_an_author_is_told_in_the_authors_words(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana", role="moderator")
    address = ana.post("/reports", data=REPORT).location
    signed_in("bea").post(f"{address}/vote", data=YES)
    run_jobs()
    assert told(session, "ana") == []
    assert "1 person confirmed your report: Traffic jam in Madrid" in ana.get("/inbox").text


def test_followers_of_what_is_merged_are_told(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    mod = signed_in("mod", role="moderator")
    first = mod.post("/reports", data=REPORT).location
    second = mod.post("/reports", data={**REPORT, "anyway": "yes"}).location
    ana = signed_in("ana")
    ana.post(f"{first}/follow")
    mod.post(f"{first}/merge", data={"into": second})
    run_jobs()
    assert told(session, "ana") == ["merged"]
    assert f'value="{second}"' in ana.get("/inbox").text


# watching -----------------------------------------------------------------------------------


def test_watchers_are_told_of_what_appears_and_ends(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    watcher("ana")
    watcher("far", watch={"lat": "42", "lon": "2"})
    watcher("other", watch={"kinds": "animals"})
    mod = watcher("mod", role="moderator")
    address = mod.post("/reports", data=REPORT).location
    run_jobs()
    signed_in("bea").post(f"{address}/vote", data=YES)
    run_jobs()
    assert told(session, "ana") == ["posted"]
    mod.post(f"{address}/close")
    run_jobs()
    assert told(session, "ana") == ["posted", "closed"]
    assert told(session, "far") == told(session, "other") == told(session, "mod") == []


def test_what_enough_people_deny_is_over_for_watchers(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    watcher("ana")
    address = signed_in("mod", role="moderator").post("/reports", data=REPORT).location
    run_jobs()
    for number in range(6):
        browser = signed_in(f"m{number}")
        session.execute(sa.text("UPDATE members SET joined_at = now() - interval '9 days'"))
        content.establish(session, f"m{number}")
        session.execute(sa.text("DELETE FROM fingerprints"))  # they are different people
        session.commit()
        here = {"lat": REPORT["lat"], "lon": REPORT["lon"]}
        browser.post(f"{address}/vote", data=NO | here)
        run_jobs()
    assert session.scalar(sa.text("SELECT state FROM reports WHERE kind <> 'other'")) == "closed"
    assert told(session, "ana") == ["posted", "closed"]
    assert told(session, "mod") == ["votes", "closed"]


def test_a_paused_watch_is_silent(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    ana = watcher("ana")
    ana.post(f"/watching/{only_watch(session).public_id}/pause", data={"paused": "yes"})
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert told(session, "ana") == []


def test_what_waits_for_a_moderator_is_told_when_it_is_approved(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    watcher("ana")
    signed_in("new").post("/reports", data=REPORT)
    run_jobs()
    assert told(session, "ana") == []
    assert decide(signed_in("mod", role="moderator"), session, "approved") == 303
    run_jobs()
    assert told(session, "ana") == ["posted"]


def test_it_is_told_when_it_first_is_reliable_enough(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    watcher("ana", watch={"least": "8"})
    address = signed_in("mod", role="moderator").post("/reports", data=REPORT).location
    run_jobs()
    assert told(session, "ana") == []
    for number in range(4):
        name = f"m{number}"
        browser = signed_in(name)
        session.execute(sa.text("UPDATE members SET joined_at = now() - interval '9 days'"))
        browser.post(f"{address}/vote", data=YES)
        run_jobs()
    session.expire_all()
    assert session.scalars(sa.select(Report)).one().believed > 0.75
    assert told(session, "ana") == ["posted"]


def test_several_watches_and_a_follow_tell_once(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    ana = watcher("ana")
    ana.post("/watching", data={**AREA, "name": "Wider", "radius_km": "20"})
    way = {
        "shape": "way", "how": "drawn", "name": "Way", "distance_m": "500",
        "drawn": json.dumps([[-3.71, 40.42], [-3.69, 40.42]]),
    }  # fmt: skip
    assert ana.post("/watching", data=way).status_code == 303
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=REPORT).location
    run_jobs()
    ana.post(f"{address}/follow")
    mod.post(f"{address}/close")
    run_jobs()
    assert told(session, "ana") == ["posted", "closed"]
    rows = session.execute(sa.select(News.what, News.watch_id).order_by(News.id)).all()
    first = session.scalar(sa.select(sa.func.min(Watch.id)))
    assert [tuple(row) for row in rows if row.what == "posted"] == [("posted", first)]


def test_a_job_run_twice_tells_once(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run
) -> None:
    watcher("ana")
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    payload = session.scalar(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'watches.report_changed'")
    )
    payload = {name: payload[name] for name in payload.keys() - {"version", jobs.REQUEST}}
    for _ in range(2):
        watches_news_actions.report_changed(session, events.ReportChanged(**payload))
    run_jobs()
    assert told(session, "ana") == ["posted"]
    assert session.scalar(sa.select(sa.func.count()).select_from(News)) == 1


def test_old_news_is_forgotten(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, run: Callable[..., None]
) -> None:
    watcher("ana")
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    session.execute(sa.update(News).values(created_at=sa.text("now() - interval '91 days'")))
    run("watches.forget_old")
    assert session.scalar(sa.select(sa.func.count()).select_from(News)) == 0


# matching -----------------------------------------------------------------------------------


def put(
    session: Session, member_id: int, placed: watches_geometry.Placed, shape: str = "area"
) -> int:
    watch = Watch(
        public_id=new_code(), member_id=member_id, name="w", shape=shape, kinds=[], least=0
    )
    watches_watching._place(watch, placed)
    session.add(watch)
    session.flush()
    return watch.id


def test_matching_goes_by_the_index(session: Session, make_member: Callable[..., Any]) -> None:
    me = make_member("ana").id
    bulk.watches_on_a_grid(session, me)
    where = {"lon": 3.01, "lat": 4.01, "kind": "jam"}
    plan = session.scalars(sa.text(f"EXPLAIN {watches_news_queries.MATCHING.text}"), where).all()
    assert any("ix_watches_reach" in line for line in plan), plan
    assert not any("Seq Scan" in line for line in plan), plan
    assert len(watches_news_queries.matching(session, **where)) == 1


CENTRES = st.sampled_from([(-3.7, 40.4), (179.95, -16.5), (-179.9, 52.0), (25.0, 70.5), (0.0, 0.0)])
OFFSETS = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


def moved(centre: tuple[float, float], by: tuple[float, float]) -> tuple[float, float]:
    return centre[0] + by[0], centre[1] + by[1]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return geo.Point.wrapped(*a).metres_to(geo.Point.wrapped(*b))


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    centre=CENTRES,
    middle=OFFSETS,
    radius=st.floats(1000, 30_000),
    corners=st.lists(OFFSETS, min_size=3, max_size=6, unique=True),
    width=st.floats(10, 5000),
    points=st.lists(OFFSETS, min_size=5, max_size=15),
)
def test_matching_is_what_brute_force_says(
    session: Session,
    make_member: Callable[..., Any],
    centre: tuple[float, float],
    middle: tuple[float, float],
    radius: float,
    corners: list[tuple[float, float]],
    width: float,
    points: list[tuple[float, float]],
) -> None:
    """Distances on the sphere to every point of the shape, in plain Python; within 1 % of a border
    the sphere and the spheroid may disagree, and nothing is said."""
    session.execute(sa.delete(Watch))
    me = session.scalar(sa.text("SELECT id FROM members LIMIT 1")) or make_member("ana").id
    round_it = moved(centre, middle)
    circle = put(session, me, watches_geometry.circle(geo.Point.wrapped(*round_it), radius))
    hull = shapely.MultiPoint([moved(centre, c) for c in corners]).convex_hull
    area = None
    if isinstance(hull, shapely.Polygon) and hull.area > 1e-4:
        ring = list(hull.exterior.coords)[:-1]
        area = put(session, me, watches_geometry.area([[ring]], "drawn"))
    line = [moved(centre, c) for c in corners]
    way = put(session, me, watches_geometry.way([line], width, "drawn"), "way")
    dense = list(shapely.segmentize(shapely.LineString(line), 0.0005).coords)
    step = 0.0005 * 111_320 / 2
    for point in (moved(centre, p) for p in points):
        there = geo.Point.wrapped(*point)
        found = {
            m.watch_id for m in watches_news_queries.matching(session, there.lon, there.lat, "jam")
        }
        far = metres(point, round_it)
        if abs(far - radius) > radius * 0.01:
            assert (circle in found) == (far < radius), ("circle", far, radius)
        # The nearest of the dense points is at most half a step along the line away.
        far = min(metres(point, p) for p in dense)
        if far < width * 0.99:
            assert way in found
        elif math.sqrt(max(0.0, far**2 - step**2)) > width * 1.01:
            assert way not in found, ("way", far, width)
        if area is not None and hull.exterior.distance(shapely.Point(point)) > 0.002:
            assert (area in found) == hull.contains(shapely.Point(point)), "area"
