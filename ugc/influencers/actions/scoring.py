"""Scores prescriptores. Nothing here commits."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from ugc.core import subjects
from ugc.core.db import Session
from ugc.influencers import rules
from ugc.influencers.models import PrescriptorScore
from ugc.influencers.queries import scores

# Scores -------------------------------------------------------------------------------------


def rescore(session: Session) -> int:
    """Scores every member from the tables alone and returns how many rows there are.

    One transaction; unchanged rows are not written."""
    constants = scores.constants()
    site = subjects.site(session).id
    session.execute(sa.text(scores.PATIENTLY))
    session.execute(sa.text(scores.SORT_MEMORY))
    session.execute(sa.text(scores.STORE_HOMES))
    for statement in (
        scores.EXCLUDED, scores.REACHES, scores.CONTRIBUTED, scores.SPANS, scores.PAIRS,
        scores.FINGERPRINTS, scores.CROWDS, scores.BRANCHES, scores.ZONES, scores.TOPICS,
        scores.RECORDS, scores.RAW,
    ):  # fmt: skip
        query = sa.text(statement)
        wanted = {name: constants[name] for name in query._bindparams if name in constants}
        if "site" in query._bindparams:
            wanted["site"] = site
        session.execute(query, wanted)
        for table in scores.ANALYZED:
            if f"TABLE {table} " in statement:
                session.execute(sa.text(f"ANALYZE {table}"))
    _rank(session)
    stored = sa.text(scores.SCORES)
    session.execute(stored, {name: constants[name] for name in stored._bindparams})
    session.execute(sa.text("CREATE INDEX ON scored (root_id, span, category, above)"))
    session.execute(sa.text("ANALYZE scored"))
    session.execute(sa.text(scores.FORGET))
    session.execute(sa.text(scores.STORE))
    count = session.scalar(sa.select(sa.func.count()).select_from(PrescriptorScore)) or 0
    for table in scores.TEMPORARY:
        session.execute(sa.text(f"DROP TABLE {table}"))
    session.expire_all()
    return count


def _rank(session: Session) -> None:
    """PageRank of each root's share graph, times its people: 1 is the mean of a graph."""
    session.execute(sa.text(scores.RANKS))
    edges: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for root_id, came, sharer in session.execute(sa.text(scores.EDGES)):
        edges[root_id].append((came, sharer))
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY scored_ranks FROM STDIN") as copy:
        for root_id, of_root in edges.items():
            ranks = rules.pagerank(of_root)
            sharers = {sharer for _, sharer in of_root}
            for member_id in sorted(sharers):
                copy.write_row((root_id, member_id, ranks[member_id] * len(ranks)))
