"""Scores of prescriptores: the statements that make all of them at once, and who is on top.

What is made passes through temporary tables of the transaction; each statement is one pass over
its table, so that a million members take seconds to some minutes, not hours."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.fraud.rules.score import DOUBTED
from ugc.influencers import rules
from ugc.influencers.models import PrescriptorScore, SpreadConsent

# What the passes need; none of it outlives the transaction.
SORT_MEMORY = "SET LOCAL work_mem = '192MB'"
# Pages have 30 s for a statement; a night's work has its own.
PATIENTLY = "SET LOCAL statement_timeout = '20min'"

# Members whose sharing and coming do not count.
EXCLUDED = """
CREATE TEMPORARY TABLE scored_out ON COMMIT DROP AS
SELECT member_id FROM untrusted_members
UNION SELECT id FROM members WHERE erased_at IS NOT NULL
"""

# The chosen city, else the one with most of the member's published contributions.
HOME_CITIES = """
SELECT id AS member_id, city_id FROM members WHERE city_id IS NOT NULL
UNION ALL
SELECT author_id, most.city_id FROM (
  SELECT DISTINCT ON (author_id) author_id, city_id FROM (
    SELECT author_id, city_id, count(*) AS n FROM (
      SELECT author_id, city_id FROM contributions
      WHERE visibility = 'published' AND author_id IS NOT NULL AND city_id IS NOT NULL) AS made
    GROUP BY author_id, city_id) AS counted
  ORDER BY author_id, n DESC, city_id) AS most
JOIN members m ON m.id = author_id AND m.city_id IS NULL AND m.erased_at IS NULL
"""

# Who came to a root by whose link, with the next two above: to each brand by its cascade;
# everywhere (the site) by joining, or as a member by a link to whatever.
REACHES = """
CREATE TEMPORARY TABLE scored_reaches ON COMMIT DROP AS
WITH topics AS (
  SELECT l.id AS link_id, p.category FROM referral_links l
  LEFT JOIN reviews r ON r.id = l.subject_id
  JOIN places p ON p.id = coalesce(r.place_id, l.subject_id)),
came AS (
  SELECT c.root_id, c.member_id AS person, c.sharer_id AS a1, c.second_sharer_id AS a2,
    c.third_sharer_id AS a3, c.joined, c.reached_at AS at, c.link_id
  FROM cascade_reaches c JOIN brands b ON b.id = c.root_id WHERE c.sharer_id IS NOT NULL
  UNION ALL
  SELECT :site, member_id, parent_id, grandparent_id, great_grandparent_id, true, referred_at,
    link_id FROM referrals
  UNION ALL
  SELECT :site, c.member_id, c.sharer_id, c.second_sharer_id, c.third_sharer_id, c.joined,
    c.reached_at, c.link_id
  FROM cascade_reaches c JOIN referral_links l ON l.id = c.link_id AND l.subject_id = c.root_id
  WHERE c.sharer_id IS NOT NULL)
SELECT row_number() OVER () AS id, came.root_id, person, a1, a2, a3, joined, at,
  topics.category AS topic, 0::bigint AS contributions
FROM came LEFT JOIN topics USING (link_id)
"""

# What they published since they came.
CONTRIBUTED = """
UPDATE scored_reaches s SET contributions = n FROM (
  SELECT r.id, count(*) AS n FROM scored_reaches r
  JOIN contributions made ON made.author_id = r.person AND made.created_at >= r.at
    AND made.visibility = 'published'
  GROUP BY r.id) AS counted
WHERE counted.id = s.id
"""

# Every (above, person) of three degrees once: by joining before by a visit, then the nearest.
# What passes through a member who does not count, does not count.
PAIRS = """
CREATE TEMPORARY TABLE scored_pairs ON COMMIT DROP AS
SELECT p.*, h.city_id, power(:delta, p.degree - 1)
    * greatest(0, 1 - coalesce(f.score, 0)::float8 / :doubted) AS weight,
  CASE WHEN p.joined THEN :joined_worth ELSE :known_worth END
    + :contribution_worth * ln(1 + p.contributions) AS worth
FROM (
  SELECT DISTINCT ON (root_id, above, person) * FROM (
    SELECT root_id, a1 AS above, person, 1 AS degree, person AS branch, joined, at, topic,
      contributions FROM scored_reaches
    UNION ALL
    SELECT root_id, a2, person, 2, a1, joined, at, topic, contributions FROM scored_reaches
    WHERE a2 IS NOT NULL AND a1 NOT IN (SELECT member_id FROM scored_out)
    UNION ALL
    SELECT root_id, a3, person, 3, a2, joined, at, topic, contributions FROM scored_reaches
    WHERE a3 IS NOT NULL AND a1 NOT IN (SELECT member_id FROM scored_out)
      AND a2 NOT IN (SELECT member_id FROM scored_out)) AS each
  WHERE above <> person AND above NOT IN (SELECT member_id FROM scored_out)
    AND person NOT IN (SELECT member_id FROM scored_out)
  ORDER BY root_id, above, person, joined DESC, degree, at) AS p
LEFT JOIN home_cities h ON h.member_id = p.person
LEFT JOIN fraud_scores f ON f.member_id = p.person
"""

# The first fingerprint of each kind that a member joined with (kept for 90 days), and which of one
# sharer's people with the same fingerprint a member is: the first one counts in full.
FINGERPRINTS = """
CREATE TEMPORARY TABLE scored_fingerprints ON COMMIT DROP AS
SELECT DISTINCT ON (member_id, kind) member_id, kind, hash FROM fingerprints
WHERE kind IN ('browser', 'mailbox', 'network') ORDER BY member_id, kind, first_seen_at, hash
"""
CROWDS = """
UPDATE scored_pairs p SET weight = weight / crowd.of_identity / sqrt(crowd.of_network) FROM (
  SELECT root_id, above, person,
    coalesce(max(n) FILTER (WHERE kind <> 'network'), 1) AS of_identity,
    coalesce(max(n) FILTER (WHERE kind = 'network'), 1) AS of_network
  FROM (SELECT s.root_id, s.above, s.person, m.kind, row_number() OVER (
      PARTITION BY s.root_id, s.above, m.kind, m.hash ORDER BY s.at, s.person) AS n
    FROM scored_pairs s JOIN scored_fingerprints m ON m.member_id = s.person) AS each
  GROUP BY root_id, above, person HAVING max(n) > 1) AS crowd
WHERE crowd.root_id = p.root_id AND crowd.above = p.above AND crowd.person = p.person
"""

SPANS = """
CREATE TEMPORARY TABLE scored_spans ON COMMIT DROP AS
SELECT code, CASE WHEN weeks IS NULL THEN '-infinity'::timestamptz
  ELSE app_now() - weeks * interval '1 week' END AS since
FROM unnest(CAST(:codes AS text[]), CAST(:weeks AS int[])) AS s(code, weeks)
"""

_EACH = """
FROM scored_pairs p JOIN scored_spans s ON p.at >= s.since
CROSS JOIN LATERAL (SELECT '' AS category UNION ALL SELECT p.topic WHERE p.topic IS NOT NULL) AS k
"""

BRANCHES = f"""
CREATE TEMPORARY TABLE scored_branches ON COMMIT DROP AS
SELECT p.root_id, s.code AS span, k.category, p.above, p.branch,
  sum(p.weight * p.worth) AS worth, sum(p.weight) AS people,
  count(*) FILTER (WHERE p.degree = 1) AS first, count(*) FILTER (WHERE p.degree = 2) AS second,
  count(*) FILTER (WHERE p.degree = 3) AS third, count(*) FILTER (WHERE p.joined) AS joined,
  sum(p.contributions) AS contributions
{_EACH} GROUP BY 1, 2, 3, 4, 5
"""


def _concentration(table: str, value: str) -> str:
    """Of two people, how likely both have the same `value`."""
    return f"""
CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS
SELECT root_id, span, category, above,
  CASE WHEN sum(n) < 2 THEN 0 ELSE sum(n * (n - 1)) / (sum(n) * (sum(n) - 1)) END AS value
FROM (SELECT p.root_id, s.code AS span, k.category, p.above, {value}, count(*) AS n
  {_EACH} WHERE {value} IS NOT NULL GROUP BY 1, 2, 3, 4, 5) AS counted
GROUP BY 1, 2, 3, 4
"""


ZONES = _concentration("scored_zones", "p.city_id")
TOPICS = _concentration("scored_topics", "p.topic")

# An author's own content: published and not denied by most, against refused and denied.
RECORDS = """
CREATE TEMPORARY TABLE scored_records ON COMMIT DROP AS
SELECT author_id, count(*) FILTER (WHERE good) AS good, count(*) FILTER (WHERE NOT good) AS bad
FROM (SELECT author_id, visibility = 'published' AND NOT disputed AS good FROM contributions
  WHERE author_id IS NOT NULL AND visibility IN ('published', 'hidden', 'removed')) AS made
GROUP BY author_id
"""

# The baseline asks nothing: all of the 1st degree.
RAW = """
CREATE TEMPORARY TABLE scored_raw ON COMMIT DROP AS
SELECT r.root_id, s.code AS span, k.category, r.a1 AS above, count(DISTINCT r.person) AS first
FROM scored_reaches r JOIN scored_spans s ON r.at >= s.since
CROSS JOIN LATERAL (SELECT '' AS category UNION ALL SELECT r.topic WHERE r.topic IS NOT NULL) AS k
WHERE r.a1 <> r.person GROUP BY 1, 2, 3, 4
"""

EDGES = """
SELECT DISTINCT root_id, person, a1 FROM scored_reaches WHERE a1 <> person ORDER BY 1, 2, 3
"""
RANKS = (
    "CREATE TEMPORARY TABLE scored_ranks (root_id bigint, above bigint, rank float8) ON COMMIT DROP"
)

_DAMPED = """CASE WHEN b.worth <= :branch_full THEN b.worth
  ELSE :branch_full * (1 + ln(b.worth / :branch_full)) END"""

SCORES = f"""
CREATE TEMPORARY TABLE scored ON COMMIT DROP AS
WITH sums AS (
  SELECT root_id, span, category, above, sum({_DAMPED}) AS caused,
    sum(people) AS people, sum(first) AS first,
    sum(second) AS second, sum(third) AS third, sum(joined) AS joined,
    sum(contributions) AS contributions
  FROM scored_branches b GROUP BY 1, 2, 3, 4),
parts AS (
  SELECT root_id, span, category, above, coalesce(raw.first, 0) AS raw_first,
    coalesce(sums.caused, 0) AS caused,
    sqrt(coalesce(sums.caused, 0) / (coalesce(sums.people, 0) + :response_prior)) AS response,
    coalesce(sums.first, 0) AS first,
    coalesce(sums.second, 0) AS second, coalesce(sums.third, 0) AS third,
    coalesce(sums.joined, 0) AS joined, coalesce(sums.contributions, 0) AS contributions,
    (coalesce(rec.good, 0) + :prior_good) / (coalesce(rec.good + rec.bad, 0) + :prior_all)
      AS reliability,
    coalesce(z.value, 0)::float8 AS zone_focus, coalesce(t.value, 0)::float8 AS topic_focus,
    coalesce(ranks.rank, 0) AS pagerank, h.city_id
  FROM scored_raw raw
  FULL JOIN sums USING (root_id, span, category, above)
  LEFT JOIN scored_zones z USING (root_id, span, category, above)
  LEFT JOIN scored_topics t USING (root_id, span, category, above)
  LEFT JOIN scored_records rec ON rec.author_id = above
  LEFT JOIN scored_ranks ranks USING (root_id, above)
  LEFT JOIN home_cities h ON h.member_id = above)
SELECT *, caused * response * reliability
  * (1 + :zone_worth * zone_focus + :topic_worth * topic_focus)
  AS score FROM parts
"""

_PARTS = (
    "city_id", "score", "first", "second", "third", "joined", "contributions", "caused",
    "response", "reliability", "zone_focus", "topic_focus", "raw_first", "pagerank",
)  # fmt: skip

# Only what changed is written; all ranks move a little with every newcomer.
STORE = f"""
INSERT INTO prescriptor_scores (root_id, span, category, member_id, {", ".join(_PARTS)})
SELECT root_id, span, category, above, {", ".join(_PARTS)} FROM scored
ON CONFLICT (root_id, span, category, member_id) DO UPDATE
SET {", ".join(f"{part} = excluded.{part}" for part in _PARTS)}
WHERE ({", ".join(f"prescriptor_scores.{part}" for part in _PARTS[:-1])})
    IS DISTINCT FROM ({", ".join(f"excluded.{part}" for part in _PARTS[:-1])})
  OR abs(prescriptor_scores.pagerank - excluded.pagerank) > 0.01 * excluded.pagerank
"""
FORGET = """
DELETE FROM prescriptor_scores old WHERE NOT EXISTS (SELECT FROM scored new
  WHERE new.root_id = old.root_id AND new.span = old.span AND new.category = old.category
    AND new.above = old.member_id)
"""
STORE_HOMES = f"""
WITH found AS (SELECT member_id, city_id FROM ({HOME_CITIES}) AS homes),
gone AS (DELETE FROM home_cities h
  WHERE NOT EXISTS (SELECT FROM found WHERE found.member_id = h.member_id))
INSERT INTO home_cities (member_id, city_id) SELECT member_id, city_id FROM found
ON CONFLICT (member_id) DO UPDATE SET city_id = excluded.city_id
WHERE home_cities.city_id <> excluded.city_id
"""
# The planner knows nothing of a table that was made a moment ago.
TEMPORARY = (
    "scored_out", "scored_fingerprints", "scored_reaches", "scored_spans", "scored_pairs",
    "scored_branches", "scored_zones", "scored_topics", "scored_records", "scored_raw",
    "scored_ranks", "scored",
)  # fmt: skip
ANALYZED = (
    "scored_out",
    "scored_fingerprints",
    "scored_reaches",
    "scored_pairs",
    "scored_branches",
)


def constants() -> dict[str, Any]:
    """What the statements take from the rules."""
    return {
        "delta": rules.DELTA,
        "doubted": DOUBTED,
        "joined_worth": rules.JOINED_WORTH,
        "known_worth": rules.KNOWN_WORTH,
        "contribution_worth": rules.CONTRIBUTION_WORTH,
        "branch_full": rules.BRANCH_FULL,
        "response_prior": rules.RESPONSE_PRIOR,
        "prior_good": rules.PRIOR_GOOD,
        "prior_all": rules.PRIOR_ALL,
        "zone_worth": rules.ZONE_WORTH,
        "topic_worth": rules.TOPIC_WORTH,
        "codes": list(rules.SPANS),
        "weeks": list(rules.SPANS.values()),
    }


# Who is on top ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A member among prescriptores, with the parts of the score. `handle` and `named` (they agreed
    that brands see it) are for who lists them."""

    member_id: int
    score: float
    first: int
    second: int
    third: int
    joined: int
    contributions: int
    caused: float
    response: float
    reliability: float
    zone_focus: float
    topic_focus: float
    raw_first: int
    pagerank: float
    city_id: int | None
    handle: str | None
    named: bool

    @property
    def reach(self) -> int:
        """People of the three degrees who are not doubted."""
        return self.first + self.second + self.third

    @property
    def focus(self) -> float:
        return rules.focus(self.zone_focus, self.topic_focus)


def _ranked(
    session: Session,
    order: Any,
    *conditions: Any,
    root_id: int | None,
    city_id: int | None,
    category: str | None,
    since: dt.date | None,
    limit: int,
) -> list[Row]:
    if isinstance(since, dt.datetime):
        since = since.astimezone(dt.UTC).date()
    table = PrescriptorScore
    # The suspended cannot take their consent back now.
    named = sa.and_(
        sa.func.coalesce(SpreadConsent.named, False), accounts_suspensions_queries.not_suspended()
    )
    query = (
        sa.select(table, Member.who.label("handle"), named.label("named"))
        .join(Member, Member.id == table.member_id)
        .outerjoin(SpreadConsent, SpreadConsent.member_id == table.member_id)
        .where(
            table.root_id == (subjects.site(session).id if root_id is None else root_id),
            table.span == rules.span_for(since, now(session).date()),
            table.category == (category or ""),
            Member.erased_at.is_(None),
            *conditions,
        )
        .order_by(order.desc(), table.member_id)
        .limit(limit)
    )
    if city_id is not None:
        query = query.where(table.city_id == city_id)
    fields = [name for name in Row.__dataclass_fields__ if name not in ("handle", "named")]
    return [
        Row(
            **{name: getattr(found.PrescriptorScore, name) for name in fields},
            handle=found.handle,
            named=found.named,
        )
        for found in session.execute(query)
    ]


def prescriptores(
    session: Session,
    *,
    root_id: int | None,
    city_id: int | None = None,
    category: str | None = None,
    since: dt.date | None = None,
    limit: int = 50,
) -> list[Row]:
    """Whose sharing caused most in a root (None: everywhere), the best first; members who live in
    a city, by what was shared of a category of places. `since` takes the shortest scored span that
    reaches back to it (4, 12 or 52 weeks, else everything). One index scan of `limit` rows."""
    return _ranked(
        session, PrescriptorScore.score, PrescriptorScore.score > 0, root_id=root_id,
        city_id=city_id, category=category, since=since, limit=limit,
    )  # fmt: skip


def first_degree(
    session: Session,
    *,
    root_id: int | None,
    city_id: int | None = None,
    category: str | None = None,
    since: dt.date | None = None,
    limit: int = 50,
) -> list[Row]:
    """The first baseline: by how many came by their links, doubted or not."""
    return _ranked(
        session, PrescriptorScore.raw_first, root_id=root_id, city_id=city_id,
        category=category, since=since, limit=limit,
    )  # fmt: skip


def pagerank(
    session: Session,
    *,
    root_id: int | None,
    city_id: int | None = None,
    category: str | None = None,
    since: dt.date | None = None,
    limit: int = 50,
) -> list[Row]:
    """The second baseline: by PageRank in the root's whole share graph, doubted or not; the other
    filters only choose among its members."""
    return _ranked(
        session, PrescriptorScore.pagerank, root_id=root_id, city_id=city_id,
        category=category, since=since, limit=limit,
    )  # fmt: skip


def members_of_cities(session: Session, city_ids: set[int]) -> dict[int, int]:
    """How many members live in each city."""
    if not city_ids:
        return {}
    found = session.execute(
        sa.text(
            "SELECT city_id, count(*) FROM home_cities WHERE city_id = ANY(:ids) GROUP BY city_id"
        ),
        {"ids": sorted(city_ids)},
    )
    return {row[0]: int(row[1]) for row in found}


@dataclass(frozen=True)
class Place:
    """A member's place among those of their city (None: of everywhere) and how many there are."""

    place: int
    of: int
    city_id: int | None
    row: PrescriptorScore


def place_of(session: Session, member_id: int) -> Place | None:
    """Everywhere and in all spans; None for who has not been scored. Counts the index down to the
    member's score."""
    table = PrescriptorScore
    site = subjects.site(session).id
    mine = session.get(table, (site, "all", "", member_id))
    if mine is None or mine.score <= 0:
        return None
    same = [table.root_id == site, table.span == "all", table.category == "", table.score > 0]
    if mine.city_id is not None:
        same.append(table.city_id == mine.city_id)
    better, total = session.execute(
        sa.select(sa.func.count().filter(table.score > mine.score), sa.func.count()).where(*same)
    ).one()
    return Place(int(better) + 1, int(total), mine.city_id, mine)
