"""Every kind of refusal is told in the reader's language, and nothing is written."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.forms import BRAND, PLACE, REPORT, REVIEW
from tests.media.pictures import saved, scene
from ugc.brandapi import rules as brandapi_rules
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]


def stored(session: Session) -> dict[str, int]:
    """How much there is of everything that a refusal must not add to."""
    tables = (
        "reports",
        "places",
        "reviews",
        "brands",
        "brand_claims",
        "photos",
        "flags",
        "members",
    )
    return {t: session.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0 for t in tables}


@pytest.fixture
def site(signed_in: Browser) -> dict[str, str]:
    """Addresses of what somebody else contributed."""
    mod = signed_in("mod", role="moderator")
    place = mod.post("/places", data=PLACE).location
    mod.post(f"{place}/review", data=REVIEW)
    review = re.search(r'/reviews/(\w{12})"', mod.get(place).text)
    assert review is not None
    brand = mod.post("/brands", data=BRAND).location
    report = mod.post("/reports", data={**REPORT, "lat": "50"}).location
    return {"place": place, "review": f"/reviews/{review[1]}", "brand": brand, "report": report}


def photo(content: bytes, name: str = "x.jpg") -> dict[str, object]:
    return {"photos": (io.BytesIO(content), name)}


# (where, what is sent, status, English, Spanish)
OF_A_MEMBER: list[tuple[str, dict[str, str], int, str, str]] = [
    # no permission
    ("{place}/edit", {**PLACE, "revision": "1"}, 403, "not allowed", "No tienes permiso"),
    ("{brand}/edit", {**BRAND, "revision": "1"}, 403, "not allowed", "No tienes permiso"),
    ("{report}/close", {}, 403, "not allowed", "No tienes permiso"),
    ("{report}/withdraw", {}, 403, "not allowed", "No tienes permiso"),
    ("{review}/edit", {**REVIEW, "revision": "1"}, 403, "not allowed", "No tienes permiso"),
    ("{review}/withdraw", {}, 403, "not allowed", "No tienes permiso"),
    ("{brand}/keys", {"name": "x"}, 404, "nothing here", "Aquí no hay nada"),
    ("/moderation/1", {"version": "1"}, 404, "nothing here", "Aquí no hay nada"),
    # duplicate
    ("/places", PLACE, 409, "Is it one of these?", "¿Es uno de estos?"),
    ("/reports", {**REPORT, "lat": "50"}, 409, "still there", "sigue"),
    ("/brands", BRAND, 409, "with this name already", "Ya hay una marca con este nombre"),
    # too long, or too short
    ("/reports", {**REPORT, "text": "x" * 2001}, 422, "At most 2000", "Como mucho 2000"),
    ("/places", {**PLACE, "name": "x" * 201}, 422, "At most", "Como mucho"),
    ("{place}/review", {**REVIEW, "text": "x" * 5001}, 422, "At most 5000", "Como mucho 5000"),
    ("{place}/review", {**REVIEW, "title": "x" * 121}, 422, "At most 120", "Como mucho 120"),
    ("{place}/review", {**REVIEW, "text": "Good."}, 422, "at least 50", "al menos 50"),
    ("/brands", {**BRAND, "name": "x" * 500}, 422, "At most", "Como mucho"),
    ("{brand}/claim", {"message": "x" * 9000}, 422, "At most", "Como mucho"),
    ("{brand}/claim", {"message": "Me."}, 422, "at least", "al menos"),
    # wrong coordinates
    ("/reports", {**REPORT, "lat": "91"}, 422, "not on the map", "no están en el mapa"),
    ("/reports", {**REPORT, "lat": "x"}, 422, "not understood", "no se entienden"),
    ("/places", {**PLACE, "lon": "541"}, 422, "not on the map", "no están en el mapa"),
    ("/reports", {"kind": "jam"}, 422, "Say where", "Di dónde"),
    (
        "/reports",
        {"kind": "jam", "place_name": "Xyzzyx"},
        422,
        "No address or city",
        "ninguna dirección ni ciudad",
    ),
]


@pytest.mark.parametrize(("where", "form", "status", "english", "spanish"), OF_A_MEMBER)
def test_what_a_member_may_not(
    session: Session,
    signed_in: Browser,
    site: dict[str, str],
    where: str,
    form: dict[str, str],
    status: int,
    english: str,
    spanish: str,
) -> None:
    before = stored(session)
    ana = signed_in("ana")
    for language, words in (("en", english), ("es", spanish)):
        ana.post("/language", data={"language": language})
        answer = ana.post(where.format(**site), data=form)
        assert answer.status_code == status, answer.text
        assert words in answer.text
    assert stored(session) == {**before, "members": before["members"] + 1}


@pytest.mark.parametrize("where", ["/reports", "/places", "{place}/review", "{report}/photos"])
def test_a_wrong_file(
    session: Session, signed_in: Browser, site: dict[str, str], where: str
) -> None:
    mod = signed_in("mod2", role="moderator")
    forms: dict[str, dict[str, str]] = {"/reports": REPORT, "/places": PLACE | {"lat": "1"}}
    form = forms.get(where, REVIEW if "review" in where else {})
    if where == "{report}/photos":
        site["report"] = mod.post("/reports", data=REPORT).location
    before = stored(session)
    for content in (b"%PDF-1.7 not a picture", b"", saved(scene())[:40]):
        told = {}
        for language in ("en", "es"):
            mod.post("/language", data={"language": language})
            answer = mod.post(where.format(**site), data={**form, **photo(content)})
            assert answer.status_code == 422, answer.text
            found = re.search(r'id="photos-error"[^>]*>([^<]+)<', answer.text)
            assert found is not None
            told[language] = found[1]
        assert told["en"] != told["es"]
    assert stored(session) == before


@pytest.mark.parametrize(
    ("who", "english", "spanish"),
    [
        ({"confirmed": False}, "Confirm your e-mail", "Confirma"),
        ({"suspended": True}, "is suspended", "suspendida"),
        (None, "Sign in first", "Entra primero"),
    ],
)
@pytest.mark.parametrize(
    ("where", "form"),
    [
        ("/reports", REPORT),
        ("/places", {**PLACE, "lat": "12"}),
        ("/brands", {**BRAND, "name": "Other"}),
        ("{place}/review", REVIEW),
        ("{report}/vote", {"still_there": "yes"}),
        ("{report}/correct", {"revision": "1", "kind": "jam"}),
        ("{review}/helpful", {"helpful": "yes"}),
        ("{brand}/follow", {"following": "yes"}),
        ("{brand}/claim", {"message": "I run this brand, as its web says. " * 2}),
    ],
)
def test_who_may_not_contribute(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    site: dict[str, str],
    where: str,
    form: dict[str, str],
    who: dict[str, bool] | None,
    english: str,
    spanish: str,
) -> None:
    if who is None:
        browser = client
    else:
        browser = signed_in("ana", confirmed=who.get("confirmed", True))
        if who.get("suspended"):
            session.execute(
                sa.text(
                    "UPDATE members SET suspended_until = now() + interval '1 day'"
                    " WHERE handle = 'ana'"
                )
            )
            session.commit()
            session.expire_all()
    before = stored(session)
    for language, words in (("en", english), ("es", spanish)):
        browser.post("/language", data={"language": language})
        answer = browser.post(where.format(**site), data=form)
        assert answer.status_code == (401 if who is None else 403), answer.text
        assert words in answer.text
    assert stored(session) == before


TOO_FAST = {
    "report": ("/reports", REPORT),
    "place": ("/places", {**PLACE, "lat": "5"}),
    "review": ("{place}/review", REVIEW),
    "flag": ("{place}/flag", {"rule": "spam"}),
    "write": ("{report}/vote", {"still_there": "yes"}),
    "join": ("/join", {"handle": "leo", "email": "leo@example.org", "password": PASSWORD}),
    "mail": ("/password/forgotten", {"email": "ana@example.org"}),
    "photo": ("/reports", REPORT),
}


@pytest.mark.parametrize("limit", TOO_FAST)
def test_too_fast(
    app: Flask,
    session: Session,
    signed_in: Browser,
    site: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
) -> None:
    ana = signed_in("ana")
    where, form = TOO_FAST[limit]
    where = where.format(**site)
    if where.endswith("/flag"):
        where = "/flag/" + where.split("/")[2]
    monkeypatch.setitem(app.extensions["boca_limits"].rates, limit, "1 per hour")

    def send(language: str) -> Any:
        # Who has no account yet comes anew each time.
        browser = app.test_client() if limit in ("join", "mail") else ana
        files = photo(saved(scene())) if limit == "photo" else {}
        browser.post("/language", data={"language": language})
        return browser.post(where, data={**form, **files})

    send("en")
    before = stored(session)
    for language, words in (("en", "That was too fast"), ("es", "Demasiado deprisa")):
        answer = send(language)
        assert answer.status_code == 429, answer.text
        assert words in answer.text
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert stored(session) == before


@pytest.mark.parametrize(
    ("header", "code", "english", "spanish"),
    [
        ("", "key_needed", "Send a valid API key", "Envía una clave"),
        ("Basic abc", "key_needed", "Send a valid API key", "Envía una clave"),
        ("Bearer boca_short", "key_malformed", "no key of ours", "no es nuestra"),
        (
            "Bearer boca_" + "0" * 30 + "{check}",
            "key_unknown",
            "unknown or was revoked",
            "no se conoce o se revocó",
        ),
    ],
)
def test_a_wrong_key(
    client: FlaskClient, header: str, code: str, english: str, spanish: str
) -> None:
    sent = header.format(check=brandapi_rules._check("0" * 30))
    for language, words in (("en", english), ("es", spanish)):
        answer = client.get(
            "/api/v1/reports", headers={"Authorization": sent, "Accept-Language": language}
        )
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        problem = answer.get_json(force=True)
        assert problem["code"] == code
        assert words in problem["title"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
