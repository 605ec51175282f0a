"""Generations of the database, on databases that are really dumped, restored and copied."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from tests.factories.bulk import OWN_SUBJECT
from tests.front.conftest import until
from ugc.cli.backup.tools import tool
from ugc.config import libpq_url

SEEN = "SELECT count(*) FROM subjects WHERE changed_txid < pg_snapshot_xmin(stamped_snapshot())"
IS_CURRENT = "SELECT generation_is_current()"


@dataclass
class Copy:
    """A database restored from `dump`, which holds one subject stamped far above the present."""

    url: str
    dump: Path

    def named(self, name: str) -> str:
        made = sa.engine.make_url(self.url).set(database=name, drivername="postgresql")
        return made.render_as_string(hide_password=False)

    def connect(self, name: str = "") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.named(name) if name else self.url, autocommit=True)

    @property
    def name(self) -> str:
        return str(sa.engine.make_url(self.url).database)

    def restore(self, *options: str) -> None:
        # With --clean it names a constraint of a partition that it cannot drop, and goes on.
        subprocess.run([tool("pg_restore"), *options, "-d", self.url, self.dump], check=not options)

    def again(self, statement: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name)))


@pytest.fixture(scope="module")
def copy(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    source = sa.engine.make_url(database_url)
    dump = tmp_path_factory.mktemp("dump") / "database"
    url = libpq_url(database_url)
    subprocess.run([tool("pg_dump"), "-Fc", "-f", dump, url], check=True)
    made = Copy(url, dump)
    made.url = made.named(f"{source.database}_copy")
    made.again("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    made.again("CREATE DATABASE {}")
    made.restore()
    yield made
    made.again("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def renewed(copy: Copy) -> bool:
    with copy.connect() as connection:
        [answer] = connection.execute("SELECT renew_generation()").fetchone() or [None]
        assert connection.execute(IS_CURRENT).fetchone() == (True,)
        # What is stamped now is behind all that was there, and seen when it is committed.
        [stamp] = connection.execute(OWN_SUBJECT, [f"own-{uuid.uuid4()}"]).fetchone() or [0]
        [most] = connection.execute(
            "SELECT max(changed_txid::text::bigint) FROM subjects"
        ).fetchone() or [0]
        assert int(str(stamp)) == most
        [count] = connection.execute("SELECT count(*) FROM subjects").fetchone() or [0]
        # As soon as what other tests write in this server has ended.
        until(lambda: connection.execute(SEEN).fetchone() == (count,))
    return bool(answer)


def restored_under_another_name(copy: Copy) -> None:
    copy.again("DROP DATABASE {} WITH (FORCE)")
    copy.url = copy.named(f"{copy.name}_moved")
    copy.again("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    copy.again("CREATE DATABASE {}")
    copy.restore()


def restored_under_the_same_name(copy: Copy) -> None:
    copy.again("DROP DATABASE {} WITH (FORCE)")
    copy.again("CREATE DATABASE {}")
    copy.restore()


def restored_over_it(copy: Copy) -> None:
    copy.restore("--clean", "--if-exists")


def row_loaded_again(copy: Copy) -> None:
    """As by `pg_restore --data-only` into emptied tables."""
    with copy.connect() as connection, connection.transaction():
        connection.execute(
            "CREATE TEMPORARY TABLE kept ON COMMIT DROP AS TABLE database_generation"
        )
        connection.execute("TRUNCATE database_generation")
        connection.execute("INSERT INTO database_generation SELECT * FROM kept")


def row_left_out(copy: Copy) -> None:
    with copy.connect() as connection:
        connection.execute("DELETE FROM database_generation")


def copied_as_a_template(copy: Copy) -> None:
    whole = sql.Identifier(copy.name)
    with copy.connect("postgres") as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO before_copy").format(whole))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE before_copy").format(whole))
        connection.execute("DROP DATABASE before_copy")


def written_elsewhere(copy: Copy) -> None:
    """As after a crash, a promotion or in a copy of the files, where only the mark differs."""
    with copy.connect() as connection:
        connection.execute("UPDATE database_generation SET mark = 'elsewhere'")


@pytest.mark.parametrize(
    "happens",
    [
        restored_under_another_name,
        restored_under_the_same_name,
        restored_over_it,
        row_loaded_again,
        row_left_out,
        copied_as_a_template,
        written_elsewhere,
    ],
)
def test_what_begins_a_generation(copy: Copy, happens: Callable[[Copy], None]) -> None:
    with copy.connect() as connection:
        connection.execute(
            "UPDATE subjects SET changed_txid = (g.number << 40 | x'ffffffff'::bigint)::text::xid8"
            " FROM database_generation g WHERE subjects.kind = 'site'"
        )
    happens(copy)
    assert renewed(copy)
    assert not renewed(copy)


def renamed(copy: Copy) -> None:
    copy.again("ALTER DATABASE {} RENAME TO renamed_copy")
    with copy.connect("postgres") as connection:
        whole = sql.Identifier(copy.name)
        connection.execute(sql.SQL("ALTER DATABASE renamed_copy RENAME TO {}").format(whole))


def rewritten(copy: Copy) -> None:
    with copy.connect() as connection:
        connection.execute("VACUUM (FULL, FREEZE) database_generation")


@pytest.mark.parametrize("happens", [renamed, rewritten])
def test_what_begins_none(copy: Copy, happens: Callable[[Copy], None]) -> None:
    renewed(copy)
    happens(copy)
    assert not renewed(copy)


def test_numbers_that_were_given_out_are_not_given_again(copy: Copy) -> None:
    """Ids stand in signed links and caches: what was lost must not become another's."""
    asked = "SELECT last_value FROM subjects_id_seq"
    with copy.connect() as connection:
        [before] = connection.execute(asked).fetchone() or [0]
    written_elsewhere(copy)
    assert renewed(copy)
    with copy.connect() as connection:
        [after] = connection.execute(asked).fetchone() or [0]
    assert int(str(after)) >= int(str(before)) + 1_000_000


def test_a_writer_on_its_way_is_waited_for(copy: Copy) -> None:
    """Its stamp is of the generation before: it must not commit behind a reader of the next."""
    written_elsewhere(copy)
    with copy.connect() as writer, copy.connect() as reader:
        with writer.transaction():
            writer.execute(OWN_SUBJECT, ["on-its-way"])
            reader.execute("SET lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                reader.execute("SELECT renew_generation()")
        assert reader.execute("SELECT renew_generation()").fetchone() == (True,)
