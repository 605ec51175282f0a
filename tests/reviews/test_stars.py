"""The stars say the plain mean of the ratings and how many they are, wherever they stand."""

import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
RATINGS = {"alpha": 4, "bravo": 4, "carol": 3, "delta": 3, "erika": 1}  # 3.0; weighted 3.1 or more


@pytest.fixture
def rated(signed_in: Browser) -> str:
    """The public id of a place of a brand, with five reviews."""
    mod = signed_in("mod", role="moderator")
    brand = mod.post("/brands", data={"name": "Marca", "about": "", "website": ""}).location
    form = {"name": "Bar Tres", "category": "cafe", "lat": "40.42", "lon": "-3.7"}
    place = str(mod.post("/places", data=form).location)
    mod.post(f"{place}/brand", data={"brand": brand.rsplit("/", 1)[-1]})
    for handle, rating in RATINGS.items():
        text = f"{handle} was here and says so. " * 3
        signed_in(handle, role="moderator").post(
            f"{place}/review", data={"rating": str(rating), "text": text}
        )
    # Another place, so that the mean of all ratings is another.
    other = mod.post("/places", data={**form, "name": "Bar Cinco", "lat": "40.43"}).location
    mod.post(f"{other}/review", data={"rating": "5", "text": "The best of the town. " * 4})
    return place.rsplit("/", 1)[-1]


SHOWN = {
    "place": "/places/{id}",
    "list": "/places?q=Bar Tres",
    "near": "/places?lat=40.42&lon=-3.7&radius=1000",
    "search": "/search?q=Bar Tres",
    "card of the map": "/map/card/place/{id}",
    "list of the map": "/map/list?bbox=-4,40,-3,41&show=places",
}


@pytest.mark.parametrize("where", SHOWN)
@pytest.mark.parametrize(
    ("language", "mean", "count"), [("en", "3.0", "5 reviews"), ("es", "3,0", "5 reseñas")]
)
def test_pages_show_the_plain_mean(
    client: FlaskClient,
    session: Session,
    rated: str,
    where: str,
    language: str,
    mean: str,
    count: str,
) -> None:
    client.post("/language", data={"language": language})
    page = client.get(SHOWN[where].format(id=rated)).text
    shown = re.findall(r'<strong>([\d.,]+)</strong> <span class="muted">· ([^<]+)</span>', page)
    assert (mean, count) in shown
    assert f'aria-label="{mean} ' in page


def test_what_leaves_the_site_tells_the_plain_mean(
    client: FlaskClient, session: Session, rated: str
) -> None:
    page = client.get(f"/places/{rated}").text
    linked = [
        json.loads(found)
        for found in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    ]
    told = json.dumps(linked)
    assert '"ratingValue": 3.0' in told
    assert '"ratingCount": 5' in told
    assert "3.0 · 5 reviews" in client.get(f"/share/{rated}").text  # the picture in words
    embed = client.get(f"/embed/{rated}?lang=es").text
    assert "3,0 · 5 reseñas" in embed


def test_the_page_says_what_ranks_and_where_that_is_told(
    client: FlaskClient, session: Session, rated: str
) -> None:
    place = client.get(f"/places/{rated}").text
    assert "The stars show the plain mean of the 5 ratings, 3.00." in place
    assert 'href="/about#ratings"' in client.get("/places").text
    assert 'id="ratings"' in client.get("/about").text
