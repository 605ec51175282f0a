"""Writes what members agree to. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.actions import settings as accounts_settings
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session
from ugc.core.errors import Forbidden
from ugc.influencers.models import BrandConsent, HomeCity, PrescriptorScore, SpreadConsent
from ugc.influencers.queries import consents

# Consent ------------------------------------------------------------------------------------


def choose(
    session: Session, actor: Actor, *, named: bool, contactable: bool, city_id: int | None
) -> None:
    """What the member agrees to, and their city. Who is not to be invited any more is invited by
    none: what they had allowed single brands goes too."""
    if actor.id is None:
        raise Forbidden()
    values = {"named": named, "contactable": contactable}
    session.execute(
        insert(SpreadConsent)
        .values(member_id=actor.id, **values)
        .on_conflict_do_update(index_elements=["member_id"], set_=values)
    )
    if not contactable:
        session.execute(sa.delete(BrandConsent).where(BrandConsent.member_id == actor.id))
    accounts_settings.set_city(session, actor.id, city_id)
    if city_id is not None:
        session.execute(
            insert(HomeCity)
            .values(member_id=actor.id, city_id=city_id)
            .on_conflict_do_update(index_elements=["member_id"], set_={"city_id": city_id})
        )


def allow_brand(session: Session, actor: Actor, brand_id: int, *, allowed: bool) -> None:
    """The member lets a brand invite them, or stops it. Allowing needs the setting too: both are
    agreed to at once, by a form that says so. Raises Forbidden."""
    if not allowed:
        session.execute(
            sa.delete(BrandConsent).where(
                BrandConsent.brand_id == brand_id, BrandConsent.member_id == actor.id
            )
        )
        return
    member_id = require_contributor(actor)
    session.execute(
        insert(SpreadConsent)
        .values(member_id=member_id, contactable=True)
        .on_conflict_do_update(index_elements=["member_id"], set_={"contactable": True})
    )
    session.execute(
        insert(BrandConsent).values(brand_id=brand_id, member_id=member_id).on_conflict_do_nothing()
    )


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """What the member agreed to, and what their sharing is scored at."""
    return consents.all_of_member(session, member_id)


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Consents, scores and the home city go."""
    for table in (SpreadConsent, BrandConsent, PrescriptorScore, HomeCity):
        session.execute(sa.delete(table).where(table.member_id == member_id))
