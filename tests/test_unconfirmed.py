"""Where an action waits for the member's address to be confirmed, its place says so and leads to
the mail."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
PLACE = {"name": "Bar Tres", "category": "cafe", "lat": "40.42", "lon": "-3.7"}
REVIEW = {"rating": "4", "text": "Quiet in the morning, and the churros are worth the walk. " * 2}
SAID = "Confirm your e-mail address"


@pytest.fixture
def pages(signed_in: Browser) -> dict[str, str]:
    mod = signed_in("mod", role="moderator")
    place = str(mod.post("/places", data=PLACE).location)
    mod.post(f"{place}/review", data=REVIEW)
    review = mod.get(place).text.split('id="r-')[1].split('"')[0]
    brand = mod.post("/brands", data={"name": "Marca", "about": "", "website": ""}).location
    return {
        "report": str(mod.post("/reports", data=REPORT).location),
        "place": place,
        "review": f"/reviews/{review}",
        "brand": str(brand),
        "report form": "/reports/new",
        "place form": "/places/new",
        "review form": f"{place}/review",
        "watch form": "/watching/new",
    }


WORDS = {
    "report": ["to say whether it is still there", "to say something"],
    "place": ["to say which reviews help you"],
    "review": ["to say whether this review helps you"],
    "brand": ["to follow this brand or to say that you speak for it"],
    "report form": ["first"],
    "place form": ["first"],
    "review form": ["first"],
    "watch form": ["first"],
}


def test_what_is_hidden_until_the_address_is_confirmed_is_told(
    signed_in: Browser, client: FlaskClient, pages: dict[str, str]
) -> None:
    new = signed_in("new", confirmed=False, language="en")
    old = signed_in("old", language="en")
    for name, address in pages.items():
        page = new.get(address, follow_redirects=True).text
        for words in WORDS[name]:
            assert f"{SAID} {words}" in page, name
        # After the mail was sent again there is a way back.
        assert f'href="/welcome?next={quote(address, safe="/")}"' in page, name
        assert SAID not in old.get(address, follow_redirects=True).text, name
        assert SAID not in client.get(address).text, name


def test_a_visitor_of_a_report_may_join_as_plainly_as_sign_in(
    client: FlaskClient, pages: dict[str, str]
) -> None:
    page = client.get(pages["report"]).text
    asked = page.split('id="votes-title"')[1].split("</section>")[0]
    for step in ("join", "sign-in"):
        assert f'<a class="button button--secondary" href="/{step}?next={pages["report"]}"' in asked
