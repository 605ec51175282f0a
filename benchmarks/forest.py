"""A world for the benchmarks of spread: members in a heavy-tailed forest of referrals (one root has
far more below it than any other), brands with cascades, and ten visits a member over a year.

A newcomer comes by somebody with the more chance, the more they have brought already (preferential
attachment, which makes the heavy tail), or by nobody. Made in sets, once in the life of the
servers for each size."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks import common
from ugc.cli import main as cli_main
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core.db import Session, db, transaction
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.spread import actions as spread_actions

VERSION = "boca forest 1"
BRANDS = 20
BIG_SHARE = 0.014  # of all are brought by one root, or by who came by it
ALONE = 0.3  # came by nobody
VISITS_PER_MEMBER = 10
REPORTS_PER_MEMBER = 0.3

MAKE_SUBJECTS = """
INSERT INTO subjects (id, kind, public_id, created_at) OVERRIDING SYSTEM VALUE
SELECT %(after)s + n, 'member', 'm' || lpad(to_hex(n), 11, '0'),
  now() - (1 - n / %(members)s::float8) * interval '360 days'
FROM generate_series(1, %(members)s) n
"""
# Most live in few cities, by a power of their rank.
MAKE_MEMBERS = """
WITH ranked AS (
  SELECT id, row_number() OVER (ORDER BY population DESC) - 1 AS rank FROM cities
  ORDER BY population DESC LIMIT 2000
)
INSERT INTO members (id, handle, email, email_confirmed_at, joined_at, city_id)
SELECT s.id, 'f' || s.id, 'f' || s.id || '@example.org', s.created_at, s.created_at, r.id
FROM subjects s JOIN ranked r ON r.rank = floor(2000 * (hashint8(s.id) & 1048575)::float8 ^ 2
  / 1048576::float8 ^ 2)
WHERE s.kind = 'member'
"""
MAKE_BRANDS = """
WITH made AS (
  INSERT INTO subjects (kind, public_id) SELECT 'brand', 'bench-brand-' || n
  FROM generate_series(1, %(brands)s) n RETURNING id, public_id
)
INSERT INTO brands (id, name) SELECT id, public_id FROM made
"""
# Everybody who brought somebody has a link to the site; of the others, one in ten to a brand.
MAKE_LINKS = """
INSERT INTO referral_links (code, owner_id, subject_id)
SELECT 'f' || owner, owner, (SELECT id FROM subjects WHERE kind = 'site')
FROM (SELECT DISTINCT parent_id AS owner FROM drawn) AS owners
UNION ALL
SELECT 'b' || m.id || '-' || b.number, m.id, b.id
FROM members m
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM brands) b
  ON b.number = floor(%(brands)s * ((hashint8(m.id + 1) & 1023) / 1024.0) ^ 3)
WHERE hashint8(m.id) %% 10 = 0
UNION ALL
SELECT 'o' || id, id, id FROM brands
"""
MAKE_REFERRALS = """
INSERT INTO referrals (member_id, parent_id, grandparent_id, great_grandparent_id, link_id,
  referred_at)
SELECT d.member_id, d.parent_id, p.parent_id, g.parent_id, l.id, m.joined_at
FROM drawn d JOIN members m ON m.id = d.member_id
JOIN referral_links l ON l.code = 'f' || d.parent_id
LEFT JOIN drawn p ON p.member_id = d.parent_id LEFT JOIN drawn g ON g.member_id = p.parent_id
"""
MAKE_COUNTS = """
INSERT INTO reach_counts (member_id, first, second, third)
SELECT above, count(*) FILTER (WHERE degree = 1), count(*) FILTER (WHERE degree = 2),
  count(*) FILTER (WHERE degree = 3)
FROM (SELECT parent_id AS above, 1 AS degree FROM referrals
  UNION ALL SELECT grandparent_id, 2 FROM referrals
  UNION ALL SELECT great_grandparent_id, 3 FROM referrals) r
WHERE above IS NOT NULL GROUP BY above
"""
# Whoever joined came to a brand by the same person, half of them.
MAKE_REACHES = """
INSERT INTO cascade_reaches (root_id, member_id, link_id, sharer_id, second_sharer_id,
  third_sharer_id, degree, joined, reached_at)
SELECT b.id, r.member_id, r.link_id, r.parent_id, r.grandparent_id, r.great_grandparent_id,
  CASE WHEN r.grandparent_id IS NULL THEN 1 WHEN r.great_grandparent_id IS NULL THEN 2 ELSE 3 END,
  true, r.referred_at
FROM referrals r
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM brands) b
  ON b.number = floor(%(brands)s * ((hashint8(r.parent_id + 1) & 1023) / 1024.0) ^ 3)
WHERE hashint8(r.member_id) %% 2 = 0
"""
MAKE_VISITS = """
INSERT INTO visits (visited_on, link_id, visitor_key, channel, degree, visited_at)
SELECT at::date, l.id, decode(md5(n::text), 'hex'), channel, degree, at FROM (
  SELECT n, now() - (n %% 360) * interval '1 day' AS at,
    floor(%(links)s * ((hashint8(n) & 1048575) / 1048576.0::float8) ^ 3)::bigint AS which,
    (ARRAY['link', 'link', 'qr', 'whatsapp'])[1 + n %% 4] AS channel, 1 + n %% 3 AS degree
  FROM generate_series(%(first)s, %(last)s) n
) v JOIN numbered l USING (which)
"""
MAKE_DAYS = """
INSERT INTO visit_days (link_id, day, channel, degree, root_id, visits)
SELECT v.link_id, v.visited_on, v.channel, v.degree,
  CASE WHEN s.kind = 'brand' THEN s.id END, count(*)
FROM visits v JOIN referral_links l ON l.id = v.link_id JOIN subjects s ON s.id = l.subject_id
GROUP BY 1, 2, 3, 4, 5
"""
MAKE_ROOT_DAYS = """
INSERT INTO root_days (root_id, day, channel, degree, visits)
SELECT root_id, day, channel, degree, sum(visits) FROM visit_days WHERE root_id IS NOT NULL
GROUP BY 1, 2, 3, 4
"""
MAKE_REPORTS = """
WITH made AS (
  INSERT INTO subjects (kind, public_id, created_at)
  SELECT 'report', 'r' || lpad(to_hex(n), 11, '0'),
    now() - (n %% 359) * interval '1 day' FROM generate_series(1, %(reports)s) n
  RETURNING id, created_at
)
INSERT INTO reports (id, author_id, kind, geom, city_id, state, created_at, occurred_at, seen_at,
  expires_at, closed_at, believed_at)
SELECT r.id, m.id, 'waste', ST_SetSRID(ST_MakePoint(0, 0), 4326), m.city_id, 'expired',
  r.created_at, r.created_at, r.created_at, r.created_at, r.created_at, r.created_at
FROM made r JOIN members m
  ON m.id = %(after)s + 1 + (hashint8(r.id)::bigint & 2147483647) %% %(members)s
"""


@dataclass(frozen=True)
class Forest:
    """The address of its database, and who stands where: `biggest` has most people below."""

    url: str
    biggest: int
    after: int
    members: int

    def somebody(self, chance: random.Random) -> int:
        return self.after + 1 + chance.randrange(self.members)


def make(members: int) -> Forest:
    """Made once in the life of its servers."""
    name = f"bench_forest_{members}"
    base = sa.engine.make_url(sqlalchemy_url(os.environ["DATABASE_URL"]))
    url = base.set(database=name).render_as_string(hide_password=False)
    maintenance = base.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(libpq_url(maintenance), autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            (name,),
        ).fetchone()
        if found != (VERSION,):
            began = time.monotonic()
            url = common.database(name)
            _fill(url, members)
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), VERSION)
            )
            print(f"  made {members:,} members in {time.monotonic() - began:,.0f} s", flush=True)
        else:
            common.migrate(base.set(database=name))
    with psycopg.connect(libpq_url(sqlalchemy_url(url))) as connection:
        biggest = common.one(
            connection,
            "SELECT member_id FROM reach_counts ORDER BY first + second + third DESC LIMIT 1",
        )
        after = common.one(connection, "SELECT min(id) - 1 FROM members")
    return Forest(url, biggest, after, members)


def draw(members: int, after: int) -> Iterator[tuple[int, int]]:
    """(member, parent) for whoever came by somebody; ids begin after `after`."""
    chance = random.Random(5)
    brought: list[int] = []  # one entry for each one they brought
    big = [1]
    for n in range(2, members + 1):
        if chance.random() < BIG_SHARE:
            parent = 1 if chance.random() < 0.7 else chance.choice(big[:20_000])
            big.append(n)
        elif chance.random() < ALONE:
            continue
        elif brought and chance.random() < 0.6:
            parent = chance.choice(brought)
        else:
            parent = chance.randrange(2, n) if n > 2 else 1
        if parent != 1:
            brought.append(parent)
        yield after + n, after + parent


def _fill(url: str, members: int) -> None:
    with common.application(url).app_context():
        with transaction() as session:
            cli_main.load_cities(session)
        db.engine.dispose()
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        execute = connection.execute
        execute("SET synchronous_commit = off")
        execute("SET maintenance_work_mem = '1GB'")
        execute("SET work_mem = '512MB'")
        # Checks and messages of so many rows would take minutes and change nothing.
        execute("SET session_replication_role = replica")
        after = common.one(connection, "SELECT max(id) FROM subjects")
        values = {
            "members": members,
            "after": after,
            "brands": BRANDS,
            "reports": int(members * REPORTS_PER_MEMBER),
        }
        execute(MAKE_SUBJECTS, values)
        execute("ANALYZE subjects")
        execute(MAKE_MEMBERS, values)
        execute("SELECT setval(pg_get_serial_sequence('subjects', 'id'), max(id)) FROM subjects")
        execute(MAKE_BRANDS, values)
        execute("CREATE UNLOGGED TABLE drawn (member_id bigint PRIMARY KEY, parent_id bigint)")
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy("COPY drawn FROM STDIN") as copy,
        ):
            for row in draw(members, after):
                copy.write_row(row)
        execute("ANALYZE drawn")
        execute("ANALYZE members")
        execute(MAKE_LINKS, values)
        execute("ANALYZE referral_links")
        execute(MAKE_REFERRALS)
        execute("ANALYZE referrals")
        execute(MAKE_COUNTS)
        execute(MAKE_REACHES, values)
        execute("DROP TABLE drawn")
        execute(
            "CREATE UNLOGGED TABLE numbered AS"
            " SELECT id, row_number() OVER (ORDER BY id) - 1 AS which FROM referral_links"
        )
        execute("CREATE INDEX ON numbered (which)")
        execute("ANALYZE numbered")
        values["links"] = common.one(connection, "SELECT count(*) FROM numbered")
        for month in range(14):  # as the job does ahead of time
            execute(
                f"""DO $$ DECLARE
                  first date := date_trunc('month', now() - interval '{month} month');
                BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS visits_%s PARTITION OF visits'
                  ' FOR VALUES FROM (%L) TO (%L)', to_char(first, 'YYYY_MM'), first,
                  (first + interval '1 month')::date); END $$""".encode()
            )
        total, batch = members * VISITS_PER_MEMBER, 1_000_000
        for first in range(1, total + 1, batch):
            execute(MAKE_VISITS, {**values, "first": first, "last": min(total, first + batch - 1)})
        execute("DROP TABLE numbered")
        execute("ANALYZE visits")
        execute(MAKE_DAYS)
        execute("ANALYZE visit_days")
        execute(MAKE_ROOT_DAYS)
        execute(MAKE_REPORTS, values)
        execute("VACUUM ANALYZE")
    with common.application(url).app_context():
        for what, job in (("told each week of each brand", told), ("scored everybody", scored)):
            began = time.monotonic()
            with transaction() as session:
                job(session)
            print(f"  {what} in {time.monotonic() - began:,.0f} s", flush=True)
        db.engine.dispose()
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def told(session: Session) -> None:
    spread_actions.publish_all_figures(session)


def scored(session: Session) -> None:
    influencers_scoring.rescore(session)
