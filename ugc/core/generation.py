"""Which life of the database this is. A restore, a copy, a return to an earlier state and a crash
begin a new generation, because transaction ids (and what hung on them) mean something else then.

The one row says where and by which transaction it was written. The functions of migration 0037
compare that with the present server:

    database_mark()          the server, its timeline, the database and its last crash, as text
    generation_is_current()  whether the row was written here: by its mark and by its own `xmin`,
                             which every reload of the row changes
    renew_generation()       begins the next generation when it is not, and says whether it did
    stamped_snapshot()       `pg_current_snapshot()`, each id with the generation's number above it

A trigger writes the number into the upper bits of `subjects.changed_txid`, so that all of an
earlier generation comes before all of a later one, without any row being rewritten. See
docs/decisions/0025-generations.md."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import cache
from ugc.core.db import Base, Session, app_now, own_transaction

log = logging.getLogger(__name__)

PATIENCE = "4s"  # for a writer of subjects that is on its way
CURRENT = sa.text("SELECT code FROM database_generation WHERE generation_is_current()")
RENEW = sa.text("SELECT renew_generation()")


class Generation(Base):
    """The one row. `number` counts upwards, `code` is random and names the generation outside of
    the database, `mark` and `written_xmin` say where and by which transaction it was written."""

    __tablename__ = "database_generation"
    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int]
    code: Mapped[int]
    mark: Mapped[str]
    written_xmin: Mapped[int]
    begun_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="one"),
        sa.CheckConstraint("number BETWEEN 0 AND 8191", name="number_fits"),
    )


def current(session: Session) -> int:
    """The code of the generation that the database is in. Begins the next one, in a transaction of
    its own, when the stored one belongs to another place or time; caches are emptied then."""
    code = session.scalar(CURRENT)
    if code is not None:
        return int(code)
    with own_transaction() as own:
        own.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        renewed = renew(own)
    if renewed:
        forget()
    code = session.scalar(CURRENT)
    if code is None:
        raise RuntimeError("database_generation has lost its row, or its server has no number left")
    return int(code)


def renew(session: Session) -> bool:
    """Begins the next generation if the stored one is not of here; says whether it did. Waits for
    running writers of subjects, and lets none begin until the transaction ends."""
    return bool(session.scalar(RENEW))


def forget() -> None:
    """Empties what Redis keeps of another generation. Called after the renewal has committed."""
    log.warning("the database was restored, copied or crashed: cursors and caches begin again")
    cache.forget_all()
