"""Migrations run beside the running release: nobody waits long, and one cut short begins again."""

import datetime as dt
import re
from contextlib import suppress

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from migrations import online
from tests.factories import past
from tests.migrating import CONFIG, empty_database, migrate

INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(CONCURRENTLY)?.*?\sON\s+(?:ONLY\s+)?([\w.]+)", re.S | re.I
)
TABLE = re.compile(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)", re.I)
KEY = re.compile(
    r"ALTER\s+TABLE\s+(\w+)\s+ADD\s+CONSTRAINT\s+\w+\s+(?:UNIQUE|PRIMARY\s+KEY|EXCLUDE)(?!\s+USING\s+INDEX)",
    re.I,
)
HELP = (
    "An index on a table with millions of rows keeps every writer waiting while it is made. Use"
    " online.create_index() of migrations/online.py (a unique constraint: that index with"
    " unique=True, then ADD CONSTRAINT ... USING INDEX)."
)


def blocking(statements: list[str]) -> list[str]:
    """Of the statements of one migration those that index a table which it did not make, without
    CONCURRENTLY."""
    made = {name for text in statements for name in TABLE.findall(text)}
    bad = [
        f"{table}: {text.strip()[:90]}"
        for text in statements
        for concurrently, table in INDEX.findall(text)
        if not concurrently and table not in made
    ]
    return bad + [
        f"{table}: {text.strip()[:90]}"
        for text in statements
        for table in KEY.findall(text)
        if table not in made
    ]


def test_what_blocks_is_seen() -> None:
    assert blocking(["CREATE INDEX ix_a ON votes (member_id)"])
    assert blocking(["CREATE UNIQUE INDEX ix_a ON votes USING gist (member_id)"])
    assert blocking(["ALTER TABLE votes ADD CONSTRAINT uq_a UNIQUE (member_id)"])
    assert not blocking(["CREATE INDEX CONCURRENTLY ix_a ON votes (member_id)"])
    assert not blocking(["CREATE TABLE a (id int)", "CREATE INDEX ix_a ON a (id)"])
    assert not blocking(["ALTER TABLE votes ADD CONSTRAINT uq_a UNIQUE USING INDEX ix_a"])


def test_no_migration_indexes_a_table_in_use_without_concurrently(worker_id: str) -> None:
    script = ScriptDirectory.from_config(Config(toml_file=CONFIG))
    revisions = [each.revision for each in script.walk_revisions()][::-1]
    statements: dict[str, list[str]] = {}
    with empty_database(f"test_migrations_{worker_id}") as engine:

        @sa.event.listens_for(engine, "before_cursor_execute")
        def listen(_conn, _cursor, statement, *_rest):  # type: ignore[no-untyped-def]
            statements[revision].append(statement)

        for revision in revisions:
            statements[revision] = []
            migrate(engine, revision)
    assert len(statements) > 5
    assert all(statements.values())
    bad = [
        f"{revision}: {text}" for revision in revisions for text in blocking(statements[revision])
    ]
    assert bad == [], HELP


def posted(engine: sa.Engine, count: int) -> None:
    """Reports as the release before beliefs left them."""
    with engine.begin() as connection:
        for number in range(1, count + 1):
            past.report(
                connection,
                f"r{number}",
                geom="SRID=4326;POINT(-3.7 40.4)",
                occurred_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                expires_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
                confirmations=2,
            )


def test_backfills_commit_in_batches_and_begin_again(
    worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "BATCH", 3)
    monkeypatch.setattr(online, "LOCK_TIMEOUT", "50ms")
    with empty_database(f"test_backfill_{worker_id}") as engine:
        migrate(engine, "0006")
        posted(engine, 8)

        # Who reads the table for long keeps the migration from it, not everybody else.
        with engine.connect() as reader:
            reader.execute(sa.text("SELECT count(*) FROM reports"))
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                migrate(engine, "0010")

        # Cut short in the middle of the backfill: what was done stays done.
        batches = 0

        @sa.event.listens_for(engine, "before_cursor_execute")
        def cut(_conn, _cursor, statement, *_rest):  # type: ignore[no-untyped-def]
            nonlocal batches
            if statement.startswith("UPDATE reports"):
                batches += 1
                if batches == 3:
                    raise RuntimeError("the machine went away")

        with suppress(RuntimeError):
            migrate(engine, "0010")
        assert batches == 3
        with engine.connect() as connection:
            done = sa.text("SELECT count(*) FROM reports WHERE believed_at = '2026-01-01'")
            assert connection.scalar(done) == 6

        migrate(engine, "0010")
        with engine.connect() as connection:
            assert connection.scalar(done) == 8
            row = connection.execute(sa.text("SELECT * FROM reports LIMIT 1")).one()
            assert (row.believed, row.half_life_s) == (0.75, 3600)
            transactions = sa.text("SELECT count(DISTINCT xmin::text) FROM reports")
            assert connection.scalar(transactions) == 3
            broken = sa.text(
                "SELECT (SELECT count(*) FROM pg_index WHERE NOT indisvalid)"
                " + (SELECT count(*) FROM pg_constraint WHERE NOT convalidated)"
            )
            assert connection.scalar(broken) == 0


def test_tables_keep_their_rows_under_the_words_of_the_field(worker_id: str) -> None:
    """From a database of the release before."""
    with empty_database(f"test_words_{worker_id}") as engine:
        migrate(engine, "0057")
        with engine.begin() as connection:
            ana = past.subject(connection, "brand", "b")
            past.row(
                connection, "members", id=ana, handle="ana", language="es",
                timezone="Europe/Madrid",
            )  # fmt: skip
            past.row(connection, "marks", member_id=ana, kind="network", mark=b"abc")
            past.row(connection, "scores", member_id=ana, points=7)
            past.row(connection, "told_weeks", root_id=ana, week=dt.date(2026, 11, 23))
            move = past.row(
                connection, "moves", subject_id=ana, field="visibility", new="published",
                reason="posted", actor="system",
            )  # fmt: skip
            past.row(connection, "move_notes", move_id=move, note="why")
        migrate(engine, "0058")
        with engine.begin() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT f.hash, t.points, w.published_at IS NOT NULL, n.note"
                    " FROM fingerprints f, point_totals t, published_weeks w,"
                    " transition_notes n JOIN transitions x ON x.id = n.transition_id"
                )
            ).all()
            assert [tuple(row) for row in rows] == [(b"abc", 7, True, "why")]
            # Nothing is called by the old words any more, and no function reads an old table.
            named = connection.scalars(
                sa.text(
                    "SELECT conname FROM pg_constraint WHERE conname ~ :old"
                    " UNION SELECT relname FROM pg_class WHERE relname ~ :old"
                    " UNION SELECT proname FROM pg_proc"
                    "  WHERE pronamespace = CAST('public' AS regnamespace) AND prosrc ~ :tables"
                ),
                {
                    "old": "told_|_marks|_moves|move_|map_folds|(pk|ck|fk|ix)_scores",
                    "tables": r"\m(told_weeks|marks|moves|move_notes|map_folds|usage_marks)\M",
                },
            ).all()
            assert named == []
            with pytest.raises(sa.exc.DBAPIError, match="append"):
                connection.execute(sa.text("DELETE FROM transitions"))


def test_earlier_bodies_move_into_one_table(worker_id: str) -> None:
    with empty_database(f"test_versions_{worker_id}") as engine:
        migrate(engine, "0058")
        with engine.begin() as connection:
            brand_id = past.subject(connection, "brand", "b")
            past.row(
                connection, "brands", id=brand_id, name="Now", revision=3, language="es",
                visibility="published",
            )  # fmt: skip
            for name in ("One", "Two"):
                past.row(
                    connection, "brand_versions", brand_id=brand_id, name=name,
                    website="https://a.example",
                )  # fmt: skip
        migrate(engine, "0059")
        with engine.begin() as connection:
            rows = connection.execute(
                sa.text("SELECT revision, field, body, language, origin FROM versions ORDER BY id")
            ).all()
        site = ("website", "https://a.example", "es", "author")
        assert [tuple(row) for row in rows] == [
            (1, "name", "One", "es", "author"), (1, *site),
            (2, "name", "Two", "es", "author"), (2, *site),
        ]  # fmt: skip
