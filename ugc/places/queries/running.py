"""Which brand runs a place, and who is of its team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Grant
from ugc.core.db import Session, app_now, read_so_far
from ugc.places.models import PlaceBrand


def brand_of(session: Session, place_id: int) -> int | None:
    """Id of the brand that runs the place now."""
    read = read_so_far("brands_of_places")
    if place_id not in read:
        read[place_id] = session.scalar(
            sa.select(PlaceBrand.brand_id).where(
                PlaceBrand.place_id == place_id, PlaceBrand.until.is_(None)
            )
        )
    return cast("int | None", read[place_id])


def brands_of(session: Session, place_ids: Sequence[int]) -> dict[int, int]:
    """Ids of the brands that run the places now, by place."""
    rows = session.execute(
        sa.select(PlaceBrand.place_id, PlaceBrand.brand_id).where(
            PlaceBrand.place_id.in_(place_ids), PlaceBrand.until.is_(None)
        )
    )
    return {row.place_id: row.brand_id for row in rows}


def ran_by_team_of(place_id: Any, member_id: Any, moment: Any) -> sa.ColumnElement[bool]:
    """Whether a member has, or had at `moment` or later, a role over a brand that runs the place,
    or ran it at `moment` or later; columns or values.

    EXISTS (SELECT FROM place_brands b JOIN grants g ON g.subject_id = b.brand_id WHERE …)"""
    return sa.exists().where(
        PlaceBrand.place_id == place_id,
        sa.or_(PlaceBrand.until.is_(None), PlaceBrand.until > moment),
        Grant.subject_id == PlaceBrand.brand_id,
        Grant.member_id == member_id,
        sa.or_(Grant.ended_at.is_(None), Grant.ended_at > moment),
    )


def is_of_team(session: Session, place_id: int, member_id: int) -> bool:
    """Whether a member has a role over the brand that runs the place now."""
    return bool(session.scalar(sa.select(ran_by_team_of(place_id, member_id, app_now()))))


def ids_of_brand(session: Session, brand_id: int) -> list[int]:
    """The places that a brand runs or ran."""
    return list(
        session.scalars(
            sa.select(PlaceBrand.place_id).where(PlaceBrand.brand_id == brand_id).distinct()
        )
    )
