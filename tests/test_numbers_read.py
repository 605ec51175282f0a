"""Numbers on pages are written in the reader's language; positions keep their point."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.reading import words

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42123", "lon": "-3.70123"}
PLACE = {"name": "Faro", "category": "museum", "lat": "40.43", "lon": "-3.70"}
REVIEW = {"title": "Bueno", "text": "La cafetería es buena y la gente es amable de verdad. " * 2}
# Positions, and the names of licences.
FIXED = re.compile(r"-?\d+\.\d{5}, -?\d+\.\d{5}|CC BY[-A-Z]* \d\.\d")
# A decimal sign between digits; times of day and dates have none of both.
DECIMALS = {"es": re.compile(r"\d\.\d{1,2}(?!\d)"), "en": re.compile(r"\d,\d{1,2}(?!\d)")}
HAS = {"es": re.compile(r"\d,\d"), "en": re.compile(r"\d\.\d")}


@pytest.fixture
def pages(signed_in: Browser) -> dict[str, str]:
    mod = signed_in("mod", role="moderator")
    report = mod.post("/reports", data=REPORT).location
    place = mod.post("/places", data=PLACE).location
    for name, stars in (("ana", "5"), ("ben", "4"), ("eva", "4")):
        browser = signed_in(name, role="moderator")
        browser.post(f"{report}/vote", data={"still_there": "yes"})
        browser.post(f"{place}/review", data={**REVIEW, "rating": stars})
    return {
        "report": report,
        "place": place,
        "about": "/about",
        "places": "/places?lat=40.5&lon=-3.7&order=near",
        "list": "/map/list?bbox=-4,40,-3,41&sort=near",
    }


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_page_writes_decimals_of_the_other_language(
    client: FlaskClient, pages: dict[str, str], language: str
) -> None:
    wrong, some = {}, 0
    for name, address in pages.items():
        sign = "&" if "?" in address else "?"
        said = FIXED.sub("", words(client.get(f"{address}{sign}lang={language}").text))
        some += bool(HAS[language].search(said))
        if found := DECIMALS[language].findall(said):
            wrong[name] = found
    assert wrong == {}
    assert some >= 3
