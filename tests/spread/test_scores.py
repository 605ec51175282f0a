"""Scores of prescriptores: the statements against the pure rules, slowly and obviously."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.conftest import counted_queries
from tests.factories import bulk
from tests.spread.conftest import BARCELONA, MADRID, World, publish
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.fraud.models import RING_KIND, Fingerprint, FraudScore, Ring, RingMember
from ugc.geography import geo
from ugc.influencers import rules as influencers_rules
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.influencers.models import PrescriptorScore
from ugc.influencers.queries import scores as influencers_scores
from ugc.places.models import Place
from ugc.referrals.models import CascadeReach, FalseMember, Referral
from ugc.reports.models import Report
from ugc.reviews.models import Review


def place(session: Session, category: str) -> int:
    subject = subjects.create(session, "place")
    session.add(Place(id=subject.id, name="P", category=category, geom=geo.Point(-3.7, 40.4).ewkt))
    session.flush()
    return subject.id


def crowds(
    session: Session, ways: dict[tuple[int, int], dt.datetime]
) -> dict[tuple[int, int], tuple[int, int]]:
    """(above, person) → which one they are of their mark, and of their network."""
    first: dict[tuple[int, str], bytes] = {}
    order = (Fingerprint.first_seen_at, Fingerprint.hash)
    for row in session.scalars(sa.select(Fingerprint).order_by(*order)):
        first.setdefault((row.member_id, row.kind), row.hash)
    seen: Counter[tuple[int, str, bytes]] = Counter()
    found = {}
    for (above, person), _at in sorted(ways.items(), key=lambda way: (way[1], way[0][1])):
        places = {"browser": 1, "mailbox": 1, "network": 1}
        for kind in places:
            if (person, kind) in first:
                key = (above, kind, first[person, kind])
                seen[key] += 1
                places[kind] = seen[key]
        found[above, person] = (max(places["browser"], places["mailbox"]), places["network"])
    return found


@dataclass
class Known:
    """What the formula asks of the members: who counts for nothing, each one's fraud score, home,
    and when and how well they contributed."""

    out: set[int]
    fraud: dict[int, int]
    homes: dict[int, int | None]
    made: dict[int, list[dt.datetime]]
    good: Counter[int]
    bad: Counter[int]

    @classmethod
    def of(cls, session: Session) -> Known:
        fraud = {f.member_id: f.score for f in session.scalars(sa.select(FraudScore))}
        out = set(session.scalars(sa.select(FalseMember.member_id)))
        out |= {member for member, value in fraud.items() if value >= influencers_rules.DOUBTED}
        out |= set(session.scalars(sa.select(Member.id).where(Member.erased_at.is_not(None))))
        homes = {m.id: m.city_id for m in session.scalars(sa.select(Member))}
        known = cls(out, fraud, homes, defaultdict(list), Counter(), Counter())
        for table in (Report, Review, Place):
            for row in session.scalars(sa.select(table)):
                known.count(row)
        return known

    def count(self, row: Report | Review | Place) -> None:
        if row.author_id is None:
            return
        if row.visibility == "published":
            self.made[row.author_id].append(row.created_at)
            if self.homes[row.author_id] is None and not isinstance(row, Review):
                self.homes[row.author_id] = row.city_id
            denied = getattr(row, "denials", 0) > getattr(row, "confirmations", 0)
            (self.bad if denied else self.good)[row.author_id] += 1
        elif row.visibility in ("hidden", "removed"):
            self.bad[row.author_id] += 1


def arrivals(session: Session, root_id: int | None) -> list[tuple]:
    """(person, (who brought them, whoever brought those …), whether new, when, by which link)."""
    links = dict(session.execute(sa.text("SELECT id, subject_id FROM referral_links")).all())
    came = []
    if root_id is None:
        for r in session.scalars(sa.select(Referral)):
            ways = (r.parent_id, r.grandparent_id, r.great_grandparent_id)
            came.append((r.member_id, ways, True, r.referred_at, r.link_id))
    for c in session.scalars(sa.select(CascadeReach).where(CascadeReach.sharer_id.is_not(None))):
        if c.root_id == root_id or (root_id is None and links[c.link_id] == c.root_id):
            ways = (c.sharer_id, c.second_sharer_id, c.third_sharer_id)
            came.append((c.member_id, ways, c.joined, c.reached_at, c.link_id))
    return came


def best_ways(session: Session, root_id: int | None, out: set[int]) -> dict[tuple[int, int], tuple]:
    """(above, person) → (whether known before, degree, when, branch, category): the best way."""
    categories = {p.id: p.category for p in session.scalars(sa.select(Place))}
    links = dict(session.execute(sa.text("SELECT id, subject_id FROM referral_links")).all())
    best: dict[tuple[int, int], tuple] = {}
    for person, ways, joined, at, link_id in arrivals(session, root_id):
        for degree, above in enumerate(ways, start=1):
            chain = (person, *ways[:degree])
            if above is None or set(chain) & out or above == person:
                continue
            branch = chain[-2]
            way = (not joined, degree, at, branch, categories.get(links[link_id]))
            key = (above, person)
            best[key] = min(best.get(key, way), way, key=lambda w: w[:3])
    return best


def expected(
    session: Session, root_id: int | None, since: float, category: str
) -> dict[int, float]:
    """The published formula, person by person."""
    today = now(session)
    known = Known.of(session)
    best = best_ways(session, root_id, known.out)
    branches: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    zones: dict[int, Counter] = defaultdict(Counter)
    topics: dict[int, Counter] = defaultdict(Counter)
    crowd = crowds(session, {key: way[2] for key, way in best.items()})
    people: Counter[int] = Counter()
    for (above, person), (came_before, degree, at, branch, topic) in best.items():
        if at < today - dt.timedelta(weeks=since) or (category and topic != category):
            continue
        published = sum(when >= at for when in known.made[person])
        trust = influencers_rules.trust(known.fraud.get(person, 0))
        weight = influencers_rules.DELTA ** (degree - 1) * trust
        weight *= influencers_rules.independence(*crowd[above, person])
        people[above] += weight
        branches[above][branch] += weight * influencers_rules.worth(not came_before, published)
        if known.homes[person] is not None:
            zones[above][known.homes[person]] += 1
        if topic is not None:
            topics[above][topic] += 1
    return {
        above: (caused := influencers_rules.caused(values.values()))
        * influencers_rules.response(caused, people[above])
        * influencers_rules.reliability(known.good[above], known.bad[above])
        * influencers_rules.focus(
            influencers_rules.concentration(zones[above].values()),
            influencers_rules.concentration(topics[above].values()),
        )
        for above, values in branches.items()
        if sum(values.values()) > 0
    }


def fill(world: World, seed: int) -> None:
    chance = random.Random(seed)
    session = world.session
    subject_ids = [place(session, "cafe"), place(session, "cafe"), place(session, "museum")]
    people: list[Member] = []
    for number in range(60):
        person = world.someone(
            city_id=chance.choice((MADRID, MADRID, BARCELONA, None)),
            erased_at=now(session) if number and chance.random() < 0.05 else None,
        )
        days = (60 - number) * chance.choice((1, 9))
        above = people[: 1 + number // 3]
        if people and chance.random() < 0.7:
            world.refer(person, chance.choice(above), days=days)
        people.append(person)
        if len(people) > 2:
            spread(world, person, above, subject_ids, days, chance)
        for _ in range(chance.choice((0, 0, 1, 4))):
            publish(session, person, days=chance.uniform(0, 300),
                    visibility=chance.choice(("published", "published", "hidden")))  # fmt: skip
    doubt(session, people, chance)
    session.commit()


def spread(
    world: World,
    person: Member,
    above: list[Member],
    subject_ids: list[int],
    days: float,
    chance: random.Random,
) -> None:
    """Shares of the brand and of one place reach a person."""
    for root_id in {world.brand_id, *chance.sample(subject_ids, 1)}:
        if chance.random() > 0.8:
            continue
        sharer = chance.choice([None, *above])
        joined = chance.random() < 0.5
        brands_own = root_id == world.brand_id
        shared = chance.choice((world.brand_id, *subject_ids)) if brands_own else root_id
        world.reach(
            person, sharer, days=days + chance.random(), joined=joined,
            root_id=root_id, subject_id=shared,
        )  # fmt: skip


def doubt(session: Session, people: list[Member], chance: random.Random) -> None:
    """Fraud scores, one false member, and the marks of joining."""
    for person in chance.sample(people, 8):
        fraud = chance.choice((20, 59, 60, 90))
        session.add(FraudScore(member_id=person.id, score=fraud, reasons=[]))
    session.add(FalseMember(member_id=chance.choice(people).id))
    for person in people:
        for kind in ("browser", "mailbox", "network", "disposable"):
            for number in range(chance.choice((0, 1, 2))):
                at = now(session) - dt.timedelta(days=chance.randint(0, 9), hours=number)
                value = bytes([chance.randrange(6), number])
                session.add(
                    Fingerprint(member_id=person.id, kind=kind, hash=value, first_seen_at=at)
                )


@pytest.mark.parametrize("seed", range(4))
def test_the_statements_say_what_the_published_formula_says(world: World, seed: int) -> None:
    fill(world, seed)
    influencers_scoring.rescore(world.session)
    today = now(world.session).date()
    some = 0
    for root_id in (None, world.brand_id):
        for code, weeks in influencers_rules.SPANS.items():
            for category in ("", "cafe"):
                since = None if weeks is None else today - dt.timedelta(weeks=weeks)
                rows = influencers_scores.prescriptores(
                    world.session, root_id=root_id, category=category, since=since, limit=1000
                )
                wanted = expected(world.session, root_id, weeks or 10_000, category)
                wanted = {k: v for k, v in wanted.items()
                          if world.session.get_one(Member, k).erased_at is None}  # fmt: skip
                found = {row.member_id: row.score for row in rows}
                assert found == pytest.approx(wanted), (root_id, code, category)
                assert [r.score for r in rows] == sorted(found.values(), reverse=True)
                some += len(found)
    assert some > 50


def test_scoring_twice_writes_nothing_new(world: World) -> None:
    fill(world, 1)
    influencers_scoring.rescore(world.session)
    before = world.session.execute(
        sa.text("SELECT member_id, span, xmin::text FROM prescriptor_scores ORDER BY 1, 2")
    ).all()
    influencers_scoring.rescore(world.session)
    after = world.session.execute(
        sa.text("SELECT member_id, span, xmin::text FROM prescriptor_scores ORDER BY 1, 2")
    ).all()
    assert before == after
    assert len(before) > 20


@pytest.mark.parametrize("how", ["score", "ring"])
def test_doubted_accounts_raise_nobody(world: World, how: str) -> None:
    """Sixty accounts that the fraud score doubts, or that wait for a decision, and who came through
    them, add nothing."""
    session = world.session
    real, ring = world.someone(), world.someone()
    for _ in range(12):
        world.refer(world.someone(), real)
    fakes = [world.someone() for _ in range(60)]
    case = subjects.create(session, RING_KIND)
    session.add(Ring(id=case.id))
    session.flush()
    for fake in fakes:
        world.refer(fake, ring)
        if how == "score":
            session.add(FraudScore(member_id=fake.id, score=influencers_rules.DOUBTED, reasons=[]))
        else:
            session.add(RingMember(ring_id=case.id, member_id=fake.id, score=0, reasons=[]))
    for fake in fakes[:20]:
        world.refer(world.someone(), fake)
    session.commit()
    influencers_scoring.rescore(session)
    assert [row.member_id for row in influencers_scores.prescriptores(session, root_id=None)] == [
        real.id
    ]
    # The baselines know no doubt: that is what they are for.
    assert influencers_scores.first_degree(session, root_id=None)[0].member_id == ring.id
    assert influencers_scores.pagerank(session, root_id=None)[0].member_id == ring.id


def test_many_of_one_browser_are_no_crowd(world: World) -> None:
    session = world.session
    honest, farm, school = world.someone(), world.someone(), world.someone()
    for number in range(12):
        for sharer, kind in ((honest, ""), (farm, "browser"), (school, "network")):
            newcomer = world.someone()
            world.refer(newcomer, sharer, days=20 - number)
            if kind:
                session.add(Fingerprint(member_id=newcomer.id, kind=kind, hash=b"one"))
    session.commit()
    influencers_scoring.rescore(session)
    rows = influencers_scores.prescriptores(session, root_id=None)
    assert [row.member_id for row in rows] == [honest.id, school.id, farm.id]
    assert rows[2].score < rows[0].score / 3


def test_one_lucky_contact_is_one_branch(world: World) -> None:
    """Whoever brought twenty by themselves stands above who brought one that brought a hundred."""
    session = world.session
    many, lucky, star = world.someone(), world.someone(), world.someone()
    world.refer(star, lucky)
    for _ in range(100):
        world.refer(world.someone(), star)
    for _ in range(60):
        world.refer(world.someone(), many)
    session.commit()
    influencers_scoring.rescore(session)
    order = [row.member_id for row in influencers_scores.prescriptores(session, root_id=None)]
    assert order == [star.id, many.id, lucky.id]


def test_filters_and_their_cost(world: World) -> None:
    session = world.session
    here, there = world.someone(city_id=MADRID), world.someone(city_id=BARCELONA)
    for sharer in (here, there):
        for _ in range(5):
            world.refer(world.someone(), sharer, days=100)
    session.commit()
    influencers_scoring.rescore(session)
    rows = influencers_scores.prescriptores(session, root_id=None, city_id=MADRID)
    assert [row.member_id for row in rows] == [here.id]
    month = now(session).date() - dt.timedelta(days=20)
    assert influencers_scores.prescriptores(session, root_id=None, since=month) == []
    assert len(influencers_scores.prescriptores(session, root_id=None, since=now(session))) == 0
    assert len(influencers_scores.prescriptores(session, root_id=None, limit=1)) == 1
    with counted_queries() as seen:
        influencers_scores.prescriptores(session, root_id=world.brand_id, city_id=MADRID, limit=100)
    assert len(seen) == 2, seen  # the clock, and one look-up


def test_the_top_of_a_city_is_an_index_look_up(world: World) -> None:
    session = world.session
    fill(world, 2)
    influencers_scoring.rescore(session)
    bulk.scores_of_spans(session, MADRID)
    plan = session.execute(
        sa.text(
            "EXPLAIN SELECT member_id FROM prescriptor_scores WHERE root_id = :root AND"
            " span = 'all' AND category = '' AND city_id = :city AND score > 0"
            " ORDER BY score DESC, member_id LIMIT 100"
        ),
        {"root": world.brand_id, "city": MADRID},
    )
    text = "\n".join(row[0] for row in plan)
    assert "ix_prescriptor_scores_city" in text
    assert "Sort" not in text


def test_spans_reach_back_far_enough() -> None:
    today = dt.date(2026, 11, 28)
    days = {None: "all", 0: "4w", 28: "4w", 29: "12w", 84: "12w", 85: "52w", 364: "52w", 365: "all"}
    for back, code in days.items():
        since = None if back is None else today - dt.timedelta(days=back)
        assert influencers_rules.span_for(since, today) == code


def test_rows_are_as_many_as_members_who_shared(world: World) -> None:
    fill(world, 3)
    count = influencers_scoring.rescore(world.session)
    assert count == world.session.scalar(sa.select(sa.func.count()).select_from(PrescriptorScore))
    sharers = world.session.scalar(sa.select(sa.func.count(Referral.parent_id.distinct()))) or 0
    assert count > sharers
