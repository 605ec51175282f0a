"""What the author of a report corrects: freely while alone with it, within limits later."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.core.subjects import Subject, Transition
from ugc.geography import geo
from ugc.privateplaces.rules import Area
from ugc.reports.models import MemberPosition, Report, Vote
from ugc.reports.queries import life as reports_life_queries
from ugc.reports.rules import corrections as reports_corrections_rules
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

Browser = Callable[..., FlaskClient]
FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
FAR = {"lat": "41.38", "lon": "2.15"}
NEAR = {"lat": "40.4205", "lon": "-3.70"}  # 56 m
TEXT = "The works take two lanes, not one, so it goes on until the bridge."
HOME = geo.Point(-3.7, 40.4)
AREA = Area(HOME, 400)


def the_report(session: Session) -> Report:
    session.expire_all()
    # Those of established members are of long ago.
    old = sa.select(Subject.id).where(Subject.public_id.startswith("old-"))
    return session.scalars(sa.select(Report).where(Report.id.not_in(old))).one()


def place_of(session: Session) -> tuple[float, float]:
    return reports_life_queries.position(session, the_report(session).id)


def correct(browser: FlaskClient, address: str, session: Session, **values: str) -> int:
    """The form as its page would send it, with these values; the status of the answer."""
    report = the_report(session)
    form = {"revision": str(report.revision), "kind": report.kind, **values}
    return browser.post(f"{address}/correct", data=form).status_code


def moves(session: Session) -> list[tuple[str, str | None, str]]:
    rows = session.execute(
        sa.select(Transition.reason, Transition.old, Transition.new)
        .where(Transition.reason.in_(reports_corrections_rules.REASONS))
        .order_by(Transition.id)
    )
    return [tuple(row) for row in rows]


def test_alone_with_it_all_of_it_may_change(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=FORM).location
    form = mod.get(f"{address}/correct").text
    assert 'value="40.42000"' in form
    assert "waste" in form
    before = the_report(session)
    seen_at, fed = before.seen_at, session.get_one(Subject, before.id).changed_at
    session.execute(sa.text("UPDATE subjects SET changed_at = changed_at - interval '1 hour'"))
    assert correct(mod, address, session, kind="waste", subkind="waste/graffiti", **FAR) == 303
    after = the_report(session)
    assert (after.kind, after.subkind, after.city_id) == ("waste", "graffiti", 3128760)
    assert place_of(session) == (2.15, 41.38)
    # It is no sighting: it lives from when it was seen, by its new kind.
    assert after.seen_at == seen_at
    assert after.expires_at == reports_permissions.first_expiry(
        reports_kinds.KINDS["waste"], seen_at, after.prior
    )
    assert after.moved
    assert session.get_one(Subject, after.id).changed_at >= fed - dt.timedelta(minutes=1)
    assert moves(session) == [
        ("corrected_kind", "jam", "waste/graffiti"), ("corrected_place", None, "moved"),
    ]  # fmt: skip
    page = client.get(address).text
    assert "before it was: Traffic jam" in page
    assert "Its author corrected where it is" in page
    [feature] = client.get("/map/features?bbox=2,41,3,42").get_json(force=True)["features"]
    assert feature["properties"]["title"] == "Graffiti"
    assert client.get("/map/features?bbox=-4,40,-3,41").get_json(force=True)["features"] == []


def test_the_same_again_changes_nothing(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    assert correct(ana, address, session, lat="40.42000", lon="-3.70000") == 303
    assert (the_report(session).revision, moves(session)) == (1, [])


def test_a_stale_form_and_a_second_press(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    form = {"revision": "1", "kind": "accident", "idempotency_key": "one-press-of-a-button"}
    first, second = (ana.post(f"{address}/correct", data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert moves(session) == [("corrected_kind", "jam", "accident")]
    stale = ana.post(f"{address}/correct", data={"revision": "1", "kind": "waste"})
    assert (stale.status_code, the_report(session).kind) == (409, "accident")


def vote(other: FlaskClient, address: str, _mod: FlaskClient) -> None:
    other.post(f"{address}/vote", data={"still_there": "yes"})


def follow(other: FlaskClient, address: str, _mod: FlaskClient) -> None:
    other.post(f"{address}/follow")


def say(other: FlaskClient, address: str, _mod: FlaskClient) -> None:
    answer = other.post(f"/comments/{address.rpartition('/')[2]}", data={"text": TEXT})
    assert answer.status_code == 303


def answer_officially(_other: FlaskClient, address: str, mod: FlaskClient) -> None:
    mod.post(f"{address}/answer", data={"answer": "A crew is on its way."})


@pytest.mark.parametrize("speak", [vote, follow, say, answer_officially])
def test_once_others_spoke_it_stays_what_and_where_it_about_was(
    session: Session,
    signed_in: Browser,
    speak: Callable[[FlaskClient, str, FlaskClient], None],
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    address = ana.post("/reports", data=FORM).location
    speak(signed_in("ben"), address, mod)
    assert "move by 100 m at most" in ana.get(f"{address}/correct").text
    for change, english, spanish in (
        ({"kind": "waste"}, "a kind of the same family", "de la misma familia"),
        (FAR, "moved by 100 m at most", "moverse 100 m como mucho"),
    ):
        for language, text in (("en", english), ("es", spanish)):
            ana.post("/language", data={"language": language})
            form = {"revision": "1", "kind": "jam", **change}
            refused = ana.post(f"{address}/correct", data=form)
            assert (refused.status_code, text in refused.text) == (422, True)
    assert (the_report(session).kind, place_of(session)) == ("jam", (-3.7, 40.42))
    assert correct(ana, address, session, kind="accident", **NEAR) == 303
    assert (the_report(session).kind, place_of(session)) == ("accident", (-3.7, 40.4205))
    # The way is counted in all: another step of 56 m is one too many.
    assert correct(ana, address, session, lat="40.421", lon="-3.70") == 422
    assert correct(ana, address, session, lat="40.4208", lon="-3.70") == 303


def test_the_authors_own_words_leave_it_free(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    say(ana, address, ana)
    assert correct(ana, address, session, kind="waste", **FAR) == 303


def test_who_follows_it_is_told_and_who_watches_there_too(
    session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    mod, ben, eve = signed_in("mod", role="moderator"), signed_in("ben"), signed_in("eve")
    watch = {
        "name": "Barcelona", "how": "circle", "place_name": "", **FAR, "radius_km": "5",
    }  # fmt: skip
    assert eve.post("/watching", data=watch).status_code in (200, 303)
    address = mod.post("/reports", data=FORM).location
    run_jobs()
    assert correct(mod, address, session, **FAR) == 303
    run_jobs()
    assert "New where you watch: Traffic jam in Barcelona" in eve.get("/inbox").text
    ben.post(f"{address}/follow")
    assert correct(mod, address, session, kind="accident") == 303
    run_jobs()
    assert "Its author corrected what or where it is" in ben.get("/inbox").text
    assert "corrected what or where" not in mod.get("/inbox").text
    assert ben.get("/inbox").text.count("New where you watch") == 0
    told = sa.text("SELECT count(*) FROM news WHERE what = 'posted'")
    assert session.scalar(told) == 1  # not again for the second correction


def test_votes_from_far_from_there_stop_counting(
    session: Session, signed_in: Browser, established: Browser, trusted: None
) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=FORM).location
    here = {"still_there": "yes", "lat": "40.4", "lon": "-3.7"}
    away = {"still_there": "yes", "lat": "43.3", "lon": "-3.0"}  # 330 km
    for handle, said in (("near", here), ("away", away), ("silent", {"still_there": "yes"})):
        established(handle).post(f"{address}/vote", data=said)
    # Of this one it is known that they were far only by where they were.
    edge = established("edge")
    edge.post(f"{address}/vote", data=here)
    session.execute(
        sa.update(MemberPosition)
        .where(
            MemberPosition.member_id.in_(sa.text("(SELECT id FROM members WHERE handle='edge')"))
        )
        .values(lat=40.8)
    )
    session.commit()
    before = the_report(session)
    reliable = before.believed
    assert correct(mod, address, session, **NEAR) == 303
    handles = sa.text(
        "SELECT m.handle, v.weight > 0, 'moved' = ANY(v.dampings) FROM votes v"
        " JOIN members m ON m.id = v.member_id ORDER BY m.handle"
    )
    assert [tuple(row) for row in session.execute(handles)] == [
        ("away", False, True), ("edge", False, True), ("near", True, False),
        ("silent", True, False),
    ]  # fmt: skip
    assert the_report(session).believed < reliable
    assert "votes weigh less: from far from where it is since" in mod.get(address).text
    # Who was silenced says it again from there, and counts.
    assert "counts" in edge.post(f"{address}/vote", data=here, follow_redirects=True).text
    [again] = session.scalars(sa.select(Vote).where(Vote.weight > 0, Vote.dampings == [])).all()[:1]
    assert again.still_there


def test_only_kind_corrections_leave_its_votes_alone(
    session: Session, signed_in: Browser, established: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/reports", data=FORM).location
    away = {"still_there": "yes", "lat": "43.3", "lon": "-3.0"}
    established("away").post(f"{address}/vote", data=away)
    assert correct(mod, address, session, kind="accident") == 303
    assert session.scalars(sa.select(Vote.weight)).one() > 0


def test_a_report_is_corrected_so_often_only(
    session: Session, signed_in: Browser, later: Callable[[str], None]
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data={**FORM, "kind": "roadworks"}).location
    for number in range(reports_corrections_rules.MOST):
        later(f"{number + 1} minutes")
        kind = ("road_closed", "roadworks")[number % 2]
        place = {**NEAR, "lat": f"40.{43 + number}"}
        assert correct(ana, address, session, kind=kind, **place) == 303
    later("1 hour")
    assert correct(ana, address, session, kind="waste") == 409


def test_what_would_be_over_as_that_kind_is_refused(
    session: Session, signed_in: Browser, later: Callable[[str], None]
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data={**FORM, "kind": "roadworks"}).location
    later("2 days")
    before = the_report(session).expires_at
    form = {"revision": "1", "kind": "jam"}
    answer = ana.post(f"{address}/correct", data=form)
    assert (answer.status_code, "would be over as this kind" in answer.text) == (422, True)
    assert (the_report(session).kind, the_report(session).expires_at) == ("roadworks", before)


@pytest.mark.parametrize(
    ("made", "status"),
    [("hidden", 403), ("removed", 403), ("withdrawn", 403), ("closed", 403), ("held", 303)],
)
def test_what_is_not_the_authors_to_change_stays(
    session: Session, signed_in: Browser, made: str, status: int
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    change = {"state": "closed"} if made == "closed" else {"visibility": made}
    session.execute(sa.update(Report).values(**change))
    session.commit()
    assert ana.get(f"{address}/correct").status_code == (200 if status == 303 else status)
    assert correct(ana, address, session, kind="accident") == status
    report = the_report(session)
    assert report.kind == ("accident" if status == 303 else "jam")
    if made == "held":  # kind and place show without a moderator; what waits goes on waiting
        assert report.visibility == "held"


def test_only_its_author_and_never_a_suspended_one(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    mod = signed_in("mod", role="moderator")
    assert correct(mod, address, session, kind="accident") == 403
    assert correct(signed_in("ben"), address, session, kind="accident") == 403
    assert correct(client, address, session, kind="accident") == 401
    session.execute(
        sa.text(
            "UPDATE members SET suspended_until = app_now() + interval '1 day' WHERE handle = 'ana'"
        )
    )
    session.commit()
    assert correct(ana, address, session, kind="accident") == 403
    assert the_report(session).kind == "jam"
    assert "Correct kind or place" not in mod.get(address).text


# near private places ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "area", "coarse", "hidden", "exact", "expected"),
    [
        ("waste", None, False, False, False, reports_permissions.Protection()),
        ("waste", AREA, False, False, False, reports_permissions.Protection(AREA)),
        ("waste", AREA, False, False, True, reports_permissions.Protection()),
        # Its name was public: of what is on the road it is the place that is kept back now.
        ("jam", AREA, False, False, False, reports_permissions.Protection(AREA)),
        # An area stays one, whatever its author ticks or what it becomes.
        ("jam", AREA, True, False, True, reports_permissions.Protection(AREA)),
        ("waste", AREA, True, False, True, reports_permissions.Protection(AREA)),
        ("waste", None, True, False, False, reports_permissions.Protection()),
        # A name that was kept back stays so, with the area where the kind asks for it.
        ("jam", AREA, False, True, True, reports_permissions.Protection(hides_author=True)),
        ("waste", AREA, False, True, True, reports_permissions.Protection(AREA, hides_author=True)),
        ("jam", AREA, True, True, True, reports_permissions.Protection(AREA, hides_author=True)),
        ("jam", None, False, True, True, reports_permissions.Protection(hides_author=True)),
    ],
)
def test_what_is_kept_back(
    kind: str,
    area: Area | None,
    coarse: bool,
    hidden: bool,
    exact: bool,
    expected: reports_permissions.Protection,
) -> None:
    kept = reports_corrections_rules.kept_back(
        reports_kinds.KINDS[kind], area, coarse=coarse, author_hidden=hidden, exact=exact
    )
    assert kept == expected


AT_HOME = {"lat": "40.4167812", "lon": "-3.7037912"}
EXACT = re.compile(r"40\.4167|40\.4168|3\.7037|3\.7036")
BESIDE = {"lat": "40.4168712", "lon": "-3.7036912"}  # 13 m


@pytest.fixture
def homely(signed_in: Browser) -> FlaskClient:
    browser = signed_in("ana", role="moderator")
    browser.post("/settings/places", data={**AT_HOME, "name": "Casa"})
    return browser


def test_a_correction_within_an_area_shows_nothing(
    client: FlaskClient, session: Session, homely: FlaskClient, signed_in: Browser
) -> None:
    address = homely.post("/reports", data={**FORM, **AT_HOME, "kind": "waste"}).location
    signed_in("ben").post(f"{address}/vote", data={"still_there": "yes"})
    public, exact = place_of(session), the_report(session).geom_exact
    assert not EXACT.search(homely.get(f"{address}/correct").text)
    changed_at = session.get_one(Subject, the_report(session).id).changed_at
    assert correct(homely, address, session, **BESIDE, near="exact") == 303
    report = the_report(session)
    assert (report.coarse, place_of(session)) == (True, public)
    assert report.geom_exact != exact
    assert moves(session) == []
    assert session.get_one(Subject, report.id).changed_at == changed_at
    # Out of its area, which would say about where it was, only while nobody else spoke.
    assert correct(homely, address, session, **FAR) == 422
    assert not EXACT.search(client.get(address).text)


def test_another_kind_keeps_back_what_was(session: Session, homely: FlaskClient) -> None:
    address = homely.post("/reports", data={**FORM, **AT_HOME}).location
    report = the_report(session)
    assert (report.coarse, report.author_hidden) == (False, True)
    assert correct(homely, address, session, kind="waste", near="exact") == 303
    report = the_report(session)
    assert (report.coarse, report.author_hidden, report.accuracy_m is not None) == (True,) * 3
    area = place_of(session)
    assert correct(homely, address, session, kind="jam", near="exact") == 303
    report = the_report(session)
    assert (report.coarse, report.author_hidden, place_of(session)) == (True, True, area)


def test_an_exact_place_by_choice_stays_exact(session: Session, homely: FlaskClient) -> None:
    form = {**FORM, **AT_HOME, "kind": "waste", "near": "exact"}
    address = homely.post("/reports", data=form).location
    assert 'value="exact" checked' in homely.get(f"{address}/correct").text
    assert correct(homely, address, session, **BESIDE, near="exact") == 303
    assert (the_report(session).coarse, place_of(session)) == (False, (-3.70369, 40.41687))
    assert correct(homely, address, session, **AT_HOME, near="area") == 303
    assert the_report(session).coarse
