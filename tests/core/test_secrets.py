"""No secret that a request carries leaves a trace in `idempotency_keys`, and what is stored there
cannot be compared with guesses."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.rules.roles import Role
from ugc.config import ROOT
from ugc.core import idempotency, mail, sensitive
from ugc.core.access import SYSTEM
from ugc.core.db import Session
from ugc.core.errors import Conflict

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
NEW = "quite another battery"
HANDLE = {"handle": "leo", "email": "leo@example.org", "password": PASSWORD}
# Endpoint: (address, form). Every form with a secret field, and every address with one in it.
WITH_SECRETS: dict[str, tuple[str, dict[str, str]]] = {
    "accounts.join": ("/join", HANDLE),
    "accounts.sign_in": ("/sign-in", {"email": "ana@example.org", "password": PASSWORD}),
    "accounts.reset": ("/password/reset", {"token": "{reset}", "password": NEW}),
    "accounts.change_password": ("/settings/password", {"old_password": PASSWORD, "password": NEW}),
    "accounts.erase": ("/settings/erase", {"password": PASSWORD, "content": "keep"}),
    "accounts.confirm": ("/confirm/{confirm}", {}),
    "watches.unsubscribe": ("/unsubscribe/{unsubscribe}", {}),
}
WITH_SECRETS |= {
    "accounts.request_mail_change": (
        "/settings/mail", {"email": "new@example.org", "password": PASSWORD},
    ),
    "accounts.answer_mail_change": ("/settings/mail/{change}", {"answer": "agree"}),
}  # fmt: skip
MEMBERS_ONLY = {"accounts.request_mail_change", "accounts.change_password", "accounts.erase"}


def forms_with_secrets() -> set[str]:
    """Endpoints of the forms in templates that ask for a password or carry a token."""
    found = set()
    for path in (ROOT / "templates").rglob("*.html"):
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL):
            names = re.findall(r"""(?:name="|ui\.field\(')(\w+)""", form)
            action = re.search(r"url_for\('([\w.]+)'", form)
            if sensitive.any_secret(names):
                assert action is not None, path
                found.add(action[1])
    return found


def addresses_with_secrets(app: Flask) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and sensitive.any_secret(rule.arguments)
    }


def test_every_form_and_address_with_a_secret_is_tried_here(app: Flask) -> None:
    assert forms_with_secrets() | addresses_with_secrets(app) == set(WITH_SECRETS)


def stored(session: Session) -> list[Any]:
    return list(session.execute(sa.text("SELECT * FROM idempotency_keys")))


@pytest.fixture
def tokens(
    app: Flask, session: Session, make_member: Callable[..., Any], run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> dict[str, str]:  # fmt: skip
    mails()
    member = make_member("ana", confirmed=False)
    browser = app.test_client()
    browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    browser.post("/confirm/again")
    browser.post("/password/forgotten", data={"email": "ana@example.org"})
    browser.post("/settings/mail", data={"email": "new@example.org", "password": PASSWORD})
    run_jobs()
    text = "".join(mails())
    public_id = session.scalar(
        sa.text("SELECT public_id FROM subjects WHERE id = :id"), {"id": member.id}
    )
    return {
        "confirm": re.findall(r"/confirm/(\S+)", text)[0],
        "change": re.findall(r"/settings/mail/(\S+)", text)[0],
        "reset": re.findall(r"token=(\S+)", text)[0],
        "unsubscribe": mail.unsubscribe_token(str(public_id), "digest"),
    }


@pytest.mark.parametrize("by", ["field", "header"])
@pytest.mark.parametrize("endpoint", sorted(WITH_SECRETS))
def test_what_carries_a_secret_is_not_remembered(
    app: Flask, session: Session, tokens: dict[str, str], endpoint: str, by: str
) -> None:
    address, form = WITH_SECRETS[endpoint]
    browser = app.test_client()
    if endpoint in MEMBERS_ONLY:
        browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    session.execute(sa.text("DELETE FROM idempotency_keys"))
    session.commit()
    data = {name: value.format(**tokens) for name, value in form.items()}
    headers = {"Idempotency-Key": "k1"} if by == "header" else {}
    if by == "field":
        data["idempotency_key"] = "k1"
    answer = browser.post(address.format(**tokens), data=data, headers=headers)
    assert answer.status_code in (200, 303), answer.text
    assert stored(session) == []


@pytest.mark.parametrize("endpoint", ["accounts.join", "accounts.sign_in", "accounts.reset"])
def test_who_presses_twice_is_signed_in_once_and_for_all(
    app: Flask, session: Session, tokens: dict[str, str], endpoint: str
) -> None:
    """Each answer signs its browser in: the first one's cookie may never have arrived."""
    address, form = WITH_SECRETS[endpoint]
    data = {name: value.format(**tokens) for name, value in form.items()}
    before = session.scalar(sa.text("SELECT count(*) FROM members")) or 0
    for browser in (app.test_client(), app.test_client()):
        answer = browser.post(address, data=data, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 303, answer.text
        assert browser.get("/settings").status_code == 200
    made = (session.scalar(sa.text("SELECT count(*) FROM members")) or 0) - before
    assert made == (1 if endpoint == "accounts.join" else 0)


@pytest.mark.parametrize("endpoint", sorted(WITH_SECRETS))
def test_a_second_press_is_answered_as_the_first(
    app: Flask, tokens: dict[str, str], endpoint: str
) -> None:
    """The first answer may never have arrived. Erasing signs out: its second press asks to sign
    in."""
    address, form = WITH_SECRETS[endpoint]
    data = {name: value.format(**tokens) for name, value in form.items()}
    browser = app.test_client()
    if endpoint in MEMBERS_ONLY:
        browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    answers = [browser.post(address.format(**tokens), data=data) for _ in range(2)]
    if endpoint == "accounts.erase":
        assert [answer.status_code for answer in answers] == [303, 401]
    else:
        assert answers[0].status_code in (200, 303)
        told = {(answer.status_code, answer.location) for answer in answers}
        assert len(told) == 1, [answer.text for answer in answers]


def test_a_link_that_another_ended_is_no_second_press(
    app: Flask, tokens: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    browser = app.test_client()
    browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    browser.post("/confirm/again")
    run_jobs()
    answer = browser.post(f"/confirm/{tokens['confirm']}")
    assert (answer.status_code, "link_expired" in answer.text) == (400, True)


def test_joining_guesses_no_passwords(client: FlaskClient, tokens: dict[str, str]) -> None:
    """A name and address that belong together are no way round the limit of sign-ins."""
    form = {"handle": "ana", "email": "ana@example.org"}
    for number in range(10):
        answer = client.post("/join", data={**form, "password": f"{NEW} {number}"})
        assert answer.status_code == 422
    assert client.post("/join", data={**form, "password": PASSWORD}).status_code in (422, 429)


def test_digests_are_keyed(
    app: Flask, session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = signed_in("ana")
    sent = {"name": "Mora", "about": "", "website": ""}
    ana.post("/brands", data=sent, headers={"Idempotency-Key": "k1"})
    [row] = stored(session)
    plain = hashlib.sha256(b"POST /brands\n")
    for name, value in sorted(sent.items()):
        plain.update(f"{len(name)}:{name}={len(value)}:{value}".encode())
    assert plain.hexdigest() not in row.body_hash
    assert row.body_hash.startswith("h1:")
    # The same body under another key of the installation is another digest.
    monkeypatch.setitem(app.config, "SECRET_KEY", "another secret of the tests, long enough")
    with app.test_request_context("/brands", method="POST", data=sent):
        assert idempotency._body_hash() != row.body_hash


def test_a_repeated_key_page_says_that_the_key_was_shown(
    session: Session, signed_in: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    brand = mod.post("/brands", data={"name": "Mora", "about": "", "website": ""}).location
    brand_id = session.scalar(sa.text("SELECT id FROM brands")) or 0
    member_id = session.scalar(sa.text("SELECT id FROM members WHERE handle = 'mod'")) or 0
    accounts_grants_actions.give(
        session, member_id, Role.OWNER, by=SYSTEM, subject_id=brand_id, announce=False
    )
    session.commit()
    form = {"name": "dashboard", "scopes": ["reports:read"], "idempotency_key": "k1"}
    first = mod.post(f"{brand}/keys", data=form)
    assert "boca_" in first.text
    again = mod.post(f"{brand}/keys", data=form)
    assert again.status_code == 303
    for language, text in (("en", "shown once"), ("es", "una sola vez")):
        assert text in mod.get(f"{again.location}&lang={language}").text
    assert session.scalar(sa.text("SELECT count(*) FROM api_keys")) == 1


def test_a_repeated_page_is_no_blank_page() -> None:
    """Pages are not stored: a repetition is told so rather than answered with nothing."""
    page = idempotency.IdempotencyKey(status=200, location=None, body=None)
    with pytest.raises(Conflict) as refused:
        idempotency._replay(page)
    assert refused.value.code == "repeated"


def test_no_text_names_an_erased_member(
    session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    """Every text column of the database: what holds the reference of who left is decided on."""
    ana = signed_in("ana", role="moderator")
    report = ana.post("/reports", data=REPORT, headers={"Idempotency-Key": "k1"}).location
    ana.post(f"{report}/close", headers={"Idempotency-Key": "k2"})
    member_id = session.scalar(sa.text("SELECT id FROM members WHERE handle = 'ana'"))
    ana.post("/settings/erase", data={"password": PASSWORD, "content": "keep"})
    run_jobs()
    columns = session.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'text'"
            " AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r')"
        )
    )
    holds = {
        f"{table}.{column}"
        for table, column in columns
        if session.scalar(
            sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = :who)"),
            {"who": f"member:{member_id}"},
        )
    }
    # The log of transitions keeps the number of a node without a name.
    assert holds == {"transitions.actor"}
