"""Reads of proposed names and web addresses of brands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.brands import rules
from ugc.brands.models import (
    CHANGE_KIND,
    Brand,
    BrandChange,
)
from ugc.brands.queries import reading
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, SubjectInfo


@dataclass(frozen=True)
class ChangeRow:
    """A change as the queue shows it; `proves_old` and `proves_new` say whether its author's
    confirmed address belongs to the web domain that stands, and to the one that is asked for."""

    id: int
    brand: reading.BrandRow
    handle: str | None
    member_id: int | None
    name: str
    website: str
    old_name: str
    old_website: str
    proves_old: bool
    proves_new: bool


def locked_change(session: Session, change_id: int) -> BrandChange:
    """Raises NotFound."""
    change = session.scalar(
        sa.select(BrandChange)
        .where(BrandChange.id == change_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if change is None:
        raise NotFound()
    return change


def open_change(session: Session, brand_id: int) -> BrandChange | None:
    """The change of name or web address that waits for a moderator."""
    return session.scalar(
        sa.select(BrandChange).where(
            BrandChange.brand_id == brand_id, BrandChange.decided_at.is_(None)
        )
    )


def changes_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, ChangeRow]:
    """For the moderators' queue."""
    rows = session.execute(
        sa.select(BrandChange, Member.who.label("handle"), Member.email, Member.email_confirmed_at)
        .outerjoin(Member, Member.id == BrandChange.author_id)
        .where(BrandChange.id.in_(ids))
    ).all()
    brands = reading.brands_by_ids(session, actor, [row.BrandChange.brand_id for row in rows])
    found = {}
    for row in rows:
        change: BrandChange = row.BrandChange
        if change.brand_id not in brands:
            continue
        confirmed = row.email if row.email_confirmed_at is not None else None
        found[change.id] = ChangeRow(
            id=change.id,
            brand=brands[change.brand_id],
            handle=row.handle,
            member_id=change.author_id,
            name=change.name,
            website=change.website,
            old_name=change.old_name,
            old_website=change.old_website,
            proves_old=rules.proves_domain(confirmed, change.old_website),
            proves_new=rules.proves_domain(confirmed, change.website),
        )
    return found


def describe_changes(session: Session, ids: Iterable[int]) -> list[SubjectInfo]:
    """A change leads to its brand, by the name that stands."""
    rows = session.execute(
        sa.select(BrandChange.id, Brand.name, Subject.public_id)
        .join(Brand, Brand.id == BrandChange.brand_id)
        .join(Subject, Subject.id == Brand.id)
        .where(BrandChange.id.in_(list(ids)))
    )
    return [
        SubjectInfo(r.id, CHANGE_KIND, r.public_id, r.name, f"/brands/{r.public_id}") for r in rows
    ]
