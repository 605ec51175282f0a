"""Writes of links, referrals and cascades. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session, app_now, now
from ugc.core.errors import NotFound
from ugc.referrals import queries, rules
from ugc.referrals.actions import counts
from ugc.referrals.models import CascadeReach, Referral, ReferralLink

# What a shared subject belongs to: the root of a cascade (a brand), or None.
Root = Callable[[Session, int], int | None]

_roots: dict[str, Root] = {}
# Whether a member speaks for a root: its own people are not reached by it.
Insider = Callable[[Session, int, int], bool]

_insiders: list[Insider] = []


def register_insiders(is_insider: Insider) -> None:
    """`is_insider(session, root_id, member_id)`."""
    _insiders.append(is_insider)


# How many published contributions a group of people has: (label, the query that counts them).
Contributed = Callable[[sa.Select[int]], sa.Select[int]]

_counters: dict[str, tuple[object, Contributed]] = {}


def register_contributions(kind: str, label: object, count: Contributed) -> None:
    """`count(ids)` is the query that counts what the members of a query have published."""
    _counters[kind] = (label, count)


def contributions_by_degree(session: Session, member_id: int) -> list[list[tuple[object, int]]]:
    """For each of the three degrees: (label, how many) of each kind; in one statement."""
    counted = [
        count(sa.select(Referral.member_id).where(column == member_id)).scalar_subquery()
        for column in queries.DEGREES
        for _label, count in _counters.values()
    ]
    found = iter(session.execute(sa.select(*counted)).one())
    return [
        [(label, next(found) or 0) for label, _count in _counters.values()]
        for _column in queries.DEGREES
    ]


def belongs(session: Session, root_id: int, member_id: int | None) -> bool:
    return member_id is not None and any(
        is_insider(session, root_id, member_id) for is_insider in _insiders
    )


def register_root(kind: str, root_of: Root) -> None:
    """A capability says which root its subjects belong to."""
    _roots[kind] = root_of


def root_of(session: Session, subject: subjects.Subject | subjects.SubjectInfo) -> int | None:
    """The brand that a subject belongs to, if any."""
    found = _roots.get(subject.kind)
    return found(session, subject.id) if found else None


def own_link(session: Session, owner_id: int, subject_id: int) -> ReferralLink:
    """The owner's link to a subject. Raises NotFound when they made none."""
    link = queries.link_of(session, owner_id, subject_id)
    if link is None:
        raise NotFound()
    return link


def reach(
    session: Session,
    link: ReferralLink,
    member_id: int,
    channel: str,
    *,
    joined: bool = False,
    at: dt.datetime | None = None,
) -> None:
    """The member came (`at`, now when not said) to what the link shares, and to the brand it
    belongs to: a row for each root to which no link had brought them before.

    Prevents cycles: a member who already has descendants in this cascade never gets a parent, so a
    degree never changes. Advisory locks on (root, member) serialise attachments that meet."""
    subject = session.get_one(subjects.Subject, link.subject_id)
    is_member = session.get(Member, link.owner_id) is not None
    sharer_id = link.owner_id if is_member else None
    if sharer_id == member_id:
        return
    for root_id in sorted({subject.id, root_of(session, subject) or subject.id}):
        if belongs(session, root_id, member_id):
            continue
        _hold(session, root_id, member_id, sharer_id)
        if queries.has_brought(session, root_id, member_id):
            continue
        above = queries.reach_of(session, root_id, link.owner_id)
        session.execute(
            insert(CascadeReach)
            .values(
                root_id=root_id,
                member_id=member_id,
                link_id=link.id,
                sharer_id=sharer_id,
                second_sharer_id=above.sharer_id if above else None,
                third_sharer_id=above.second_sharer_id if above else None,
                degree=(above.degree if above else 0) + 1,
                channel=channel,
                joined=joined,
                reached_at=at or app_now(),
            )
            .on_conflict_do_nothing(index_elements=["root_id", "member_id"])
        )


def _hold(session: Session, root_id: int, member_id: int, sharer_id: int | None) -> None:
    """Serialises attachments of the member, and of the
    sharer, to the root until the transaction ends; the smaller id is locked first, against
    deadlocks."""
    held = [(member_id, "pg_advisory_xact_lock")]
    if sharer_id is not None:
        held.append((sharer_id, "pg_advisory_xact_lock_shared"))
    for person_id, lock in sorted(held):
        key = f"referrals.cascade {root_id} {person_id}"
        session.execute(sa.text(f"SELECT {lock}(hashtextextended(:key, 0))"), {"key": key})


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
    session: Session, member: Member, code: str, clicked_at: dt.datetime, channel: str = "link"
) -> Referral | None:
    """`attribute_last` of one click."""
    return attribute_last(session, member, [rules.Opened(code, clicked_at, channel)])


def attribute_last(
    session: Session, member: Member, opened: Iterable[rules.Opened]
) -> Referral | None:
    """Attributes a new member who had opened links: they become a contact of who brought them (the
    rule is `rules.attributed`), and were reached in the cascades of what was shared. None when no
    one brought them."""
    links: dict[int, ReferralLink] = {}
    clicks = []
    for each in opened:
        link = queries.link_with_code(session, each.code)
        if link is not None and rules.is_fresh(each.clicked_at, member.joined_at):
            links[link.id] = link
            owner = queries.owner_of(session, link.owner_id, member.joined_at)
            clicks.append(rules.Click(link.id, each.clicked_at, owner, each.channel))
    clicks.sort(key=lambda click: (click.clicked_at, click.link_id), reverse=True)
    for number, click in enumerate(clicks):
        reach(
            session,
            links[click.link_id],
            member.id,
            click.channel,
            joined=number == 0,
            at=member.joined_at,
        )
    won = rules.attributed(clicks, member.id, member.joined_at)
    if won is None or won.owner is None:
        return None
    above = queries.referral_of(session, won.owner.member_id)
    first, second, third = rules.ancestors(
        won.owner.member_id, (above.parent_id, above.grandparent_id) if above else None
    )
    referral = Referral(
        member_id=member.id,
        parent_id=first,
        grandparent_id=second,
        great_grandparent_id=third,
        link_id=won.link_id,
        referred_at=member.joined_at,
    )
    session.add(referral)
    session.flush()
    counts.append(session, [member.id], +1)
    events.emit(session, events.ReferralMade(member.id, first, won.link_id))
    return referral


def arrive(session: Session, member_id: int, opened: Iterable[rules.Opened]) -> None:
    """A member had opened links before this browser knew who they are."""
    moment = now(session)
    for each in sorted(opened, key=lambda each: each.clicked_at):
        link = queries.link_with_code(session, each.code)
        if link is not None and rules.is_fresh(each.clicked_at, moment):
            reach(session, link, member_id, each.channel)


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's links, the way they came, the links they opened, and how many contacts they
    brought; contacts are other people's data."""
    return {
        **queries.ways_of_member(session, member_id),
        "contacts_by_degree": queries.reach(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Links and the tree keep the node without a name; it no longer counts."""
    counts.uncount_erased(session, member_id)
