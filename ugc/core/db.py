"""The database session, the base model, and the only places that commit.

A request that answers an unsafe method with a status under 400 commits; anything raised, refused
or asked by GET rolls back. Commands and jobs use `transaction()`. `record()` is the one exception:
it appends to a closed list of tables in a transaction of its own, so that what a refusal must
leave behind (a failed sign-in, a visit) survives the roll-back."""

from __future__ import annotations

import datetime as dt
import logging
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, Response, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.compiler import compiles

log = logging.getLogger(__name__)
Builder = TypeVar("Builder", bound=Callable[..., Any])
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# In the `info` of a table: `record()` may append to it.
RECORDABLE = {"recordable": True}
_acts: set[str] = set()


class Base(orm.DeclarativeBase):
    """Every table. Times are aware and made by the database; text columns have no length there
    (limits are rules, with a message)."""

    registry = orm.registry(
        metadata=sa.MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            dt.datetime: sa.DateTime(timezone=True),
            int: sa.BigInteger,
            str: sa.Text,
        },
    )


class RequestSession(FlaskSession):
    """Answers a request by a safe method without a transaction: each statement is one round trip
    and sees what is committed. Such a request writes nothing; one that tries is an error."""

    def get_bind(self, *args: Any, **kwargs: Any) -> sa.Engine | sa.Connection:
        engine = super().get_bind(*args, **kwargs)
        if is_reading() and isinstance(engine, sa.Engine):
            return _reading(engine)
        return engine


def is_reading() -> bool:
    """Whether a request is answered that may not write."""
    return has_request_context() and request.method in SAFE_METHODS


@lru_cache(maxsize=8)
def _reading(engine: sa.Engine) -> sa.Engine:
    """The same pool, with each statement committed by itself."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


class ReadOnly(RuntimeError):
    """A view of a safe method writes."""


@sa.event.listens_for(RequestSession, "before_flush")
def _refuse_flush(session: orm.Session, *_: object) -> None:
    if is_reading() and (session.new or session.dirty or session.deleted):
        raise ReadOnly("a request by a safe method changes rows")


@sa.event.listens_for(RequestSession, "do_orm_execute")
def _refuse_statement(state: orm.ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and is_reading():
        raise ReadOnly("a request by a safe method changes rows")


class Database(SQLAlchemy):
    """Its connections are looked at whenever one is taken from the pool."""

    def _make_engine(self, *args: Any, **kwargs: Any) -> sa.Engine:
        engine = super()._make_engine(*args, **kwargs)
        sa.event.listen(engine, "checkin", _note_return)
        sa.event.listen(engine, "checkout", partial(_look_at, engine.dialect))
        return engine

    def _make_session_factory(self, options: dict[str, Any]) -> orm.sessionmaker[FlaskSession]:
        options.setdefault("class_", RequestSession)
        return super()._make_session_factory(options)


# So long a connection may lie unused before the server is asked whether it is still there.
UNUSED_S = 30.0


def _note_return(connection: Any, record: Any) -> None:
    record.info["returned"] = time.monotonic()


def _look_at(dialect: Any, connection: Any, record: Any, _proxy: Any) -> None:
    """Raises InvalidatePoolError for a connection that was lost: then all are opened again.

    A server that ends or a terminated backend sends something first, so that the socket has
    something to read; a network that drops packets silently is noticed by a question."""
    returned = record.info.get("returned")
    if returned is None:  # new
        return
    try:
        watched = select.poll()
        watched.register(connection.fileno(), select.POLLIN)
        quiet = time.monotonic() - returned < UNUSED_S and not watched.poll(0)
        lost = not quiet and not dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        lost = True
    if lost:
        record.info.pop("returned", None)
        raise sa.exc.InvalidatePoolError()


db = Database(model_class=Base, disable_autonaming=True)
Session = orm.Session


def read_so_far(what: str) -> dict[Any, Any]:
    """What this request has read of a kind of rows, to be asked before they are read again; empty
    for a request that may write, and outside of requests."""
    if not is_reading():
        return {}
    kept: dict[str, dict[Any, Any]] = g.setdefault("read_so_far", {})
    return kept.setdefault(what, {})


BUILT: list[Any] = []  # all of `built_once`


def built_once(build: Builder) -> Builder:
    """Keeps the statement that `build` makes: making one takes longer than the database does.

    The arguments are what changes the statement's shape, few and hashable; values are bind
    parameters (`sa.bindparam`, `among`), which its caller gives when it is executed."""
    kept = lru_cache(maxsize=256)(build)
    BUILT.append(kept)
    return cast(Builder, kept)


def among(
    column: sa.ColumnElement[Any] | orm.InstrumentedAttribute[Any], name: str = "ids"
) -> sa.ColumnElement[bool]:
    """Whether the id in `column` is in the list that the bind parameter `name` gives: the same
    statement for lists of every length."""
    return column == sa.any_(sa.bindparam(name, type_=ARRAY(sa.BigInteger)))


class app_now(sa.sql.functions.FunctionElement[dt.datetime]):
    """The application's clock in SQL: `now()` plus an offset that only tests and benchmarks set."""

    type = sa.DateTime(timezone=True)
    inherit_cache = True
    name = "app_now"


@compiles(app_now)
def _compile_app_now(_element: app_now, _compiler: Any, **_kw: Any) -> str:
    return "app_now()"


def now(session: Session) -> dt.datetime:
    """The application's time in this transaction, aware (UTC); in a request by a safe method, the
    time at which it was asked first."""
    if is_reading() and "now" in g:
        return cast("dt.datetime", g.now)
    value = session.scalar(_NOW)
    if value is None:
        raise RuntimeError("app_now() answered nothing")
    note_now(value)
    return value


_NOW = sa.select(app_now())


def note_now(value: dt.datetime) -> None:
    """Keeps the time that another statement of this request brought: `now` asks for none then."""
    if is_reading():
        g.setdefault("now", value)


# Transactions that run at once see each other's rows a little in the future.
AHEAD = dt.timedelta(minutes=1)


def lately(
    column: sa.ColumnElement[Any] | orm.InstrumentedAttribute[Any], span: dt.timedelta
) -> sa.ColumnElement[bool]:
    """Whether the time in `column` lies within the last `span`.

    What is dated in the future is not counted: it was written by a clock that was set back, and
    would be counted for as long as that clock was wrong."""
    return sa.and_(column > app_now() - span, column <= app_now() + AHEAD)


class TransactionalFlask(Flask):
    """One request is one transaction. `begin_request` may answer in place of the view (the
    replay of an idempotent request); `g.before_commit` is called with the response."""

    begin_request: Callable[[], Response | None] = staticmethod(lambda: None)

    def dispatch_request(self) -> Response:  # type: ignore[override]
        replayed = self.begin_request()
        if replayed is not None:
            db.session.rollback()
            return replayed
        response = self.make_response(super().dispatch_request())
        if request.method in SAFE_METHODS or response.status_code >= 400:
            if db.session.registry.has():  # most pages of the site ask the database nothing
                db.session.rollback()
            return response
        finish = g.pop("before_commit", None)
        if finish is not None:
            finish(response)
        db.session.commit()
        return response

    def log_exception(self, exc_info: Any) -> None:
        """With the route instead of the path, in which tokens stand."""
        self.logger.error(
            "exception at %s [%s]", request.url_rule, request.method, exc_info=exc_info
        )

    def full_dispatch_request(self) -> Response:
        try:
            return super().full_dispatch_request()
        finally:
            records = g.pop("records", None)
            if records:
                _roll_back()
                for write in records:
                    try:
                        with own_transaction() as session:
                            write(session)
                    except sa.exc.OperationalError as error:
                        # What was answered stays so: it may have been committed already.
                        log.error("not recorded: %s", error.orig)

    def handle_user_exception(self, e: Exception) -> Any:
        _roll_back()
        return super().handle_user_exception(e)


def _roll_back() -> None:
    """Ends the transaction; that of a lost connection has ended already."""
    try:
        db.session.rollback()
    except sa.exc.OperationalError:
        db.session().invalidate()


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction for a command or a job: commits at the end, rolls back when raised."""
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def exclusive(name: str) -> Iterator[bool]:
    """Whether `name` was free, which is then held until the block ends or the process
    dies: a lock of the server, on a connection of its own."""
    engine = db.engine
    mine = isinstance(engine, sa.Connection)  # in tests the engine is the test's connection
    connection = engine if isinstance(engine, sa.Connection) else engine.connect()
    try:
        if not mine:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        key = {"name": name}
        got = connection.scalar(
            sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), key
        )
        try:
            yield bool(got)
        finally:
            # When the server went away, so did the lock.
            if got and not connection.invalidated:
                with suppress(sa.exc.DBAPIError):
                    connection.execute(
                        sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key
                    )
    finally:
        if not mine:
            connection.close()


@contextmanager
def own_transaction() -> Iterator[Session]:
    """A transaction on a connection of its own, for what is written beside a request."""
    engine = db.engine
    # In tests the engine is the test's connection, whose transaction is rolled back at the end.
    begin = engine.begin_nested() if isinstance(engine, sa.Connection) else engine.begin()
    with begin as opened:
        connection = engine if isinstance(engine, sa.Connection) else opened
        with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
            yield session
            session.commit()


def record(table: sa.Table, values: Mapping[str, Any]) -> None:
    """Appends one row outside the request's transaction.

    Only for a table whose model says so (`RECORDABLE`): things that must be kept although the
    request is refused or is a GET. In a request it is written when the request's own transaction
    is over, so that no one holds two connections. Raises ValueError for any other table."""
    if not table.info.items() >= RECORDABLE.items():
        raise ValueError(f"{table.name} is not one of the tables that record() may append to")
    row = dict(values)
    # A mark that is there already (one a day) is no error.
    _afterwards(lambda session: session.execute(insert(table).values(row).on_conflict_do_nothing()))


def declare_act(name: str) -> str:
    """Lets `record_act` write what `name` (capability and what) stands for; answers the name."""
    _acts.add(name)
    return name


def record_act(name: str, write: Callable[[Session], object]) -> None:
    """As `record`, for what is more than a row: `write(session)` in a transaction of its own.
    Raises ValueError for a name that is not declared."""
    if name not in _acts:
        raise ValueError(f"{name} is not one of the acts that may be recorded beside a request")
    _afterwards(write)


def _afterwards(write: Callable[[Session], object]) -> None:
    if has_request_context():
        g.setdefault("records", []).append(write)
        return
    with own_transaction() as session:
        write(session)
