"""Rows that other processes see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ugc.config import sqlalchemy_url
from ugc.core.db import Session


@contextmanager
def committed(database_url: str) -> Iterator[Session]:
    """A session of its own on a database; what it wrote is committed at the end."""
    engine = sa.create_engine(sqlalchemy_url(database_url))
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()
