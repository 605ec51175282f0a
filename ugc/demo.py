"""The demo world of a first start: labelled accounts, and live reports in real cities."""

from __future__ import annotations

import datetime as dt
import functools
import io
import random
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlalchemy import orm

from ugc.accounts.actions import passwords as accounts_passwords
from ugc.accounts.models import Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules.roles import Role
from ugc.brands.actions import claims as brands_claims_actions
from ugc.brands.actions import editing as brands_editing
from ugc.brands.actions import following as brands_following
from ugc.brands.queries import claims as brands_claims_queries
from ugc.brands.queries import reading as brands_reading
from ugc.campaigns import actions as campaigns_actions
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, now
from ugc.core.subjects import Visibility
from ugc.demo_history import make_firsts, make_history
from ugc.demo_spread import (
    Person,
    make_cascade,
    make_crowd,
    make_forest,
    make_person,
    make_ring,
)
from ugc.geography import geo
from ugc.geography.gazetteer import City
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.media import actions as media_actions
from ugc.moderation import actions as moderation_actions
from ugc.moderation.models import Case
from ugc.places.actions import claims as places_claims_actions
from ugc.places.actions import editing as places_editing
from ugc.places.rules import categories as places_categories
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reports.actions import votes as reports_votes
from ugc.reports.models import Report, ReportState
from ugc.reports.queries import reading as reports_reading
from ugc.reports.rules import kinds as reports_kinds
from ugc.reviews import actions as reviews_actions
from ugc.spread import actions as spread_actions
from ugc.watches.actions import watching as watches_watching
from ugc.watches.models import Shape
from ugc.watches.rules import geometry as watches_geometry

PASSWORD = "boca-demo-world"
SEED = 20261124
FRESH = dt.timedelta(hours=12)
FRESH_LEAST = 30  # with fewer live reports of that age it looks deserted


PEOPLE = (
    Person("demo-admin", Role.ADMINISTRATOR, "en", "Demo account: runs this community."),
    Person("demo-mod", Role.MODERATOR, "es", "Cuenta de demostración: modera."),
    Person("demo-ana", None, "es", "Cuenta de demostración: va en bici."),
    Person("demo-ben", None, "en", "Demo account: drives a delivery van."),
    Person("demo-carla", None, "es", "Cuenta de demostración: pasea con su perro."),
    Person("demo-dev", None, "en", "Demo account: new here."),
    Person("demo-elena", None, "es", "Cuenta de demostración: lleva una marca."),
    Person("demo-felix", None, "en", "Demo account: likes markets."),
    Person("demo-gala", None, "es", "Cuenta de demostración: va a pie a todas partes."),
)
# Weeks lie between a member's joining and their contacts': people who all joined within three days
# and praise each other look like one person with many accounts, and would be scored so.
JOINED_DAYS_AGO = {
    "demo-admin": 240, "demo-mod": 230, "demo-ana": 215, "demo-ben": 180, "demo-carla": 155,
    "demo-elena": 130, "demo-gala": 110, "demo-felix": 85, "demo-dev": 40,
}  # fmt: skip
CITIES = {
    "Madrid": ("ES", 26), "Barcelona": ("ES", 22), "Valencia": ("ES", 12), "Sevilla": ("ES", 10),
    "Bilbao": ("ES", 8), "Zaragoza": ("ES", 8), "Mexico City": ("MX", 8), "London": ("GB", 8),
    "Berlin": ("DE", 6), "Buenos Aires": ("AR", 6), "Helsinki": ("FI", 38),
}  # fmt: skip
PLACES = (
    ("Cafetería de la Plaza (demo)", "cafe", "Mo-Sa 08:00-20:00"),
    ("Restaurante El Olivo (demo)", "restaurant", "Tu-Su 13:00-16:00,20:00-23:30"),
    ("Parque del Río (demo)", "park", "24/7"),
    ("Biblioteca del Barrio (demo)", "library", "Mo-Fr 09:00-21:00"),
    ("Mercado Viejo (demo)", "market", "Mo-Sa 09:00-15:00"),
    ("Museo de las Cosas (demo)", "museum", "Tu-Su 10:00-19:00"),
    ("Farmacia de Guardia (demo)", "pharmacy", "24/7"),
    ("Hostal La Estación (demo)", "hostel", "24/7"),
)
PLACE_CITIES = ("Madrid", "Barcelona", "Valencia", "Sevilla", "London", "Mexico City", "Helsinki")
STREETS_OF = "Helsinki"  # the city whose streets `make run` brings
REVIEWS = {
    5: ("Vuelvo cada semana: trato amable, todo limpio y nunca falla. Muy recomendable.",
        "I come back every week: kind people, everything clean, and it never lets me down."),
    4: ("Muy bien en general, aunque los sábados hay que esperar un poco para entrar.",
        "Very good on the whole, though on Saturdays you wait a little to get in."),
    3: ("Correcto sin más. Cumple, pero por el mismo precio hay sitios mejores cerca.",
        "Fine, no more. It does the job, but there are better ones near by for the price."),
    2: ("Esperaba más: tardaron mucho y nadie supo decirnos por qué. Una pena.",
        "I expected more: it took for ever and nobody could tell us why. A pity."),
    1: ("Cerrado dentro de su horario y nadie contesta al teléfono. No vuelvo.",
        "Closed during its own opening hours and nobody answers the phone. Not again."),
}  # fmt: skip
BRANDS = (
    ("Marca demo Mora", "Cafés y libros en seis ciudades. Marca de demostración."),
    ("Demo Brand Norte", "Bikes, repairs and advice. A brand of the demo world."),
    ("Marca demo Faro", "Farmacias abiertas de noche. Marca de demostración."),
)
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
    """Leaves imported accounts out."""
    return not session.scalar(sa.select(sa.exists().where(Member.source_id.is_(None))))


def actor_of(member: Member) -> Actor:
    """With the roles that the member has now."""
    session = orm.object_session(member)
    held = accounts_grants_queries.of_member(session, member.id) if session is not None else ()
    return Actor(ActorKind.MEMBER, id=member.id, confirmed=True, grants=held)


def make_people(session: Session) -> dict[str, Member]:
    password_hash = accounts_passwords.hash_password(PASSWORD)
    people = {}
    for person in PEOPLE:
        # Their word weighs as people's do.
        people[person.handle] = make_person(
            session, person, password_hash, JOINED_DAYS_AGO[person.handle]
        )
    session.flush()
    return people


def centre_of(session: Session, name: str, country: str) -> tuple[float, float] | None:
    """(lon, lat) of the largest city of that name in a country; None when it was not loaded."""
    query = (
        sa.select(geo.lon(City.geom), geo.lat(City.geom))
        .where(City.name == name, City.country == country)
        .order_by(City.population.desc())
        .limit(1)
    )
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


@functools.cache
def addresses() -> list[tuple[geo.Point, str]]:
    """Points and addresses of `STREETS_OF`, from its extract."""
    lines = Path(__file__).with_name("demo_helsinki.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return [
        (geo.Point(float(lon), float(lat)), f"{street} {number}")
        for lon, lat, street, number in rows
    ]


def somewhere(
    chance: random.Random, city: str, centre: tuple[float, float], far: tuple[float, float]
) -> tuple[geo.Point, str]:
    """A point of a city, with its address where it is known; `far` are standard deviations in
    degrees."""
    if city == STREETS_OF:
        return chance.choice(addresses())
    lon, lat = centre
    return geo.Point.wrapped(lon + chance.gauss(0, far[0]), lat + chance.gauss(0, far[1])), ""


def make_reports(session: Session, people: dict[str, Member], seed: float = SEED) -> int:
    """Reports round the centres of real cities, some confirmed, a few held; returns how many."""
    chance = random.Random(seed)  # the same world each time
    posters = [people[h] for h in ("demo-ana", "demo-ben", "demo-carla")]
    made = 0
    for name, (country, count) in CITIES.items():
        centre = centre_of(session, name, country)
        if centre is None:
            continue
        for _ in range(count):
            author = chance.choice(posters)
            code = chance.choice(list(reports_kinds.KINDS))
            point, _ = somewhere(chance, name, centre, (0.02, 0.015))
            public_id = reports_posting_actions.post_report(
                session,
                actor_of(author),
                kind=code,
                point=point,
                text=TEXTS[code][0 if author.language == "es" else 1],
                language=author.language,
            )
            publish_and_age(session, actor_of(people["demo-mod"]), public_id, chance)
            made += 1
    newcomer = actor_of(people["demo-dev"])
    for lon, lat in ((-3.69, 40.43), (2.16, 41.39)):
        reports_posting_actions.post_report(
            session, newcomer, kind="jam", point=geo.Point(lon, lat), text=TEXTS["jam"][1],
            language="en",
        )  # fmt: skip
        made += 1
    confirm_some(session, people, chance)
    return made


def subject_id(session: Session, public_id: str) -> int:
    return session.scalars(
        sa.select(subjects.Subject.id).where(subjects.Subject.public_id == public_id)
    ).one()


def decide(session: Session, moderator: Actor, about: int, action: str, **why: str) -> None:
    """The demo moderator decides the open case, if there is one."""
    case = session.scalar(
        sa.select(Case).where(Case.subject_id == about, Case.decided_at.is_(None))
    )
    if case is not None:
        moderation_actions.perform(session, moderator, case.id, action, version=case.version, **why)


def publish_and_age(
    session: Session, moderator: Actor, public_id: str, chance: random.Random
) -> None:
    """Approves a first contribution; reports are of different ages."""
    report = session.get_one(Report, subject_id(session, public_id))
    decide(session, moderator, report.id, "approve")
    half_life = reports_kinds.KINDS[report.kind].half_life
    age = dt.timedelta(minutes=min(half_life, chance.uniform(1, 600)))
    report.occurred_at = report.created_at = report.seen_at = now(session) - age
    reports_life_actions.recompute_reliability(session, report)
    session.flush()


def confirm_some(session: Session, people: dict[str, Member], chance: random.Random) -> None:
    voters = [actor_of(member) for member in people.values()]
    untold = sa.select(Report).where(
        Report.source_id.is_(None),
        Report.author_id.in_([member.id for member in people.values()]),
        reports_reading.is_alive(),
        Report.confirmations + Report.denials == 0,
    )
    for report in session.scalars(untold).all():
        for voter in chance.sample(voters, chance.randint(0, 3)):
            # Denials may have ended it.
            alive = report.state == ReportState.OPEN and report.expires_at > now(session)
            if voter.id != report.author_id and alive:
                reports_votes.confirm_or_deny(
                    session, voter, report.id, still_there=chance.random() < 0.85
                )


def picture(chance: random.Random, words: str) -> media_actions.Upload:
    """A drawn landscape: a sky, two hills and a sun."""
    image = Image.new("RGB", (960, 640), (150 + chance.randrange(60), 190, 225))
    draw = ImageDraw.Draw(image)
    x = chance.randrange(100, 800)
    draw.ellipse((x, 60, x + 110, 170), fill=(250, 220, 120))
    draw.ellipse((-200, 330, 700, 1000), fill=(90, 140 + chance.randrange(60), 90))
    draw.ellipse((350, 380, 1300, 1100), fill=(60, 110 + chance.randrange(60), 80))
    raw = io.BytesIO()
    image.save(raw, "JPEG", quality=80)
    return media_actions.store_upload(raw.getvalue(), "demo.jpg", words)


def make_places(session: Session, people: dict[str, Member], chance: random.Random) -> list[int]:
    """Places of several cities with reviews, some edited, some found helpful; their ids."""
    moderator = actor_of(people["demo-mod"])
    authors = [people[h] for h in ("demo-ana", "demo-ben", "demo-carla", "demo-gala")]
    voters = [*authors, people["demo-felix"], people["demo-elena"]]
    made = []
    for city in PLACE_CITIES:
        centre = centre_of(session, city, CITIES[city][0])
        if centre is None:
            continue
        for number, (name, category, hours) in enumerate(PLACES):
            author = chance.choice(authors)
            photos = [picture(chance, f"{name}, {city}")] if number == 0 else []
            point, address = somewhere(chance, city, centre, (0.012, 0.01))
            public_id = places_editing.add_place(
                session,
                actor_of(author),
                name=name,
                category=category,
                point=point,
                address=address or f"{city}, {number + 1}",
                opening_hours=hours,
                language="es",
                photos=photos,
            )
            place_id = subject_id(session, public_id)
            decide(session, moderator, place_id, "approve")
            made.append(place_id)
            for reviewer in chance.sample(voters, chance.randint(1, 5)):
                review(session, moderator, reviewer, place_id, category, voters, chance)
    return made


def review(
    session: Session,
    moderator: Actor,
    author: Member,
    place_id: int,
    category: str,
    voters: list[Member],
    chance: random.Random,
) -> None:
    rating = chance.choices((5, 4, 3, 2, 1), (40, 30, 15, 9, 6))[0]
    aspects = places_categories.CATEGORIES[category].aspects
    opinion = reviews_actions.Opinion(
        rating=rating,
        text=REVIEWS[rating][0 if author.language == "es" else 1],
        subratings={aspect.code: rating for aspect in aspects if chance.random() < 0.6},
        visit_kind=chance.choice((None, "solo", "couple", "family", "friends")),
        language=author.language,
    )
    public_id = reviews_actions.post_review(session, actor_of(author), place_id, opinion)
    review_id = subject_id(session, public_id)
    decide(session, moderator, review_id, "approve")
    if chance.random() < 0.1:
        changed = replace(opinion, rating=max(1, rating - 1))
        reviews_actions.edit_review(
            session, actor_of(author), review_id, revision=1, opinion=changed
        )
        decide(session, moderator, review_id, "approve")
    for voter in chance.sample(voters, chance.randint(0, 3)):
        if voter.id != author.id:
            reviews_actions.vote_helpful(session, actor_of(voter), review_id, helpful=True)


def make_brands(
    session: Session, people: dict[str, Member], place_ids: list[int], chance: random.Random
) -> None:
    """Brands with a team, fans, places and a cascade of some weeks; the last one unclaimed."""
    moderator, elena = actor_of(people["demo-mod"]), actor_of(people["demo-elena"])
    for number, (name, about) in enumerate(BRANDS):
        brand_id = subject_id(
            session, brands_editing.add_brand(session, elena, name=name, about=about)
        )
        decide(session, moderator, brand_id, "approve")
        for fan in chance.sample(list(people.values()), 4 + number):
            brands_following.follow(session, actor_of(fan), brand_id, following=True)
        row = brands_reading.brand_by_id(session, elena, brand_id)
        claimant = elena if number < 2 else actor_of(people["demo-felix"])
        brands_claims_actions.claim(
            session, claimant, row, message="Cuenta de demostración: hablo por esta marca."
        )
        if number < 2:
            claim = brands_claims_queries.open_claim(session, brand_id, elena.id)
            if claim is not None:
                decide(session, moderator, claim.id, "approve")
            elena = actor_of(people["demo-elena"])
            for place_id in place_ids[number :: len(PLACES)]:
                places_claims_actions.set_brand(session, moderator, place_id, brand_id)
        if number == 0:
            make_cascade(session, brand_id, chance)
            crowd = make_crowd(session, people, brand_id, place_ids[:: len(PLACES)], chance)
            centres = filter(None, [centre_of(session, city, "ES") for city in PLACE_CITIES[:4]])
            make_firsts(session, crowd, list(centres), TEXTS, chance)
            spread_actions.publish_all_figures(session)
            influencers_scoring.rescore(session)
            make_invitation(session, moderator, elena, brand_id)


def make_invitation(session: Session, moderator: Actor, author: Actor, brand_id: int) -> None:
    """A brand asks who lets it; it is in their inboxes."""
    public_id = campaigns_actions.write_invitation(
        session,
        author,
        brands_reading.brand_by_id(session, author, brand_id),
        text="¿Conoces a alguien a quien le gusten el café y los libros? Tráelo. (Demostración)",
        thanks="Gracias: alguien vino por tu palabra. (Demostración)",
        language="es",
    )
    invitation_id = subject_id(session, public_id)
    decide(session, moderator, invitation_id, "approve")
    campaigns_actions.send_invitation(session, author, invitation_id)


def make_waiting(session: Session, people: dict[str, Member], place_ids: list[int]) -> None:
    """What the queue has to see: a held place and review, flags, and one refusal with a reason."""
    moderator, newcomer = actor_of(people["demo-mod"]), actor_of(people["demo-dev"])
    opinion = reviews_actions.Opinion(rating=4, text=REVIEWS[4][1], language="en")
    reviews_actions.post_review(session, newcomer, place_ids[0], opinion)
    places_editing.add_place(
        session,
        newcomer,
        name="Corner bakery (demo)",
        category="bakery",
        point=geo.Point(-3.7005, 40.4205),
        language="en",
    )
    refused = reviews_actions.post_review(
        session, newcomer, place_ids[1], replace(opinion, rating=1)
    )
    decide(
        session,
        moderator,
        subject_id(session, refused),
        "refuse",
        rule="off_topic",
        note="This tells of another place. Write it there, please.",
    )
    flagged = session.scalars(
        sa.select(Report)
        .where(Report.visibility == Visibility.PUBLISHED, Report.author_id.is_not(None))
        .order_by(Report.id)
        .limit(1)
    ).one()
    subject = session.get_one(subjects.Subject, flagged.id)
    for handle in ("demo-felix", "demo-gala"):
        moderation_actions.flag(
            session, actor_of(people[handle]), subject, rule="false", note="It is not there."
        )


def make_watches(session: Session, people: dict[str, Member]) -> None:
    """An area and a way, so that there is something to look at."""
    ana = actor_of(people["demo-ana"])
    madrid = watches_geometry.circle(geo.Point(-3.7038, 40.4168), 8_000)
    castellana = watches_geometry.way(
        [[(-3.6922, 40.4155), (-3.6903, 40.4233), (-3.6919, 40.4467), (-3.6888, 40.4665)]],
        1_500,
        "drawn",
    )
    for shape, name, placed in (
        (Shape.AREA, "Centro de Madrid", madrid),
        (Shape.WAY, "Castellana", castellana),
    ):
        watches_watching.add_watch(
            session, ana, shape=shape, name=name, placed=placed, kinds=(), least=0
        )


def fill(session: Session) -> int:
    """Returns how many reports there are. Points, photos and notices come from the jobs that the
    worker runs as soon as it starts."""
    people = make_people(session)
    make_forest(session, people)
    made = make_reports(session, people)
    chance = random.Random(SEED)
    place_ids = make_places(session, people, chance)
    make_brands(session, people, place_ids, chance)
    make_waiting(session, people, place_ids)
    make_ring(session, chance)
    make_watches(session, people)
    posters = [people[h] for h in ("demo-ana", "demo-ben", "demo-carla", "demo-gala")]
    centres = [(centre_of(session, name, c), count) for name, (c, count) in CITIES.items()]
    cities = [(centre, count) for centre, count in centres if centre is not None]
    return made + make_history(session, posters, cities, TEXTS, chance)


def demo_people(session: Session) -> dict[str, Member]:
    """The demo world's members by their handle; empty when it was not made here."""
    named = sa.select(Member).where(
        Member.is_demo, Member.source_id.is_(None), Member.erased_at.is_(None)
    )
    found = {str(member.handle): member for member in session.scalars(named)}
    return found if all(person.handle in found for person in PEOPLE) else {}


def refresh(session: Session, people: dict[str, Member]) -> int:
    """Live reports end; when few fresh ones are alive, new ones are posted. Returns how many."""
    alive = sa.select(sa.func.count()).where(
        Report.author_id.in_([member.id for member in people.values()]),
        reports_reading.is_alive(),
        Report.occurred_at > now(session) - FRESH,
    )
    if session.scalars(alive).one() >= FRESH_LEAST:
        return 0
    return make_reports(session, people, seed=now(session).timestamp())


def sign_ins() -> str:
    """What `make run` prints."""
    lines = [f"  {p.handle}@example.org  ({p.role or 'member'})" for p in PEOPLE]
    return "\n".join([f"  Demo sign-ins, password {PASSWORD}:", *lines])
