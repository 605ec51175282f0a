"""People who watch, and the clock that moves for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.accounts.models import Member
from ugc.core import jobs
from ugc.core.db import Session
from ugc.watches.models import Watch

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
AREA = {
    "shape": "area",
    "how": "circle",
    "name": "Round my home",
    "lat": "40.42",
    "lon": "-3.70",
    "radius_km": "5",
}


@pytest.fixture
def at(session: Session) -> Iterator[Callable[[dt.datetime], None]]:
    """Sets the application's clock, within this test."""

    def move(moment: dt.datetime) -> None:
        real = session.scalar(sa.text("SELECT now()"))
        offset = f"{(moment - real).total_seconds()} seconds"
        session.execute(sa.text("SELECT set_config('boca.clock_offset', :o, true)"), {"o": offset})
        # Whatever the clock says, whoever is signed in stays it, and long-standing members are so.
        session.execute(
            sa.text("UPDATE member_sessions SET expires_at = app_now() + interval '9 days'")
        )
        session.expire_all()

    yield move
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '', true)"))


@pytest.fixture
def count_queries(session: Session) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with count_queries() as asked:` the statements of the block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        asked: list[str] = []
        engine = session.connection().engine

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "SAVEPOINT" not in statement:
                asked.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting


@pytest.fixture
def watcher(signed_in: Browser) -> Browser:
    """A browser of a new member with a watch."""

    def make(handle: str, *, watch: dict[str, Any] | None = None, **values: Any) -> FlaskClient:
        browser = signed_in(handle, **values)
        answer = browser.post("/watching", data={**AREA, **(watch or {})})
        assert answer.status_code == 303, answer.text
        return browser

    return make


@pytest.fixture
def run(session: Session, run_jobs: Callable[[], int]) -> Callable[[str], None]:
    """Runs one of the scheduled jobs, and those that it gives rise to."""

    def start(name: str) -> None:
        jobs.registry[name].run(session)
        run_jobs()

    return start


def member(session: Session, handle: str) -> Member:
    return session.scalars(sa.select(Member).where(Member.handle == handle)).one()


def only_watch(session: Session) -> Watch:
    session.expire_all()
    return session.scalars(sa.select(Watch)).one()
