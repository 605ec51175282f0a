"""Sub-kinds: what a report is more exactly, from the taxonomy to every page that names it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from ugc.accounts.models import Member
from ugc.brandapi.schemas import vocabulary as brandapi_vocabulary
from ugc.core.db import Session
from ugc.imports import schemas as imports_schemas
from ugc.reports import api as reports_api
from ugc.reports.actions import personal_data as reports_personal_data
from ugc.reports.models import SUBKINDS, Report
from ugc.reports.rules import kinds as reports_kinds

Browser = Callable[..., FlaskClient]
FORM = {"kind": "hazard_road", "lat": "40.42", "lon": "-3.70", "text": "By the kerb."}
# The subtypes of Waze's feed, without those that are a whole kind of ours.
WAZE = {
    "ACCIDENT": {"ACCIDENT_MINOR", "ACCIDENT_MAJOR"},
    "JAM": {"JAM_MODERATE_TRAFFIC", "JAM_HEAVY_TRAFFIC", "JAM_STAND_STILL_TRAFFIC"},
    "ROAD_CLOSED": {"ROAD_CLOSED_HAZARD", "ROAD_CLOSED_CONSTRUCTION", "ROAD_CLOSED_EVENT"},
    "HAZARD": {
        "HAZARD_ON_ROAD_OBJECT", "HAZARD_ON_ROAD_POT_HOLE", "HAZARD_ON_ROAD_ROAD_KILL",
        "HAZARD_ON_ROAD_LANE_CLOSED", "HAZARD_ON_ROAD_OIL", "HAZARD_ON_ROAD_ICE",
        "HAZARD_ON_ROAD_CAR_STOPPED", "HAZARD_ON_ROAD_TRAFFIC_LIGHT_FAULT",
        "HAZARD_ON_SHOULDER_CAR_STOPPED", "HAZARD_ON_SHOULDER_ANIMALS",
        "HAZARD_ON_SHOULDER_MISSING_SIGN", "HAZARD_WEATHER_FOG", "HAZARD_WEATHER_HAIL",
        "HAZARD_WEATHER_HEAVY_RAIN", "HAZARD_WEATHER_HEAVY_SNOW", "HAZARD_WEATHER_FLOOD",
        "HAZARD_WEATHER_MONSOON", "HAZARD_WEATHER_TORNADO", "HAZARD_WEATHER_HEAT_WAVE",
        "HAZARD_WEATHER_HURRICANE", "HAZARD_WEATHER_FREEZING_RAIN",
    },
}  # fmt: skip


def the_report(session: Session) -> Report:
    session.expire_all()
    return session.scalars(sa.select(Report)).one()


def test_the_taxonomy_is_what_the_database_takes() -> None:
    ours = {
        code: tuple(each.code for each in kind.subkinds)
        for code, kind in reports_kinds.KINDS.items()
        if kind.subkinds
    }
    assert ours == SUBKINDS


def test_every_subtype_of_wazes_feed_has_a_subkind() -> None:
    told: dict[str, set[str]] = {}
    for kind in reports_kinds.KINDS.values():
        for language in ("es", "en"):
            names = [each.name(language) for each in (kind, *kind.subkinds)]
            assert len(set(names)) == len(names), names
        for each in kind.subkinds:
            if each.waze[0]:
                told.setdefault(each.waze[0], set()).add(each.waze[1])
    assert told == WAZE


def test_the_database_refuses_what_is_not_of_the_kind(session: Session, signed_in: Browser) -> None:
    signed_in("ana").post("/reports", data=FORM)
    for kind, kinds in reports_kinds.KINDS.items():
        for code in {each for codes in SUBKINDS.values() for each in codes} | {"", "ufo"}:
            change = sa.update(Report).values(kind=kind, subkind=code)
            if kinds.subkind(code):
                session.execute(change)
            else:
                with pytest.raises(IntegrityError), session.begin_nested():
                    session.execute(change)


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("", None),
        ("pothole", "pothole"),
        ("hazard_road/pothole", "pothole"),
        ("hazard_road/", None),
        ("accident/minor", None),  # chosen before the kind was another one
    ],
)
def test_a_form_says_it_in_one_optional_press(
    session: Session, signed_in: Browser, said: str, stored: str | None
) -> None:
    assert signed_in("ana").post("/reports", data={**FORM, "subkind": said}).status_code == 303
    assert the_report(session).subkind == stored


@pytest.mark.parametrize("said", ["minor", "ufo", "ufo/pothole", "hazard_road/minor", "/pothole"])
def test_what_is_none_of_the_kind_is_refused_beside_its_field(
    session: Session, signed_in: Browser, said: str
) -> None:
    browser = signed_in("ana")
    for language, text in (("en", "one of those of its kind"), ("es", "los de su tipo")):
        browser.post("/language", data={"language": language})
        answer = browser.post("/reports", data={**FORM, "subkind": said})
        assert (answer.status_code, text in answer.text) == (422, True)
    assert session.scalar(sa.select(sa.func.count()).select_from(Report)) == 0


def test_a_refused_form_keeps_the_choice(signed_in: Browser) -> None:
    form = {**FORM, "subkind": "hazard_road/oil", "lat": "north"}
    page = signed_in("ana").post("/reports", data=form).text
    assert 'value="hazard_road/oil" checked' in page


@pytest.mark.parametrize(
    "address",
    [
        "/reports/{id}", "/", "/map/list", "/map/card/report/{id}",
        "/map/features?bbox=-4,40,-3,41",
        "/members/mod", "/contributions", "/share/{id}", "/reports/{id}/edit", "/flag/{id}",
    ],
)  # fmt: skip
def test_pages_call_a_report_what_it_is(session: Session, signed_in: Browser, address: str) -> None:
    mod = signed_in("mod", role="moderator")
    posted = mod.post("/reports", data={**FORM, "subkind": "pothole"}).location
    reader = signed_in("ben") if address.startswith("/flag") else mod
    for language, name, kind in (
        ("en", "Pothole", "Hazard on the road"), ("es", "Bache", "Peligro en la calzada"),
    ):  # fmt: skip
        reader.post("/language", data={"language": language})
        answer = reader.get(address.format(id=posted.rpartition("/")[2]))
        assert (answer.status_code, name in answer.text) == (200, True)
        if address.startswith(("/reports/{id}", "/map/card", "/map/features")):
            assert kind not in answer.text


def test_the_queue_and_the_inbox_name_it_too(
    session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    signed_in("ana").post("/reports", data={**FORM, "subkind": "pothole"})
    mod = signed_in("mod", role="moderator")
    queue = mod.get("/moderation").text
    assert "Pothole" in queue
    ben = signed_in("ben")
    [public_id] = session.scalars(sa.text("SELECT public_id FROM subjects WHERE kind = 'report'"))
    ben.post(f"/reports/{public_id}/follow")
    mod.post(f"/reports/{public_id}/close")
    run_jobs()
    assert "Pothole in Madrid" in ben.get("/inbox").text


def test_the_authors_export_has_it(
    session: Session, make_member: Callable[..., Member], signed_in: Browser
) -> None:
    browser = signed_in("ana")
    browser.post("/reports", data={**FORM, "subkind": "ice"})
    report = the_report(session)
    assert report.author_id is not None
    exported = reports_personal_data.export_member(session, report.author_id)
    [row] = exported["posted"]  # type: ignore[misc]
    assert (row["kind"], row["subkind"]) == ("hazard_road", "ice")


def test_the_api_knows_the_vocabulary() -> None:
    by_code = {kind["code"]: kind for kind in brandapi_vocabulary.kinds()}
    pothole = by_code["hazard_road"]["subkinds"][0]
    assert pothole == {
        "code": "pothole",
        "name": {"en": "Pothole", "es": "Bache"},
        "waze": {"type": "HAZARD", "subtype": "HAZARD_ON_ROAD_POT_HOLE"},
    }
    assert by_code["roadworks"]["subkinds"] == []
    assert by_code["waste"]["subkinds"][0]["waze"] is None
    assert "subkind" in [name for name, *_ in reports_api.REPORTS.fields]


@pytest.mark.parametrize("name", imports_schemas.shipped())
def test_shipped_mappings_name_subkinds_of_the_kind_they_name(name: str) -> None:
    mapping = imports_schemas.load_mapping(name).kinds.get("reports")
    if mapping is None or "subkind" not in mapping.fields:
        return
    kinds = mapping.fields["kind"].values
    for said, code in mapping.fields["subkind"].values.items():
        assert reports_kinds.KINDS[kinds[said]].subkind(code), (name, said)
