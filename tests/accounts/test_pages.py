"""Joining, confirming, signing in and out, resetting, leaving: HTTP in, database and mail out."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.reading import words
from ugc.accounts.models import Member, MemberSession
from ugc.core.db import Session

JOIN = {
    "handle": "ana",
    "email": "Ana@Example.org",
    "password": PASSWORD,
    "timezone": "Europe/Madrid",
}


def link_in(mail: str) -> str:
    found = re.search(r"http://localhost(/\S+)", mail)
    assert found is not None, mail
    return found[1]


def test_join_confirm_and_contribute(
    client: FlaskClient,
    session: Session,
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:
    mails()
    answer = client.post("/join", data=JOIN, headers={"Accept-Language": "es"})
    assert answer.status_code == 303
    member = session.scalars(sa.select(Member)).one()
    assert (member.email, member.language, member.timezone) == (
        "Ana@example.org",
        "es",
        "Europe/Madrid",
    )
    assert member.password_hash is not None
    assert member.password_hash.startswith("$argon2id$")
    refused = client.post("/reports", data={"kind": "jam", "lat": "40", "lon": "-3"})
    assert refused.status_code == 403
    run_jobs()
    [mail] = mails()
    assert "Confirma" in mail
    link = link_in(mail)
    assert client.get(link).status_code == 200
    session.refresh(member)
    assert member.email_confirmed_at is None  # a mail scanner that opens links confirms nothing
    assert client.post(link).status_code == 303
    session.refresh(member)
    assert member.email_confirmed_at is not None
    assert "ya estaba confirmada" in client.get(link, follow_redirects=True).text
    accepted = client.post("/reports", data={"kind": "jam", "lat": "40", "lon": "-3"})
    assert accepted.status_code == 303


@pytest.mark.parametrize(
    ("change", "field", "english", "spanish"),
    [
        ({"handle": "a"}, "handle", "Use 3 to 30", "Usa de 3 a 30"),
        ({"email": "nobody"}, "email", "not an e-mail address", "no es una dirección"),
        ({"password": "12345678"}, "password", "easy to guess", "fácil de adivinar"),
        ({"handle": "ben"}, "handle", "taken", "ocupado"),
    ],
)
def test_a_refused_form_comes_back_filled_in(
    client: FlaskClient,
    session: Session,
    make_member: Callable[..., Member],
    change: dict[str, str],
    field: str,
    english: str,
    spanish: str,
) -> None:
    make_member("ben")
    for language, text in (("en", english), ("es", spanish)):
        form = {**JOIN, **change}
        answer = client.post("/join", data=form, headers={"Accept-Language": language})
        assert answer.status_code == 422
        assert text in answer.text
        assert f'id="{field}-error"' in answer.text
        assert f'value="{form["handle"]}"' in answer.text
        assert PASSWORD not in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Member)) == 1


def test_a_handle_of_somebody_who_left_is_never_given_again(
    signed_in: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    browser = signed_in("ana")
    browser.post("/settings/erase", data={"password": PASSWORD, "content": "keep"})
    assert client.post("/join", data={**JOIN, "email": "new@example.org"}).status_code == 422


def test_wrong_passwords_are_counted_and_then_refused(
    client: FlaskClient, session: Session, make_member: Callable[..., Member]
) -> None:
    make_member("ana")
    form = {"email": "ana@example.org", "password": "wrong"}
    attempts = sa.text("SELECT who FROM sign_in_attempts ORDER BY id")
    before = len(session.execute(attempts).all())  # they outlive the tests that made them
    for _ in range(10):
        assert client.post("/sign-in", data=form).status_code == 422
    refused = client.post("/sign-in", data={**form, "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Espera" in client.post("/sign-in", data=form, headers={"Accept-Language": "es"}).text
    rows = session.execute(attempts).scalars().all()[before:]
    assert len(rows) == 30  # of the account, the network, and both together
    assert all("ana" not in who for who in rows)


def test_signing_in_answers_alike_for_nobody_and_for_a_wrong_password(
    client: FlaskClient, make_member: Callable[..., Member]
) -> None:
    make_member("ana")
    texts = {
        re.sub(
            r'value="[^"]*"', "", client.post("/sign-in", data={"email": e, "password": "x"}).text
        )
        for e in ("ana@example.org", "nobody@example.org")
    }
    assert len(texts) == 1


def test_next_never_leads_away(client: FlaskClient, make_member: Callable[..., Member]) -> None:
    make_member("ana")
    form = {"email": "ana@example.org", "password": PASSWORD, "next": "//evil.example"}
    assert client.post("/sign-in", data=form).location == "/"


def test_sessions_are_listed_and_revocable(
    app: Flask, signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    first = signed_in("ana")
    second = app.test_client()
    second.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    oldest = session.scalar(sa.select(sa.func.min(MemberSession.id)))
    assert second.get("/settings").status_code == 200
    assert second.post(f"/settings/sessions/{oldest}/end").status_code == 303
    assert first.get("/settings").status_code == 401
    assert second.get("/settings").status_code == 200


def test_nobody_ends_the_session_of_another(
    signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    ana = signed_in("ana")
    theirs = session.scalar(sa.select(sa.func.max(MemberSession.id)))
    ben = signed_in("ben")
    assert ben.post(f"/settings/sessions/{theirs}/end").status_code == 409
    assert ana.get("/settings").status_code == 200


def test_reset_ends_every_session_and_works_once(
    client: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:
    browser = signed_in("ana")
    mails()
    for email in ("ana@example.org", "nobody@example.org"):
        answer = client.post("/password/forgotten", data={"email": email})
        assert answer.status_code == 303
    run_jobs()
    [mail] = mails()
    token = link_in(mail).split("token=")[1]
    form = {"token": token, "password": "plum tractor silence"}
    assert client.post("/password/reset", data=form).status_code == 303
    assert browser.get("/settings").status_code == 401
    # Pressed twice is answered alike; another password is not set.
    assert client.post("/password/reset", data=form).status_code == 303
    form["password"] = "a third tractor silence"
    assert client.post("/password/reset", data=form).status_code == 400


def test_export_says_what_is_stored(signed_in: Callable[..., FlaskClient]) -> None:
    browser = signed_in("ana")
    browser.post("/reports", data={"kind": "jam", "lat": "40", "lon": "-3", "text": "Slow"})
    data = browser.get("/settings/export").get_json()
    assert data["account"]["email"] == "ana@example.org"
    assert data["reports"]["posted"][0]["text"] == "Slow"


@pytest.mark.parametrize(("choice", "stays"), [("keep", True), ("remove", False)])
def test_erasure_takes_the_name_and_what_they_chose(
    client: FlaskClient,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    choice: str,
    stays: bool,
) -> None:
    browser = signed_in("ana", role="moderator")
    posted = browser.post(
        "/reports", data={"kind": "jam", "lat": "40", "lon": "-3", "text": "Slow"}
    )
    form = {"password": "wrong", "content": choice}
    refused = browser.post("/settings/erase", data=form)
    assert refused.status_code == 422
    # Told in the form that was sent, not in the one that changes the password.
    assert 'id="erase-password-error"' in refused.text
    assert 'id="password-error"' not in refused.text
    assert browser.post("/settings/erase", data={**form, "password": PASSWORD}).status_code == 303
    page = client.get(posted.location)
    assert page.status_code == (200 if stays else 404)
    assert "ana" not in words(page.text).split()
    member = session.scalars(sa.select(Member)).one()
    assert (member.handle, member.email, member.password_hash) == (None, None, None)
    assert client.get("/members/ana").status_code == 404


def test_the_language_switch_keeps_the_page(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "es", "next": "/join?a=1"})
    assert answer.location == "/join?a=1"
    assert '<html lang="es"' in client.get("/join").text


def test_a_form_without_its_token_is_refused(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/join", data=JOIN)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400
    assert "too old" in answer.text


def test_a_new_password_ends_the_links_of_older_mails(
    client: FlaskClient,
    make_member: Callable[..., Member],
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:
    make_member("ana")
    mails()
    for _ in range(2):
        client.post("/password/forgotten", data={"email": "ana@example.org"})
    run_jobs()
    first, second = (link_in(mail).partition("token=")[2] for mail in mails())
    form = {"token": second, "password": "quite another battery"}
    assert client.post("/password/reset", data=form).status_code == 303
    form = {"token": first, "password": "and a third battery"}
    assert client.post("/password/reset", data=form).status_code == 400


def test_asking_for_a_link_does_as_much_for_nobody(
    client: FlaskClient,
    session: Session,
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:
    mails()
    client.post("/password/forgotten", data={"email": "nobody@example.org"})
    assert run_jobs() == 1
    assert mails() == []


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/settings/password", {"old_password": "a guess", "password": "quite another battery"}),
        ("/settings/erase", {"password": "a guess", "content": "keep"}),
    ],
)
def test_the_present_password_is_not_guessed_for_ever(
    signed_in: Callable[..., FlaskClient], address: str, form: dict[str, str]
) -> None:
    ana = signed_in("ana")
    answers = [ana.post(address, data=form).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_the_cookie_is_sent_again_only_when_it_changed(
    signed_in: Callable[..., FlaskClient],
) -> None:
    """An answer under way must not bring back the cookie from before another one's notice."""
    browser = signed_in("ana")
    browser.get("/settings")
    assert "Set-Cookie" not in browser.get("/settings").headers
