"""Labelled accounts of the authors that a source names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from ugc.core import subjects
from ugc.core.db import Session
from ugc.imports.actions.staging import execute
from ugc.imports.rules import mapping
from ugc.imports.rules.values import digest

HANDLE_MAX = 30


def name(session: Session, source_id: int, source: mapping.Source) -> None:
    """Every author that the source names has an account: labelled, without e-mail, password or
    anything else about the person, so that it cannot sign in."""
    missing = session.scalars(
        sa.text(
            "SELECT author FROM (SELECT DISTINCT author FROM import_review WHERE author <> '') AS s"
            " WHERE (SELECT m.id FROM members m WHERE m.source_id = :source"
            " AND m.external_id = s.author) IS NULL ORDER BY author"
        ),
        {"source": source_id},
    ).all()
    if missing:
        _make_accounts(session, source_id, source, missing)
    execute(
        session,
        "UPDATE import_review s SET author_id = (SELECT m.id FROM members m"
        " WHERE m.source_id = :source AND m.external_id = s.author) WHERE s.author <> ''",
        source=source_id,
    )


def _make_accounts(
    session: Session, source_id: int, source: mapping.Source, authors: Sequence[str]
) -> None:
    handles = free_handles(session, source.code, authors)
    execute(
        session,
        "WITH given AS (SELECT * FROM unnest(CAST(:authors AS text[]), CAST(:handles AS text[]),"
        " CAST(:codes AS text[])) AS g (author, handle, public_id)),"
        " made AS (INSERT INTO subjects (kind, public_id) SELECT 'member', public_id FROM given"
        " RETURNING id, public_id),"
        " kept AS (INSERT INTO used_handles (handle) SELECT handle FROM given)"
        " INSERT INTO members (id, handle, is_demo, source_id, external_id)"
        " SELECT made.id, given.handle, true, :source, given.author"
        " FROM given JOIN made USING (public_id) ORDER BY made.id",
        authors=list(authors),
        handles=handles,
        codes=[subjects.new_code() for _ in authors],
        source=source_id,
    )


def handle_of(prefix: str, author: str) -> str:
    """`uci-u1077`; a name that a handle cannot hold becomes a hash."""
    slug = re.sub(r"[^a-z0-9]+", "-", author.lower()).strip("-")
    handle = f"{prefix}-{slug}"
    return handle if slug and len(handle) <= HANDLE_MAX else _hashed_handle(prefix, author)


def _hashed_handle(prefix: str, author: str) -> str:
    return f"{prefix[: HANDLE_MAX - 11]}-{digest(author)[:10]}"


def free_handles(session: Session, prefix: str, authors: Iterable[str]) -> list[str]:
    """One for each; where two authors would share one, or it was used before, a hashed one."""
    wanted = [(author, handle_of(prefix, author)) for author in authors]
    used = set(
        session.scalars(
            sa.text(
                "SELECT lower(handle) FROM used_handles"
                " WHERE handle = ANY(CAST(:handles AS citext[]))"
            ),
            {"handles": [handle for _, handle in wanted]},
        )
    )
    handles = []
    for author, handle in wanted:
        free = _hashed_handle(prefix, author) if handle in used else handle
        used.add(free)
        handles.append(free)
    return handles
