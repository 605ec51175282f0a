"""Which indexes answer what the map asks most, on a table where few are alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg import ClientCursor

from tests.factories import bulk
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import geo
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.queries import reading as reports_reading


@pytest.fixture
def filled(session: Session) -> Session:
    bulk.reports_mostly_over(session)
    return session


def plan_of(session: Session, ask: Callable[[], Any]) -> str:
    """The plan of the first statement that `ask` sends."""
    sent: list[str] = []
    connection = session.connection()

    def note(_c: Any, cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append(ClientCursor(cursor.connection).mogrify(statement, values))

    sa.event.listen(connection, "before_cursor_execute", note)
    ask()
    sa.event.remove(connection, "before_cursor_execute", note)
    rows = connection.exec_driver_sql("EXPLAIN " + sent[0].replace("%", "%%"))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("box", "index"),
    [("-1,39.5,0,40.5", "ix_reports_open_geom_created_at"),
     ("-180,-85,180,85", "ix_reports_open_created_at_id")],
)  # fmt: skip
def test_the_newest_of_a_view_are_read_in_their_order(
    filled: Session, box: str, index: str
) -> None:
    bounds = geo.Bounds.parsed(box)
    rows: list[reports_reading.ReportRow] = []
    plan = plan_of(
        filled,
        lambda: rows.extend(reports_reading.reports_within(filled, ANONYMOUS, bounds, limit=10)),
    )
    assert f"using {index}" in plan
    assert "ix_reports_open_expires_at" not in plan
    expected = filled.scalars(
        sa.text(
            "SELECT id FROM reports WHERE state = 'open' AND ST_X(geom) BETWEEN :w AND :e"
            " AND ST_Y(geom) BETWEEN :s AND :n ORDER BY created_at DESC LIMIT 10"
        ),
        {"w": bounds.west, "s": bounds.south, "e": bounds.east, "n": bounds.north},
    ).all()
    assert [row.id for row in rows] == expected


def test_what_is_over_is_found_without_reading_the_rest(filled: Session) -> None:
    plan = plan_of(filled, lambda: reports_life_actions.expire(filled))
    assert "using ix_reports_open_expires_at" in plan
    assert "Sort" not in plan
