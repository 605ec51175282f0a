"""Reads of claims to brands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.brands import rules
from ugc.brands.models import (
    Brand,
    BrandClaim,
)
from ugc.brands.queries import reading
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, SubjectInfo


@dataclass(frozen=True)
class ClaimRow:
    """A claim as the queue shows it; `proves_domain` when the claimant's confirmed address belongs
    to the brand's web domain."""

    id: int
    brand: reading.BrandRow
    handle: str | None
    member_id: int | None
    message: str
    proves_domain: bool
    decided_at: dt.datetime | None


def locked_claim(session: Session, claim_id: int) -> BrandClaim:
    """Raises NotFound."""
    claim = session.scalar(
        sa.select(BrandClaim)
        .where(BrandClaim.id == claim_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if claim is None:
        raise NotFound()
    return claim


def claim_by_id(session: Session, actor: Actor, claim_id: int) -> ClaimRow:
    """For the moderators' queue. Raises NotFound."""
    row = session.execute(
        sa.select(BrandClaim, Member.who.label("handle"), Member.email, Member.email_confirmed_at)
        .outerjoin(Member, Member.id == BrandClaim.author_id)
        .where(BrandClaim.id == claim_id)
    ).first()
    if row is None:
        raise NotFound()
    brand = reading.brand_by_id(session, actor, row.BrandClaim.brand_id)
    confirmed = row.email if row.email_confirmed_at is not None else None
    return ClaimRow(
        id=row.BrandClaim.id,
        brand=brand,
        handle=row.handle,
        member_id=row.BrandClaim.author_id,
        message=row.BrandClaim.message,
        proves_domain=rules.proves_domain(confirmed, brand.website),
        decided_at=row.BrandClaim.decided_at,
    )


def open_claim(session: Session, brand_id: int, member_id: int | None) -> BrandClaim | None:
    """The member's claim that waits."""
    return session.scalar(
        sa.select(BrandClaim).where(
            BrandClaim.brand_id == brand_id,
            BrandClaim.author_id == member_id,
            BrandClaim.decided_at.is_(None),
        )
    )


def ever_in_team(session: Session, brand_id: int, member_id: int) -> bool:
    """Whether a member has or had a role over the brand."""
    return any(
        row.member_id == member_id
        for row in accounts_grants_queries.listed(session, subject_id=brand_id)
    )


def verified_domain(session: Session, brand_id: int) -> str:
    """The brand's web domain when a confirmed e-mail address of its team belongs to it, else ''."""
    brand = session.get_one(Brand, brand_id)
    members = [
        row.member_id
        for row in accounts_grants_queries.listed(session, subject_id=brand_id)
        if row.in_force
    ]
    addresses = session.scalars(
        sa.select(Member.email).where(
            Member.id.in_(members), Member.email_confirmed_at.is_not(None)
        )
    )
    proven = any(rules.proves_domain(address, brand.website) for address in addresses)
    return rules.domain_of(brand.website) if proven else ""


def describe_claims(session: Session, ids: Iterable[int]) -> list[SubjectInfo]:
    """A claim leads to its brand."""
    rows = session.execute(
        sa.select(BrandClaim.id, Brand.name, Subject.public_id)
        .join(Brand, Brand.id == BrandClaim.brand_id)
        .join(Subject, Subject.id == Brand.id)
        .where(BrandClaim.id.in_(list(ids)))
    )
    return [
        SubjectInfo(r.id, "brand_claim", r.public_id, r.name, f"/brands/{r.public_id}")
        for r in rows
    ]
