"""Real PostgreSQL and Valkey: a template database made by the migrations, one copy per worker, a
savepoint per test. `make test` starts the servers."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from tests.at_once import own_app
from tests.databases import make_database
from tests.factories.members import CHEAP, member
from ugc import config
from ugc.accounts.actions import passwords as accounts_passwords
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import Member
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.app import create_app
from ugc.core import cache, jobs
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, db, transaction

# Until the tests are read (see `pytest_collection_finish`), hardly any object goes away.
gc.disable()

# A busy machine is no failure: no property has a time to hold.
# The same examples in every run, so that a change is judged by what it changed;
# HYPOTHESIS_PROFILE=search looks for others.
hypothesis.settings.register_profile("boca", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "boca"))

# Signing in is most of many tests: hashes that cost little. The browsers' site has real ones.
accounts_passwords._hasher = CHEAP
accounts_passwords._NO_ACCOUNT = accounts_passwords._hasher.hash("of no account")
# The grants of an actor who moderates the whole site.
MODERATOR = (accounts_roles_rules.grant(accounts_roles_rules.Role.MODERATOR),)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SLOW = ("browser", "faults", "demo", "livemap")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts folders whose tests are slow or share a costly site before the others, each in one
    piece: one worker begins with them, and the other takes from the end of what it has. The bytes
    of pages come first: they are those of a site on which other tests have put nothing yet."""
    here = Path(__file__).parent
    order = {folder: number for number, folder in enumerate(SLOW)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        folder = order.get(item.path.relative_to(here).parts[0], len(SLOW))
        return folder, item.path.name != "test_bytes.py"

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Looks for unreachable objects among a test's own alone: the product, the libraries and the
    tests stay until the end, and there are millions of them."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def redis_url(worker_id: str, *, site: bool = False) -> str:
    """A database of its own for each worker and for its browsers' site: tests empty it."""
    number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 1
    number = number % 7 + (8 if site else 1)
    return os.environ.get("REDIS_URL", "").replace("db=0", f"db={number}")


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> str:
    return make_database(f"test_{worker_id}")


class Browser(FlaskClient):
    """Requests share the test's application context (and so its transaction), but nothing that one
    request keeps in `g` may reach the next. They come from a person's browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["HTTP_USER_AGENT"] = FIREFOX

    def open(self, *args: Any, **kwargs: Any) -> Any:
        for name in list(g):
            g.pop(name)
        return super().open(*args, **kwargs)


def make_app(database: str, worker_id: str, folder: Path) -> Flask:
    environ = {
        "BOCA_ENV": "test",
        "DATABASE_URL": database,
        "REDIS_URL": redis_url(worker_id),
        "SECRET_KEY": "a secret of the tests, long enough",
        "SITE_URL": "http://localhost",
        "DATA_DIR": str(folder),
        "VISIT_BATCH_S": "0",
    }
    app = create_app(
        environ,
        WTF_CSRF_ENABLED=False,
        KEEPS_OF_LATE=False,  # rows are rolled back
        SQLALCHEMY_ENGINE_OPTIONS=patient(config.load(environ)["SQLALCHEMY_ENGINE_OPTIONS"]),
    )
    app.test_client_class = Browser
    return app


def patient(options: dict[str, Any]) -> dict[str, Any]:
    """Return the engine options with time for tests that write 20,000 rows on a loaded machine.

    PostgreSQL takes the last of two settings of one name, so all others stay as the product's.
    """
    arguments = options["connect_args"]
    raised = f"{arguments['options']} -c statement_timeout=300s"
    return options | {"connect_args": arguments | {"options": raised}}


@pytest.fixture(scope="session")
def app(
    database_url: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    app = make_app(database_url, worker_id, tmp_path_factory.mktemp("data"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The session that requests use too, inside a transaction that is rolled back."""
    with app.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        outer = connection.begin()
        db.engines[None] = connection  # type: ignore[assignment]
        scoped = db.session
        db.session = db._make_scoped_session({"join_transaction_mode": "create_savepoint"})
        try:
            yield db.session()
        finally:
            db.session.remove()
            db.session = scoped
            outer.rollback()
            connection.close()
            db.engines[None] = engine


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements of the test's connection, without those of savepoints."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    engine = db.engines[None]
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> None:
    """Every test has its own rate limits, and nothing is cached."""
    with app.app_context():
        store = cache.client()
        if store is not None:
            store.flushdb()
        limiter = app.extensions["boca_limits"]
        if limiter.shared is not None:
            limiter.shared.storage.reset()
        limiter.fallback.storage.reset()


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make_member(session: Session) -> Callable[..., Member]:
    """A confirmed member, unless said otherwise; `role` is one over the site."""

    def make(
        handle: str, *, confirmed: bool = True, role: str | None = None, **values: object
    ) -> Member:
        made = member(session, handle, confirmed=confirmed, role=role, **values)
        session.commit()
        return made

    return make


@pytest.fixture
def signed_in(
    app: Flask, session: Session, make_member: Callable[..., Member]
) -> Callable[..., FlaskClient]:
    """A browser of a new member, signed in as the form does it. (The form is what the tests of the
    door look at.)"""

    def sign_in(handle: str, **values: object) -> FlaskClient:
        member = make_member(handle, **values)
        browser = app.test_client()
        with browser.session_transaction() as cookie:
            cookie[COOKIE_TOKEN] = accounts_signing_in.open_session(
                session, member.id, "a browser of the tests"
            )
            cookie.permanent = True
        session.commit()
        return browser

    return sign_in


@pytest.fixture(scope="module")
def own_site(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A database of its own, because here transactions commit."""
    with own_app(f"test_at_once_{worker_id}", tmp_path_factory.mktemp("at-once")) as app:
        yield app


@pytest.fixture
def moderators(own_site: Flask) -> list[Actor]:
    """Eight of `own_site`."""
    with own_site.app_context():
        with transaction() as session:
            ids = [member(session).id for _ in range(8)]
        db.session.remove()
    return [Actor(ActorKind.MEMBER, id=each, grants=MODERATOR, confirmed=True) for each in ids]


@pytest.fixture
def run_jobs(session: Session) -> Callable[[], int]:
    """Runs the jobs that wait, as the worker would."""

    def run() -> int:
        count = jobs.run_waiting(session)
        session.commit()
        return count

    return run


@pytest.fixture
def mails(app: Flask) -> Callable[[], list[str]]:
    """The text of the mails sent so far, newest last; empties the folder, also of what tests before
    this one left in it."""
    for left in (Path(app.config["DATA_DIR"]) / "mail").glob("*.eml"):
        left.unlink()

    def read() -> list[str]:
        folder = Path(app.config["DATA_DIR"]) / "mail"
        texts = []
        for path in sorted(folder.glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            texts.append(f"{message['Subject']}\n{body.get_content()}")
            path.unlink()
        return texts

    return read
