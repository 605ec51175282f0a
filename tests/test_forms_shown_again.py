"""A form that is shown holds what is stored, and one that is shown again what was sent: every
choice, also one that its list lacks, and every field that was cleared."""

import re
from collections.abc import Callable, Mapping

import pytest
import sqlalchemy as sa
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from tests.forms import BRAND, PLACE, REPORT, REVIEW, WATCH
from ugc.config import ROOT
from ugc.core import zones
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
# Selects that are not of a stored value: a script reads one, the other has an option of its own.
OWN = {"lookback/history.html": 1}


def test_every_select_takes_its_options_from_the_one_macro() -> None:
    wrong = {}
    for path in (ROOT / "templates").rglob("*.html"):
        name = path.relative_to(ROOT / "templates").as_posix()
        selects = re.findall(r"<select\b.*?</select>", path.read_text(encoding="utf-8"), re.DOTALL)
        others = [each for each in selects if "ui.options_of(" not in each and name != "_ui.html"]
        if len(others) != OWN.get(name, 0):
            wrong[name] = others
    assert wrong == {}


@pytest.mark.parametrize(
    ("stored", "chosen"),
    [("b", "b"), ("2", "2"), (2, "2"), ("CET", "CET"), ("", ""), (None, "")],
)
def test_what_is_stored_is_among_the_options(app: Flask, stored: object, chosen: str) -> None:
    with app.test_request_context():
        told = render_template_string(
            "{% import '_ui.html' as ui with context %}"
            "{{ ui.options_of([('', 'none'), ('b', 'B'), (2, 'two')], stored) }}",
            stored=stored,
        )
    assert re.findall(r'value="(\w*)" selected', told) == [chosen]
    assert told.count(f'value="{chosen}"') == 1


# Selects of a stored value: (how it comes to be outside the list, the page, the select).
STORED = [
    ("UPDATE members SET timezone = 'EST5EDT'", "/settings", "timezone", "EST5EDT"),
    ("UPDATE watches SET least = 3", "{watch}/edit", "least", "3"),
]


@pytest.fixture
def ana(signed_in: Browser) -> FlaskClient:
    return signed_in("ana", role="moderator")


@pytest.fixture
def site(ana: FlaskClient, session: Session) -> dict[str, str]:
    place = ana.post("/places", data={**PLACE, **FULL_PLACE}).location
    ana.post(f"{place}/review", data={**REVIEW, "visited_month": "2026-03"})
    review = session.execute(
        sa.text("SELECT public_id FROM subjects WHERE kind = 'review'")
    ).scalar_one()
    ana.post("/settings/profile", data={"about": "I write about benches."})
    return {
        "place": place,
        "review": f"/reviews/{review}",
        "brand": ana.post("/brands", data={**BRAND, **FULL_BRAND}).location,
        "report": ana.post("/reports", data=REPORT).location,
        "watch": ana.post("/watching", data=WATCH).location,
    }


FULL_PLACE = {"address": "Calle Mayor 1", "phone": "+34 912 345 678 ext. 22"}
FULL_PLACE |= {"website": "https://example.org/#menu", "opening_hours": "Mo-Fr 09:00-20:00"}
FULL_BRAND = {"about": "Coffee for all.", "website": "https://example.org"}


@pytest.mark.parametrize(("change", "page", "name", "value"), STORED)
def test_selects_hold_what_is_stored(
    ana: FlaskClient,
    site: dict[str, str],
    session: Session,
    change: str,
    page: str,
    name: str,
    value: str,
) -> None:
    session.execute(sa.text(change))
    session.commit()
    shown = ana.get(page.format(**site)).text
    select = re.findall(rf'<select[^>]*name="{name}".*?</select>', shown, re.DOTALL)[0]
    assert re.findall(r'value="([^"]*)" selected', select) == [value]


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("CET", "Europe/Brussels"),
        ("Japan", "Asia/Tokyo"),
        ("Europe/Madrid", "Europe/Madrid"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("localtime", "UTC"),
        ("Factory", "UTC"),
        ("../etc/passwd", "UTC"),
        (None, "UTC"),
    ],
)
def test_zones_become_those_that_people_choose_from(said: str | None, stored: str) -> None:
    assert zones.canonical(said) == stored
    assert stored in zones.offered()


# (where the form is sent, all of its fields, those that may be empty, what is refused in it)
Form = tuple[str, dict[str, str], list[str], dict[str, str]]
EDITED: list[Form] = [
    ("{place}/edit", {**PLACE, **FULL_PLACE, "revision": "1"}, list(FULL_PLACE), {"name": ""}),
    ("/places", {**PLACE, **FULL_PLACE, "lat": "41"}, list(FULL_PLACE), {"name": ""}),
    ("{brand}/edit", {**BRAND, **FULL_BRAND, "revision": "1"}, list(FULL_BRAND), {"name": ""}),
    ("/brands?name=Asked&about=Asked", {**BRAND, **FULL_BRAND}, list(FULL_BRAND), {"name": ""}),
    (
        "{review}/edit",
        {**REVIEW, "visited_month": "2026-03", "revision": "1"},
        ["title", "visited_month", "text"],
        {"rating": ""},
    ),
    ("{report}/edit", {"text": "", "revision": "1"}, ["text"], {"revision": "x"}),
    (
        "{report}/correct",
        {"revision": "1", "kind": "jam", "lat": "41", "lon": "2", "place_name": "Madrid"},
        ["lat", "lon", "place_name"],
        {"kind": ""},
    ),
    ("/reports?text=Asked", REPORT, ["text"], {"kind": ""}),
    (
        "{watch}/edit",
        WATCH,
        ["radius_km", "lat", "lon", "place_name"],
        {"name": ""},
    ),
    ("/settings/spread", {"city": "", "named": ""}, ["city"], {"city": "Xyzzyx"}),
    ("/settings/profile", {"about": "x" * 501}, [], {}),
]


def value_of(page: str, name: str) -> str:
    """What a field of a page holds."""
    area = re.search(rf'<textarea[^>]*\bname="{name}"[^>]*>([^<]*)</textarea>', page)
    if area:
        return area[1]
    select = re.search(rf'<select[^>]*\bname="{name}".*?</select>', page, re.DOTALL)
    if select:
        return "".join(re.findall(r'value="([^"]*)" selected', select[0]))
    tag = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    assert tag is not None, name
    found = re.search(r'\bvalue="([^"]*)"', tag[0])
    return found[1] if found else ""


@pytest.mark.parametrize(("where", "form", "cleared", "wrong"), EDITED)
def test_a_field_that_was_cleared_stays_empty(
    ana: FlaskClient,
    site: dict[str, str],
    where: str,
    form: dict[str, str],
    cleared: list[str],
    wrong: Mapping[str, str],
) -> None:
    sent = {**form, **dict.fromkeys(cleared, ""), **wrong}
    answer = ana.post(where.format(**site), data=sent)
    assert answer.status_code in (400, 422), answer.status_code
    shown = {name: value_of(answer.text, name) for name in cleared if name not in wrong}
    assert shown == {name: "" for name in cleared if name not in wrong}


def test_boxes_and_choices_of_refused_settings_are_shown_as_they_were_sent(
    ana: FlaskClient,
) -> None:
    ana.post(
        "/settings",
        data={"language": "en", "timezone": "UTC", "shown_to_far_contacts": "yes"},
    )
    sent = {"language": "es", "timezone": "Asia/Tokyo", "profile_lists": "wrong"}
    page = ana.post("/settings", data=sent).text
    for name, value in sent.items():
        select = re.findall(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)[0]
        assert re.findall(r'value="([^"]*)" selected', select) == [value]
    box = re.search(r'<input[^>]*name="shown_to_far_contacts"[^>]*>', page)
    assert box is not None
    assert "checked" not in box[0]


def test_no_template_or_view_takes_an_empty_value_for_none() -> None:
    """`request.form.x or stored` forgets that a field was cleared."""
    wrong = [
        f"{path.relative_to(ROOT)}: {found}"
        for folder, ends in (("templates", "*.html"), ("ugc", "*.py"))
        for path in (ROOT / folder).rglob(ends)
        for found in re.findall(
            r"request\.form(?:\.\w+|\.get\([^)]*\))? or (?!''|\"\"|None|0|\[)[^\n]{0,40}",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert wrong == []
