"""Reads of what brands claim to run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.brands.queries import claims as brands_claims_queries
from ugc.brands.queries import reading as brands_reading
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, SubjectInfo
from ugc.places.models import CLAIM_KIND, Place, PlaceClaim
from ugc.places.queries import reading, running


def open_claim(session: Session, place_id: int, brand_id: int) -> PlaceClaim | None:
    """The brand's claim to the place that waits."""
    return session.scalar(
        sa.select(PlaceClaim).where(
            PlaceClaim.place_id == place_id,
            PlaceClaim.brand_id == brand_id,
            PlaceClaim.decided_at.is_(None),
        )
    )


def locked_claim(session: Session, claim_id: int) -> PlaceClaim:
    """Raises NotFound."""
    claim = session.scalar(
        sa.select(PlaceClaim)
        .where(PlaceClaim.id == claim_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if claim is None:
        raise NotFound()
    return claim


@dataclass(frozen=True)
class ClaimRow:
    """A claim as the queue shows it. `domain` is the brand's verified one; `website_since` and
    `website_by` (a handle, '' for an import) say how the place's web address came; `present` is
    the name of the brand that runs it now."""

    place: reading.PlaceRow
    brand: brands_reading.BrandRow
    member_id: int | None
    handle: str | None
    domain: str
    website_since: dt.datetime | None
    website_by: str
    by_team: bool
    present: str


def claims_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, ClaimRow]:
    """For the moderators' queue."""
    writer = sa.orm.aliased(Member)
    rows = session.execute(
        sa.select(
            PlaceClaim,
            Member.who.label("handle"),
            Place.website_since,
            Place.website_by_id,
            writer.who.label("writer"),
        )
        .join(Place, Place.id == PlaceClaim.place_id)
        .outerjoin(Member, Member.id == PlaceClaim.author_id)
        .outerjoin(writer, writer.id == Place.website_by_id)
        .where(PlaceClaim.id.in_(ids))
    ).all()
    of_brands = [row.PlaceClaim.brand_id for row in rows]
    of_places = [row.PlaceClaim.place_id for row in rows]
    places = reading.places_by_ids(session, actor, of_places)
    present = running.brands_of(session, of_places)
    brands = brands_reading.brands_by_ids(session, actor, [*of_brands, *present.values()])
    teams = brands_claims_queries.teams(session, of_brands)
    domains = brands_claims_queries.verified_domains(session, of_brands, teams)
    found = {}
    for row in rows:
        claim: PlaceClaim = row.PlaceClaim
        if claim.place_id not in places or claim.brand_id not in brands:
            continue
        runs = brands.get(present.get(claim.place_id, 0))
        found[claim.id] = ClaimRow(
            place=places[claim.place_id],
            brand=brands[claim.brand_id],
            member_id=claim.author_id,
            handle=row.handle,
            domain=domains[claim.brand_id],
            website_since=row.website_since,
            website_by=row.writer or "",
            by_team=row.website_by_id in {each.member_id for each in teams[claim.brand_id]},
            present=runs.name if runs else "",
        )
    return found


def describe_claims(session: Session, ids: Iterable[int]) -> list[SubjectInfo]:
    """A claim leads to its place."""
    rows = session.execute(
        sa.select(PlaceClaim.id, Place.name, Subject.public_id)
        .join(Place, Place.id == PlaceClaim.place_id)
        .join(Subject, Subject.id == Place.id)
        .where(PlaceClaim.id.in_(list(ids)))
    )
    return [
        SubjectInfo(r.id, CLAIM_KIND, r.public_id, r.name, f"/places/{r.public_id}") for r in rows
    ]


def claims_of_member(session: Session, member_id: int) -> list[dict[str, Any]]:
    """The claims that a member made for a brand, for their own export."""
    rows = session.execute(
        sa.select(
            Place.name.label("place"),
            PlaceClaim.visibility,
            PlaceClaim.created_at,
            PlaceClaim.decided_at,
        )
        .join(Place, Place.id == PlaceClaim.place_id)
        .where(PlaceClaim.author_id == member_id)
        .order_by(PlaceClaim.id)
    )
    return [dict(row) for row in rows.mappings()]
