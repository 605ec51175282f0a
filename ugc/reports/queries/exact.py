"""The one read of what authors of coarse reports gave: for their own export. Whatever is computed
or shown for others reads `geom` (a test names who may say `geom_exact`)."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.geography import geo
from ugc.reports.models import Report


def given_by(session: Session, member_id: int) -> dict[int, geo.Point]:
    """The exact places of a member's own coarse reports, by the report's id."""
    rows = session.execute(
        sa.select(Report.id, geo.lon(Report.geom_exact), geo.lat(Report.geom_exact)).where(
            Report.author_id == member_id, Report.geom_exact.is_not(None)
        )
    )
    return {row[0]: geo.Point(row[1], row[2]) for row in rows}
