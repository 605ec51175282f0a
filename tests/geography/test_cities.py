"""A city is named with its country where its name alone is ambiguous."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.factories.cities import city
from ugc.core.db import Session
from ugc.geography import gazetteer

Browser = Callable[..., FlaskClient]
CITIES = [
    (1, "Valencia", "ES", "", 814_208, -0.37, 39.46),
    (2, "Valencia", "VE", "", 1_619_470, -68.0, 10.16),
    (3, "Toledo", "ES", "", 83_226, -4.02, 39.85),
    (4, "Toledo", "US", "OH", 279_789, -83.55, 41.66),
    (5, "Madrid", "CO", "", 54_237, -74.26, 4.73),
    (6, "Springfield", "US", "IL", 116_565, -89.64, 39.8),
    (7, "Springfield", "US", "MO", 166_810, -93.29, 37.21),
]
POINTS = {row[0]: row[5:] for row in CITIES} | {3117735: (-3.7, 40.41)}


@pytest.fixture(autouse=True)
def cities(session: Session) -> None:
    for city_id, name, country, admin, population, lon, lat in CITIES:
        city(session, city_id, name, country, lon, lat, population=population, admin=admin)
    session.commit()


@pytest.mark.parametrize(
    ("city", "english", "spanish"),
    [
        (1, "Valencia (Spain)", "Valencia (España)"),
        (2, "Valencia (Venezuela)", "Valencia (Venezuela)"),
        (3, "Toledo (Spain)", "Toledo (España)"),
        # The one that the name means to everyone stays bare.
        (3117735, "Madrid", "Madrid"),
        (5, "Madrid (Colombia)", "Madrid (Colombia)"),
        (6, "Springfield (IL, United States)", "Springfield (IL, Estados Unidos)"),
    ],
)
def test_everything_there_says_which_city_it_is(
    session: Session, signed_in: Browser, city: int, english: str, spanish: str
) -> None:
    mod = signed_in("mod", role="moderator")
    lon, lat = map(str, POINTS[city])
    place = mod.post(
        "/places", data={"name": "Bar Uno", "category": "cafe", "lat": lat, "lon": lon}
    ).location
    report = mod.post("/reports", data={"kind": "jam", "lat": lat, "lon": lon}).location
    mod.post(f"{place}/review", data={"rating": "4", "text": "Quiet, good coffee. " * 4})
    review = mod.get(f"{place}/review").location.removesuffix("/edit")
    mod.post(f"/comments/{report.rsplit('/', 1)[-1]}", data={"text": "Use the bridge."})
    pages = [
        place, report, review, "/places", "/search?q=Bar Uno", "/contributions",
        f"/map/card/place/{place.rsplit('/', 1)[-1]}",
        f"/map/card/report/{report.rsplit('/', 1)[-1]}",
        f"/share/{place.rsplit('/', 1)[-1]}",
    ]  # fmt: skip
    for language, words in (("en", english), ("es", spanish)):
        mod.post("/language", data={"language": language})
        for page in pages:
            text = mod.get(page).text
            assert re.search(rf"(?<![\w(]){re.escape(words)}(?! \()", text), (page, language)
    # Machines are told the bare name and the country apart.
    assert f'"addressLocality": "{english.split(" (")[0]}"' in mod.get(place).text
    assert gazetteer.city_names(session, [city])[city] in (english, spanish)
