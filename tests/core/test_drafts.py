"""The answer names the draft that the server took: every form that keeps one."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from ugc.config import ROOT
from ugc.core import drafts
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
WHERE = {"lat": "40.4168", "lon": "-3.7038", "place_name": ""}
# By the address that a form is sent to: what is taken, and what is refused.
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "accounts.join": (
        {
            "handle": "zoe",
            "email": "zoe@example.org",
            "password": "plum tractor silence",
            "timezone": "UTC",
        },
        {"handle": "", "email": "zoe@example.org", "password": "x"},
    ),
    "reports.post": ({"kind": "jam", "text": "Slow.", **WHERE}, {"kind": "no such kind", **WHERE}),
    "places.add": ({"name": "Café Luz", "category": "cafe", **WHERE}, {"name": "", **WHERE}),
    "places.edit": (
        {"name": "Café Sol", "category": "cafe", "revision": "1", **WHERE},
        {"name": "", "revision": "1", **WHERE},
    ),
    "reviews.post": ({"rating": "4", "text": "Quiet, good coffee. " * 4}, {"rating": "4"}),
    "reviews.edit": (
        {"rating": "3", "text": "Quiet, weak coffee. " * 4, "revision": "1"},
        {"rating": "9", "revision": "1"},
    ),
    "brands.add": ({"name": "Luz", "about": "", "website": ""}, {"name": ""}),
    "brands.edit": (
        {"name": "Luz y Sol", "about": "", "website": "", "revision": "1"},
        {"name": "", "revision": "1"},
    ),
    "comments.post": ({"text": "Use the bridge."}, {"text": ""}),
}


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


@pytest.fixture
def addresses(mod: FlaskClient) -> dict[str, str]:
    """Where each form is sent."""
    report = mod.post("/reports", data={"kind": "jam", "lat": "1", "lon": "1"})
    place = mod.post("/places", data={**FORMS["places.add"][0], "name": "Bar Uno"}).location
    mod.post(f"{place}/review", data=FORMS["reviews.post"][0])
    own_review = mod.get(f"{place}/review").location
    brand = mod.post("/brands", data={"name": "Marca", "about": "", "website": ""}).location
    return {
        "accounts.join": "/join",
        "reports.post": "/reports",
        "places.add": "/places",
        "places.edit": f"{place}/edit",
        "reviews.post": f"{place}/review",
        "reviews.edit": own_review,
        "brands.add": "/brands",
        "brands.edit": f"{brand}/edit",
        "comments.post": f"/comments/{report.location.rsplit('/', 1)[-1]}",
    }


def named(answer: Any) -> str:
    found = re.search(f"{drafts.COOKIE}=([^;]*)", " ".join(answer.headers.getlist("Set-Cookie")))
    return found.group(1) if found else ""


@pytest.mark.parametrize("form", FORMS)
def test_a_taken_form_names_its_draft_and_a_refused_one_does_not(
    session: Session,
    client: FlaskClient,
    signed_in: Browser,
    mod: FlaskClient,
    addresses: dict[str, str],
    form: str,
) -> None:
    taken, refused = FORMS[form]
    if form == "accounts.join":
        browser = client
    else:
        browser = mod if form.endswith(".edit") else signed_in("ana")
    key = {drafts.FIELD: "m1comment-x"}
    assert named(browser.post(addresses[form], data={**refused, **key})) == ""
    answer = browser.post(addresses[form], data={**taken, **key, "idempotency_key": "k1"})
    assert answer.status_code == 303, answer.text
    assert named(answer) == "m1comment-x"
    # What is sent again, because its answer was lost, names it again.
    browser.delete_cookie(drafts.COOKIE)
    if form != "accounts.join":
        again = browser.post(addresses[form], data={**taken, **key, "idempotency_key": "k1"})
        assert named(again) == "m1comment-x"


def test_every_form_with_a_draft_is_tested() -> None:
    sent_to = set()
    for page in (ROOT / "templates").rglob("*.html"):
        for form in re.findall(r"<form[^>]*?data-draft[^>]*>", page.read_text(encoding="utf-8")):
            sent_to |= set(re.findall(r"url_for\('([\w.]+)'", form))
    assert sent_to == set(FORMS)


def test_every_form_that_posts_a_text_can_be_sent_twice() -> None:
    """With the hidden key a repetition gets the first answer. Requests with a password are never
    remembered."""
    without = []
    for page in (ROOT / "templates").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.S):
            is_text = re.search(r'<textarea|ui\.textarea\(|ui\.field\(|type="text"', form)
            if is_text and "idempotency_field()" not in form and "password" not in form:
                without.append(page.name)
    assert without == []


@pytest.mark.parametrize("sent", ["a b", "<script>", "x" * 101, "a;b", ""])
def test_only_keys_are_named(client: FlaskClient, sent: str) -> None:
    assert named(client.post("/theme", data={"theme": "dark", drafts.FIELD: sent})) == ""


def test_the_cookie_stays_short(client: FlaskClient) -> None:
    for number in range(30):
        answer = client.post("/theme", data={drafts.FIELD: f"m1form{number}"})
    keys = named(answer).split(".")
    assert len(keys) == drafts.MOST
    assert keys[-1] == "m1form29"
