"""Who gets in, who is locked out, and what the door tells of who has an account."""

import importlib.util
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.mails import links_in
from tests.factories.members import PASSWORD
from tests.reading import words
from ugc.accounts import jobs as accounts_jobs
from ugc.accounts.actions import passwords as accounts_passwords
from ugc.accounts.models import Member
from ugc.accounts.rules import credentials as accounts_credentials
from ugc.config import ROOT
from ugc.core import identity
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
Mails = Callable[[], list[str]]
Run = Callable[[], int]
NEW = "quite another battery"
JOIN = {"handle": "leo", "email": "leo@example.org", "password": PASSWORD, "timezone": "UTC"}


def at(browser: FlaskClient, address: str) -> FlaskClient:
    browser.environ_base["REMOTE_ADDR"] = address
    return browser


def try_in(browser: FlaskClient, email: str, password: str) -> int:
    return browser.post("/sign-in", data={"email": email, "password": password}).status_code


# Identities -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("ana@example.org", "ana@example.org"),
        (" Ana@EXAMPLE.org ", "Ana@example.org"),
        ("ana@xn--bcher-kva.example", "ana@bücher.example"),
        ("ana@BÜCHER.example", "ana@bücher.example"),
        ("ana@bu\u0308cher.example", "ana@bücher.example"),
        ("jose\u0301@example.org", "josé@example.org"),
        ("JOSÉ@example.org", "JOSé@example.org"),
        ("nobody", None),
    ],
)
def test_an_address_has_one_spelling(typed: str, spelled: str | None) -> None:
    assert identity.email(typed) == spelled
    if spelled is not None:
        assert identity.email(spelled) == spelled


SPELLINGS = [
    "josé@bücher.example",
    "jose\u0301@xn--bcher-kva.example",
    "JOSÉ@BÜCHER.example",
    "José@bu\u0308cher.example",
]


def test_the_migration_leaves_an_address_to_the_older_account(
    session: Session, make_member: Callable[..., Member], signed_in: Browser
) -> None:
    """Addresses that become equal: the other account is told, and can still sign in."""
    path = next((ROOT / "migrations" / "versions").glob("*_door.py"))
    spec = importlib.util.spec_from_file_location("door", path)
    assert spec is not None
    assert spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    for handle, email in (
        ("older", "Ana@xn--bcher-kva.example"),
        ("newer", "ana@bücher.example"),
        ("other", "jose\u0301@example.org"),
        ("plain", "plain@example.org"),
    ):
        make_member(handle).email = email
    session.commit()
    migration.spell_addresses(session.connection())
    session.expire_all()
    rows = session.execute(
        sa.text("SELECT handle::text, email::text, email_confirmed_at IS NOT NULL FROM members")
    )
    assert {tuple(row) for row in rows} == {
        ("older", "Ana@bücher.example", True),
        ("newer", "ana@bücher.example", False),
        ("other", "josé@example.org", True),
        ("plain", "plain@example.org", True),
    }
    told = session.execute(sa.text("SELECT kind, facts FROM notifications")).all()
    assert [tuple(row) for row in told] == [("address_taken", {"url": "/settings#mail"})]


@pytest.fixture
def jose(session: Session, make_member: Callable[..., Member]) -> Member:
    member = make_member("jose")
    member.email = identity.email(SPELLINGS[0])
    session.commit()
    return member


@pytest.mark.parametrize("typed", SPELLINGS)
def test_every_entrance_knows_the_same_person(
    app: Flask, session: Session, jose: Member, run_jobs: Run, mails: Mails, typed: str
) -> None:
    """Join, sign in, reset, change and the keys of attempt limits."""
    mails()
    client = app.test_client()
    assert client.post("/join", data={**JOIN, "email": typed}).status_code == 303
    run_jobs()
    assert "already" in mails()[0]
    assert client.post("/password/forgotten", data={"email": typed}).status_code == 303
    run_jobs()
    assert "/password/reset" in mails()[0]
    ben = app.test_client()
    assert try_in(ben, typed, PASSWORD) == 303
    same = ben.post("/settings/mail", data={"email": typed, "password": PASSWORD})
    assert same.status_code == 422
    stranger = at(app.test_client(), "198.51.100.7")
    for number in range(accounts_credentials.ATTEMPTS_PER_PAIR):
        assert try_in(stranger, SPELLINGS[number % len(SPELLINGS)], "wrong") == 422
    assert try_in(stranger, typed, PASSWORD) == 429


@pytest.mark.parametrize(
    ("joined", "typed"),
    [
        ("contraseña larguísima", "contrasen\u0303a largui\u0301sima"),
        ("contrasen\u0303a largui\u0301sima", "contraseña larguísima"),
        ("ｃorrect horse battery ﬁsh", "correct horse battery fish"),
    ],
)
def test_a_password_is_compared_in_normal_form(
    app: Flask, session: Session, make_member: Callable[..., Member], joined: str, typed: str
) -> None:
    member = make_member("ana")
    member.password_hash = accounts_passwords.hash_password(joined)
    session.commit()
    assert try_in(app.test_client(), "ana@example.org", typed) == 303


def test_an_older_hash_of_what_was_typed_is_made_anew(
    app: Flask, session: Session, make_member: Callable[..., Member]
) -> None:
    member = make_member("ana")
    typed = "contrasen\u0303a largui\u0301sima"
    old = member.password_hash = accounts_passwords._hasher.hash(typed)
    session.commit()
    assert try_in(app.test_client(), "ana@example.org", identity.password(typed)) == 422
    assert try_in(app.test_client(), "ana@example.org", typed) == 303
    session.refresh(member)
    assert member.password_hash != old
    assert try_in(app.test_client(), "ana@example.org", identity.password(typed)) == 303


# Limits ---------------------------------------------------------------------------------------


def test_guesses_elsewhere_lock_out_no_known_browser(app: Flask, make_member: Browser) -> None:
    make_member("ana")
    ana = at(app.test_client(), "198.51.100.1")
    assert try_in(ana, "ana@example.org", PASSWORD) == 303
    ana.post("/sign-out")
    for network in range(2, 5):
        guesser = at(app.test_client(), f"198.51.100.{network}")
        for _ in range(accounts_credentials.ATTEMPTS_PER_PAIR):
            try_in(guesser, "ana@example.org", "wrong")
    # The account waits for every browser that is not known …
    assert try_in(at(app.test_client(), "203.0.113.9"), "ana@example.org", PASSWORD) == 429
    # … and not for hers, even from where the guesses came.
    assert try_in(at(ana, "198.51.100.2"), "ana@example.org", PASSWORD) == 303
    # Her own mistakes count, for her browser alone.
    ana.post("/sign-out")
    for _ in range(accounts_credentials.ATTEMPTS_PER_DEVICE):
        assert try_in(ana, "ana@example.org", "wrong") == 422
    assert try_in(ana, "ana@example.org", PASSWORD) == 429


def test_another_network_gets_in_while_one_guesses(app: Flask, make_member: Browser) -> None:
    make_member("ana")
    guesser = at(app.test_client(), "198.51.100.2")
    for _ in range(accounts_credentials.ATTEMPTS_PER_PAIR):
        try_in(guesser, "ana@example.org", "wrong")
    assert try_in(guesser, "ana@example.org", PASSWORD) == 429
    assert try_in(at(app.test_client(), "203.0.113.9"), "ana@example.org", PASSWORD) == 303


def test_distributed_guessing_is_slowed_down(
    app: Flask, session: Session, make_member: Browser
) -> None:
    """A guess from a new network each: in forty minutes hardly more than the free ones."""
    make_member("ana")
    tried = 0
    for minute in range(40):
        session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{minute} minutes'"))
        session.commit()
        for number in range(2):
            guesser = at(app.test_client(), f"198.51.{minute}.{number}")
            tried += try_in(guesser, "ana@example.org", "wrong") == 422
    assert accounts_credentials.ATTEMPTS_FREE <= tried < 50


@pytest.mark.parametrize(
    ("numbers", "wait"),
    [
        ({"pair": 9, "network": 49, "account": 19, "since_last_s": 0}, 0),
        ({"pair": 10, "network": 0, "account": 0, "since_last_s": 800}, 900),
        ({"pair": 0, "network": 50, "account": 0, "since_last_s": 800}, 900),
        ({"pair": 0, "network": 0, "account": 20, "since_last_s": 1}, 3),
        ({"pair": 0, "network": 0, "account": 25, "since_last_s": 1}, 7),
        ({"pair": 0, "network": 0, "account": 500, "since_last_s": 100}, 800),
        ({"pair": 0, "network": 0, "account": 500, "since_last_s": 901}, 0),
    ],
)
def test_how_long_an_unknown_browser_waits(numbers: dict[str, Any], wait: int) -> None:
    assert accounts_credentials.wait_of_unknown(**numbers) == wait


def test_the_cookie_of_another_account_opens_no_way_round(
    app: Flask, session: Session, make_member: Browser, signed_in: Browser
) -> None:
    """An account of one's own with the victim's address makes no browser known to the victim's."""
    make_member("ana")
    eve = at(app.test_client(), "198.51.100.2")
    assert eve.post("/join", data={**JOIN, "email": "ana@example.org"}).status_code == 303
    eve.post("/sign-out")
    for number in range(3, 6):
        guesser = at(app.test_client(), f"198.51.100.{number}")
        for _ in range(accounts_credentials.ATTEMPTS_PER_PAIR):
            try_in(guesser, "ana@example.org", "wrong")
    session.execute(
        sa.text("UPDATE members SET password_hash = :hash WHERE handle = 'ana'"),
        {"hash": accounts_passwords.hash_password(NEW)},
    )
    session.commit()
    assert try_in(eve, "ana@example.org", NEW) == 422  # not tried: that account waits
    assert try_in(eve, "ana@example.org", PASSWORD) == 303  # her own is known here


# What the door tells --------------------------------------------------------------------------


def shape(answer: Any) -> tuple[int, str | None, list[str]]:
    """What a stranger sees of an answer, without random texts."""
    cookies = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
    return answer.status_code, answer.location, cookies


def text_of(page: str) -> str:
    page = re.sub(r'value="[^"]*"|data-member="[^"]*"|<time.*?</time>', "", page)
    return re.sub(r"leo\d|hue-\d|(free|taken)@example.org|/[a-z0-9]{12}\b", "X", page)


def test_joining_and_changing_tell_not_who_has_an_account(
    app: Flask, session: Session, make_member: Callable[..., Member], run_jobs: Run, mails: Mails
) -> None:
    """All that can be seen by who joins with an address that is free and with one that is not."""
    make_member("taken")
    seen = []
    for number, email in enumerate(("free@example.org", "taken@example.org")):
        mails()
        browser = app.test_client()
        pages = []
        joining = {**JOIN, "handle": f"leo{number}", "email": email, "password": NEW}
        joined = browser.post("/join", data=joining)
        pages += [shape(joined), text_of(browser.get("/welcome").text)]
        pages += [shape(browser.post("/confirm/again")), text_of(browser.get("/settings").text)]
        browser.post("/sign-out")
        pages.append(try_in(browser, email, NEW))
        pages.append(try_in(app.test_client(), email, "wrong"))
        form = {"email": f"other{number}@example.org", "password": NEW}
        pages.append(shape(browser.post("/settings/mail", data=form)))
        form["email"] = email
        browser.post("/settings/mail/stop")
        pages.append(shape(browser.post("/settings/mail", data=form)))
        pages.append(shape(app.test_client().post("/password/forgotten", data={"email": email})))
        pages.append(len(run_jobs_of_mail(session)))
        seen.append(pages)
    for free, taken in zip(*seen, strict=True):
        if isinstance(free, str):
            assert free.splitlines() == taken.splitlines()
        assert free == taken


def run_jobs_of_mail(session: Session) -> list[int]:
    ids = session.scalars(
        sa.text(
            "DELETE FROM procrastinate_jobs WHERE task_name = 'accounts.mail_link' RETURNING id"
        )
    ).all()
    session.commit()
    return list(ids)


def test_the_owner_is_told_and_the_other_never_confirms(
    app: Flask, session: Session, make_member: Callable[..., Member], run_jobs: Run, mails: Mails
) -> None:
    ana = make_member("ana")
    mails()
    eve = app.test_client()
    eve.post("/join", data={**JOIN, "email": "ana@example.org"})
    run_jobs()
    [mail] = mails()
    assert "Hello ana" in mail
    assert "/confirm/" not in mail
    # A reset by the owner resets the owner's account.
    app.test_client().post("/password/forgotten", data={"email": "ana@example.org"})
    run_jobs()
    [link] = links_in(mails())[:1]
    owner = app.test_client()
    token = link.partition("token=")[2]
    assert owner.post("/password/reset", data={"token": token, "password": NEW}).status_code == 303
    assert f"/members/{ana.handle}" in owner.get("/").text
    assert eve.post("/reports", data={"kind": "jam", "lat": "1", "lon": "1"}).status_code == 403


def test_the_first_who_confirms_has_the_address(
    app: Flask, session: Session, run_jobs: Run, mails: Mails
) -> None:
    """An account made before with the address of a person who joins later keeps nothing."""
    mails()
    for handle in ("eve", "ana"):
        form = {**JOIN, "handle": handle, "email": "ana@example.org"}
        app.test_client().post("/join", data=form)
    run_jobs()
    first, second = (link for link in links_in(mails()) if "/confirm/" in link)
    assert app.test_client().post(second).status_code == 303
    assert app.test_client().post(first).status_code == 400
    confirmed = "SELECT handle FROM members WHERE email_confirmed_at IS NOT NULL"
    assert session.scalars(sa.text(confirmed)).all() == ["ana"]
    run_jobs()
    marks = (
        "SELECT count(*) FROM fingerprints JOIN members m ON m.id = member_id"
        " WHERE kind = 'mailbox'"
    )
    assert session.scalar(sa.text(marks)) == 1


# Mails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["confirm", "reset", "exists", "mail_new", "mail_old"])
def test_one_person_gets_three_mails_an_hour(
    app: Flask, session: Session, make_member: Callable[..., Member], run_jobs: Run, mails: Mails,
    purpose: str,
) -> None:  # fmt: skip
    """Every mail that a request causes, however many networks and accounts ask for it."""
    assert {"password_changed", "mail_changed", "new_browser"} == set(accounts_jobs.LETTERS) - {
        "confirm", "reset", "exists", "mail_new", "mail_old",
    }  # fmt: skip
    make_member("ana", confirmed=purpose != "confirm")
    mails()
    for number in range(6):
        browser = at(app.test_client(), f"198.51.100.{number}")
        if purpose == "reset":
            browser.post("/password/forgotten", data={"email": "ana@example.org"})
        elif purpose == "confirm":
            try_in(browser, "ana@example.org", PASSWORD)
            browser.post("/confirm/again")
        elif purpose == "exists":
            email = "ana@example.org"
            browser.post("/join", data={**JOIN, "handle": f"leo{number}", "email": email})
        else:
            try_in(browser, "ana@example.org", PASSWORD)
            email = "new@example.org" if purpose == "mail_new" else f"new{number}@example.org"
            browser.post("/settings/mail", data={"email": email, "password": PASSWORD})
        run_jobs()
    subject = str(accounts_jobs.LETTERS[purpose].subject)
    sent = [mail for mail in mails() if mail.startswith(subject)]
    assert len(sent) == accounts_credentials.MAILS_PER_HOUR
    live = session.scalar(
        sa.text("SELECT count(*) FROM account_tokens WHERE purpose = :p AND used_at IS NULL"),
        {"p": purpose},
    )
    assert live <= 1


def test_addresses_of_one_mailbox_share_the_limit(app: Flask, run_jobs: Run, mails: Mails) -> None:
    mails()
    for number in range(6):
        form = {**JOIN, "handle": f"leo{number}", "email": f"an.a+{number}@gmail.com"}
        at(app.test_client(), f"198.51.100.{number}").post("/join", data=form)
    run_jobs()
    assert len(mails()) == accounts_credentials.MAILS_PER_HOUR


def test_a_change_of_password_and_a_new_browser_are_told(
    app: Flask, session: Session, make_member: Browser, run_jobs: Run, mails: Mails
) -> None:
    make_member("ana", language="es", timezone="America/Bogota")
    ana = app.test_client()
    assert try_in(ana, "ana@example.org", PASSWORD) == 303
    run_jobs()
    mails()
    ana.post("/sign-out")
    assert try_in(ana, "ana@example.org", PASSWORD) == 303
    run_jobs()
    assert mails() == []  # this browser is known
    other = app.test_client()
    other.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    assert try_in(other, "ana@example.org", PASSWORD) == 303
    run_jobs()
    [mail] = mails()
    assert mail.startswith("Un navegador nuevo")
    assert all(part in mail for part in ("Firefox en Linux", "America/Bogota", "/settings"))
    form = {"old_password": PASSWORD, "password": NEW}
    assert other.post("/settings/password", data=form).status_code == 303
    run_jobs()
    [mail] = mails()
    assert mail.startswith("Tu contraseña ha cambiado")
    assert "/password/forgotten" in mail


# Changing the address -------------------------------------------------------------------------


def ask(browser: FlaskClient, email: str, password: str = PASSWORD) -> int:
    form = {"email": email, "password": password}
    return browser.post("/settings/mail", data=form).status_code


def test_both_addresses_agree(
    app: Flask, session: Session, signed_in: Browser, run_jobs: Run, mails: Mails
) -> None:
    ana = signed_in("ana")
    run_jobs()
    mails()
    assert ask(ana, "new@example.org", "wrong") == 422
    assert ask(ana, "New@Example.org") == 303
    assert "New@example.org" in ana.get("/settings").text
    run_jobs()
    new, old = links_in(mails())
    stranger = app.test_client()
    for link in (new, old):
        assert "ana" in words(stranger.get(link).text)  # shows buttons, changes nothing
    member = session.scalars(sa.select(Member)).one()
    assert stranger.post(new, data={"answer": "agree"}).status_code == 303
    session.refresh(member)
    assert member.email == "ana@example.org"
    assert stranger.post(old, data={"answer": "agree"}).status_code == 303
    session.refresh(member)
    assert (member.email, member.email_confirmed_at is not None) == ("New@example.org", True)
    run_jobs()
    [told] = mails()
    assert told.startswith("The address of your account was changed")
    assert try_in(stranger, "new@example.org", PASSWORD) == 303
    assert try_in(app.test_client(), "ana@example.org", PASSWORD) == 422
    assert stranger.post(old, data={"answer": "agree"}).status_code == 303  # pressed twice
    assert stranger.post(old, data={"answer": "stop"}).status_code == 400


@pytest.mark.parametrize("stops", ["old", "new", "settings", "another request"])
def test_a_change_is_stopped(
    session: Session, signed_in: Browser, run_jobs: Run, mails: Mails, stops: str
) -> None:
    ana = signed_in("ana")
    run_jobs()
    mails()
    ask(ana, "new@example.org")
    run_jobs()
    new, old = links_in(mails())
    if stops == "settings":
        assert ana.post("/settings/mail/stop").status_code == 303
    elif stops == "another request":
        assert ask(ana, "third@example.org") == 303
    else:
        link = {"old": old, "new": new}[stops]
        assert ana.post(link, data={"answer": "stop"}).status_code == 303
    for link in (new, old):
        assert ana.post(link, data={"answer": "agree"}).status_code == 400
    assert session.scalar(sa.text("SELECT email FROM members")) == "ana@example.org"


def test_an_address_that_was_never_confirmed_is_not_asked(
    session: Session, signed_in: Browser, run_jobs: Run, mails: Mails
) -> None:
    ana = signed_in("ana", confirmed=False)
    mails()
    ask(ana, "new@example.org")
    run_jobs()
    [mail] = mails()
    assert ana.post(links_in([mail])[0], data={"answer": "agree"}).status_code == 303
    session.expire_all()
    member = session.scalars(sa.select(Member)).one()
    assert (member.email, member.email_confirmed_at is not None) == ("new@example.org", True)


def test_the_address_of_another_is_never_taken_over(
    session: Session, make_member: Browser, signed_in: Browser, run_jobs: Run, mails: Mails
) -> None:
    make_member("ben")
    ana = signed_in("ana")
    run_jobs()
    mails()
    assert ask(ana, "ben@example.org") == 303
    run_jobs()
    told = mails()
    assert sorted(mail.partition("\n")[0] for mail in told) == [
        "The address of your account is to change", "You have an account already",
    ]  # fmt: skip
    old = next(link for link in links_in(told) if "/settings/mail/" in link)
    assert ana.post(old, data={"answer": "agree"}).status_code == 303
    assert session.scalar(sa.text("SELECT email FROM members WHERE handle = 'ana'")) == (
        "ana@example.org"
    )


def test_who_confirms_in_between_keeps_the_address(
    app: Flask, session: Session, make_member: Callable[..., Member], signed_in: Browser,
    run_jobs: Run, mails: Mails,
) -> None:  # fmt: skip
    ana = signed_in("ana")
    run_jobs()
    mails()
    ask(ana, "ben@example.org")
    run_jobs()
    new, old = links_in(mails())
    make_member("ben")
    assert ana.post(old, data={"answer": "agree"}).status_code == 303
    assert ana.post(new, data={"answer": "agree"}).status_code == 400
    session.expire_all()
    assert session.scalar(sa.text("SELECT email FROM members WHERE handle = 'ana'")) == (
        "ana@example.org"
    )
