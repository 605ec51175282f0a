"""Reads what members agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.brands.models import Brand
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, Visibility
from ugc.geography.gazetteer import City
from ugc.influencers.models import BrandConsent, HomeCity, PrescriptorScore, SpreadConsent


@dataclass(frozen=True)
class Consent:
    """`city` is the name of the chosen one."""

    named: bool
    contactable: bool
    city_id: int | None
    city: str


def consent_of(session: Session, member_id: int) -> Consent:
    row = session.execute(
        sa.select(SpreadConsent.named, SpreadConsent.contactable, Member.city_id, City.name)
        .select_from(Member)
        .outerjoin(SpreadConsent, SpreadConsent.member_id == Member.id)
        .outerjoin(City, City.id == Member.city_id)
        .where(Member.id == member_id)
    ).first()
    if row is None:
        raise NotFound()
    return Consent(bool(row.named), bool(row.contactable), row.city_id, row.name or "")


def allows(session: Session, member_id: int | None, brand_id: int) -> bool:
    """Whether the brand may invite the member: the setting, and this brand."""
    if member_id is None:
        return False
    consent = session.get(SpreadConsent, member_id)
    return bool(
        consent is not None
        and consent.contactable
        and session.get(BrandConsent, (brand_id, member_id)) is not None
    )


def allowed_brands(session: Session, member_id: int) -> list[tuple[str, str]]:
    """(public id, name) of the brands that may invite the member."""
    rows = session.execute(
        sa.select(Subject.public_id, Brand.name)
        .join(BrandConsent, BrandConsent.brand_id == Brand.id)
        .join(Subject, Subject.id == Brand.id)
        .where(BrandConsent.member_id == member_id, Brand.visibility == Visibility.PUBLISHED)
        .order_by(Brand.name)
    )
    return [(row.public_id, row.name) for row in rows]


def all_of_member(session: Session, member_id: int) -> dict[str, Any]:
    """What the member agreed to and what their sharing is scored at, for their own export."""
    consent = consent_of(session, member_id)
    parts: dict[str, Any] = {
        "scores": sa.select(
            Subject.public_id.label("of"),
            *(
                getattr(PrescriptorScore, name)
                for name in ("span", "category", "score", "first", "second", "third", "joined")
            ),
        )
        .join(Subject, Subject.id == PrescriptorScore.root_id)
        .where(PrescriptorScore.member_id == member_id)
        .order_by(PrescriptorScore.root_id, PrescriptorScore.span, PrescriptorScore.category),
        "brands_that_may_invite": sa.select(Brand.name, BrandConsent.since)
        .join(BrandConsent, BrandConsent.brand_id == Brand.id)
        .where(BrandConsent.member_id == member_id)
        .order_by(Brand.name),
    }
    home = session.scalar(
        sa.select(City.name)
        .join(HomeCity, HomeCity.city_id == City.id)
        .where(HomeCity.member_id == member_id)
    )
    return {
        "named_to_brands": consent.named,
        "brands_may_invite": consent.contactable,
        "city": consent.city or None,
        "home_city": home,
        **{
            name: [dict(row) for row in session.execute(query).mappings()]
            for name, query in parts.items()
        },
    }
