"""Reads of contributed content, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.content import rules
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
