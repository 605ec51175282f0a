"""Reads of consents and invitations. Who was invited is read for the sending alone: no brand sees
it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from ugc.accounts.models import Member
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.brands.models import Brand
from ugc.brands.queries import reading as brands_reading
from ugc.brands.queries import team as brands_team_queries
from ugc.campaigns import rules
from ugc.campaigns.models import KIND, Invitation, InvitationDelivery
from ugc.core import texts
from ugc.core.access import Actor
from ugc.core.db import Session, app_now
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.influencers.models import BrandConsent, SpreadConsent
from ugc.moderation import queries as moderation_queries
from ugc.referrals.models import CascadeReach


def _rest() -> sa.ColumnElement[dt.datetime]:
    return app_now() - sa.cast(f"{rules.REST_DAYS} days", sa.Interval)


def invitable(session: Session, brand_id: int) -> list[int]:
    """Who let the brand invite them and heard nothing of it lately; its team and the suspended
    apart."""
    heard = (
        sa.exists()
        .where(
            InvitationDelivery.member_id == BrandConsent.member_id,
            InvitationDelivery.invitation_id == Invitation.id,
            Invitation.brand_id == brand_id,
            InvitationDelivery.sent_at > _rest(),
        )
        .correlate(BrandConsent)
    )
    query = (
        sa.select(BrandConsent.member_id)
        .join(SpreadConsent, SpreadConsent.member_id == BrandConsent.member_id)
        .join(Member, Member.id == BrandConsent.member_id)
        .where(
            BrandConsent.brand_id == brand_id,
            SpreadConsent.contactable,
            Member.erased_at.is_(None),
            accounts_suspensions_queries.not_suspended(),
            ~heard,
        )
        .order_by(BrandConsent.member_id)
    )
    insiders = {row.member_id for row in brands_team_queries.members(session, brand_id)}
    return [member_id for member_id in session.scalars(query) if member_id not in insiders]


def sent_lately(session: Session, brand_id: int) -> bool:
    query = sa.exists().where(Invitation.brand_id == brand_id, Invitation.sent_at > _rest())
    return bool(session.scalar(sa.select(query)))


def locked(session: Session, invitation_id: int) -> Invitation:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    row = session.scalar(
        sa.select(Invitation)
        .where(Invitation.id == invitation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound()
    return row


@dataclass(frozen=True)
class InvitationRow:
    """As its page shows it; `mine_brought` are the reader's own people of this brand."""

    id: int
    public_id: str
    text: str
    thanks: str
    language: str
    visibility: str
    created_at: dt.datetime
    sent_at: dt.datetime | None
    author_id: int | None
    author: str | None
    brand: brands_reading.BrandRow


def invitation_by_id(session: Session, actor: Actor, invitation_id: int) -> InvitationRow:
    """As `invitations_by_ids`. Raises NotFound."""
    found = invitations_by_ids(session, actor, [invitation_id]).get(invitation_id)
    if found is None:
        raise NotFound()
    return found


def invitations_by_ids(
    session: Session, actor: Actor, ids: Sequence[int]
) -> dict[int, InvitationRow]:
    """As the actor may see them: published ones all, others the team and moderators."""
    rows = session.execute(
        sa.select(Invitation, Subject.public_id, Member.who.label("handle"))
        .join(Subject, Subject.id == Invitation.id)
        .outerjoin(Member, Member.id == Invitation.author_id)
        .where(Invitation.id.in_(ids))
    ).all()
    of_brands = {row.Invitation.brand_id for row in rows}
    brands = brands_reading.brands_by_ids(session, actor, list(of_brands))
    return {
        row.Invitation.id: _row(row, brands[row.Invitation.brand_id])
        for row in rows
        if row.Invitation.brand_id in brands
        and _may_see(actor, row.Invitation, brands[row.Invitation.brand_id])
    }


def _may_see(actor: Actor, invitation: Invitation, brand: brands_reading.BrandRow) -> bool:
    public = invitation.visibility == brand.visibility == Visibility.PUBLISHED
    return public or brand.in_team or actor.is_moderator


def _row(row: Any, brand: brands_reading.BrandRow) -> InvitationRow:
    found: Invitation = row.Invitation
    return InvitationRow(
        found.id,
        row.public_id,
        found.text,
        found.thanks,
        found.language,
        found.visibility,
        found.created_at,
        found.sent_at,
        found.author_id,
        row.handle,
        brand,
    )


def invitations_of(
    session: Session, brand_id: int, limit: int = 20
) -> list[tuple[str, Invitation]]:
    """(public id, invitation) for the team, the newest first."""
    rows = session.execute(
        sa.select(Subject.public_id, Invitation)
        .join(Subject, Subject.id == Invitation.id)
        .where(Invitation.brand_id == brand_id, Invitation.visibility != Visibility.WITHDRAWN)
        .order_by(Invitation.id.desc())
        .limit(limit)
    )
    return [(row.public_id, row.Invitation) for row in rows]


def brought_to(session: Session, root_id: int, member_id: int | None) -> int:
    """How many came to a root by the member's own links."""
    if member_id is None:
        return 0
    query = sa.select(sa.func.count()).where(
        CascadeReach.sharer_id == member_id, CascadeReach.root_id == root_id
    )
    return session.scalar(query) or 0


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    own = Invitation.still_seen_by(author_id)
    rows = session.execute(
        sa.select(Invitation.id, Subject.public_id, Brand.name)
        .join(Subject, Subject.id == Invitation.id)
        .join(Brand, Brand.id == Invitation.brand_id)
        .where(
            Invitation.id.in_(list(ids)),
            sa.or_(
                sa.and_(
                    Invitation.visibility == Visibility.PUBLISHED,
                    Brand.visibility == Visibility.PUBLISHED,
                ),
                own,
            ),
        )
    )
    return [
        SubjectInfo(
            row.id,
            KIND,
            row.public_id,
            gettext("Invitation of %(brand)s", brand=texts.isolated(row.name)),
            f"/invitations/{row.public_id}",
        )
        for row in rows
    ]


def all_of_member(session: Session, member_id: int) -> dict[str, Any]:
    """What the member wrote for brands and was sent, for their own export."""
    received = sa.orm.aliased(Subject)
    parts: dict[str, Any] = {
        "written": sa.select(
            Subject.public_id.label("id"),
            Invitation.text,
            Invitation.thanks,
            Invitation.visibility,
            Invitation.created_at,
        )
        .join(Subject, Subject.id == Invitation.id)
        .where(Invitation.author_id == member_id)
        .order_by(Invitation.id),
        "received": sa.select(received.public_id.label("id"), InvitationDelivery.sent_at)
        .join(received, received.id == InvitationDelivery.invitation_id)
        .where(InvitationDelivery.member_id == member_id)
        .order_by(InvitationDelivery.invitation_id),
    }
    return {
        name: [dict(row) for row in session.execute(query).mappings()]
        for name, query in parts.items()
    }


def decision_of(session: Session, invitation_id: int) -> Any:
    """The last decision of a moderator, for the team."""
    return moderation_queries.last_decision(session, invitation_id)
