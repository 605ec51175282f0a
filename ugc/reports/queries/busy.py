"""Where live reports are."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.geography.gazetteer import City
from ugc.reports.models import Report
from ugc.reports.queries import reading


def alive_by_city(session: Session) -> Sequence[sa.Row[float, float, int]]:
    """Cities with live reports: lon, lat, count; the larger count first. What waits for approval
    does not count: newcomers would move the maps of others."""
    count = sa.func.count().label("count")
    query = (
        sa.select(
            sa.func.ST_X(City.geom).label("lon"), sa.func.ST_Y(City.geom).label("lat"), count
        )
        .select_from(Report)
        .join(City, City.id == Report.city_id)
        .where(reading.is_alive(), Report.visibility == Visibility.PUBLISHED)
        .group_by(City.id)
        .order_by(count.desc(), City.id)
    )  # fmt: skip
    return session.execute(query).all()
