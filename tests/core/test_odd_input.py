"""Whatever somebody types into an address or leaves out of a form is answered, never broken by."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD

Browser = Callable[..., FlaskClient]
ODD = ("\x00", "a\x00b", "9" * 30, "-1", "%", "nan", "x" * 300)
PAGES = (
    "/?bbox={}", "/map/features?bbox={}", "/map/history?bbox={}", "/map/history?span=day&day={}",
    "/map/history?from={}&to={}&zone={}", "/map/history/data?span=between&first={}&last={}",
    "/map/history/list?kinds={}&bbox={}", "/map/history/data?zoom={}",
    "/search?q={}", "/geo/search?q={}", "/places?q={}",
    "/places?near={}",
    "/places?lat={}&lon={}", "/places?bbox={}", "/places?page={}&radius={}", "/brands?q={}",
    "/leaderboard?city={}", "/members/{}", "/inbox?before={}", "/r/{}", "/confirm/{}",
    "/places/{}", "/reviews/{}",
    "/reports/{}", "/brands/{}", "/share/{}", "/share/{}/qr.png", "/share/site?text={}&text_in={}",
    "/share/site?as={}", "/embed/{}", "/embed/site?link={}&lang={}", "/cards/{}.png",
    "/oembed?url={}", "/sitemaps/places/{}.xml", "/about?lang={}",
    "/flag/{}", "/photos/{}/large.webp", "/basemap/{}",
)  # fmt: skip
WHERE = {"lat": "40", "lon": "-3", "place_name": ""}
FORMS = {
    "/join": {"handle": "zoe", "email": "zoe@example.org", "password": "x", "timezone": "UTC"},
    "/sign-in": {"email": "zoe@example.org", "password": "x", "next": "/"},
    "/settings/profile": {"about": "x"},
    "/settings": {"language": "es", "timezone": "UTC"},
    "/settings/password": {"old_password": "x", "password": "y"},
    "/settings/erase": {"password": "x", "content": "keep"},
    "/password/forgotten": {"email": "zoe@example.org"},
    "/password/reset": {"token": "x", "password": "y"},
    "/reports": {"kind": "jam", "text": "Slow.", "accuracy_m": "3", **WHERE},
    "/places": {"name": "Bar", "category": "cafe", "phone": "", "revision": "1", **WHERE},
    "/places/{place}/edit": {"name": "Bar", "category": "cafe", "revision": "1", **WHERE},
    "/places/{place}/review": {"rating": "3", "text": "x" * 60, "visited_month": "2026-01"},
    "/places/{place}/brand": {"brand": ""},
    "/flag/{place}": {"rule": "spam", "note": "x"},
    "/brands": {"name": "B1", "about": "", "website": ""},
    "/moderation/1": {"version": "1", "action": "approve", "rule": "", "note": ""},
    "/moderation/" + "9" * 30: {"version": "1", "action": "approve"},
    "/language": {"language": "es", "next": "/"},
    "/theme": {"theme": "dark", "next": "/"},
}


@pytest.fixture
def moderator(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


@pytest.mark.parametrize("page", PAGES)
def test_odd_addresses_are_answered(moderator: FlaskClient, page: str) -> None:
    for value in ODD:
        answer = moderator.get(page.replace("{}", quote(value, safe="")))
        assert answer.status_code in (200, 302, 400, 404, 422), (value, answer.status_code)
        if "\x00" in value:
            assert answer.status_code in (400, 404)


@pytest.mark.parametrize("address", FORMS)
def test_odd_forms_are_answered(
    app: Flask, moderator: FlaskClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    rates = app.extensions["boca_limits"].rates
    for name in rates:
        monkeypatch.setitem(rates, name, "1000 per minute")
    place = moderator.post("/places", data={"name": "Café", "category": "cafe", **WHERE}).location
    browser = app.test_client() if address in ("/join", "/sign-in") else moderator
    form = FORMS[address]
    for name in form:
        shorter = {key: value for key, value in form.items() if key != name}
        for sent in (shorter, *({**form, name: value} for value in ODD)):
            answer = browser.post(address.replace("{place}", place.split("/")[-1]), data=sent)
            assert answer.status_code in (200, 303, 400, 403, 404, 409, 422, 429), (
                sent,
                answer.text,
            )
            if "\x00" in sent.get(name, ""):
                assert answer.status_code == 400


@pytest.mark.parametrize(
    ("form", "english", "spanish"),
    [
        ({"language": "fr"}, "Choose one of the languages", "Elige uno de los idiomas"),
        ({"timezone": "Mars/Olympus"}, "Choose a time zone", "Elige una zona horaria"),
    ],
)
def test_settings_say_what_cannot_be_taken(
    signed_in: Browser, form: dict[str, str], english: str, spanish: str
) -> None:
    ana = signed_in("ana")
    for language, words in (("en", english), ("es", spanish)):
        ana.post("/language", data={"language": language})
        sent = {"language": language, "timezone": "Europe/Madrid", **form}
        answer = ana.post("/settings", data=sent)
        assert answer.status_code == 422
        assert words in answer.text


def test_settings_are_kept_and_used(signed_in: Browser) -> None:
    ana = signed_in("ana")
    assert ana.post("/settings/profile", data={"about": "I walk."}).status_code == 303
    form = {"language": "es", "timezone": "Atlantic/Canary"}
    assert ana.post("/settings", data=form).status_code == 303
    page = ana.get("/settings").text
    assert '<html lang="es"' in page
    assert '<option value="Atlantic/Canary" selected>' in page
    assert "I walk." in ana.get("/members/ana").text


def test_erasing_needs_the_choice_and_the_password(signed_in: Browser) -> None:
    ana = signed_in("ana")
    for language, choice, wrong in (
        ("en", "Say whether", "not your present password"),
        ("es", "Di si", "no es tu contraseña"),
    ):
        ana.post("/language", data={"language": language})
        answer = ana.post("/settings/erase", data={"password": PASSWORD, "content": "both"})
        assert answer.status_code == 422
        assert choice in answer.text
        answer = ana.post("/settings/erase", data={"password": "x", "content": "keep"})
        assert answer.status_code == 422
        # Beside the field of this form, which is open, and not beside the other password.
        assert wrong in answer.text.split('id="erase"')[1]
        assert 'id="erase" open' in answer.text
