"""Writes of links and referrals. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.referrals import queries, rules
from ugc.referrals.models import CascadeReach, Referral, ReferralLink, Visit

# What a shared subject belongs to: the root of a cascade (a brand), or None.
Root = Callable[[Session, int], int | None]
_roots: dict[str, Root] = {}
# Whether a member speaks for a root: its own people are not reached by it.
Insider = Callable[[Session, int, int], bool]
_insiders: list[Insider] = []


def register_insiders(is_insider: Insider) -> None:
    """`is_insider(session, root_id, member_id)`."""
    _insiders.append(is_insider)


# How many published contributions a group of people has: (label, count).
Counter = Callable[[Session, sa.Select[int]], int]
_counters: dict[str, tuple[object, Counter]] = {}


def register_contributions(kind: str, label: object, count: Counter) -> None:
    """`count(session, ids)` counts what the members of a query have published."""
    _counters[kind] = (label, count)


def contributions_by_degree(session: Session, member_id: int) -> list[list[tuple[object, int]]]:
    """For each of the three degrees: (label, how many) of each kind."""
    return [
        [
            (label, count(session, sa.select(Referral.member_id).where(column == member_id)))
            for label, count in _counters.values()
        ]
        for column in queries.DEGREES
    ]


def belongs(session: Session, root_id: int, member_id: int | None) -> bool:
    return member_id is not None and any(
        is_insider(session, root_id, member_id) for is_insider in _insiders
    )


def register_root(kind: str, root_of: Root) -> None:
    """A capability says which root its subjects belong to."""
    _roots[kind] = root_of


def root_of(session: Session, subject: subjects.Subject) -> int | None:
    found = _roots.get(subject.kind)
    return found(session, subject.id) if found else None


def own_link(session: Session, owner_id: int, subject_id: int) -> ReferralLink:
    """The owner's link to a subject. Raises NotFound when they made none."""
    link = queries.link_of(session, owner_id, subject_id)
    if link is None:
        raise NotFound()
    return link


def adopt_visitor(session: Session, member_id: int, visitor: str) -> None:
    """The visitor turned out to be a member: what they had reached is theirs. Where the member had
    reached the root on another device too, the first time stays: one person is counted once."""
    mine = sa.select(CascadeReach.root_id).where(CascadeReach.member_id == member_id)
    for row in queries.later_of_two(session, member_id, visitor):
        session.delete(row)
    session.flush()
    session.execute(
        sa.update(CascadeReach)
        .where(
            CascadeReach.visitor == visitor,
            CascadeReach.member_id.is_(None),
            CascadeReach.root_id.not_in(mine),
        )
        .values(member_id=member_id)
    )


def link_for(session: Session, owner_id: int, subject_id: int) -> ReferralLink:
    """The owner's link to a subject, made when there is none."""
    session.execute(
        insert(ReferralLink)
        .values(code=subjects.new_code(rules.CODE_LENGTH), owner_id=owner_id, subject_id=subject_id)
        .on_conflict_do_nothing(index_elements=["owner_id", "subject_id"])
    )
    link = queries.link_of(session, owner_id, subject_id)
    if link is None:
        raise RuntimeError("the link was neither made nor found")
    return link


def attribute(
    session: Session, member: Member, code: str, clicked_at: dt.datetime
) -> Referral | None:
    """Makes the newcomer a contact of the link's owner. None when the click is too old, the link is
    gone, or its owner is no member who could be a parent."""
    try:
        link = queries.link_by_code(session, code)
    except NotFound:
        return None
    parent = session.get(Member, link.owner_id)
    if parent is None or parent.id >= member.id or not rules.counts(clicked_at, member.joined_at):
        return None
    above = queries.referral_of(session, parent.id)
    first, second, third = rules.ancestors(
        parent.id, (above.parent_id, above.grandparent_id) if above else None
    )
    referral = Referral(
        member_id=member.id,
        parent_id=first,
        grandparent_id=second,
        great_grandparent_id=third,
        link_id=link.id,
    )
    session.add(referral)
    session.flush()
    events.emit(session, events.ReferralMade(member.id, parent.id, link.id))
    return referral


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's links, the way they came, the links they opened, and how many contacts they
    brought; contacts are other people's data."""
    return {
        **queries.ways_of_member(session, member_id),
        "contacts_by_degree": queries.reach(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Links and the tree keep the node without a name; which links it opened is forgotten."""
    session.execute(sa.update(Visit).where(Visit.member_id == member_id).values(member_id=None))
