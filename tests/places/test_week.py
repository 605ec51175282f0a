"""Opening hours by the week, and in the reader's own words."""

import itertools
import random
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.places.rules import spoken as places_spoken
from ugc.places.rules import weekly as places_weekly
from ugc.places.rules import written as places_written

Browser = Callable[..., FlaskClient]
PLACE = {"name": "Bar Luna", "category": "cafe", "lat": "40.42", "lon": "-3.7"}


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("Lu-Vi 9:00-23:00; Sa 10-14; domingo cerrado", "Mo-Fr 09:00-23:00; Sa 10:00-14:00"),
        ("L-V 9-14 y 17-20:30", "Mo-Fr 09:00-14:00,17:00-20:30"),
        ("lunes a viernes de 9 a 14 y de 17 a 21", "Mo-Fr 09:00-14:00,17:00-21:00"),
        ("Miércoles: 8.30 h – 14 h", "We 08:30-14:00"),
        ("L X V 9-14", "Mo,We,Fr 09:00-14:00"),
        ("viernes y sábado 20:00-3:00", "Fr,Sa 20:00-03:00"),
        ("todos los días 24 horas", "24/7"),
        ("Sa 10-14, domingo y festivos cerrado", "Sa 10:00-14:00; Su,PH closed"),
        ("Mo-Sa 9-20; cerrado festivos", "Mo-Sa 09:00-20:00; PH closed"),
        ("Monday to Friday 9am-5pm, Sat 10am-2pm", "Mo-Fr 09:00-17:00; Sa 10:00-14:00"),
        ("weekdays 9am to 5:30 p.m.", "Mo-Fr 09:00-17:30"),
        ("daily noon to midnight", "12:00-24:00"),
        ("fin de semana 10-22", "Sa-Su 10:00-22:00"),
        # OpenStreetMap's own is left to its own reader.
        ("Mo-Fr 09:00-20:00; PH off", "Mo-Fr 09:00-20:00; PH closed"),
        ('"by appointment"', '"by appointment"'),
    ],
)
def test_the_readers_own_words_are_understood(said: str, stored: str) -> None:
    assert places_spoken.read_hours(said) == stored
    assert places_spoken.read_hours(stored) == stored


@pytest.mark.parametrize(
    "said",
    ["lunes a viernes", "Lu 9", "cuando quiera 9-10", "Lu 9-5", "Lu 9-14; cerrado", "25-30", "-",
     "Lu 9:75-10", "Sa 10-14 (verano)"],
)  # fmt: skip
def test_what_is_doubtful_is_refused(said: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        places_spoken.read_hours(said)


WEEKS = [
    {"Mo": "09:00-14:00,17:00-21:00", "Su": "off"},
    dict.fromkeys(places_weekly.ROWS[:7], "00:00-24:00"),
    {"Fr": "20:00-03:00", "Sa": "20:00-03:00", "PH": "off"},
    {"Mo": "08:00-12:00", "We": "08:00-12:00", "PH": "10:00-12:00"},
]


@pytest.mark.parametrize("week", WEEKS)
def test_a_week_comes_back_as_it_was_said(week: dict[str, str]) -> None:
    whole = {**dict.fromkeys(places_weekly.ROWS, ""), **week}
    again = places_weekly.week_of(places_weekly.text_of(whole))
    assert again is not None
    # "Closed" and "not said" are the same to who comes to the door.
    assert {d: s for d, s in again.items() if s not in ("", "off")} == {
        d: s for d, s in whole.items() if s not in ("", "off")
    }


def test_any_week_comes_back() -> None:
    chance = random.Random(7)
    spans = ["", "off", "09:00-14:00", "09:00-14:00,17:00-21:00", "20:00-03:00", "00:00-24:00"]
    for _ in range(60):
        week = {day: chance.choice(spans) for day in places_weekly.ROWS}
        text = places_weekly.text_of(week)
        again = places_weekly.week_of(text) or {}
        opened = {day: said for day, said in week.items() if said not in ("", "off")}
        assert {d: s for d, s in again.items() if s not in ("", "off")} == opened, (week, text)


INEXPRESSIBLE = [
    "Mo-Fr 09:00-20:00; Dec 24 off",
    "Su[1] 10:00-12:00",
    '"by appointment"',
    "Mo-Fr sunrise-sunset",
    'Mo-Fr 09:00-20:00 "ring the bell"',
]


@pytest.mark.parametrize("text", INEXPRESSIBLE)
def test_what_a_week_cannot_say_is_not_said_by_one(text: str) -> None:
    assert places_weekly.week_of(places_written.normal_hours(text)) is None


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


def fields_of(page: str) -> dict[str, str]:
    """What a browser without scripts sends of the form, untouched."""
    form = page[page.index('name="hours_was"') - 200 :]
    sent = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]*name="(\w+)"[^>]*?value="([^"]*)"', form)
    }
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = chosen.group(1) if chosen else ""
    return {name: value for name, value in sent.items() if name.startswith(("hours_", "opening"))}


def stored(session: Session) -> str:
    session.expire_all()
    return str(session.scalar(sa.text("SELECT opening_hours FROM places ORDER BY id DESC LIMIT 1")))


def edit(mod: FlaskClient, place: str, **changes: str) -> Any:
    """Opens the form, changes fields and sends it."""
    page = mod.get(f"{place}/edit").text
    [revision] = re.findall(r'name="revision" value="(\d+)"', page)
    return mod.post(
        f"{place}/edit", data={**PLACE, "revision": revision, **fields_of(page), **changes}
    )


def test_a_week_is_filled_in_and_changed_without_scripts(
    session: Session, mod: FlaskClient
) -> None:
    form = fields_of(mod.get("/places/new").text)
    assert len(form) >= 2 * len(places_weekly.ROWS) + 3
    week = {f"hours_{day}": "9-14, 17-21" for day in ("Mo", "Tu", "We", "Th", "Fr")}
    more = {"hours_Sa": "20-3", "hours_Su_is": "off", "hours_PH_is": "whole"}
    place = mod.post("/places", data={**PLACE, **form, **week, **more}).location
    assert stored(session) == (
        "Mo-Fr 09:00-14:00,17:00-21:00; Sa 20:00-03:00; PH 00:00-24:00"
    ) or stored(session).startswith("Mo-Fr 09:00-14:00,17:00-21:00; Sa 20:00-03:00")
    shown = fields_of(mod.get(f"{place}/edit").text)
    assert (shown["hours_Mo_is"], shown["hours_Mo"]) == ("open", "09:00-14:00, 17:00-21:00")
    assert shown["hours_PH_is"] == "whole"
    assert edit(mod, place, hours_Mo_is="off", hours_Mo="").status_code == 303
    assert stored(session).startswith("Tu-Fr")
    # The text behind "advanced", in the reader's own words, counts when it is what was changed.
    assert edit(mod, place, opening_hours="L-V 10-20").status_code == 303
    assert stored(session) == "Mo-Fr 10:00-20:00"


@pytest.mark.parametrize("text", [*INEXPRESSIBLE, "Mo-Fr 09:00-20:00", "24/7", ""])
def test_a_form_sent_untouched_changes_nothing(
    session: Session, mod: FlaskClient, text: str
) -> None:
    place = mod.post("/places", data={**PLACE, "opening_hours": text}).location
    before = stored(session)
    assert edit(mod, place, address="Calle Luna 2").status_code == 303
    assert stored(session) == before
    page = mod.get(f"{place}/edit").text
    assert ("data-hours-kept" in page) is (text in INEXPRESSIBLE)


def test_days_and_text_that_differ_are_asked_about(session: Session, mod: FlaskClient) -> None:
    place = mod.post("/places", data={**PLACE, "opening_hours": "Mo-Fr 09:00-20:00"}).location
    both = {"hours_Sa": "10-14", "opening_hours": "Su 10-14"}
    refused = edit(mod, place, **both)
    assert refused.status_code == 422
    assert 'name="hours_by" value="week"' in refused.text
    assert 'value="10-14"' in refused.text
    for by, said in (("week", "Mo-Fr 09:00-20:00; Sa 10:00-14:00"), ("text", "Su 10:00-14:00")):
        assert edit(mod, place, **both, hours_by=by).status_code == 303
        assert stored(session) == said
        edit(mod, place, opening_hours="Mo-Fr 09:00-20:00", hours_by="text")


@pytest.mark.parametrize(
    ("changes", "english", "spanish"),
    [
        ({"hours_Mo_is": "off", "hours_Mo": "9-14"}, "Closed, or open", "¿Cerrado, o abierto"),
        ({"hours_Mo_is": "open"}, "from when to when", "desde cuándo"),
        ({"hours_Mo": "9-14, 13-20"}, "not understood", "no se entiende"),
        ({"hours_Mo": "sometimes"}, "not understood", "no se entiende"),
        ({"opening_hours": "sometimes"}, "not understood", "no se entiende"),
    ],
)
def test_what_is_wrong_is_told_beside_its_day(
    session: Session, mod: FlaskClient, changes: dict[str, str], english: str, spanish: str
) -> None:
    for language, words in (("en", english), ("es", spanish)):
        mod.post("/language", data={"language": language})
        form = fields_of(mod.get("/places/new").text)
        refused = mod.post("/places", data={**PLACE, **form, **changes})
        assert refused.status_code == 422
        assert words in refused.text
        # What was typed is still there.
        for value in changes.values():
            assert value in refused.text


def test_names_of_days_do_not_clash() -> None:
    names = itertools.chain.from_iterable(
        (f"{name} 9-10" for name in words.split())
        for words in (
            "lunes martes miércoles jueves viernes sábado domingo",
            "mon tue wed thu fri sat sun",
        )
    )
    found = [places_spoken.read_hours(name).split()[0] for name in names]
    assert found == [*places_weekly.ROWS[:7], *places_weekly.ROWS[:7]]
