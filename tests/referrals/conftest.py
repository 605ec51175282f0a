"""A database of its own, because here transactions commit, and people of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.at_once import own_app
from ugc.accounts.models import KIND, Member
from ugc.core import subjects
from ugc.core.db import Session, now, transaction
from ugc.referrals import rules as referrals_rules
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import Referral

Answer = TypeVar("Answer")


@dataclass
class Crowd:
    """Every call is a transaction of its own, on a connection of its own."""

    app: Flask

    def run(self, work: Callable[[Session], Answer]) -> Answer:
        with self.app.app_context(), transaction() as session:
            return work(session)

    def at_once(self, works: list[Callable[[Session], Answer]], threads: int = 12) -> list[Answer]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.run, works))

    def people(self, count: int) -> list[int]:
        return self.run(lambda session: [newcomer(session).id for _ in range(count)])

    def code_of(self, member_id: int, subject_id: int | None = None) -> str:
        def make(session: Session) -> str:
            about = subject_id or subjects.site(session).id
            return referrals_linking.link_for(session, member_id, about).code

        return self.run(make)

    def join(self, code: str | None) -> int:
        """Somebody joins, by a link or not; their id."""
        return self.run(lambda session: joined(session, code)[0])


def newcomer(session: Session) -> Member:
    member = Member(id=subjects.create(session, KIND).id)
    session.add(member)
    session.flush()
    session.refresh(member)
    return member


def joined(session: Session, code: str | None) -> tuple[int, Referral | None]:
    member = newcomer(session)
    opened = [referrals_rules.Opened(code, now(session))] if code else []
    return member.id, referrals_linking.attribute_last(session, member, opened)


@pytest.fixture(scope="session")
def crowd(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with own_app(
        f"test_crowd_{worker_id}",
        tmp_path_factory.mktemp("crowd"),
        {"VISIT_BATCH_S": "0.05"},
        WTF_CSRF_ENABLED=False,
    ) as app:
        yield Crowd(app)


def walked(session: Session) -> dict[int, tuple[int, int, int]]:
    """Everybody's reach by walking up from each referral, knowing only who brought whom."""
    parent = dict(
        map(tuple, session.execute(sa.text("SELECT member_id, parent_id FROM referrals")))
    )
    gone = set(
        session.scalars(
            sa.text(
                "SELECT id FROM members WHERE erased_at IS NOT NULL"
                " UNION SELECT member_id FROM false_members"
            )
        )
    )
    found: dict[int, list[int]] = {}
    for member_id in parent:
        above = parent.get(member_id)
        for degree in range(3):
            if above is None:
                break
            found.setdefault(above, [0, 0, 0])[degree] += member_id not in gone
            above = parent.get(above)
    return {member_id: (n[0], n[1], n[2]) for member_id, n in found.items()}
