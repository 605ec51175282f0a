"""What the fraud score stands on, gathered for many members at once.

Each statement takes a list of ids and reads by indexes; what a hash shares with very many is read
up to `SHARED_MOST`, so that one crowded network costs as much as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session, now
from ugc.core.subjects import Visibility
from ugc.fraud.queries import untrusted
from ugc.fraud.rules.genuine import GENUINE_NEEDED, genuine_things
from ugc.fraud.rules.score import (
    BURST_HOURS,
    CIRCLE_LEAST,
    DOUBTED,
    PRAISE_LEAST,
    SPAN_DAYS,
    Evidence,
)
from ugc.moderation.models import Moderated
from ugc.places.models import Place
from ugc.reviews.models import Review

SHARED_MOST = 300
CLOSED_MOST = 20  # people that a closed circle praises at most
VOTES_MOST = 20  # latest proved votes of each that are looked at
# Of a circle: so far up the chain, and of each one's people those who came first.
CIRCLE_STEPS, CIRCLE_MOST = 15, 40
_SPAN = f"interval '{BURST_HOURS} hours'"

_SHARED = sa.text(
    f"""
    WITH mine AS MATERIALIZED (
      SELECT member_id, kind, hash FROM fingerprints WHERE member_id = ANY(:ids)
    ), sized AS MATERIALIZED (
      SELECT d.kind, d.hash, g.people FROM (SELECT DISTINCT kind, hash FROM mine) d
      CROSS JOIN LATERAL (
        SELECT array_agg(o.member_id ORDER BY o.member_id) AS people FROM (
          SELECT o.member_id FROM fingerprints o WHERE o.kind = d.kind AND o.hash = d.hash
          ORDER BY o.member_id LIMIT {SHARED_MOST}
        ) o
      ) g
    )
    SELECT DISTINCT ON (m.member_id, m.kind) m.member_id, m.kind, cardinality(s.people) AS n,
           array_remove(s.people[1:21], m.member_id) AS others
    FROM mine m JOIN sized s ON s.kind = m.kind AND s.hash = m.hash
    ORDER BY m.member_id, m.kind, n DESC, s.hash
    """
)

# Kin with the same fingerprint, seen from the newcomer and from the ancestor. Hours between the
# newcomer's first time and the span in which the ancestor was seen there; `near` when the
# newcomer's parent has the fingerprint too.
_KIN = sa.text(
    f"""
    SELECT a.degree, a.ancestor, r.member_id AS newcomer, c.kind,
           extract(epoch FROM greatest(interval '0', c.first_seen_at - o.last_seen_at,
                                       o.first_seen_at - c.last_seen_at)) / 3600 AS hours,
           EXISTS (SELECT FROM fingerprints p WHERE p.member_id = r.parent_id AND p.kind = c.kind
                   AND p.hash = c.hash) AS near
    FROM referrals r
    CROSS JOIN LATERAL (VALUES (1, r.parent_id), (2, r.grandparent_id), (3, r.great_grandparent_id))
      AS a (degree, ancestor)
    JOIN fingerprints c ON c.member_id = r.member_id AND c.kind IN ('browser', 'mailbox')
    CROSS JOIN LATERAL (
      SELECT kind, hash, first_seen_at, last_seen_at FROM fingerprints WHERE member_id = a.ancestor
      OFFSET 0
    ) o
    WHERE r.member_id = ANY(:ids) AND o.kind = c.kind AND o.hash = c.hash
    UNION
    SELECT a.degree, a.ancestor, r.member_id, m.kind,
           extract(epoch FROM greatest(interval '0', o.first_seen_at - m.last_seen_at,
                                       m.first_seen_at - o.last_seen_at)) / 3600,
           EXISTS (SELECT FROM fingerprints p WHERE p.member_id = r.parent_id AND p.kind = m.kind
                   AND p.hash = m.hash)
    FROM fingerprints m
    CROSS JOIN LATERAL (
      SELECT member_id, first_seen_at, last_seen_at FROM fingerprints o
      WHERE o.kind = m.kind AND o.hash = m.hash ORDER BY o.member_id LIMIT {SHARED_MOST}
    ) o
    JOIN referrals r ON r.member_id = o.member_id
    CROSS JOIN LATERAL (VALUES (1, r.parent_id), (2, r.grandparent_id), (3, r.great_grandparent_id))
      AS a (degree, ancestor)
    WHERE m.member_id = ANY(:ids) AND m.kind IN ('browser', 'mailbox') AND a.ancestor = m.member_id
    """
)

# Which of `pairs` (one, other) are tied: by a referral, or a fingerprint of `kinds`. Joined from
# the pairs, so that each costs a few look-ups by primary keys: OFFSET 0 keeps the planner from
# reading all who share a crowded fingerprint.
_TIED = """
  SELECT p.one, p.other FROM pairs p JOIN referrals f ON f.member_id = p.one
    AND f.parent_id = p.other
  UNION SELECT p.one, p.other FROM pairs p JOIN referrals f ON f.member_id = p.other
    AND f.parent_id = p.one
  UNION SELECT p.one, p.other FROM pairs p JOIN fingerprints a ON a.member_id = p.one
    AND a.kind IN ({kinds})
    CROSS JOIN LATERAL (SELECT kind, hash FROM fingerprints WHERE member_id = p.other OFFSET 0) b
    WHERE b.kind = a.kind AND b.hash = a.hash
"""

# Of the latest votes of each that proved true (the ledger paid them, and nothing took that back),
# those on public reports of people they are not tied to.
_CONFIRMATIONS = sa.text(
    f"""
    WITH cast_votes AS MATERIALIZED (
      SELECT p.one, r.author_id AS other FROM unnest(CAST(:ids AS bigint[])) AS p (one)
      CROSS JOIN LATERAL (
        SELECT e.subject_id, e.cause FROM point_entries e
        WHERE e.member_id = p.one AND e.action = 'confirmation' AND e.account = 'available'
          AND e.step = 'release'
        ORDER BY e.created_at DESC LIMIT {VOTES_MOST}
      ) v
      CROSS JOIN LATERAL (
        SELECT sum(e.points) AS left_of_it FROM point_entries e
        WHERE e.cause = v.cause AND e.member_id = p.one AND e.account = 'available'
      ) paid
      CROSS JOIN LATERAL (
        SELECT author_id FROM reports WHERE id = v.subject_id AND visibility = 'published'
          AND author_id IS DISTINCT FROM p.one
        OFFSET 0
      ) r
      WHERE paid.left_of_it > 0
    ), pairs AS MATERIALIZED (
      SELECT DISTINCT one, other FROM cast_votes WHERE other IS NOT NULL
    ), tied AS MATERIALIZED ({_TIED.format(kinds="'network', 'browser', 'mailbox'")})
    SELECT c.one AS member_id, count(*) AS n FROM cast_votes c
    LEFT JOIN tied t ON t.one = c.one AND t.other = c.other
    WHERE t.one IS NULL GROUP BY c.one
    """
)

_PRAISE = sa.text(
    f"""
    WITH given AS MATERIALIZED (
      SELECT giver AS one, taker AS other, count(*) AS n FROM (
        SELECT v.member_id AS giver, r.author_id AS taker FROM votes v
        JOIN reports r ON r.id = v.report_id
        WHERE v.member_id = ANY(:ids) AND v.still_there
          AND v.voted_at > app_now() - interval '{SPAN_DAYS} days'
        UNION ALL
        SELECT h.member_id, w.author_id FROM helpful_votes h
        JOIN reviews w ON w.id = h.review_id
        WHERE h.member_id = ANY(:ids) AND h.voted_at > app_now() - interval '{SPAN_DAYS} days'
      ) AS praise WHERE taker IS NOT NULL AND taker <> giver GROUP BY giver, taker
    ), circles AS MATERIALIZED (
      SELECT one, sum(n) AS total FROM given GROUP BY one
      HAVING sum(n) >= {PRAISE_LEAST} AND count(*) <= {CLOSED_MOST}
    ), pairs AS MATERIALIZED (
      SELECT g.one, g.other, g.n, c.total FROM given g JOIN circles c ON c.one = g.one
    ), tied AS MATERIALIZED ({_TIED.format(kinds="'browser', 'mailbox'")}
      UNION SELECT p.one, p.other FROM pairs p CROSS JOIN LATERAL (
        SELECT 1 FROM reports r JOIN votes v ON v.report_id = r.id AND v.member_id = p.other
          AND v.still_there
        WHERE r.author_id = p.one LIMIT 1) AS back
      UNION SELECT p.one, p.other FROM pairs p CROSS JOIN LATERAL (
        SELECT 1 FROM reviews w JOIN helpful_votes h ON h.review_id = w.id
          AND h.member_id = p.other
        WHERE w.author_id = p.one LIMIT 1) AS back
    )
    SELECT p.one AS giver, p.other AS taker, p.n, p.total, t.one IS NOT NULL AS kin
    FROM pairs p LEFT JOIN tied t ON t.one = p.one AND t.other = p.other
    """
)

_BURSTS = sa.text(
    f"""
    SELECT parent_id, max(x) AS most, count(*) AS total FROM (
      SELECT parent_id, count(*) OVER (
        PARTITION BY parent_id ORDER BY referred_at
        RANGE BETWEEN interval '{BURST_HOURS} hours' PRECEDING AND CURRENT ROW) AS x
      FROM referrals
      WHERE parent_id = ANY(:ids) AND referred_at > app_now() - interval '{SPAN_DAYS} days'
    ) AS joins GROUP BY parent_id
    """
)

# Of all with contacts in the span: how many in 72 hours, on the mean.
_USUAL = sa.text(
    f"""
    SELECT count(*)::float8 / greatest(1, count(DISTINCT parent_id))
           * {BURST_HOURS} / ({SPAN_DAYS} * 24)
    FROM referrals WHERE referred_at > app_now() - interval '{SPAN_DAYS} days'
    """
)

_CONTACTS = sa.text(
    """
    SELECT r.parent_id, count(*) AS contacts,
           array_agg(r.member_id ORDER BY r.member_id)
             FILTER (WHERE s.score >= :doubted OR f.member_id IS NOT NULL) AS bad
    FROM referrals r
    LEFT JOIN fraud_scores s ON s.member_id = r.member_id
    LEFT JOIN false_members f ON f.member_id = r.member_id
    WHERE r.parent_id = ANY(:ids) GROUP BY r.parent_id
    """
)

_ONE_BRAND = sa.text(
    """
    SELECT w.author_id, count(*) AS n FROM reviews w
    LEFT JOIN place_brands b ON b.place_id = w.place_id AND b.until IS NULL
    WHERE w.author_id = ANY(:ids) AND w.visibility = 'published'
    GROUP BY w.author_id
    HAVING count(*) >= 2 AND min(w.rating) >= 4 AND count(*) = count(b.brand_id)
       AND count(DISTINCT b.brand_id) = 1
    """
)


# Who came by one another with a member within 72 hours of their own coming: up the chain, as long
# as those came in that time (and who brought the last of them), who else came by the same, and
# three degrees down.
_CIRCLES = sa.text(
    f"""
    WITH RECURSIVE me AS MATERIALIZED (
      SELECT m.id, coalesce(r.referred_at, m.joined_at) - {_SPAN} AS since,
             coalesce(r.referred_at, m.joined_at) + {_SPAN} AS until, r.parent_id
      FROM members m LEFT JOIN referrals r ON r.member_id = m.id WHERE m.id = ANY(:ids)
    ), up AS (
      SELECT id, since, until, parent_id AS above, 1 AS step FROM me WHERE parent_id IS NOT NULL
      UNION ALL
      SELECT up.id, up.since, up.until, r.parent_id, up.step + 1
      FROM up JOIN referrals r ON r.member_id = up.above
      WHERE up.step < {CIRCLE_STEPS} AND r.referred_at >= up.since
    ), circle AS (
      SELECT id, above AS other FROM up
      UNION SELECT up.id, k.member_id FROM up CROSS JOIN LATERAL (
        SELECT r.member_id FROM referrals r
        WHERE r.parent_id = up.above AND r.referred_at BETWEEN up.since AND up.until
        ORDER BY r.referred_at, r.member_id LIMIT {CIRCLE_MOST}) AS k
      UNION SELECT me.id, k.member_id FROM me CROSS JOIN LATERAL (
        (SELECT r.member_id FROM referrals r
          WHERE r.parent_id = me.id AND r.referred_at <= me.until
          ORDER BY r.referred_at, r.member_id LIMIT {CIRCLE_MOST})
        UNION ALL
        (SELECT r.member_id FROM referrals r
          WHERE r.grandparent_id = me.id AND r.referred_at <= me.until
          ORDER BY r.referred_at, r.member_id LIMIT {CIRCLE_MOST})
        UNION ALL
        (SELECT r.member_id FROM referrals r
          WHERE r.great_grandparent_id = me.id AND r.referred_at <= me.until
          ORDER BY r.referred_at, r.member_id LIMIT {CIRCLE_MOST})) AS k
    )
    SELECT id, array_agg(other ORDER BY other) AS others FROM circle WHERE other <> id
    GROUP BY id HAVING count(*) >= {CIRCLE_LEAST - 1}
    """
)

_PRAISE_AMONG = sa.text(
    f"""
    SELECT giver, taker, sum(n) AS n FROM (
      SELECT v.member_id AS giver, r.author_id AS taker, count(*) AS n
      FROM votes v JOIN reports r ON r.id = v.report_id
      WHERE v.member_id = ANY(:ids) AND r.author_id = ANY(:ids) AND v.still_there
        AND v.voted_at > app_now() - interval '{SPAN_DAYS} days' GROUP BY 1, 2
      UNION ALL
      SELECT h.member_id, w.author_id, count(*)
      FROM helpful_votes h JOIN reviews w ON w.id = h.review_id
      WHERE h.member_id = ANY(:ids) AND w.author_id = ANY(:ids)
        AND h.voted_at > app_now() - interval '{SPAN_DAYS} days' GROUP BY 1, 2
    ) AS praise WHERE giver <> taker GROUP BY giver, taker
    """
)

_THROWN = sa.text(
    "SELECT member_id FROM fingerprints WHERE member_id = ANY(:ids) AND kind = 'disposable'"
)


@dataclass
class Genuine:
    """Contributions that stand after approval, and votes that proved true."""

    contributions: int = 0
    confirmations: int = 0

    @property
    def total(self) -> int:
        return genuine_things(self.contributions, self.confirmations)


def _counts(
    session: Session,
    ids: Sequence[int],
    tables: Iterable[type[Moderated]],
    visibility: Visibility,
    own_place: bool = True,
) -> dict[int, int]:
    """How many things of each author have a visibility, over all tables, in one statement. A
    review of a place that its author suggested is left out unless `own_place`."""
    parts = []
    for table in tables:
        part = sa.select(table.author_id.label("author")).where(
            untrusted.one_of(table.author_id, ids), table.visibility == visibility
        )
        if table is Review and not own_place:
            place = sa.select(Place.author_id).where(Place.id == Review.place_id)
            part = part.where(place.scalar_subquery().is_distinct_from(Review.author_id))
        parts.append(part)
    union = sa.union_all(*parts).subquery()
    rows = session.execute(sa.select(union.c.author, sa.func.count()).group_by(union.c.author))
    return {int(row[0]): int(row[1]) for row in rows}


def genuine(
    session: Session, ids: Iterable[int], tables: Sequence[type[Moderated]]
) -> dict[int, Genuine]:
    """What members did that stands now and is not about themselves: published contributions in
    `tables` (but for reviews of places of their own), and votes on reports of others that proved
    true. What a newcomer posts is published by an approval alone."""
    wanted = list(ids)
    found = {each: Genuine() for each in wanted}
    counted = _counts(session, wanted, tables, Visibility.PUBLISHED, own_place=False)
    for member_id, n in counted.items():
        found[member_id].contributions = n
    for row in session.execute(_CONFIRMATIONS, {"ids": wanted}):
        found[row.member_id].confirmations = int(row.n)
    return found


@dataclass
class _Draft:
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, member_id: int) -> None:
        self.values[name] = (*self.values.get(name, ()), member_id)


def usual(session: Session) -> float:
    """The mean number of contacts in 72 hours, over members who have any."""
    return float(session.scalar(_USUAL) or 0)


def gather(
    session: Session,
    ids: Iterable[int],
    tables: Sequence[type[Moderated]],
    usual: Callable[[], float],
) -> dict[int, Evidence]:
    """The evidence about members who are there, in a dozen statements whatever their number;
    `usual` is asked for members who brought three or more in 72 hours."""
    joined = untrusted.present(session, ids)
    wanted = sorted(joined)
    if not wanted:
        return {}
    moment = now(session)
    drafts = {each: _Draft({"age": moment - joined[each]}) for each in wanted}
    for part in (_marks, _kin, _contacts, _praise, _circles, _contents):
        part(session, wanted, drafts, tables)
    _bursts(session, wanted, drafts, usual)
    return {each: Evidence(**draft.values) for each, draft in drafts.items()}


def _marks(
    session: Session, ids: Sequence[int], drafts: dict[int, _Draft], _tables: object
) -> None:
    for row in session.execute(_SHARED, {"ids": list(ids)}):
        values = drafts[row.member_id].values
        others = tuple(row.others)
        if row.kind == "disposable":
            values["disposable"] = True
        elif row.kind == "mailbox":
            values["same_mailbox"] = others
        elif row.kind == "browser":
            values["browsers"], values["browser_ids"] = int(row.n), others
        else:
            values["networks"], values["network_ids"] = int(row.n), others


def _kin(
    session: Session,
    ids: Sequence[int],
    drafts: dict[int, _Draft],
    tables: Sequence[type[Moderated]],
) -> None:
    rows = session.execute(_KIN, {"ids": list(ids)}).all()
    contacts = {row.newcomer for row in rows if row.degree == 1}
    done = genuine(session, contacts, tables) if contacts else {}
    for row in rows:
        for member_id, other in ((row.newcomer, row.ancestor), (row.ancestor, row.newcomer)):
            draft = drafts.get(member_id)
            if draft is None:
                continue
            if row.kind == "mailbox":
                draft.add("kin_mailbox", other)
            elif row.degree > 1:
                # When all of the chain are there (a home), it does not come back: it never left.
                if not row.near:
                    draft.add("loop", other)
            elif member_id == row.newcomer:
                draft.add("kin_browser", other)
                hours = float(row.hours)
                draft.values["kin_hours"] = min(draft.values.get("kin_hours", hours), hours)
            elif done[row.newcomer].total < GENUINE_NEEDED:
                draft.add("idle_contacts", other)


def _contacts(
    session: Session, ids: Sequence[int], drafts: dict[int, _Draft], _tables: object
) -> None:
    for row in session.execute(_CONTACTS, {"ids": list(ids), "doubted": DOUBTED}):
        values = drafts[row.parent_id].values
        values["contacts"] = int(row.contacts)
        values["doubted_contacts"] = tuple(row.bad or ())
    brought = sa.text("SELECT member_id FROM referrals WHERE member_id = ANY(:ids)")
    for member_id in session.scalars(brought, {"ids": list(ids)}):
        drafts[member_id].values["referred"] = True


def _bursts(
    session: Session,
    ids: Sequence[int],
    drafts: dict[int, _Draft],
    usual: Callable[[], float],
) -> None:
    rows = session.execute(_BURSTS, {"ids": list(ids)}).all()
    # One who brought two people is no burst; the community is asked only about more.
    rows = [row for row in rows if row.most >= 3]
    windows = SPAN_DAYS * 24 / BURST_HOURS - 1
    for row in rows:
        values = drafts[row.parent_id].values
        values["burst"] = int(row.most)
        # What the member's own other joins and the community's make expected, and at least one.
        values["usual"] = max(1.0, usual(), (int(row.total) - int(row.most)) / windows)


def _praise(
    session: Session, ids: Sequence[int], drafts: dict[int, _Draft], _tables: object
) -> None:
    for row in session.execute(_PRAISE, {"ids": list(ids)}):
        draft = drafts[row.giver]
        draft.values["praise"] = int(row.total)
        if row.kin:
            draft.values["praise_kin"] = draft.values.get("praise_kin", 0) + int(row.n)
            draft.add("praise_ids", row.taker)


def _circles(
    session: Session, ids: Sequence[int], drafts: dict[int, _Draft], _tables: object
) -> None:
    circles = {
        row.id: [int(each) for each in row.others]
        for row in session.execute(_CIRCLES, {"ids": list(ids)})
    }
    if not circles:
        return
    members = sorted({*circles, *(each for others in circles.values() for each in others)})
    given: dict[int, dict[int, int]] = {}
    for row in session.execute(_PRAISE_AMONG, {"ids": members}):
        given.setdefault(row.giver, {})[row.taker] = int(row.n)
    thrown = set(session.scalars(_THROWN, {"ids": members}))
    for member_id, others in circles.items():
        values, circle = drafts[member_id].values, {member_id, *others}
        values["circle_ids"] = tuple(others)
        # Those who are only praised, or came by a link, took no part.
        if circle & given.get(member_id, {}).keys():
            votes = sum(
                n for giver in circle for taker, n in given.get(giver, {}).items()
                if taker in circle
            )  # fmt: skip
            values["circle_praise"] = votes / len(circle)
        if member_id in thrown and 2 * len(circle & thrown) >= len(circle):
            values["circle_thrown"] = len(circle & thrown)


def _contents(
    session: Session,
    ids: Sequence[int],
    drafts: dict[int, _Draft],
    tables: Sequence[type[Moderated]],
) -> None:
    for member_id, done in genuine(session, ids, tables).items():
        drafts[member_id].values["contributions"] = done.contributions
        drafts[member_id].values["confirmations"] = done.confirmations
    for member_id, n in _counts(session, ids, tables, Visibility.WITHDRAWN).items():
        drafts[member_id].values["withdrawn"] = n
    published = _counts(session, ids, tables, Visibility.PUBLISHED)
    for member_id, n in published.items():
        drafts[member_id].values["published"] = n
    for row in session.execute(_ONE_BRAND, {"ids": list(ids)}):
        # Only when there is nothing else.
        if int(row.n) == published.get(row.author_id, 0):
            drafts[row.author_id].values["brand_reviews"] = int(row.n)
