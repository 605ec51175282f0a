"""How the demo world spread: who came by whose link, and a cascade of some weeks."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import KIND as MEMBER_KIND
from ugc.accounts.models import Member, UsedHandle
from ugc.accounts.rules.roles import Role
from ugc.brands.models import Fan
from ugc.core import subjects
from ugc.core.access import SYSTEM, Actor, ActorKind
from ugc.core.db import Session, now
from ugc.fraud.actions import fingerprints as fraud_fingerprints
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.fraud.rules.fingerprints import LENGTH
from ugc.geography.gazetteer import City
from ugc.influencers.actions import consents as influencers_consents
from ugc.profiles.models import Profile
from ugc.referrals import rules as referrals_rules
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.actions import visits as referrals_visits
from ugc.referrals.models import CascadeReach
from ugc.rewards import actions as rewards_actions

# Who came by whose link: demo-ana has contacts of three degrees.
FOREST = (
    ("demo-ben", "demo-ana"), ("demo-carla", "demo-ana"), ("demo-dev", "demo-ben"),
    ("demo-elena", "demo-ben"), ("demo-felix", "demo-elena"), ("demo-gala", "demo-carla"),
)  # fmt: skip
# Newcomers of the demo brand's cascade by weeks ago and degree; nine and fewer are not shown.
CASCADE = {0: (14, 6, 0), 1: (22, 13, 4), 2: (31, 11, 12), 3: (18, 9, 2), 4: (11, 0, 0)}
VISITS_PER_NEWCOMER = 4
CHANNELS = ("link", "link", "qr", "whatsapp", "instagram", "mail")


@dataclass(frozen=True)
class Person:
    handle: str
    role: Role | None
    language: str
    about: str


def make_person(
    session: Session, person: Person, password_hash: str | None, joined_days_ago: float
) -> Member:
    subject = subjects.create(session, MEMBER_KIND)
    member = Member(
        id=subject.id,
        handle=person.handle,
        email=f"{person.handle}@example.org",
        email_confirmed_at=now(session),
        password_hash=password_hash,
        language=person.language,
        is_demo=True,
        joined_at=now(session) - dt.timedelta(days=joined_days_ago),
    )
    session.add_all([member, UsedHandle(handle=person.handle)])
    session.flush()
    if person.role is not None:
        accounts_grants_actions.give(session, member.id, person.role, by=SYSTEM, announce=False)
    session.add(Profile(id=member.id, author_id=member.id, text=person.about))
    return member


def make_forest(session: Session, people: dict[str, Member]) -> None:
    site = subjects.site(session)
    for child, parent in FOREST:
        link = referrals_linking.link_for(session, people[parent].id, site.id)
        referrals_linking.attribute(session, people[child], link.code, people[child].joined_at)


def make_cascade(session: Session, brand_id: int, chance: random.Random) -> None:
    """Demo members who came to a brand by its link, and by the links of those before them, and the
    visits of others who did not stay. Their accounts cannot sign in."""
    own = referrals_linking.link_for(session, brand_id, brand_id)
    sharers = {0: [own]}
    seen = []
    for weeks_ago, degrees in sorted(CASCADE.items(), reverse=True):
        for degree, count in enumerate(degrees, start=1):
            links = sharers.get(degree - 1, [])
            for _ in range(count):
                # Few bring most of the others.
                link = links[min(int(chance.expovariate(0.4)), len(links) - 1)]
                days_ago = 7 * weeks_ago + chance.uniform(0, 2)
                newcomer = make_newcomer(session, sum(map(len, sharers.values())), days_ago)
                referrals_linking.attribute(session, newcomer, link.code, newcomer.joined_at)
                theirs = referrals_linking.link_for(session, newcomer.id, brand_id)
                sharers.setdefault(degree, []).append(theirs)
                seen += [
                    referrals_rules.Seen(
                        link_id=link.id,
                        day=newcomer.joined_at.date(),
                        visitor_key=chance.randbytes(referrals_rules.MARK_BYTES),
                        channel=chance.choice(CHANNELS),
                        at=newcomer.joined_at,
                    )
                    for _ in range(chance.randint(1, 2 * VISITS_PER_NEWCOMER))
                ]
    referrals_visits.count_visits(session, seen)


def make_newcomer(session: Session, number: int, days_ago: float) -> Member:
    language, about = (
        ("es", "Cuenta de demostración: llegó por un enlace."),
        ("en", "Demo account: came by a link."),
    )[number % 2]
    person = Person(f"demo-guest-{number:03}", None, language, about)
    member = make_person(session, person, None, days_ago)
    session.flush()
    session.refresh(member)
    return member


# What the spread room and the rings show more: so many guests, weeks ago, first number of a guest.
CROWD, CROWD_WEEKS, CROWD_FROM = 200, 13, 400
CROWD_CITIES = ("Madrid", "Barcelona", "Valencia", "Sevilla", "Bilbao", "Zaragoza")
CROWD_FANS, CROWD_ACTIVE = 0.3, 0.5
CROWD_CHANNELS = ("link", "link", "link", "qr", "whatsapp", "whatsapp", "instagram")


def make_crowd(
    session: Session,
    people: dict[str, Member],
    brand_id: int,
    place_ids: Sequence[int],
    chance: random.Random,
) -> list[Member]:
    """Guests who came to a brand by its link, by those of demo-ana, demo-ben and demo-carla, and by
    each other's: what a spread room, rings and prescriptores have to show. Some let their name be
    seen. Their accounts cannot sign in. Returns who will contribute."""
    cities = list(
        session.scalars(
            sa.select(City.id)
            .where(City.name.in_(CROWD_CITIES), City.country == "ES", City.population > 100_000)
            .order_by(City.id)
        )
    )
    named = [people[handle] for handle in ("demo-ana", "demo-ben", "demo-carla")]
    for member in named:
        actor = Actor(ActorKind.MEMBER, id=member.id, confirmed=True)
        city_id = chance.choice(cities) if cities else None
        influencers_consents.choose(session, actor, named=True, contactable=True, city_id=city_id)
        influencers_consents.allow_brand(session, actor, brand_id, allowed=True)
    shared = [brand_id, brand_id, *place_ids[:2]]
    sharers: list[tuple[int, float]] = [(brand_id, 3.0), *((m.id, 2.0) for m in named)]
    seen, guests = [], []
    for number in range(CROWD):
        days_ago = 7 * CROWD_WEEKS * (1 - number / CROWD) + 1
        owners, weights = zip(*sharers[-90:] + sharers[:4], strict=True)
        owner_id = chance.choices(owners, weights)[0]
        subject_id = brand_id if owner_id == brand_id else chance.choice(shared)
        link = referrals_linking.link_for(session, owner_id, subject_id)
        link.created_at = min(link.created_at, now(session) - dt.timedelta(days=days_ago + 1))
        guest = make_newcomer(session, CROWD_FROM + number, days_ago)
        guest.city_id = chance.choice(cities) if cities and chance.random() < 0.8 else None
        guest.shown_to_far_contacts = chance.random() < 0.3
        referrals_linking.attribute(session, guest, link.code, guest.joined_at)
        guests.append(guest)
        # Few bring most of the others.
        sharers.append((guest.id, chance.paretovariate(0.9) * 0.12))
        if chance.random() < CROWD_FANS:
            session.add(Fan(brand_id=brand_id, member_id=guest.id, since=guest.joined_at))
        seen += [
            referrals_rules.Seen(
                link_id=link.id,
                day=guest.joined_at.date(),
                visitor_key=chance.randbytes(referrals_rules.MARK_BYTES),
                channel=chance.choice(CROWD_CHANNELS),
                at=guest.joined_at,
            )
            for _ in range(chance.randint(2, 6))
        ]
    referrals_visits.count_visits(session, seen)
    session.flush()
    # By whichever channel they came: `attribute` knows none for who joins from a form.
    for number, channel in enumerate(CROWD_CHANNELS):
        session.execute(
            sa.update(CascadeReach)
            .where(
                CascadeReach.root_id == brand_id,
                CascadeReach.member_id % len(CROWD_CHANNELS) == number,
            )
            .values(channel=channel)
        )
    return [guest for guest in guests if chance.random() < CROWD_ACTIVE]


# One person with many accounts, as the moderators' queue shows a doubted group.
RING, RING_FROM = 7, 900


def make_ring(session: Session, chance: random.Random) -> None:
    """Guests who were brought by one of them within two days, all from one network with one browser
    and addresses of the same throw-away mail."""
    guests = [
        make_newcomer(session, RING_FROM + number, 3 - number * 0.2) for number in range(RING)
    ]
    site = subjects.site(session)
    link = referrals_linking.link_for(session, guests[0].id, site.id)
    marks = {kind: chance.randbytes(LENGTH) for kind in ("browser", "network", "disposable")}
    for guest in guests:
        fraud_fingerprints.note_fingerprints(session, guest.id, marks)
    for guest in guests[1:]:
        referrals_linking.attribute(session, guest, link.code, guest.joined_at)
        rewards_actions.hold(session, guest.id)
    session.flush()
    fraud_scoring.score(session, [guest.id for guest in guests])
