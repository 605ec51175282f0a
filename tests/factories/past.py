"""Rows of earlier schemas, which the models of today do not know."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa


def subject(connection: sa.Connection, kind: str, public_id: str, **columns: Any) -> int:
    return int(row(connection, "subjects", kind=kind, public_id=public_id, **columns))


def report(connection: sa.Connection, public_id: str, **columns: Any) -> int:
    """A jam that ends now."""
    made = subject(connection, "report", public_id)
    ends = dt.datetime.now(dt.UTC)
    own = {"id": made, "kind": "jam", "geom": "SRID=4326;POINT(0 0)", "expires_at": ends}
    return int(row(connection, "reports", **(own | columns)))


def place(connection: sa.Connection, public_id: str, **columns: Any) -> int:
    made = subject(connection, "place", public_id)
    own = {"id": made, "name": "Bar", "category": "cafe", "geom": "SRID=4326;POINT(0 0)"}
    return int(row(connection, "places", **(own | columns)))


def row(connection: sa.Connection, table: str, **columns: Any) -> Any:
    """Inserts these columns; returns the id, None in a table without one."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    statement = sa.text(f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING *")
    return connection.execute(statement, columns).mappings().one().get("id")
