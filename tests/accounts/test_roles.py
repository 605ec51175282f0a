"""Roles over the site: given, told, limited, ended and kept as history."""

import datetime as dt
import logging
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from ugc import config
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import Grant, Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.accounts.rules.roles import Role
from ugc.cli import roles as cli_roles
from ugc.cli.main import cli
from ugc.core.access import SYSTEM, Actor, ActorKind
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
DAY = dt.timedelta(days=1)
# Acts that nothing asks yet, and why.
WAITING = {
    "answer": "brands answer reviews in a later step",
    "decide_on_moderators": "asked where profiles are decided",
}


def actor_of(session: Session, member: Member, **more: object) -> Actor:
    held = accounts_grants_queries.of_member(session, member.id)
    return Actor(ActorKind.MEMBER, id=member.id, confirmed=True, grants=held, **more)


def test_the_table_of_acts_and_the_code_name_the_same() -> None:
    asked: set[str] = set()
    for path in (config.ROOT / "ugc").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'(?:\bmay|grants_for|site_act)\(\s*"(\w+)"', text))
        asked |= set(re.findall(r'\bmay\("\w+" if \w+ else "(\w+)"\)', text))
        call = r"(?:check_act|team_brand|team_member|that_may)"
        asked |= set(re.findall(call + r'\((?:[^()]|\([^()]*\))*?"(\w+)",?\s*\)', text))
    known = {act for acts in accounts_roles_rules.ACTS.values() for act in acts}
    assert asked - known == set()
    assert known - asked <= set(WAITING)


@pytest.mark.parametrize("act", sorted(accounts_roles_rules.SITE_ACTS[Role.ADMINISTRATOR]))
def test_an_administrator_may_more_than_a_moderator(act: str) -> None:
    moderator = Actor(ActorKind.MEMBER, id=1, grants=(accounts_roles_rules.grant("moderator"),))
    administrator = Actor(
        ActorKind.MEMBER, id=1, grants=(accounts_roles_rules.grant("administrator"),)
    )
    more = {"manage_roles", "suspend_moderators", "decide_on_moderators"}
    assert administrator.may(act)
    assert moderator.may(act) is (act not in more)
    suspended = Actor(
        ActorKind.MEMBER,
        id=1,
        suspended=True,
        grants=(accounts_roles_rules.grant("administrator"),),
    )
    assert not suspended.may(act)


@pytest.mark.parametrize(
    ("starts", "until", "ended", "counts"),
    [
        (-2, None, None, True), (-2, 1, None, True), (1, None, None, False),
        (-2, -1, None, False), (-2, None, -1, False),
    ],
)  # fmt: skip
def test_time_is_computed_when_read(
    session: Session,
    make_member: Callable[..., Member],
    starts: int,
    until: int | None,
    ended: int | None,
    counts: bool,
) -> None:
    ana, moment = make_member("ana"), now(session)
    session.add(
        Grant(
            member_id=ana.id,
            role="moderator",
            starts_at=moment + starts * DAY,
            until=None if until is None else moment + until * DAY,
            ended_at=None if ended is None else moment + ended * DAY,
        )
    )
    session.flush()
    assert actor_of(session, ana).is_moderator is counts
    assert (accounts_grants_queries.holders(session, Role.MODERATOR) == [ana.id]) is counts


def test_a_role_is_told_logged_and_stays_as_history(
    session: Session,
    signed_in: Browser,
    make_member: Callable[..., Member],
    run_jobs: Callable[[], int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    boss, ana = signed_in("boss", role="administrator"), signed_in("ana")
    other = signed_in("other", role="administrator")
    assert ana.get("/moderation").status_code == 404
    with caplog.at_level(logging.INFO, "ugc.audit"):
        form = {"handle": "ana", "role": "moderator", "reason": "Knows the town."}
        assert boss.post("/moderation/roles", data=form).status_code == 303
    assert ana.get("/moderation").status_code == 200
    assert "moderator" in ana.get("/members/ana").text
    assert ana.get("/moderation/roles").status_code == 404
    page = boss.get("/moderation/roles").text
    assert "Knows the town." in page
    # The logger writes at INFO by itself: the roles of who acts here have lines too.
    given_lines = [line for line in caplog.messages if line.startswith("role.given")]
    [given] = [line for line in given_lines if "role=moderator" in line]
    assert "ana" not in given
    grant = session.scalars(sa.select(Grant).where(Grant.role == "moderator")).one()
    with caplog.at_level(logging.INFO, "ugc.audit"):
        done = boss.post(f"/moderation/roles/{grant.id}/take", data={"reason": "Moved away."})
    assert done.status_code == 303
    assert any(line.startswith("role.ended") for line in caplog.messages)
    assert ana.get("/moderation").status_code == 404
    session.refresh(grant)
    assert (grant.ended_at is not None, grant.end_reason) == (True, "Moved away.")
    run_jobs()
    inbox = ana.get("/inbox").text
    assert "You have a role in this community now: moderator" in inbox
    assert "Your role in this community ended: moderator" in inbox
    assert "ana has a role in this community now" in other.get("/inbox").text
    assert "a role in this community" not in boss.get("/inbox").text
    again = boss.post(f"/moderation/roles/{grant.id}/take")
    assert again.status_code == 409


def test_nothing_is_logged_of_what_was_rolled_back(
    session: Session, make_member: Callable[..., Member], caplog: pytest.LogCaptureFixture
) -> None:
    ana = make_member("ana")
    with caplog.at_level(logging.INFO, "ugc.audit"):
        accounts_grants_actions.give_site_role(session, SYSTEM, "ana", Role.MODERATOR)
        session.rollback()
        session.commit()
    assert caplog.messages == []
    assert accounts_grants_queries.of_member(session, ana.id) == ()


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"handle": "nobody-here", "role": "moderator"}, "There is no member"),
        ({"handle": "fresh", "role": "moderator"}, "not confirmed yet"),
        ({"handle": "gone", "role": "moderator"}, "suspended"),
        ({"handle": "ana", "role": "owner"}, "Choose one of the roles"),
        ({"handle": "ana", "role": "king"}, "Choose one of the list"),
        ({"handle": "ana", "role": "moderator", "until": "2001-01-01"}, "a day in the future"),
        ({"handle": "ana", "role": "moderator", "until": "soon"}, "Choose a day"),
        ({"handle": "ana", "role": "administrator", "language": "es"}, "can be limited"),
        ({"handle": "ana", "role": "moderator", "reason": "x" * 301}, "At most 300"),
    ],
)
def test_what_cannot_be_given_is_said(
    session: Session,
    signed_in: Browser,
    make_member: Callable[..., Member],
    form: dict[str, str],
    where: str,
) -> None:
    boss = signed_in("boss", role="administrator")
    make_member("ana"), make_member("fresh", confirmed=False)
    make_member("gone", suspended_until=now(session) + DAY)
    answer = boss.post("/moderation/roles", data=form)
    assert answer.status_code == 422
    assert where in answer.text
    assert len(accounts_grants_queries.listed(session)) == 1


def test_the_last_administrator_stays(session: Session, signed_in: Browser) -> None:
    boss = signed_in("boss", role="administrator")
    [row] = accounts_grants_queries.listed(session)
    assert boss.post(f"/moderation/roles/{row.id}/take").status_code == 409
    signed_in("other", role="administrator")
    assert boss.post(f"/moderation/roles/{row.id}/take").status_code == 303
    assert boss.get("/moderation/roles").status_code == 404


@pytest.mark.parametrize("role", [None, "moderator"])
def test_only_administrators_give_and_take(
    session: Session, signed_in: Browser, make_member: Callable[..., Member], role: str | None
) -> None:
    ana = signed_in("ana", role=role)
    boss = make_member("boss", role="administrator")
    form = {"handle": "ana", "role": "administrator"}
    assert ana.post("/moderation/roles", data=form).status_code == 404
    member = session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    actor = actor_of(session, member)
    with pytest.raises(Forbidden):
        accounts_grants_actions.give_site_role(session, actor, "ana", Role.ADMINISTRATOR)
    [grant] = accounts_grants_queries.open_grants(session, boss.id)
    with pytest.raises(Forbidden):
        accounts_grants_actions.take_site_role(session, actor, grant.id)


@pytest.mark.parametrize(
    ("limit", "covers"),
    [
        ({"kind": "report"}, True), ({"kind": "review"}, False),
        ({"language": "es"}, True), ({"language": "en"}, False),
        ({"city_id": 3117735}, True), ({"city_id": 3128760}, False),
        ({"kind": "report", "language": "es", "city_id": 3117735}, True),
        ({"kind": "report", "language": "en", "city_id": 3117735}, False),
        ({"kind": "review", "city_id": 3117735}, False),
    ],
)  # fmt: skip
def test_a_limited_moderator_decides_what_the_limits_name(
    session: Session, signed_in: Browser, limit: dict[str, object], covers: bool
) -> None:
    """A report in Madrid, in Spanish."""
    address = signed_in("ana", language="es").post("/reports", data=REPORT).location
    some = signed_in("some")
    member = session.scalars(sa.select(Member).where(Member.handle == "some")).one()
    accounts_grants_actions.give(
        session, member.id, Role.MODERATOR, by=SYSTEM, announce=False, **limit
    )
    session.commit()
    case_id, version = session.execute(sa.text("SELECT id, version FROM cases")).one()
    queue = some.get("/moderation").text
    assert ("Slow from" in queue) is covers
    assert ("1 case waits" in queue) is covers
    decided = some.post(f"/moderation/{case_id}", data={"version": version, "action": "approve"})
    assert decided.status_code == (303 if covers else 403)
    # Correcting and ending what others wrote needs a role without limits.
    assert some.post(f"{address}/close").status_code == 403


def test_a_role_given_twice_and_one_with_another_end(
    session: Session, make_member: Callable[..., Member]
) -> None:
    ana = make_member("ana")
    accounts_grants_actions.give_site_role(session, SYSTEM, "ana", Role.MODERATOR)
    with pytest.raises(Conflict):
        accounts_grants_actions.give_site_role(session, SYSTEM, "ana", Role.MODERATOR)
    until = now(session) + DAY
    accounts_grants_actions.give_site_role(session, SYSTEM, "ana", Role.MODERATOR, until=until)
    accounts_grants_actions.give_site_role(session, SYSTEM, "ana", Role.MODERATOR, language="es")
    held = accounts_grants_queries.of_member(session, ana.id)
    assert sorted(grant.is_limited for grant in held) == [False, True]
    assert len(accounts_grants_queries.listed(session, member_id=ana.id, ended=True)) == 3


def test_erasure_ends_roles_and_keeps_rows(
    session: Session, signed_in: Browser, make_member: Callable[..., Member]
) -> None:
    boss, ana = signed_in("boss", role="administrator"), signed_in("ana")
    form = {"handle": "ana", "role": "moderator", "reason": "Zz about her."}
    boss.post("/moderation/roles", data=form)
    gone = {"content": "keep", "password": "correct horse battery"}
    assert ana.post("/settings/erase", data=gone).status_code == 303
    row = accounts_grants_queries.listed(session, ended=True, site_only=True)[-1]
    assert (row.handle, row.reason, row.ended_at is not None) == (None, "", True)
    assert boss.get("/moderation/roles").status_code == 200


def test_by_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
    app: object,
    session: Session,
    make_member: Callable[..., Member],
) -> None:
    monkeypatch.setattr(cli_roles, "create_app", lambda: app)
    make_member("ana"), make_member("fresh", confirmed=False)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["role", *words])
        return done.exit_code, done.output

    assert run("give", "ana", "administrator") == (0, "ana is administrator now.\n")
    assert run("give", "ana", "moderator", "--city", "3117735", "--until", "2090-01-01")[0] == 0
    code, said = run("list", "ana")
    assert code == 0
    assert "administrator\tsite\t" in said
    assert "moderator\tsite, Madrid\t" in said
    assert "until 2090-01-01" in said
    assert "by the operator" in said
    # The operator may take the last administrator.
    assert run("take", "ana", "administrator", "--reason", "left")[0] == 0
    assert "administrator" not in run("list")[1]
    assert "ended" in run("list", "--ended")[1]
    for wrong in (
        ("give", "fresh", "moderator"), ("give", "nobody-here", "moderator"),
        ("give", "ana", "owner"), ("give", "ana", "moderator", "--kind", "x"),
        ("give", "ana", "moderator", "--city", "1"), ("take", "ana", "administrator"),
        ("list", "nobody-here"),
    ):  # fmt: skip
        assert run(*wrong)[0] != 0, wrong
