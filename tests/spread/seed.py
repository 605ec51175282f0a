"""A brand with a spread of some weeks, for the browser tests."""

from __future__ import annotations

import random

import sqlalchemy as sa

from tests.spread.conftest import BARCELONA, MADRID, World
from ugc.accounts.models import Grant, Member
from ugc.brands.models import Brand
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.influencers.models import SpreadConsent
from ugc.spread import actions as spread_actions


def give_spread(session: Session, handle: str) -> str:
    """Gives a member a brand with a spread of some weeks; returns the brand's public id."""
    owner = session.scalars(sa.select(Member).where(Member.handle == handle)).one()
    subject = subjects.create(session, "brand")
    name = f"Marca que se difunde {handle}"
    session.add(Brand(id=subject.id, name=name, author_id=owner.id, claimed_at=now(session)))
    session.flush()
    session.add(Grant(role="owner", subject_id=subject.id, member_id=owner.id))
    world = World(session, owner, subject.id, subject.public_id, Member)
    chance = random.Random(3)
    people: list[Member | None] = [None, None, None]
    for number in range(220):
        sharer = chance.choice(people[:8] if chance.random() < 0.5 else people[-90:])
        member = world.someone(
            f"{handle}-{number}", city_id=chance.choice((MADRID, BARCELONA, None))
        )
        days = 100 - number * 0.42
        world.reach(member, sharer, days=days, joined=True, channel=chance.choice(("link", "qr")))
        if sharer is not None:
            world.refer(member, sharer, days=days)
        elif number % 3 == 0:
            world.refer(member, owner, days=days)
        people.append(member)
        session.add(SpreadConsent(member_id=member.id, named=number < 6))
    site_id = subjects.site(session).id
    for number, member in enumerate(filter(None, people[3:9])):
        world.reach(member, owner if number < 4 else people[3], days=5, root_id=site_id)
    session.flush()
    influencers_scoring.rescore(session)
    spread_actions.publish_all_figures(session)
    return subject.public_id
