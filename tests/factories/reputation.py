"""Points."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ugc.core.db import Session, app_now
from ugc.reputation.models import PointEntry


def earn(
    session: Session, member_id: int, points: int, *, days: int = 0, city_id: int | None = None
) -> None:
    """An entry of the ledger for a report, so many days and a second ago; totals stay as they
    were."""
    session.execute(
        sa.insert(PointEntry).values(
            member_id=member_id,
            account="available",
            step="credit",
            action="report",
            points=points,
            cause=f"report:{member_id}:{points}:{days}",
            city_id=city_id,
            created_at=app_now() - dt.timedelta(days=days, seconds=1),
        )
    )
