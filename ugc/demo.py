"""The demo world of a first start: labelled accounts, and live reports in real cities."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts import actions as accounts
from ugc.accounts.models import KIND as MEMBER_KIND
from ugc.accounts.models import Member, UsedHandle
from ugc.core import geo, jobs, subjects
from ugc.core.access import Actor, ActorKind, Role
from ugc.core.db import Session, now
from ugc.core.gazetteer import City
from ugc.core.subjects import Visibility
from ugc.moderation import actions as moderation
from ugc.reports import actions as reports
from ugc.reports import rules
from ugc.reports.models import Report

PASSWORD = "boca-demo-world"
SEED = 20261124


@dataclass(frozen=True)
class Person:
    handle: str
    role: Role
    language: str
    about: str


PEOPLE = (
    Person("demo-admin", Role.ADMINISTRATOR, "en", "Demo account: runs this community."),
    Person("demo-mod", Role.MODERATOR, "es", "Cuenta de demostración: modera."),
    Person("demo-ana", Role.MEMBER, "es", "Cuenta de demostración: va en bici."),
    Person("demo-ben", Role.MEMBER, "en", "Demo account: drives a delivery van."),
    Person("demo-carla", Role.MEMBER, "es", "Cuenta de demostración: pasea con su perro."),
    Person("demo-dev", Role.MEMBER, "en", "Demo account: new here."),
)
CITIES = {
    "Madrid": ("ES", 26), "Barcelona": ("ES", 22), "Valencia": ("ES", 12), "Sevilla": ("ES", 10),
    "Bilbao": ("ES", 8), "Zaragoza": ("ES", 8), "Mexico City": ("MX", 8), "London": ("GB", 8),
    "Berlin": ("DE", 6), "Buenos Aires": ("AR", 6),
}  # fmt: skip
TEXTS = {
    "accident": ("Dos coches parados en el carril derecho.", "Two cars stopped in the right lane."),
    "jam": ("Retención desde la rotonda.", "Slow from the roundabout on."),
    "hazard_road": (
        "Hay un palé en medio de la calzada.",
        "A pallet lies in the middle of the road.",
    ),
    "hazard_shoulder": ("Furgoneta averiada en el arcén.", "Broken-down van on the shoulder."),
    "weather": ("Niebla muy densa junto al río.", "Dense fog along the river."),
    "road_closed": ("Cortada por una carrera popular.", "Closed for a street race."),
    "roadworks": ("Levantan la acera; paso estrecho.", "The pavement is up; narrow passage."),
    "map_error": ("Esta calle ya está abierta al tráfico.", "This street is open to traffic now."),
    "lighting": ("Tres farolas apagadas seguidas.", "Three lamps in a row are out."),
    "furniture": ("Banco roto, con clavos a la vista.", "Broken bench, nails showing."),
    "waste": ("Contenedor lleno desde el lunes.", "The container has been full since Monday."),
    "animals": ("Jabalíes cruzando al anochecer.", "Wild boar crossing at dusk."),
    "other": ("Suena una alarma desde hace una hora.", "An alarm has been ringing for an hour."),
}


def is_empty(session: Session) -> bool:
    """Imported accounts are nobody."""
    return not session.scalar(sa.select(sa.exists().where(Member.source_id.is_(None))))


def actor_of(member: Member) -> Actor:
    return Actor(ActorKind.MEMBER, id=member.id, role=Role(member.role), confirmed=True)


def make_people(session: Session) -> dict[str, Member]:
    password_hash = accounts.hash_password(PASSWORD)
    people = {}
    for person in PEOPLE:
        subject = subjects.create(session, MEMBER_KIND)
        member = Member(
            id=subject.id,
            handle=person.handle,
            email=f"{person.handle}@example.org",
            email_confirmed_at=now(session),
            password_hash=password_hash,
            role=person.role,
            language=person.language,
            about=person.about,
            is_demo=True,
        )
        session.add_all([member, UsedHandle(handle=person.handle)])
        people[person.handle] = member
    session.flush()
    return people


def make_reports(session: Session, people: dict[str, Member]) -> int:
    """Reports round the centres of real cities, some confirmed, a few held; returns how many."""
    chance = random.Random(SEED)  # the same world each time
    posters = [people[h] for h in ("demo-ana", "demo-ben", "demo-carla")]
    made = 0
    for name, (country, count) in CITIES.items():
        centre = session.execute(
            sa.select(geo.lon(City.geom), geo.lat(City.geom))
            .where(City.name == name, City.country == country)
            .order_by(City.population.desc())
            .limit(1)
        ).first()
        if centre is None:
            continue
        for _ in range(count):
            author = chance.choice(posters)
            code = chance.choice(list(rules.KINDS))
            point = geo.Point.checked(
                centre[0] + chance.gauss(0, 0.02), centre[1] + chance.gauss(0, 0.015)
            )
            public_id = reports.post_report(
                session,
                actor_of(author),
                kind=code,
                point=point,
                text=TEXTS[code][0 if author.language == "es" else 1],
                language=author.language,
            )
            publish_and_age(session, public_id, chance)
            made += 1
    newcomer = actor_of(people["demo-dev"])
    for lon, lat in ((-3.69, 40.43), (2.16, 41.39)):
        reports.post_report(
            session, newcomer, kind="jam", point=geo.Point(lon, lat), text=TEXTS["jam"][1],
            language="en",
        )  # fmt: skip
        made += 1
    confirm_some(session, people, chance)
    return made


def publish_and_age(session: Session, public_id: str, chance: random.Random) -> None:
    """The demo members are no newcomers: their text shows. Reports are of different ages."""
    report = session.scalars(
        sa.select(Report).join(subjects.Subject).where(subjects.Subject.public_id == public_id)
    ).one()
    report.visibility = Visibility.PUBLISHED
    moderation.close_case(session, report.id)
    life = rules.KINDS[report.kind].life
    age = dt.timedelta(minutes=min(life * 0.5, chance.uniform(1, 600)))
    report.occurred_at = report.created_at = now(session) - age
    report.expires_at = report.occurred_at + dt.timedelta(minutes=life)
    session.flush()


def confirm_some(session: Session, people: dict[str, Member], chance: random.Random) -> None:
    voters = [actor_of(member) for member in people.values()]
    for report in session.scalars(sa.select(Report).where(Report.source_id.is_(None))).all():
        for voter in chance.sample(voters, chance.randint(0, 3)):
            if voter.id != report.author_id:
                reports.vote(session, voter, report.id, still_there=chance.random() < 0.85)


def fill(session: Session) -> int:
    made = make_reports(session, make_people(session))
    jobs.run_waiting(session, limit=10_000)
    return made


def sign_ins() -> str:
    """What `make run` prints."""
    lines = [f"  {p.handle}@example.org  ({p.role})" for p in PEOPLE]
    return "\n".join([f"  Demo sign-ins, password {PASSWORD}:", *lines])
