"""Where imported content comes from, so that its attribution is shown beside it, and what an
interrupted import still has to do."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, Session, app_now


class Source(Base):
    __tablename__ = "sources"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    attribution: Mapped[str]
    licence: Mapped[str]
    url: Mapped[str | None]


def put(session: Session, code: str, **said: str | None) -> int:
    """Makes the source of this code, or brings it up to date with what is `said` of it (`name`,
    `attribution`, `licence`, `url`), and returns its id."""
    return session.execute(
        insert(Source)
        .values(code=code, **said)
        .on_conflict_do_update(index_elements=["code"], set_=said)
        .returning(Source.id)
    ).scalar_one()


class ImportRun(Base):
    """One file of one source, read by one mapping (`file_hash` is of both); up to the line (of JSON
    and XML, the record) `lines_done` it is committed, rejects included."""

    __tablename__ = "import_runs"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("sources.id"))
    kind: Mapped[str]
    file_hash: Mapped[str]
    lines_done: Mapped[int] = mapped_column(server_default="0")
    rows_added: Mapped[int] = mapped_column(server_default="0")
    rows_changed: Mapped[int] = mapped_column(server_default="0")
    rows_rejected: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    finished_at: Mapped[dt.datetime | None]
    __table_args__ = (sa.UniqueConstraint("source_id", "kind", "file_hash"),)
