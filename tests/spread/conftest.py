"""A brand with a team, and people who came to it by each other's links."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import object_session

from tests.factories.members import PASSWORD
from ugc.accounts.models import Grant, Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.brands.models import Brand
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, now
from ugc.geography import geo
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.referrals.models import CascadeReach, Referral, ReferralLink
from ugc.reports.models import Report
from ugc.spread.rules import weeks as spread_weeks


def actor_of(member: Member) -> Actor:
    return Actor(
        ActorKind.MEMBER,
        id=member.id,
        handle=member.handle,
        confirmed=True,
        language="en",
        grants=accounts_grants_queries.of_member(object_session(member), member.id),
    )


@dataclass
class World:
    """`reach` makes who came; days are before now."""

    session: Session
    owner: Member
    brand_id: int
    brand: str
    make: Callable[..., Member]
    links: dict[tuple[int, int], int] = field(default_factory=dict)
    count: int = 0

    def someone(self, name: str = "", **values: object) -> Member:
        self.count += 1
        subject = subjects.create(self.session, "member")
        handle = None if values.get("erased_at") else name or f"m{self.count}"
        member = Member(id=subject.id, handle=handle, **values)
        self.session.add(member)
        self.session.flush()
        return member

    def link(self, owner_id: int, subject_id: int) -> int:
        key = (owner_id, subject_id)
        if key not in self.links:
            row = ReferralLink(
                code=f"c{owner_id}x{subject_id}", owner_id=owner_id, subject_id=subject_id
            )
            self.session.add(row)
            self.session.flush()
            self.links[key] = row.id
        return self.links[key]

    def reach(
        self,
        member: Member,
        sharer: Member | None = None,
        *,
        days: float = 1,
        joined: bool = False,
        channel: str = "link",
        root_id: int | None = None,
        subject_id: int | None = None,
    ) -> CascadeReach:
        root = root_id or self.brand_id
        above = None
        if sharer is not None:
            above = self.session.scalar(
                sa.select(CascadeReach).where(
                    CascadeReach.root_id == root, CascadeReach.member_id == sharer.id
                )
            )
        row = CascadeReach(
            root_id=root,
            member_id=member.id,
            link_id=self.link(sharer.id if sharer else self.brand_id, subject_id or root),
            sharer_id=sharer.id if sharer else None,
            second_sharer_id=above.sharer_id if above else None,
            third_sharer_id=above.second_sharer_id if above else None,
            degree=(above.degree if above else 0) + 1,
            channel=channel,
            joined=joined,
            reached_at=now(self.session) - dt.timedelta(days=days),
        )
        self.session.add(row)
        self.session.flush()
        return row

    def refer(self, member: Member, parent: Member, *, days: float = 1) -> None:
        above = self.session.get(Referral, parent.id)
        self.session.add(
            Referral(
                member_id=member.id,
                parent_id=parent.id,
                grandparent_id=above.parent_id if above else None,
                great_grandparent_id=above.grandparent_id if above else None,
                link_id=self.link(parent.id, subjects.site(self.session).id),
                referred_at=now(self.session) - dt.timedelta(days=days),
            )
        )
        self.session.flush()


@pytest.fixture
def world(session: Session, make_member: Callable[..., Member]) -> World:
    owner = make_member("owner")
    subject = subjects.create(session, "brand")
    session.add(Brand(id=subject.id, name="Mora", author_id=owner.id, claimed_at=now(session)))
    session.flush()
    session.add(Grant(role="owner", subject_id=subject.id, member_id=owner.id))
    session.commit()
    return World(session, owner, subject.id, subject.public_id, make_member)


@pytest.fixture
def browser_of(app: Flask) -> Callable[[str], FlaskClient]:
    """A signed-in browser of a member that exists."""

    def sign_in(handle: str) -> FlaskClient:
        browser = app.test_client()
        answer = browser.post(
            "/sign-in", data={"email": f"{handle}@example.org", "password": PASSWORD}
        )
        assert answer.status_code == 303, answer.text
        return browser

    return sign_in


MADRID, BARCELONA, ZARAGOZA = 3117735, 3128760, 3104324


def publish(
    session: Session, author: Member, *, days: float, visibility: str = "published"
) -> None:
    subject = subjects.create(session, "report")
    at = now(session) - dt.timedelta(days=days)
    session.add(
        Report(
            id=subject.id, author_id=author.id, kind="jam", geom=geo.Point(-3.7, 40.4).ewkt,
            expires_at=at + dt.timedelta(hours=1), created_at=at, occurred_at=at,
            visibility=visibility, city_id=MADRID,
        )
    )  # fmt: skip
    session.flush()


def until(session: Session) -> dt.date:
    return spread_weeks.monday(now(session).date())


def days_to(session: Session, weeks_ago: int, extra: float = 1.0) -> float:
    """Days from now back to `extra` days after the Monday of that complete week (1: the last)."""
    start = dt.datetime.combine(until(session) - spread_weeks.WEEK * weeks_ago, dt.time(), dt.UTC)
    return (now(session) - start) / dt.timedelta(days=1) - extra


def crowd(world: World, chance: random.Random, count: int = 160) -> None:
    session = world.session
    people = [None, *(world.someone() for _ in range(4))]
    for _ in range(count):
        sharer = chance.choice(people[:12])
        member = world.someone(city_id=chance.choice((MADRID, None)))
        world.reach(
            member, sharer, days=days_to(session, chance.randint(1, 11), chance.uniform(0, 6)),
            joined=chance.random() < 0.5, channel=chance.choice(("link", "qr", "mail")),
        )  # fmt: skip
        people.append(member)
    session.commit()
    influencers_scoring.rescore(session)
