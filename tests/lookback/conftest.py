"""Reports of the past, as they stand in the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from ugc.core import subjects
from ugc.core.db import Session
from ugc.reports.models import KIND, Report


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def make_report(session: Session) -> Callable[..., str]:
    """Makes a report that began and was over; returns its public id."""

    def make(
        began: str,
        ended: str | None = None,
        *,
        kind: str = "jam",
        lon: float = -3.7,
        lat: float = 40.4,
        **values: object,
    ) -> str:
        subject = subjects.create(session, KIND)
        start = utc(began)
        end = utc(ended) if ended else start + dt.timedelta(hours=1)
        row = {
            "kind": kind,
            "geom": f"SRID=4326;POINT({lon} {lat})",
            "state": "expired",
            "created_at": start,
            "occurred_at": start,
            "seen_at": start,
            "believed_at": start,
            "expires_at": end,
            "closed_at": end,
            **values,
        }
        session.add(Report(id=subject.id, **row))
        session.commit()
        return subject.public_id

    return make
