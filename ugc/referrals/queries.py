"""Reads of links and of the tree of contacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ugc.accounts.models import Member
from ugc.core.db import Session, app_now
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject
from ugc.referrals import rules
from ugc.referrals.models import (
    CascadeReach,
    FalseMember,
    Referral,
    ReferralLink,
    VisitDay,
)

DEGREES = (Referral.parent_id, Referral.grandparent_id, Referral.great_grandparent_id)


# What is folded and what still waits, of one moment.
REACH = sa.text(
    """
    SELECT ids.id, coalesce(c.first, 0) + coalesce(d.first, 0),
      coalesce(c.second, 0) + coalesce(d.second, 0), coalesce(c.third, 0) + coalesce(d.third, 0)
    FROM unnest(CAST(:ids AS bigint[])) AS ids (id)
    LEFT JOIN reach_counts c ON c.member_id = ids.id
    LEFT JOIN LATERAL (
      SELECT sum(change) FILTER (WHERE degree = 1) AS first,
        sum(change) FILTER (WHERE degree = 2) AS second,
        sum(change) FILTER (WHERE degree = 3) AS third
      FROM reach_deltas WHERE member_id = ids.id
    ) d ON true
    """
)


def link_by_code(session: Session, code: str) -> ReferralLink:
    """Raises NotFound."""
    link = session.scalar(sa.select(ReferralLink).where(ReferralLink.code == code))
    if link is None:
        raise NotFound()
    return link


def link_with_code(session: Session, code: str) -> ReferralLink | None:
    return session.scalar(sa.select(ReferralLink).where(ReferralLink.code == code))


def opened(session: Session, code: str) -> tuple[ReferralLink, Subject, dt.datetime]:
    """A link, what it shares, and the time. Raises NotFound."""
    row = session.execute(
        sa.select(ReferralLink, Subject, app_now())
        .join(Subject, Subject.id == ReferralLink.subject_id)
        .where(ReferralLink.code == code)
    ).first()
    if row is None:
        raise NotFound()
    return row[0], row[1], row[2]


def owner_of(session: Session, owner_id: int, moment: dt.datetime) -> rules.Owner | None:
    """The owner of a link as of `moment`; None for a brand. The lock keeps them from erasure until
    the transaction ends."""
    row = session.execute(
        sa.select(
            Member.erased_at,
            Member.suspended_until,
            sa.exists().where(FalseMember.member_id == Member.id),
        )
        .where(Member.id == owner_id)
        .with_for_update(read=True, key_share=True, of=Member)
    ).first()
    if row is None:
        return None
    erased_at, suspended_until, is_false = row
    return rules.Owner(
        owner_id,
        is_erased=erased_at is not None,
        is_suspended=suspended_until is not None and suspended_until > moment,
        is_false=is_false,
    )


def link_of(session: Session, owner_id: int, subject_id: int) -> ReferralLink | None:
    return session.scalar(
        sa.select(ReferralLink).where(
            ReferralLink.owner_id == owner_id, ReferralLink.subject_id == subject_id
        )
    )


def reach_of(session: Session, root_id: int, member_id: int) -> CascadeReach | None:
    """How the member first came to a root, if by a link."""
    return session.scalar(
        sa.select(CascadeReach).where(
            CascadeReach.root_id == root_id, CascadeReach.member_id == member_id
        )
    )


def has_brought(session: Session, root_id: int, member_id: int) -> bool:
    """Whether a member came to the root by a link of this one."""
    return bool(
        session.scalar(
            sa.select(
                sa.exists().where(
                    CascadeReach.sharer_id == member_id, CascadeReach.root_id == root_id
                )
            )
        )
    )


def degrees_in(session: Session, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Degrees of members who came to a root by a link, by (root, member)."""
    found = session.execute(
        sa.select(CascadeReach.root_id, CascadeReach.member_id, CascadeReach.degree).where(
            sa.tuple_(CascadeReach.root_id, CascadeReach.member_id).in_(list(pairs))
        )
    )
    return {(root_id, member_id): degree for root_id, member_id, degree in found}


def links_with_subjects(
    session: Session, link_ids: Iterable[int]
) -> list[tuple[ReferralLink, Subject]]:
    """Links and what they share, by the links' ids."""
    found = session.execute(
        sa.select(ReferralLink, Subject)
        .join(Subject, Subject.id == ReferralLink.subject_id)
        .where(ReferralLink.id.in_(list(link_ids)))
        .order_by(ReferralLink.id)
    )
    return [(link, subject) for link, subject in found]


def referral_of(session: Session, member_id: int) -> Referral | None:
    return session.get(Referral, member_id)


def reach(session: Session, member_id: int) -> tuple[int, int, int]:
    """How many people in the 1st, 2nd and 3rd degree, without the false and the erased."""
    return reach_many(session, [member_id])[member_id]


def reach_many(session: Session, member_ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """The same of many: what is folded and what still waits, seen at one moment, so that it is
    exact whenever it is asked."""
    found = session.execute(REACH, {"ids": list(member_ids)})
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in found}


@dataclass(frozen=True)
class Edge:
    """A member who came to a root by a link. `sharer_id` is None for the root's own link;
    `counted` is False for the erased and the false, who only hold the tree together."""

    member_id: int
    sharer_id: int | None
    degree: int
    channel: str
    joined: bool
    counted: bool
    reached_at: dt.datetime


def cascade(session: Session, root_id: int, limit: int | None = None) -> list[Edge]:
    """Who came to a root by whose link, in the order in which they came (the first `limit`)."""
    found = session.execute(
        sa.select(
            CascadeReach.member_id,
            CascadeReach.sharer_id,
            CascadeReach.degree,
            CascadeReach.channel,
            CascadeReach.joined,
            _counts(CascadeReach.member_id),
            CascadeReach.reached_at,
        )
        .where(CascadeReach.root_id == root_id)
        .order_by(CascadeReach.reached_at, CascadeReach.id)
        .limit(limit)
    )
    return [Edge(*row) for row in found]


def cascade_sizes(session: Session, root_id: int) -> dict[int, int]:
    """People of a cascade by degree, without the false and the erased."""
    found = session.execute(
        sa.select(CascadeReach.degree, sa.func.count())
        .where(CascadeReach.root_id == root_id, _counts(CascadeReach.member_id))
        .group_by(CascadeReach.degree)
        .order_by(CascadeReach.degree)
    )
    return {degree: int(count) for degree, count in found}


def downstream(
    session: Session, root_id: int, member_ids: Sequence[int]
) -> dict[int, tuple[int, int, int]]:
    """People who came to a root by a link of each of these members, by the links of those, and of
    those again, without the false and the erased: index look-ups."""
    below = {member_id: [0, 0, 0] for member_id in member_ids}
    columns = (
        CascadeReach.sharer_id,
        CascadeReach.second_sharer_id,
        CascadeReach.third_sharer_id,
    )
    for degree, column in enumerate(columns):
        found = session.execute(
            sa.select(column, sa.func.count())
            .where(
                column.in_(list(member_ids)),
                CascadeReach.root_id == root_id,
                _counts(CascadeReach.member_id),
            )
            .group_by(column)
        )
        for member_id, count in found:
            if member_id is not None:
                below[member_id][degree] = int(count)
    return {member_id: (n[0], n[1], n[2]) for member_id, n in below.items()}


def _counts(member_id: orm.InstrumentedAttribute[int]) -> sa.ColumnElement[bool]:
    """Whether a member is a person: neither erased nor found to be false."""
    return sa.and_(
        sa.exists().where(Member.id == member_id, Member.erased_at.is_(None)),
        sa.not_(sa.exists().where(FalseMember.member_id == member_id)),
    )


def partitions(session: Session) -> list[str]:
    """The monthly partitions of the visits, oldest first."""
    return list(
        session.scalars(
            sa.text(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                " WHERE i.inhparent = 'visits'::regclass AND c.relname <> 'visits_other'"
                " ORDER BY 1"
            )
        )
    )


def visits_of_links(session: Session, owner_id: int) -> int:
    """Visits of all links of an owner."""
    query = (
        sa.select(sa.func.sum(VisitDay.visits))
        .join(ReferralLink, ReferralLink.id == VisitDay.link_id)
        .where(ReferralLink.owner_id == owner_id)
    )
    return int(session.scalar(query) or 0)


def ways_of_member(session: Session, member_id: int) -> dict[str, list[dict[str, Any]]]:
    """The links a member made and opened and the one they joined through, for their own export."""
    shared = orm.aliased(Subject)
    parts: dict[str, Any] = {
        "links": sa.select(ReferralLink.code, shared.public_id.label("of"), ReferralLink.created_at)
        .join(shared, shared.id == ReferralLink.subject_id)
        .where(ReferralLink.owner_id == member_id)
        .order_by(ReferralLink.id),
        "joined_through": sa.select(ReferralLink.code, Referral.referred_at)
        .join(ReferralLink, ReferralLink.id == Referral.link_id)
        .where(Referral.member_id == member_id),
        "reached": sa.select(
            shared.public_id.label("by"), CascadeReach.degree, CascadeReach.reached_at
        )
        .join(shared, shared.id == CascadeReach.root_id)
        .where(CascadeReach.member_id == member_id)
        .order_by(CascadeReach.id),
    }
    return {
        part: [dict(row) for row in session.execute(query).mappings()]
        for part, query in parts.items()
    }
