"""Reads of claims to brands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
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


def claims_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, ClaimRow]:
    """For the moderators' queue."""
    rows = session.execute(
        sa.select(BrandClaim, Member.who.label("handle"), Member.email, Member.email_confirmed_at)
        .outerjoin(Member, Member.id == BrandClaim.author_id)
        .where(BrandClaim.id.in_(ids))
    ).all()
    brands = reading.brands_by_ids(session, actor, [row.BrandClaim.brand_id for row in rows])
    found = {}
    for row in rows:
        brand = brands.get(row.BrandClaim.brand_id)
        if brand is None:
            continue
        confirmed = row.email if row.email_confirmed_at is not None else None
        found[row.BrandClaim.id] = ClaimRow(
            id=row.BrandClaim.id,
            brand=brand,
            handle=row.handle,
            member_id=row.BrandClaim.author_id,
            message=row.BrandClaim.message,
            proves_domain=rules.proves_domain(confirmed, brand.website),
            decided_at=row.BrandClaim.decided_at,
        )
    return found


def open_claim(session: Session, brand_id: int, member_id: int | None) -> BrandClaim | None:
    """The member's claim that waits."""
    return session.scalar(
        sa.select(BrandClaim).where(
            BrandClaim.brand_id == brand_id,
            BrandClaim.author_id == member_id,
            BrandClaim.decided_at.is_(None),
        )
    )


Teams = Mapping[int, Sequence[accounts_grants_queries.GrantRow]]


def teams(session: Session, brand_ids: Sequence[int]) -> Teams:
    """The roles over each brand that members have or will have."""
    rows = accounts_grants_queries.listed(session, subject_ids=brand_ids)
    return {each: [row for row in rows if row.subject_id == each] for each in brand_ids}


def verified_domains(session: Session, brand_ids: Sequence[int], of: Teams) -> dict[int, str]:
    """The web domain of each brand when a confirmed e-mail address of its team (in `of`) belongs to
    it, else ''."""
    members = {row.member_id for team in of.values() for row in team if row.in_force}
    confirmed = session.execute(
        sa.select(Member.id, Member.email).where(
            Member.id.in_(members), Member.email_confirmed_at.is_not(None)
        )
    )
    address_of = {row.id: row.email for row in confirmed}
    sites = session.execute(sa.select(Brand.id, Brand.website).where(Brand.id.in_(brand_ids)))
    return {
        brand_id: rules.domain_of(website)
        if any(
            rules.proves_domain(address_of.get(row.member_id), website)
            for row in of[brand_id]
            if row.in_force
        )
        else ""
        for brand_id, website in sites
    }


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
