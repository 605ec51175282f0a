"""Newcomers who join through links, from networks and browsers of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.deciding import ACTION_OF
from tests.factories.members import PASSWORD, PASSWORD_HASH
from ugc.accounts.actions import passwords as accounts_passwords
from ugc.accounts.models import Member
from ugc.core.db import Session, now
from ugc.fraud.actions import scoring as fraud_scoring

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class World:
    """Joins people over HTTP; confirms their addresses beside it, as their mail would."""

    def __init__(self, app: Flask, session: Session, run_jobs: Callable[[], int]) -> None:
        self.app, self.session, self.run_jobs = app, session, run_jobs
        self.hosts = iter(range(1, 60_000))

    def join(
        self,
        handle: str,
        link: str | None = None,
        *,
        address: str | None = None,
        agent: str | None = None,
        email: str | None = None,
    ) -> FlaskClient:
        host = next(self.hosts)
        # They come over days: nobody waits here for the limit of an hour.
        self.app.extensions["boca_limits"].fallback.storage.reset()
        if shared := self.app.extensions["boca_limits"].shared:
            shared.storage.reset()
        address = address or f"10.{host // 256}.{host % 256}.1"
        headers = {"User-Agent": agent or f"{FIREFOX} {host}"}
        browser = self.app.test_client()
        browser.environ_base |= {"REMOTE_ADDR": address, "HTTP_USER_AGENT": headers["User-Agent"]}
        via = ""
        if link is not None:
            opened = browser.get(link)
            assert opened.status_code == 302
            # Without consent who invites travels on in the addresses.
            carried = re.search(r"[?&](via=[^&#]+)", opened.location)
            assert carried is not None, opened.location
            via = f"?{carried[1]}"
        form = {
            "handle": handle,
            "email": email or f"{handle}@example.org",
            "password": PASSWORD,
        }
        answer = browser.post(f"/join{via}", data=form)
        assert answer.status_code == 303, answer.text
        member = self.member(handle)
        member.email_confirmed_at = now(self.session)
        self.session.commit()
        return browser

    def link_of(self, browser: FlaskClient) -> str:
        assert browser.post("/contacts/link").status_code == 303
        found = re.search(r'value="http://localhost(/r/\w+)"', browser.get("/contacts").text)
        assert found is not None
        return found[1]

    def member(self, handle: str) -> Member:
        return self.session.scalars(sa.select(Member).where(Member.handle == handle)).one()

    def id_of(self, handle: str) -> int:
        return self.member(handle).id

    def report(self, browser: FlaskClient, place: int = 0, **values: str) -> str:
        form = {"kind": "jam", "lat": str(40 + place / 10), "lon": "-3.70", "text": "Slow."}
        answer = browser.post("/reports", data={**form, **values})
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def approve_all(self, moderator: FlaskClient) -> None:
        query = sa.text(
            "SELECT c.id, version FROM cases c JOIN subjects s ON s.id = c.subject_id"
            " WHERE decided_at IS NULL AND s.kind NOT IN ('ring', 'appeal')"
        )
        for case in self.session.execute(query).all():
            form = {"version": str(case.version), "action": "approve"}
            assert moderator.post(f"/moderation/{case.id}", data=form).status_code == 303

    def confirm(self, browser: FlaskClient, report: str) -> None:
        answer = browser.post(f"{report}/vote", data={"still_there": "yes"})
        assert answer.status_code == 303, answer.text

    def later(self, span: str) -> None:
        """From now on it is so much later."""
        self.session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{span}'"))
        self.session.commit()

    def score_all(self) -> None:
        fraud_scoring.score(self.session)
        self.session.commit()

    def scores(self) -> dict[str, int]:
        rows = self.session.execute(
            sa.text("SELECT handle, score FROM fraud_scores JOIN members ON id = member_id")
        )
        return {row.handle: row.score for row in rows}

    def states(self, beneficiary: str) -> dict[str, str]:
        rows = self.session.execute(
            sa.text(
                "SELECT m.handle, r.state FROM referral_rewards r"
                " JOIN members m ON m.id = newcomer_id WHERE beneficiary_id = :id"
            ),
            {"id": self.id_of(beneficiary)},
        )
        return {row.handle: row.state for row in rows}

    def ledger_adds_up(self) -> None:
        """Every total is the sum of its entries, and no account is below nothing."""
        wrong = self.session.execute(
            sa.text(
                "SELECT s.member_id FROM point_totals s LEFT JOIN (SELECT member_id,"
                " sum(points) FILTER (WHERE account = 'available') AS points,"
                " sum(points) FILTER (WHERE account = 'held') AS held"
                " FROM point_entries GROUP BY member_id) e ON e.member_id = s.member_id"
                " WHERE s.points <> coalesce(e.points, 0) OR s.points_held <> coalesce(e.held, 0)"
                " OR s.points < 0 OR s.points_held < 0"
            )
        ).all()
        assert wrong == []


@pytest.fixture
def world(
    app: Flask, session: Session, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> World:
    """Everybody has the same password: it is not hashed fifty times for a farm."""
    monkeypatch.setattr(accounts_passwords, "hash_password", lambda _password: PASSWORD_HASH)
    return World(app, session, run_jobs)


def first_ring(moderator: FlaskClient) -> tuple[str, str]:
    """(address, version) of the first ring of the queue."""
    text = moderator.get("/moderation").text
    address = re.search(r'action="(/moderation/rings/\d+)"', text)
    assert address is not None, text
    version = re.search(r'name="version" value="(\d+)"', text.split(address[0])[1])
    assert version is not None
    return address[1], version[1]


def decide(moderator: FlaskClient, outcome: str, **form: Any) -> Any:
    address, version = first_ring(moderator)
    sent = {"version": version, "who": "all", "action": ACTION_OF[outcome], **form}
    return moderator.post(address, data=sent)
