"""Do the published scores find who really spreads a brand, and who is false? Worlds whose truth is
known (benchmarks/contagion.py: independent cascades on the real contact graph of wiki-Vote, with
planted strong spreaders, loud people and rings of false accounts) are put into the tables; then the
product's own functions score them.

Printed: precision and recall among the first 50 of prescriptores and of its two baselines (people
of the 1st degree; PageRank over the share graph), and how many of those are leaders or accounts of
rings; the same when nobody is doubted; of the fraud score, among its first 50 and from the
threshold on; and of each kind of people how many are doubted. The weights were tuned on the seeds
`TUNED` alone; what is printed are others."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks import common, contagion
from benchmarks.contagion import FALSE, LEADER, World
from ugc.cli import main as cli_main
from ugc.config import ROOT, libpq_url, sqlalchemy_url
from ugc.core.db import Session, db, transaction
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.fraud.models import FraudScore
from ugc.fraud.rules.score import DOUBTED
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.influencers.queries import scores as influencers_scores

GRAPH = (
    Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data"))
    / "graph"
    / "wiki_vote_edges.csv.gz"
)
TUNED = (1, 2, 3, 4)
SEEDS = [int(seed) for seed in os.environ.get("BENCH_SEEDS", "101,102,103,104,105").split(",")]
FIRST = 50
DAY = dt.timedelta(days=1)


Figures = dict[str, tuple[float, float]]


def main() -> None:
    if not GRAPH.exists():
        print(f"spreaders: {GRAPH} is not there; BENCH_DATA says where the data is")
        return
    graph = contagion.contacts(GRAPH)
    print(f"spreaders: {len(graph):,} people of wiki-Vote, seeds {SEEDS} (tuned on {TUNED})")
    found: dict[str, list[tuple[float, float]]] = {}
    doubted: dict[str, list[tuple[int, int]]] = {}
    for seed in SEEDS:
        figures, groups = one(graph, seed)
        for name, pair in figures.items():
            found.setdefault(name, []).append(pair)
        for name, counts in groups.items():
            doubted.setdefault(name, []).append(counts)
    print(f"  {'':<44} precision         recall")
    for name, pairs in found.items():
        print(f"  {name:<44} {_spread([p[0] for p in pairs])}   {_spread([p[1] for p in pairs])}")
    print(f"  {f'doubted (from {DOUBTED} on), of all seeds':<44} doubted   of")
    for name, each in sorted(doubted.items()):
        some, all_of_them = sum(c[0] for c in each), sum(c[1] for c in each)
        print(f"  {name:<44} {some:>7,} {all_of_them:>6,}   {some / all_of_them:7.2%}")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def one(graph: dict[int, list[int]], seed: int) -> tuple[Figures, dict[str, tuple[int, int]]]:
    """(precision, recall) of each ranking in one world, and of each kind of people how many are
    doubted, and how many there are."""
    world = contagion.draw(graph, seed)
    url = common.database("bench_spreaders")
    with common.application(url).app_context():
        with transaction() as session:
            cli_main.load_cities(session)
        ids = load(url, world)
        rankings: Figures = {}
        with transaction() as session:
            influencers_scoring.rescore(session)
            rankings |= ranked(session, world, ids, " without any doubt")
        with transaction() as session:
            fraud_scoring.score(session)
        with transaction() as session:
            influencers_scoring.rescore(session)
            measured = ranked(session, world, ids, "") | rankings
            measured |= suspected(session, world, ids)
            groups = by_group(session, world, ids)
        db.session.remove()
        db.engine.dispose()
    return measured, groups


def ranked(session: Session, world: World, ids: dict[int, int], doubts: str) -> Figures:
    """Of the first `FIRST` of each ranking."""
    spreaders = {ids[number] for number in world.spreaders()}
    rankings: dict[str, Iterable[Any]] = {
        "prescriptores": influencers_scores.prescriptores(session, root_id=None, limit=FIRST)
    }
    if not doubts:  # the baselines know none anyway
        rankings |= {
            "1st degree alone": influencers_scores.first_degree(session, root_id=None, limit=FIRST),
            "PageRank": influencers_scores.pagerank(session, root_id=None, limit=FIRST),
        }
    rings = {ids[number] for number in world.of_role(FALSE, LEADER)}
    result = {}
    for name, rows in rankings.items():
        members = [row.member_id for row in rows]
        result[f"{name}{doubts}, first {FIRST}"] = against(members, spreaders)
        result[f"  of rings: {name}{doubts}"] = against(members, rings)
    return result


def suspected(session: Session, world: World, ids: dict[int, int]) -> Figures:
    false = {ids[number] for number in world.of_role(FALSE, LEADER)}
    doubts = session.execute(
        sa.select(FraudScore.member_id, FraudScore.score)
        .where(FraudScore.score > 0)
        .order_by(FraudScore.score.desc(), FraudScore.member_id)
    ).all()
    return {
        f"fraud score, first {FIRST}": against([row.member_id for row in doubts][:FIRST], false),
        f"fraud score, from {DOUBTED} on": against(
            [row.member_id for row in doubts if row.score >= DOUBTED], false
        ),
    }


def by_group(session: Session, world: World, ids: dict[int, int]) -> dict[str, tuple[int, int]]:
    doubted = set(
        session.scalars(sa.select(FraudScore.member_id).where(FraudScore.score >= DOUBTED))
    )
    counts: dict[str, tuple[int, int]] = {}
    names = {number: person.role for number, person in world.people.items()}
    for number, person in world.people.items():
        if person.role not in (FALSE, LEADER) and person.group:
            names[number] = f"honest: {person.group}"
        elif person.role not in (FALSE, LEADER):
            names[number] = f"honest: {person.role}"
    for teacher, _ in world.classes:
        names[teacher] = "honest: teacher"
    for ring in world.rings:
        habit = "praise each other" if ring.praise else "no praise"
        for account in ring.accounts:
            names[account] = f"false: marks {ring.marks}, {habit}"
    for number, member in ids.items():
        some, all_of_them = counts.get(names[number], (0, 0))
        counts[names[number]] = (some + (member in doubted), all_of_them + 1)
    return counts


def against(found: Sequence[int], truth: set[int]) -> tuple[float, float]:
    """(precision, recall)"""
    right = len(set(found) & truth)
    return right / max(1, len(found)), right / len(truth)


class Loader:
    """Puts a world into the tables as the product would have left them; its days end now."""

    def __init__(self, connection: psycopg.Connection, world: World) -> None:
        self.connection, self.world = connection, world
        self.began = dt.datetime.now(dt.UTC) - (contagion.DAYS + 1) * DAY
        self.ids: dict[int, int] = {}
        self.brands: list[int] = []
        self.places: list[list[int]] = []
        self.links: dict[tuple[int | None, int], int] = {}
        self.cities = [
            (row[0], row[1], row[2])
            for row in connection.execute(
                "SELECT id, ST_X(geom), ST_Y(geom) FROM cities ORDER BY population DESC LIMIT 12"
            )
        ]

    def at(self, days: float) -> dt.datetime:
        return self.began + days * DAY

    def subjects(self, kind: str, times: Sequence[float]) -> list[int]:
        """New subjects, numbered in the given order."""
        return [
            self.connection.execute(
                "INSERT INTO subjects (kind, public_id, created_at)"
                " VALUES (%s, left(md5(random()::text), 12), %s) RETURNING id",
                (kind, self.at(at)),
            ).fetchone()[0]  # type: ignore[index]
            for at in times
        ]

    def many(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,  # type: ignore[arg-type]
        ):
            for row in rows:
                copy.write_row(row)

    def load(self) -> dict[int, int]:
        """The members' ids by the world's numbers."""
        self.members()
        self.marks()
        self.make_brands()
        self.make_links()
        self.tree()
        self.cascades()
        self.contributions()
        return self.ids

    def members(self) -> None:
        joined = sorted(
            (p for p in self.world.people.values() if p.joined_at is not None),
            key=lambda p: (p.joined_at, p.number),
        )
        ids = self.subjects("member", [p.joined_at or 0.0 for p in joined])
        self.ids = {p.number: i for p, i in zip(joined, ids, strict=True)}
        self.many(
            "members",
            "id, handle, email, email_confirmed_at, joined_at, city_id",
            (
                (
                    self.ids[p.number], f"p{p.number}", f"p{p.number}@{p.mail_domain}",
                    self.at(p.joined_at or 0), self.at(p.joined_at or 0),
                    self.cities[p.city % len(self.cities)][0],
                )
                for p in joined
            ),
        )  # fmt: skip

    def marks(self) -> None:
        """What joining leaves behind, as keyed hashes: here any bytes that are alike when the
        network, or the network and the browser, are."""
        rows = set()
        # They signed in for what they did last.
        last: dict[int, float] = {}
        for post in self.world.posts:
            last[post.person] = max(post.at, last.get(post.person, 0.0))
        for number, member in self.ids.items():
            person = self.world.people[number]
            joined = person.joined_at or 0.0
            when, seen = self.at(joined), self.at(max(joined, last.get(number, 0.0)))
            found = {
                "network": person.network,
                "browser": f"{person.network} {person.device}",
                "mailbox": person.mailbox,
            }
            if person.mail_domain != "example.org":
                found["disposable"] = person.mail_domain
            for kind, value in found.items():
                mark = hashlib.blake2b(value.encode(), digest_size=16).digest()
                rows.add((member, kind, mark, when, seen))
        self.many(
            "fingerprints", "member_id, kind, hash, first_seen_at, last_seen_at", sorted(rows)
        )

    def make_brands(self) -> None:
        self.brands = self.subjects("brand", [0.0] * contagion.BRANDS)
        self.many("brands", "id, name", ((i, f"Brand {n}") for n, i in enumerate(self.brands)))
        for brand in self.brands:
            places = self.subjects("place", [0.0] * 4)
            self.places.append(places)
            for place, (city, lon, lat) in zip(places, self.cities, strict=False):
                self.connection.execute(
                    "INSERT INTO places (id, name, category, geom, city_id)"
                    " VALUES (%s, %s, 'cafe', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s)",
                    (place, f"Place {place}", lon, lat, city),
                )
                self.connection.execute(
                    "INSERT INTO place_brands (place_id, brand_id, since) VALUES (%s, %s, %s)",
                    (place, brand, self.at(0)),
                )

    def make_links(self) -> None:
        wanted = sorted({(r.sharer, r.brand) for r in self.world.reaches}, key=str)
        for sharer, brand in wanted:
            owner = self.brands[brand] if sharer is None else self.ids[sharer]
            row = self.connection.execute(
                "INSERT INTO referral_links (code, owner_id, subject_id, created_at)"
                " VALUES (left(md5(random()::text), 10), %s, %s, %s) RETURNING id",
                (owner, self.brands[brand], self.at(0)),
            ).fetchone()
            self.links[sharer, brand] = row[0]  # type: ignore[index]

    def tree(self) -> None:
        people, rows = self.world.people, []
        for number in self.ids:
            person = people[number]
            if person.parent is None:
                continue
            second = people[person.parent].parent
            third = people[second].parent if second is not None else None
            rows.append(
                (
                    self.ids[number], self.ids[person.parent],
                    None if second is None else self.ids[second],
                    None if third is None else self.ids[third],
                    self.links[person.parent, person.parent_brand or 0],
                    self.at(person.joined_at or 0),
                )
            )  # fmt: skip
        self.many(
            "referrals",
            "member_id, parent_id, grandparent_id, great_grandparent_id, link_id, referred_at",
            rows,
        )

    def cascades(self) -> None:
        known: dict[tuple[int, int], tuple[int | None, int | None, int]] = {}
        rows = []
        for reach in sorted(self.world.reaches, key=lambda r: r.at):
            sharer = None if reach.sharer is None else self.ids[reach.sharer]
            second, third, degree = None, None, 0
            if reach.sharer is not None:
                second, third, degree = known.get((reach.brand, reach.sharer), (None, None, 0))
            known[reach.brand, reach.person] = (sharer, second, degree + 1)
            rows.append(
                (
                    self.brands[reach.brand], self.ids[reach.person],
                    self.links[reach.sharer, reach.brand], sharer, second, third, degree + 1,
                    reach.joined, self.at(reach.at),
                )
            )  # fmt: skip
        self.many(
            "cascade_reaches",
            "root_id, member_id, link_id, sharer_id, second_sharer_id, third_sharer_id, degree,"
            " joined, reached_at",
            rows,
        )

    def contributions(self) -> None:
        posts = self.world.posts
        reports = [n for n, post in enumerate(posts) if post.brand is None]
        ids = dict(
            zip(reports, self.subjects("report", [posts[n].at for n in reports]), strict=True)
        )
        reviewed: set[tuple[int, int]] = set()
        reviews: dict[int, int] = {}
        for n, post in enumerate(posts):
            author, moment = self.ids[post.person], self.at(post.at)
            if post.brand is None:
                city, lon, lat = self.cities[self.world.people[post.person].city % 12]
                self.connection.execute(
                    "INSERT INTO reports (id, author_id, kind, geom, city_id, state, created_at,"
                    " occurred_at, seen_at, expires_at, closed_at, believed_at)"
                    " VALUES (%s, %s, 'waste', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s,"
                    " 'expired', %s, %s, %s, %s, %s, %s)",
                    (ids[n], author, lon, lat, city, moment, moment, moment, moment + DAY,
                     moment + DAY, moment),
                )  # fmt: skip
                continue
            place = self.places[post.brand][n % 4]
            if (author, place) in reviewed:
                continue
            reviewed.add((author, place))
            [review] = self.subjects("review", [post.at])
            reviews[n] = review
            self.connection.execute(
                "INSERT INTO reviews (id, author_id, place_id, rating, text, created_at)"
                " VALUES (%s, %s, %s, %s, 'Simulated.', %s)",
                (review, author, place, post.stars, moment),
            )
        given = {(n, self.ids[who]): self.at(when) for who, n, when in self.world.praise}
        self.many(
            "votes",
            "report_id, member_id, still_there, voted_at",
            ((ids[n], member, True, when) for (n, member), when in given.items() if n in ids),
        )
        self.many(
            "helpful_votes",
            "review_id, member_id, voted_at",
            ((reviews[n], member, when) for (n, member), when in given.items() if n in reviews),
        )


def load(url: str, world: World) -> dict[int, int]:
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=False) as connection:
        ids = Loader(connection, world).load()
        connection.commit()
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        connection.execute("ANALYZE")
    return ids


if __name__ == "__main__":
    main()
