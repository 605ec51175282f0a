"""Transactions that really run at once and commit, on a database of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from tests.databases import make_database
from ugc.app import create_app
from ugc.core.db import Session, db, transaction
from ugc.core.errors import DomainError


@contextmanager
def own_app(
    database: str, folder: Path, environ: Mapping[str, str] | None = None, **config: Any
) -> Iterator[Flask]:
    """An application on a new database of this name; there is no Redis."""
    app = create_app(
        {
            "BOCA_ENV": "test",
            "DATABASE_URL": make_database(database),
            "REDIS_URL": "",
            "SECRET_KEY": "a secret of the tests, long enough",
            "SITE_URL": "http://localhost",
            "DATA_DIR": str(folder),
            **(environ or {}),
        },
        **config,
    )
    yield app
    with app.app_context():
        db.engine.dispose()


def in_transaction(app: Flask, work: Callable[[Session], object]) -> object:
    """What `work` answers, or the refusal that it met."""
    with app.app_context():
        try:
            with transaction() as session:
                return work(session)
        except DomainError as refusal:
            return refusal
        finally:
            db.session.remove()


def at_once(app: Flask, *works: Callable[[Session], object]) -> list[object]:
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(lambda work: in_transaction(app, work), works))
