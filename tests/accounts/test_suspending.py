"""A suspended member can only read, export and erase; who may suspend; what stops; how it ends."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import click.testing
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.models import Member, Suspension
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.accounts.rules import suspensions as accounts_suspensions_rules
from ugc.accounts.rules.roles import Role, grant
from ugc.cli import members as cli_members
from ugc.cli.main import cli
from ugc.core.access import ANONYMOUS, SUSPENDED_MAY, SYSTEM, Actor, ActorKind
from ugc.core.db import SAFE_METHODS, Session
from ugc.core.errors import Conflict, Forbidden, Invalid

Browser = Callable[..., FlaskClient]
WORDS = "Zz what I wrote by hand"
FIELDS = (
    "text", "title", "note", "about", "message", "name", "answer", "description", "address",
    "handle", "thanks", "reason", "place_name", "city",
)  # fmt: skip
PARTS = re.compile(r"<(?:(\w+)[^:>]*:)?(\w+)>")
TYPED = dict.fromkeys(FIELDS, WORDS)


def unsafe_routes(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, address) of everything that is not only read, with made-up arguments."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        arguments = {
            name: 1 if kind == "int" else "ana" if name == "handle" else "x"
            for kind, name in PARTS.findall(rule.rule)
        }
        for method in sorted((rule.methods or set()) - SAFE_METHODS):
            address = adapter.build(rule.endpoint, arguments, method=method)
            found.append((rule.endpoint, method, address))
    return sorted(found)


@pytest.fixture
def stop(session: Session) -> Callable[..., int]:
    """Suspends a member by name, as the operator."""

    def suspend(handle: str, days: int | None = 7, reason: str = "spam", note: str = "") -> int:
        member = session.scalars(sa.select(Member).where(Member.handle == handle)).one()
        suspension_id = accounts_suspending.suspend(
            session, SYSTEM, member.id, reason=reason, days=days, note=note, cause="operator"
        )
        session.commit()
        return suspension_id

    return suspend


Stop = Callable[..., int]


# what is refused ----------------------------------------------------------------------------


def test_every_exception_is_a_route(app: Flask) -> None:
    assert {endpoint for endpoint, _, _ in unsafe_routes(app)} >= SUSPENDED_MAY


def test_all_else_is_refused_and_keeps_what_was_typed(
    app: Flask, session: Session, signed_in: Browser, stop: Stop
) -> None:
    browser = signed_in("ana")
    stop("ana", note="Zz read the rules.")
    routes = [each for each in unsafe_routes(app) if not each[2].startswith("/api/")]
    refused = [each for each in routes if each[0] not in SUSPENDED_MAY]
    assert len(refused) > 40
    for endpoint, method, address in refused:
        view = app.view_functions[endpoint]
        told = browser.open(address, method=method, headers={"Accept": "application/json"})
        if view.access.policy in ("moderators", "site_act"):  # type: ignore[attr-defined]
            assert told.status_code == 404, address
            continue
        assert (told.status_code, told.get_json(force=True)["code"]) == (403, "suspended"), address
        assert told.get_json(force=True)["reason"] == "spam"
        assert dt.datetime.fromisoformat(told.get_json(force=True)["until"]).tzinfo is not None
        htmx = browser.open(address, method=method, headers={"HX-Request": "true"})
        assert (htmx.status_code, htmx.headers["HX-Retarget"]) == (403, "#notices"), address
        assert "is suspended until" in htmx.text
        if getattr(view, "takes_json", False):
            continue  # no form leads there
        page = browser.open(address, method=method, data=TYPED)
        assert page.status_code == 403, address
        assert "is suspended until" in page.text, address
        assert WORDS in page.text, address


def test_what_they_may_is_not_refused(
    app: Flask, session: Session, signed_in: Browser, stop: Stop
) -> None:
    stays = ("accounts.sign_out", "accounts.erase")
    browser = signed_in("ana")
    stop("ana")
    for endpoint, method, address in unsafe_routes(app):
        if endpoint in SUSPENDED_MAY and endpoint not in stays:
            told = browser.open(address, method=method, headers={"Accept": "application/json"})
            if told.is_json or "json" in (told.content_type or ""):
                assert told.get_json(force=True).get("code") != "suspended", address
    assert browser.get("/settings/export").get_json()["account"]["suspensions"][0]["reason"] == (
        "spam"
    )
    erased = browser.post("/settings/erase", data={"password": PASSWORD, "content": "remove"})
    assert erased.status_code == 303
    assert session.scalars(sa.select(Member.handle).where(Member.handle == "ana")).all() == []


@pytest.mark.parametrize(
    "path",
    ["/", "/places", "/brands", "/reports/new", "/settings", "/inbox", "/members/ana", "/about",
     "/watching", "/contacts", "/nowhere"],
)  # fmt: skip
def test_every_page_says_why_and_until_when(signed_in: Browser, stop: Stop, path: str) -> None:
    browser = signed_in("ana", language="en")
    assert "is suspended" not in browser.get(path).text
    stop("ana", note="Zz read the rules.")
    page = browser.get(path).text
    assert "Your account is suspended until" in page
    assert "The reason: advertising or spam." in page
    assert "Zz read the rules." in page
    assert 'href="/settings/export"' in page
    browser.post("/language", data={"language": "es"})
    assert "Tu cuenta está suspendida hasta el" in browser.get(path).text


def test_without_end_there_is_no_date(signed_in: Browser, stop: Stop) -> None:
    browser = signed_in("ana", language="en")
    stop("ana", days=None)
    assert "Your account is suspended without an end date." in browser.get("/about").text
    told = browser.post("/reports", headers={"Accept": "application/json"})
    assert told.get_json(force=True)["until"] is None


@pytest.mark.parametrize(
    ("account", "code"),
    [({"confirmed": False}, "email_unconfirmed"), ({}, "suspended")],
)
def test_a_form_is_shown_again_with_what_was_typed(
    signed_in: Browser, stop: Stop, account: dict[str, bool], code: str
) -> None:
    """Without a script too: the report's own form, filled in."""
    browser = signed_in("ana", language="en", **account)
    if code == "suspended":
        stop("ana")
    form = {"kind": "jam", "lat": "40.42", "lon": "-3.7", "text": WORDS}
    answer = browser.post("/reports", data=form)
    assert answer.status_code == 403
    assert re.search(rf"<textarea[^>]*name=\"text\"[^>]*>{WORDS}</textarea>", answer.text)
    assert 'value="40.42"' in answer.text


def test_secrets_are_not_shown_again(signed_in: Browser, stop: Stop) -> None:
    browser = signed_in("ana")
    stop("ana")
    form = {"password": "Zz my secret words", "old_password": "Zz my old words", "note": WORDS}
    answer = browser.post("/settings/watching/none", data=form)
    assert answer.status_code == 404
    assert "Zz my" not in answer.text
    answer = browser.post("/contacts/link", data=form)
    assert answer.status_code == 403
    assert WORDS in answer.text
    assert "Zz my" not in answer.text


def test_a_moderator_who_is_suspended_moderates_no_more(signed_in: Browser, stop: Stop) -> None:
    browser = signed_in("mod", role="moderator")
    assert browser.get("/moderation").status_code == 200
    stop("mod")
    assert browser.get("/moderation").status_code == 404
    assert "/moderation" not in browser.get("/about").text


# who may ------------------------------------------------------------------------------------


def actor(role: Role | None, *, suspended: bool = False) -> Actor:
    held = () if role is None else (grant(role),)
    return Actor(ActorKind.MEMBER, id=1, grants=held, suspended=suspended)


@pytest.mark.parametrize(
    ("who", "whom", "allowed"),
    [
        (ANONYMOUS, None, False),
        (actor(None), None, False),
        (actor(Role.MODERATOR), None, True),
        (actor(Role.MODERATOR), Role.MODERATOR, False),
        (actor(Role.MODERATOR), Role.ADMINISTRATOR, False),
        (actor(Role.ADMINISTRATOR), None, True),
        (actor(Role.ADMINISTRATOR), Role.MODERATOR, True),
        (actor(Role.ADMINISTRATOR), Role.ADMINISTRATOR, True),
        (actor(Role.MODERATOR, suspended=True), None, False),
        (actor(Role.ADMINISTRATOR, suspended=True), None, False),
        (SYSTEM, Role.ADMINISTRATOR, True),
    ],
)
def test_who_may_suspend_whom(who: Actor, whom: Role | None, allowed: bool) -> None:
    moderates = whom is not None
    assert accounts_suspensions_rules.may_suspend(who, 2, moderates) is allowed
    if who.id == 1:
        assert accounts_suspensions_rules.may_suspend(who, 1, moderates) is False


def test_a_moderator_suspends_from_the_profile_and_lifts(
    session: Session, signed_in: Browser, run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:  # fmt: skip
    moderator, ana = signed_in("mod", role="moderator"), signed_in("ana", language="en")
    run_jobs()
    mails()
    assert "For moderators" not in ana.get("/members/ana").text
    assert "Never suspended." in moderator.get("/members/ana").text
    form = {"reason": "insult", "days": "30", "note": "Zz be kind."}
    answer = moderator.post("/members/ana/suspend", data=form)
    assert (answer.status_code, answer.location) == (303, "/members/ana/suspensions")
    assert "Suspended until" in moderator.get("/members/ana").text
    assert "Zz be kind." in moderator.get("/members/ana/suspensions").text
    assert ana.post("/reports", data={}).status_code == 403
    run_jobs()
    (mail,) = mails()
    assert mail.startswith("Your account is suspended\n")
    assert "The reason: insults, hate or threats." in mail
    assert "Zz be kind." in mail
    inbox = ana.get("/inbox").text
    assert "Your account is suspended: you can read, not contribute." in inbox
    assert inbox.count("Zz be kind.") == 2  # the banner, and the line
    # A shorter one would change nothing: it is refused with what was typed.
    shorter = moderator.post("/members/ana/suspend", data={**form, "days": "7"})
    assert shorter.status_code == 409
    assert "Zz be kind.</textarea>" in shorter.text
    assert moderator.post("/members/ana/reinstate").status_code == 303
    assert "is suspended" not in ana.get("/about").text
    run_jobs()
    (mail,) = mails()
    assert mail.startswith("Your account is no longer suspended\n")
    assert "Welcome back" in ana.get("/inbox").text
    history = moderator.get("/members/ana/suspensions").text
    assert "by mod" in history
    assert "lifted" in history
    assert moderator.post("/members/ana/reinstate").status_code == 409


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"reason": "nonsense", "days": "7"}, "reason"),
        ({"reason": "spam", "days": "99999"}, "days"),
        ({"reason": "spam"}, "days"),
        ({"reason": "other", "days": "7"}, "note"),
        ({"reason": "spam", "days": "7", "note": "x" * 1001}, "note"),
    ],
)
def test_what_is_missing_is_said_beside_the_field(
    session: Session, signed_in: Browser, form: dict[str, str], field: str
) -> None:
    moderator = signed_in("mod", role="moderator")
    signed_in("ana")
    answer = moderator.post("/members/ana/suspend", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert session.scalars(sa.select(Suspension)).all() == []


def test_moderators_do_not_suspend_one_another(session: Session, signed_in: Browser) -> None:
    moderator = signed_in("mod", role="moderator")
    signed_in("mud", role="moderator")
    form = {"reason": "spam", "days": "7"}
    for handle in ("mud", "mod"):
        assert moderator.post(f"/members/{handle}/suspend", data=form).status_code == 403
        assert 'name="days"' not in moderator.get(f"/members/{handle}/suspensions").text
    assert session.scalars(sa.select(Suspension)).all() == []


def test_two_suspensions_stand_for_themselves(
    session: Session, make_member: Callable[..., Member]
) -> None:
    ana = make_member("ana")
    accounts_suspending.suspend(session, SYSTEM, ana.id, reason="spam", days=30, cause="operator")
    accounts_suspending.suspend(
        session, SYSTEM, ana.id, reason="accounts", days=365, cause="decision:1"
    )
    assert accounts_suspensions_queries.standing(session, ana.id).reason == "accounts"  # type: ignore[union-attr]
    accounts_suspending.lift_by_cause(session, ana.id, "decision:1", "decision:2")
    assert accounts_suspensions_queries.standing(session, ana.id).reason == "spam"  # type: ignore[union-attr]
    assert accounts_suspensions_queries.suspended_among(session, [ana.id]) == {ana.id}
    accounts_suspending.suspend(
        session, SYSTEM, ana.id, reason="illegal", days=None, cause="operator"
    )
    assert ana.suspended_until == accounts_suspensions_rules.WITHOUT_END
    accounts_suspending.reinstate(session, SYSTEM, ana.id)
    assert ana.suspended_until is None
    with pytest.raises(Conflict):
        accounts_suspending.reinstate(session, SYSTEM, ana.id)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        session.execute(sa.delete(Suspension))


def test_it_ends_by_itself_and_is_told(
    session: Session, signed_in: Browser, stop: Stop, run_jobs: Callable[[], int]
) -> None:
    browser = signed_in("ana", language="en")
    stop("ana", days=1)
    run_jobs()
    assert accounts_suspending.end_those_over(session) == 0
    session.execute(sa.text("SET LOCAL boca.clock_offset = '25 hours'"))
    session.commit()
    # The time itself ends it, whatever the job does.
    assert "is suspended" not in browser.get("/about").text
    assert accounts_suspending.end_those_over(session) == 1
    assert accounts_suspending.end_those_over(session) == 0
    run_jobs()
    assert "Your account is no longer suspended. Welcome back." in browser.get("/inbox").text


# the operator -------------------------------------------------------------------------------


def test_the_operators_commands(
    app: Flask,
    session: Session,
    make_member: Callable[..., Member],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_members, "create_app", lambda: app)
    make_member("ana")
    run = click.testing.CliRunner().invoke
    for wrong, words in (
        (["suspend", "ana", "--reason", "spam"], "either --days or --without-end"),
        (["suspend", "ana", "--reason", "cheek", "--days", "1"], "'cheek' is not one of"),
        (["suspend", "ana", "--reason", "other", "--days", "1"], "Say why"),
        (["suspend", "zoe", "--reason", "spam", "--days", "1"], "no member called zoe"),
        (["reinstate", "ana"], "nothing to lift"),
    ):
        answer = run(cli, wrong)
        assert answer.exit_code != 0
        assert words in answer.output
    answer = run(cli, ["suspend", "ana", "--reason", "spam", "--days", "3", "--note", "Zz"])
    assert (answer.exit_code, answer.output[:23]) == (0, "ana is suspended until ")
    session.expire_all()
    ana = session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    row = accounts_suspensions_queries.standing(session, ana.id)
    assert row is not None
    assert (row.reason, row.note, row.by, row.cause) == ("spam", "Zz", None, "operator")
    assert run(cli, ["reinstate", "ana"]).output == "ana can contribute again.\n"
    assert run(cli, ["suspend", "ana", "--reason", "spam", "--without-end"]).output == (
        "ana is suspended without end.\n"
    )


def test_the_imported_and_the_erased_are_not_suspended(
    session: Session, make_member: Callable[..., Member]
) -> None:
    ana = make_member("ana")
    ana.email = None
    session.flush()
    with pytest.raises(Conflict):
        accounts_suspending.suspend(session, SYSTEM, ana.id, reason="spam", days=1)
    ben = make_member("ben")
    nobody = Actor(ActorKind.MEMBER, id=ben.id)
    with pytest.raises(Forbidden):
        accounts_suspending.suspend(session, nobody, ana.id, reason="spam", days=1)
    with pytest.raises(Invalid):
        accounts_suspending.suspend(session, SYSTEM, ben.id, reason="spam", days=0)
