"""Reads of links and of the tree of contacts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject
from ugc.referrals.models import CascadeReach, Referral, ReferralLink, Visit

CONTACTS_SHOWN = 200
DEGREES = (Referral.parent_id, Referral.grandparent_id, Referral.great_grandparent_id)


@dataclass(frozen=True)
class Contact:
    """A person of the reader's tree; `handle` is None for who does not allow it. `via_id` is the
    contact one degree nearer."""

    id: int
    degree: int
    handle: str | None
    via_id: int
    referred_at: dt.datetime


def link_by_code(session: Session, code: str) -> ReferralLink:
    """Raises NotFound."""
    link = session.scalar(sa.select(ReferralLink).where(ReferralLink.code == code))
    if link is None:
        raise NotFound()
    return link


def link_of(session: Session, owner_id: int, subject_id: int) -> ReferralLink | None:
    return session.scalar(
        sa.select(ReferralLink).where(
            ReferralLink.owner_id == owner_id, ReferralLink.subject_id == subject_id
        )
    )


def degree_of_sharer(session: Session, root_id: int, owner_id: int) -> int:
    """The sharer's degree in the root's cascade: 0 for the root's own links, and for a sharer whom
    no link had brought."""
    if owner_id == root_id:
        return 0
    degree = session.scalar(
        sa.select(CascadeReach.degree).where(
            CascadeReach.root_id == root_id, CascadeReach.member_id == owner_id
        )
    )
    return int(degree or 0)


def has_reached(session: Session, root_id: int, member_id: int | None, visitor: str) -> bool:
    """Whether the person came to the root by a link before."""
    person = CascadeReach.visitor == visitor
    if member_id is not None:
        person = sa.or_(person, CascadeReach.member_id == member_id)
    return bool(
        session.scalar(sa.select(sa.exists().where(CascadeReach.root_id == root_id, person)))
    )


def later_of_two(session: Session, member_id: int, visitor: str) -> list[CascadeReach]:
    """Where a member and an unnamed visitor reached the same root, the later of the two."""
    theirs, unnamed = sa.orm.aliased(CascadeReach), sa.orm.aliased(CascadeReach)
    both = (
        sa.select(sa.func.greatest(theirs.id, unnamed.id))
        .join(unnamed, unnamed.root_id == theirs.root_id)
        .where(
            theirs.member_id == member_id,
            unnamed.visitor == visitor,
            unnamed.member_id.is_(None),
        )
    )
    return list(session.scalars(sa.select(CascadeReach).where(CascadeReach.id.in_(both))))


def referral_of(session: Session, member_id: int) -> Referral | None:
    return session.get(Referral, member_id)


def reach(session: Session, member_id: int) -> tuple[int, int, int]:
    """How many people in the 1st, 2nd and 3rd degree: three index look-ups."""
    counts = [
        session.scalar(sa.select(sa.func.count()).where(column == member_id)) or 0
        for column in DEGREES
    ]
    return counts[0], counts[1], counts[2]


def contacts(session: Session, member_id: int, limit: int = CONTACTS_SHOWN) -> list[Contact]:
    """The people of the three degrees, nearest first. The 1st degree is named; farther ones only
    where they allow it."""
    parts = [
        sa.select(
            Referral.member_id,
            sa.literal(degree).label("degree"),
            Referral.parent_id,
            Referral.referred_at,
            Member.handle,
            Member.shown_to_far_contacts,
        )
        .join(Member, Member.id == Referral.member_id)
        .where(column == member_id)
        for degree, column in enumerate(DEGREES, start=1)
    ]
    union = sa.union_all(*parts).order_by("degree", "member_id").limit(limit)
    return [
        Contact(
            row.member_id,
            row.degree,
            row.handle if row.degree == 1 or row.shown_to_far_contacts else None,
            row.parent_id,
            row.referred_at,
        )
        for row in session.execute(union)
    ]


def visits_of_links(session: Session, owner_id: int) -> int:
    """Visits of all links of an owner."""
    query = (
        sa.select(sa.func.count())
        .select_from(Visit)
        .join(ReferralLink, ReferralLink.id == Visit.link_id)
        .where(ReferralLink.owner_id == owner_id)
    )
    return session.scalar(query) or 0


def ways_of_member(session: Session, member_id: int) -> dict[str, list[dict[str, Any]]]:
    """The links a member made and opened and the one they joined through, for their own export."""
    shared = sa.orm.aliased(Subject)
    parts: dict[str, Any] = {
        "links": sa.select(ReferralLink.code, shared.public_id.label("of"), ReferralLink.created_at)
        .join(shared, shared.id == ReferralLink.subject_id)
        .where(ReferralLink.owner_id == member_id)
        .order_by(ReferralLink.id),
        "joined_through": sa.select(ReferralLink.code, Referral.referred_at)
        .join(ReferralLink, ReferralLink.id == Referral.link_id)
        .where(Referral.member_id == member_id),
        "opened": sa.select(ReferralLink.code, Visit.channel, Visit.visited_at)
        .join(ReferralLink, ReferralLink.id == Visit.link_id)
        .where(Visit.member_id == member_id)
        .order_by(Visit.id),
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
