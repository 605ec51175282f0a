"""A brand's team: joined by invitation, with roles, never without an owner, and a log of it."""

import datetime as dt
import logging
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import Grant, Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules.roles import BRAND_ACTS, Role
from ugc.brands.actions import team as brands_team_actions
from ugc.brands.models import Brand, TeamInvitation
from ugc.brands.queries import team as brands_team_queries
from ugc.core import subjects
from ugc.core.access import SYSTEM
from ugc.core.db import Session, now
from ugc.referrals.actions import linking as referrals_linking

Browser = Callable[..., FlaskClient]
DAY = dt.timedelta(days=1)


class Team:
    """A brand with a browser for its owner."""

    def __init__(self, session: Session, signed_in: Browser) -> None:
        self.session, self.signed_in = session, signed_in
        self.owner = signed_in("owner")
        subject = subjects.create(session, "brand")
        self.id, self.public_id = subject.id, subject.public_id
        session.add(Brand(id=subject.id, name="Mora", claimed_at=now(session)))
        self.give("owner", Role.OWNER)
        self.at = f"/brands/{subject.public_id}"

    def member(self, handle: str) -> Member:
        return self.session.scalars(sa.select(Member).where(Member.handle == handle)).one()

    def give(self, handle: str, role: Role) -> None:
        member_id = self.member(handle).id
        accounts_grants_actions.give(
            self.session, member_id, role, by=SYSTEM, subject_id=self.id, announce=False
        )
        self.session.commit()

    def joined(self, handle: str, role: str) -> FlaskClient:
        """A browser of a member in the team."""
        browser = self.signed_in(handle)
        self.give(handle, Role(role))
        return browser

    def invite(self, handle: str, role: str = "manager") -> int:
        form = {"handle": handle, "role": role}
        return self.owner.post(f"{self.at}/team", data=form).status_code

    def roles(self) -> dict[str | None, str]:
        return {
            row.handle: str(row.role) for row in brands_team_queries.members(self.session, self.id)
        }

    def remove(self, browser: FlaskClient, handle: str) -> int:
        member_id = self.member(handle).id
        return browser.post(f"{self.at}/team/{member_id}/remove").status_code

    def change(self, browser: FlaskClient, handle: str, role: str) -> int:
        member_id = self.member(handle).id
        data = {"role": role}
        return browser.post(f"{self.at}/team/{member_id}/role", data=data).status_code


@pytest.fixture
def brand(session: Session, signed_in: Browser) -> Team:
    return Team(session, signed_in)


def accept(browser: FlaskClient, brand: Team, answer: str = "accept") -> int:
    return browser.post(f"{brand.at}/join-team", data={"answer": answer}).status_code


def test_a_member_joins_by_accepting(
    brand: Team, run_jobs: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    ana = brand.signed_in("ana")
    assert ana.get(f"{brand.at}/join-team").status_code == 404
    assert brand.invite("ana", "replier") == 303
    run_jobs()
    # Asked is not yet in the team: what they share of it counts.
    assert brand.roles() == {"owner": "owner"}
    assert not referrals_linking.belongs(brand.session, brand.id, brand.member("ana").id)
    assert ana.get(f"{brand.at}/team").status_code == 404
    inbox = ana.get("/inbox").text
    assert "owner asks you into the team of Mora: replier" in inbox
    assert f"{brand.at}/join-team" in inbox
    assert "You are invited" in ana.get(brand.at).text
    assert "replier" in ana.get(f"{brand.at}/join-team").text
    with caplog.at_level(logging.INFO, "ugc.audit"):
        assert accept(ana, brand) == 303
    assert any(line.startswith("role.given") for line in caplog.messages)
    assert brand.roles() == {"owner": "owner", "ana": "replier"}
    assert referrals_linking.belongs(brand.session, brand.id, brand.member("ana").id)
    run_jobs()
    assert "The role of ana in the team of Mora: replier" in brand.owner.get("/inbox").text
    log = ana.get(f"{brand.at}/team").text
    assert "owner invited ana: replier" in log
    assert "ana: replier (by owner)" in log
    assert accept(ana, brand) == 409


@pytest.mark.parametrize("how", ["declined", "revoked", "expired", "inviter left"])
def test_an_invitation_that_is_over_is_not_accepted(
    brand: Team, make_member: Callable[..., Member], how: str
) -> None:
    ana = brand.signed_in("ana")
    other = brand.joined("other", "owner")
    assert brand.invite("ana") == 303
    [invitation] = brand.session.scalars(sa.select(TeamInvitation))
    if how == "declined":
        assert accept(ana, brand, "decline") == 303
        assert "ana declined the invitation" in brand.owner.get(f"{brand.at}/team").text
        assert brand.invite("ana") == 409
    elif how == "revoked":
        address = f"{brand.at}/team/invitations/{invitation.id}/revoke"
        assert brand.owner.post(address).status_code == 303
        assert brand.owner.post(address).status_code == 409
        assert "owner took back the invitation of ana" in other.get(f"{brand.at}/team").text
    elif how == "expired":
        invitation.expires_at = now(brand.session) - DAY
        brand.session.commit()
    else:
        assert brand.remove(other, "owner") == 303
    assert ana.get(f"{brand.at}/join-team").status_code == 404
    assert accept(ana, brand) == 409
    assert "ana" not in brand.roles()
    if how == "expired":
        assert brand.invite("ana") == 303
        assert accept(ana, brand) == 303


@pytest.mark.parametrize(
    ("handle", "role", "status", "words"),
    [
        ("nobody-here", "manager", 422, "There is no member"),
        ("fresh", "manager", 422, "not confirmed yet"),
        ("gone", "manager", 422, "suspended"),
        ("ana", "moderator", 422, "Choose one of the roles"),
        ("ana", "", 422, "Choose one of the roles"),
        ("owner", "manager", 409, "in the team already"),
    ],
)
def test_who_cannot_be_invited(
    brand: Team,
    make_member: Callable[..., Member],
    handle: str,
    role: str,
    status: int,
    words: str,
) -> None:
    make_member("ana")
    make_member("fresh", confirmed=False)
    make_member("gone", suspended_until=now(brand.session) + DAY)
    answer = brand.owner.post(f"{brand.at}/team", data={"handle": handle, "role": role})
    assert answer.status_code == status
    assert words in answer.text
    assert brand.session.scalars(sa.select(TeamInvitation)).all() == []


def test_invited_once_at_a_time_and_answered_by_who_stands(brand: Team) -> None:
    ana = brand.signed_in("ana")
    assert brand.invite("ana") == 303
    assert brand.invite("ana") == 409
    brand.member("ana").suspended_until = now(brand.session) + DAY
    brand.session.commit()
    assert accept(ana, brand) == 403
    assert "ana" not in brand.roles()


# (method, address under the brand, form) → the act that it asks
ACTIONS = {
    "edit": ("GET", "/edit", "edit_page"),
    "save": ("POST", "/edit", "edit_page"),
    "take back": ("POST", "/change/withdraw", "edit_page"),
    "invite": ("POST", "/team", "manage_team"),
    "revoke": ("POST", "/team/invitations/1/revoke", "manage_team"),
    "role": ("POST", "/team/{owner}/role", "manage_team"),
    "remove": ("POST", "/team/{owner}/remove", "manage_team"),
    "key": ("POST", "/keys", "manage_keys"),
    "revoke key": ("POST", "/keys/1/revoke", "manage_keys"),
    "invitations": ("GET", "/invitations", "invite_members"),
    "write": ("POST", "/invitations", "invite_members"),
    "spread": ("GET", "/spread", "see_figures"),
    "spread file": ("GET", "/spread.csv", "see_figures"),
    "prescriptores": ("GET", "/prescriptores", "see_figures"),
    "link": ("POST", "/link", "share"),
    "qr": ("GET", "/qr.svg", "share"),
}
FORMS = {
    "save": {"name": "Mora", "revision": "1"},
    "invite": {"handle": "guest", "role": "analyst"},
    "key": {"name": "x", "scopes": "reports:read"},
}


def test_every_address_of_a_team_is_in_the_table(brand: Team) -> None:
    """Addresses under a brand that ask nothing of a role are for all or for the invited."""
    for_all = {"", "/follow", "/claim", "/join-team", "/invite-me", "/team", "/keys"}
    known = for_all | {
        re.sub(r"\{\w+\}|\b1\b", "<>", address) for _, address, _ in ACTIONS.values()
    }
    known |= {"/spread.<>"}
    rules = brand.owner.application.url_map.iter_rules()
    found = {
        re.sub(r"<[^>]*>", "<>", rule.rule.removeprefix("/brands/<public_id>"))
        for rule in rules
        if rule.rule.startswith("/brands/<public_id>")
    }
    assert found - known == set()


@pytest.mark.parametrize("role", [str(role) for role in BRAND_ACTS])
@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_asks_the_table(brand: Team, name: str, role: str) -> None:
    method, address, act = ACTIONS[name]
    browser = brand.joined("colleague", role)
    brand.joined("second", "owner")
    brand.signed_in("guest")
    if name == "qr":
        referrals_linking.link_for(brand.session, brand.id, brand.id)
        brand.session.commit()
    address = brand.at + address.format(owner=brand.member("owner").id)
    status = browser.open(address, method=method, data=FORMS.get(name, {})).status_code
    allowed = act in BRAND_ACTS[Role(role)]
    assert (status == 403) is not allowed, status


def test_a_place_is_assigned_by_roles_that_run_places(brand: Team) -> None:
    mod = brand.signed_in("mod", role="moderator")
    place = {"name": "Café", "category": "cafe", "lat": "40.43", "lon": "-3.70"}
    address = mod.post("/places", data=place).location
    for role in BRAND_ACTS:
        browser = brand.joined(f"x-{role}", str(role))
        status = browser.post(f"{address}/brand", data={"brand": brand.public_id}).status_code
        assert (status == 403) is ("run_places" not in BRAND_ACTS[role]), (role, status)


def test_an_owner_is_removed_by_an_owner_and_never_the_last(
    brand: Team, run_jobs: Callable[[], int]
) -> None:
    ana, manager = brand.joined("ana", "owner"), brand.joined("bea", "manager")
    assert brand.remove(manager, "owner") == 403
    assert brand.change(manager, "bea", "owner") == 403
    assert brand.remove(ana, "owner") == 303
    run_jobs()
    told = brand.owner.get("/inbox").text
    assert "You are not in the team of Mora any more." in told
    assert brand.owner.get(f"{brand.at}/team").status_code == 404
    # The last one neither leaves nor lowers their own role.
    for status in (
        brand.remove(ana, "ana"), brand.change(ana, "ana", "manager"),
        brand.change(ana, "bea", "owner"), brand.change(ana, "ana", "manager"),
    ):  # fmt: skip
        assert status in (409, 303)
    assert brand.roles() == {"ana": "manager", "bea": "owner"}
    assert brand.remove(manager, "bea") == 409
    assert brand.remove(ana, "ana") == 303
    run_jobs()
    assert "ana is not in the team of Mora any more." in manager.get("/inbox").text
    log = manager.get(f"{brand.at}/team").text
    assert "owner left the team, ended by ana" in log
    assert "ana left the team, ended by ana" in log


def test_a_suspended_owner_is_not_the_one_who_stays(brand: Team) -> None:
    ana = brand.joined("ana", "owner")
    brand.member("owner").suspended_until = now(brand.session) + DAY
    brand.session.commit()
    assert brand.remove(ana, "ana") == 409
    assert brand.remove(brand.owner, "ana") == 403
    assert brand.remove(ana, "owner") == 303


@pytest.mark.parametrize(
    ("others", "after"),
    [
        ({}, {}), ({"ana": "owner"}, {"ana": "owner"}),
        ({"ana": "analyst", "bea": "manager"}, {"ana": "analyst", "bea": "owner"}),
        ({"ana": "analyst", "bea": "replier"}, {}),
    ],
)  # fmt: skip
def test_what_becomes_of_a_team_whose_owner_is_erased(
    brand: Team, others: dict[str, str], after: dict[str | None, str]
) -> None:
    for handle, role in others.items():
        brand.joined(handle, role)
    form = {"content": "keep", "password": "correct horse battery"}
    assert brand.owner.post("/settings/erase", data=form).status_code == 303
    assert brand.roles() == after
    row = brand.session.get_one(Brand, brand.id)
    brand.session.refresh(row)
    assert (row.claimed_at is None) is not bool(after)
    # Rows end and stay.
    assert brand.session.scalars(sa.select(sa.func.count()).select_from(Grant)).one() >= 1


def test_a_team_by_the_operator(brand: Team, make_member: Callable[..., Member]) -> None:
    make_member("ana")
    brands_team_actions.appoint(brand.session, brand.id, "ana", Role.OWNER)
    brands_team_actions.dismiss(brand.session, brand.id, brand.member("owner").id, Role.OWNER)
    assert brand.roles() == {"ana": "owner"}
    assert accounts_grants_queries.holders(brand.session, Role.OWNER, brand.id) == [
        brand.member("ana").id
    ]
