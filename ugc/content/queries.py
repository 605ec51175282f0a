"""Reads of contributed content, whatever its kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ugc.content import rules
from ugc.content.models import Version
from ugc.core.db import Session, among, built_once
from ugc.moderation.models import Moderated


@dataclass(frozen=True)
class Under:
    """A kind that stands under other things: `column` of its table names what it is about."""

    table: type[Moderated]
    column: str

    @property
    def tablename(self) -> str:
        """The name of its table in SQL."""
        return str(self.about.class_.__tablename__)

    @property
    def about(self) -> Any:
        return getattr(self.table, self.column)

    @property
    def is_anywhere(self) -> bool:
        """Whether it stands under any subject, and not under one kind of thing alone."""
        return any(key.target_fullname == "subjects.id" for key in self.about.foreign_keys)


@dataclass
class Earlier:
    """What content said in one revision, until `replaced_at`: `said` has the bodies by field."""

    revision: int
    replaced_at: dt.datetime
    said: dict[str, str] = field(default_factory=dict)


def versions_of(session: Session, ids: Iterable[int]) -> dict[int, list[Earlier]]:
    """What these subjects said before, newest first, by id; in one statement."""
    found: dict[int, dict[int, Earlier]] = {}
    for row in session.scalars(_versions(), {"ids": list(ids)}):
        earlier = found.setdefault(row.subject_id, {})
        version = earlier.setdefault(row.revision, Earlier(row.revision, row.replaced_at))
        version.said[row.field] = row.body
    return {subject_id: list(earlier.values()) for subject_id, earlier in found.items()}


@built_once
def _versions() -> Any:
    return sa.select(Version).where(among(Version.subject_id)).order_by(Version.id.desc())


_under: dict[str, Under] = {}


def stands_under(name: str, table: type[Moderated], column: str) -> None:
    """Makes known that content of the kind `name` is about what `column` names."""
    _under[name] = Under(table, column)


def kinds_under() -> list[Under]:
    """The kinds that stand under other things, by name."""
    return [_under[name] for name in sorted(_under)]


def others_wrote(subject_id: int, author_id: int | None) -> sa.ColumnElement[bool]:
    """The condition that others than `author_id` contributed to any subject something that
    stands."""
    return sa.or_(
        sa.false(),
        *(
            sa.exists().where(
                kind.about == subject_id,
                kind.table.author_id.is_distinct_from(author_id),
                kind.table.visibility.in_(rules.STANDING),
            )
            for kind in kinds_under()
            if kind.is_anywhere
        ),
    )
