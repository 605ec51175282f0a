"""Streets, towns and corners of a load, in one transaction."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.streets.queries import loads
from ugc.streets.queries import naming as naming_queries
from ugc.streets.rules.tags import ROAD_KINDS


def name_streets(session: Session, extract_id: int) -> dict[str, int]:
    """Makes what searches and addresses ask for; returns how many streets, corners and addresses
    with a street there are."""
    forget, cluster, index, analyze, insert, assign, names, tell = naming_queries.MAKE_STREETS
    mine = {"id": extract_id}
    for statement in (forget, cluster, index, analyze):
        session.execute(sa.text(statement), mine if ":id" in statement else {})
    made = session.execute(sa.text(insert), {**mine, "kinds": list(ROAD_KINDS)}).one()
    if made.streets:
        session.execute(sa.text(assign), {"first": made.first})
    for statement in (names, tell):
        session.execute(sa.text(statement), mine)
    session.execute(sa.text(naming_queries.PLACE_STREETS), mine)
    placed = session.execute(sa.text(naming_queries.PLACE_ADDRESSES), mine)
    nodes = loads.staged("nodes", extract_id)
    corners = session.execute(sa.text(naming_queries.MAKE_CORNERS.format(nodes=nodes)), mine)
    session.execute(sa.text(f"DROP TABLE {nodes}"))
    session.execute(sa.text("ANALYZE corners"))
    return {
        "streets": int(made.streets),
        "placed": int(placed.rowcount),  # type: ignore[attr-defined]
        "corners": int(corners.rowcount),  # type: ignore[attr-defined]
    }
