"""The whole round with real servers: back up, erase, restore into the same cluster and another;
programs that follow the API feed on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from tests.brandapi.conftest import World
from tests.conftest import MODERATOR
from tests.databases import make_database
from tests.factories.members import PASSWORD, PASSWORD_HASH
from tests.faults.conftest import Cluster, until
from ugc.accounts.actions import erasing as accounts_erasing
from ugc.accounts.models import KIND, Grant, Member, UsedHandle
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.app import create_app
from ugc.brands.models import Brand
from ugc.cli.backup import manifest as cli_manifest
from ugc.cli.backup import tools as cli_tools
from ugc.cli.main import cli
from ugc.config import libpq_url
from ugc.core import erasures, jobs, subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, db, now
from ugc.geography import geo
from ugc.media.models import Photo
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reports.models import Report

DIFFERS = 3


@dataclass
class Installation:
    """Settings, and the application that they make."""

    database: str
    folder: Path
    erased: Path
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.environment, WTF_CSRF_ENABLED=False)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "BOCA_ENV": "test", "DATABASE_URL": self.database, "REDIS_URL": "",
            "SECRET_KEY": "a secret of the tests, long enough", "SITE_URL": "http://localhost",
            "DATA_DIR": str(self.folder), "MEDIA_DIR": "", "ERASED_FILE": str(self.erased),
            "API_LIMIT": "100000 per minute",
        }  # fmt: skip

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def ugc(self, *arguments: object) -> Result:
        self.close()
        return CliRunner().invoke(cli, [str(each) for each in arguments], env=self.environment)

    def get(self, path: str, key: str) -> Any:
        answer = self.app.test_client().get(
            f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.get_json(force=True)

    def public(self, key: str) -> set[str]:
        """Ids of all reports, by paging."""
        found, following = set(), ""
        while following is not None:
            page = self.get("/reports?limit=3" + (f"&cursor={following}" if following else ""), key)
            found |= {each["id"] for each in page["features"]}
            following = page["next"]
        return found


@dataclass
class Mirror:
    """A program that follows the API as docs/api.md says."""

    key: str
    cursor: str = "2020-01-01T00:00:00Z"
    held: set[str] = field(default_factory=set)
    restarts: int = 0

    def sync(self, of: Installation) -> set[str]:
        more = True
        while more:
            page = of.get(f"/reports?since={self.cursor}&limit=2", self.key)
            if page["restarted"]:
                self.held.clear()
                self.restarts += 1
            self.held |= {each["id"] for each in page["features"]}
            self.held -= set(page["deleted"])
            self.cursor, more = page["next"], page["more"]
        return set(self.held)

    def reaches(self, of: Installation, expected: set[str]) -> bool:
        """As soon as what other tests write in this server has ended: the feed waits for it."""
        return bool(until(lambda: self.sync(of) == expected))


@pytest.fixture
def installations() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def others() -> Iterator[None]:
    """The application of the other tests stays the one that jobs run in."""
    kept = jobs._app
    yield
    jobs._app = kept


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    cluster.start()
    yield cluster
    cluster.run("wipe")


def member(session: Session, handle: str) -> Actor:
    subject = subjects.create(session, KIND)
    session.add_all(
        [
            Member(
                id=subject.id, handle=handle, email=f"{handle}@example.org",
                password_hash=PASSWORD_HASH, email_confirmed_at=now(session),
            ),
            UsedHandle(handle=handle),
        ]
    )  # fmt: skip
    session.flush()
    return Actor(ActorKind.MEMBER, id=subject.id, handle=handle, confirmed=True)


def post(session: Session, by: Actor, number: int) -> str:
    point = geo.Point(-3.7 + number / 100, 40.4)
    made = reports_posting_actions.post_report(session, by, kind="waste", point=point)
    session.commit()
    return made


def brand_with_key(session: Session) -> str:
    owner = member(session, "olga")
    subject = subjects.create(session, "brand")
    session.add(Brand(id=subject.id, name="Mora", claimed_at=now(session)))
    session.flush()
    session.add(Grant(role="owner", subject_id=subject.id, member_id=owner.id))
    held = (*MODERATOR, accounts_roles_rules.grant("owner", subject_id=subject.id))
    actor = Actor(ActorKind.MEMBER, id=owner.id, handle="olga", grants=held, confirmed=True)
    session.commit()
    return World(session, actor, subject.id, subject.public_id).key()


def photo(of: Installation, session: Session, public_id: str) -> Path:
    key = "ab" + subjects.new_code(10)
    found = sa.select(subjects.Subject.id).where(subjects.Subject.public_id == public_id)
    session.add(
        Photo(
            key=key, subject_id=session.scalars(found).one(), state="ready",
            visibility="published", variants={"large": [1, 1]},
        )
    )  # fmt: skip
    session.commit()
    file = of.folder / "media" / "photos" / key[:2] / key / "large.webp"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"the bytes of a photo")
    return file


def test_the_whole_round(
    app: Flask, others: None, cluster: Cluster, tmp_path: Path, worker_id: str,
    installations: ExitStack,
) -> None:  # fmt: skip
    here = Installation(make_database(f"round_{worker_id}"), tmp_path / "data", tmp_path / "erased")
    installations.callback(here.close)
    folder = tmp_path / "backup"
    with here.app.app_context():
        session = db.session()
        key = brand_with_key(session)
        gone, kept = member(session, "gala"), member(session, "ines")
        by_gone, by_kept = post(session, gone, 1), post(session, kept, 2)
        before = {by_gone, by_kept, *(post(session, kept, n) for n in range(3, 7))}
        file = photo(here, session, by_kept)
    mirror = Mirror(key)
    assert mirror.reaches(here, before)

    # Twice: what did not change is not copied again.
    assert here.ugc("backup", folder).exit_code == 0
    copy = folder / "media" / file.relative_to(here.folder / "media")
    first = copy.stat().st_ino
    assert here.ugc("backup", folder).exit_code == 0
    assert copy.stat().st_ino == first
    assert len([*folder.glob("database-*")]) == 1

    # After it one posts and two are erased, one with what she wrote.
    with here.app.app_context():
        session = db.session()
        lost = post(session, kept, 8)
        accounts_erasing.erase(session, gone.id or 0, with_content=True, password=PASSWORD)
        session.commit()
        accounts_erasing.erase(session, kept.id or 0, with_content=False, password=PASSWORD)
        session.rollback()
        accounts_erasing.erase(session, kept.id or 0, with_content=False, password=PASSWORD)
        session.commit()
    assert len(here.erased.read_text().split()) == 2 * 4  # one line each, of four words
    assert mirror.reaches(here, (before | {lost}) - {by_gone})
    cursor = mirror.cursor

    # Into the same cluster, under the same name.
    refused = here.ugc("restore", folder)
    assert refused.exit_code == 1
    assert "not empty" in refused.output
    file.write_bytes(b"damaged since")
    done = here.ugc("restore", "--replace", folder)
    assert done.exit_code == 0, done.output
    assert file.read_bytes() == b"the bytes of a photo"
    left = before - {by_gone}
    holds_all(here, key, mirror, cursor, left)

    # Into another.
    psycopg.connect(libpq_url(cluster.url)).close()
    there = Installation(cluster.url, tmp_path / "elsewhere", here.erased)
    installations.callback(there.close)
    done = there.ugc("restore", folder)
    assert done.exit_code == 0, done.output
    holds_all(there, key, mirror, mirror.cursor, left)
    assert (there.folder / "media" / file.relative_to(here.folder / "media")).exists()

    checks_tell_what_differs(here, folder, copy)


def holds_all(of: Installation, key: str, mirror: Mirror, cursor: str, left: set[str]) -> None:
    """A first sync gives all, an old cursor begins again, what is posted is heard of, and who was
    erased is not there."""
    assert of.public(key) == left
    assert Mirror(key).reaches(of, left)
    restarts = mirror.restarts
    mirror.cursor = cursor
    assert mirror.reaches(of, left)
    assert mirror.restarts == restarts + 1
    with of.app.app_context():
        session = db.session()
        names = set(session.scalars(sa.select(Member.handle).where(Member.erased_at.is_(None))))
        assert names == {"olga"}
        assert session.scalars(sa.select(sa.func.count()).select_from(Report)).one() == 6
        by = member(session, "nora")
        new = post(session, by, 9)
    assert of.public(key) == left | {new}
    assert mirror.reaches(of, left | {new})
    assert mirror.restarts == restarts + 1


def checks_tell_what_differs(of: Installation, folder: Path, copy: Path) -> None:
    whole = of.ugc("restore", "--check", folder)
    assert (whole.exit_code, "is whole" in whole.output) == (0, True), whole.output
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + b"X")
    damaged = of.ugc("restore", "--check", folder)
    assert damaged.exit_code == DIFFERS
    assert f"{copy.parent.name}/large.webp: damaged" in damaged.output
    assert of.ugc("restore", "--replace", folder).exit_code == 1
    copy.write_bytes(content)

    # A dump without one row, whose checksum is right.
    said = cli_manifest.read(folder)
    url = libpq_url(of.database)
    name = f"{cli_tools.name_of(url)}_short"
    with cli_tools.scratch(url, name) as place:
        program = cli_tools.tool("pg_restore")
        cli_tools.run(place, program, "--no-owner", str(folder / said.dump))
        with psycopg.connect(place) as connection:
            connection.execute("DELETE FROM used_handles WHERE handle = 'ines'")
            connection.execute("UPDATE brands SET name = 'Other'")
        cli_tools.run(place, cli_tools.tool("pg_dump"), "-Fc", f"--file={folder / said.dump}")
    said.sums[said.dump] = cli_manifest.digest(folder / said.dump)
    said.write(folder)
    short = of.ugc("restore", "--check", folder)
    assert short.exit_code == DIFFERS
    assert "table used_handles: 2 rows, 3 in the manifest" in short.output
    assert "table brands: the same number of rows, but other contents" in short.output
    with psycopg.connect(cli_tools.renamed(url, "postgres")) as connection:
        left = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
        assert connection.execute(left, [f"{cli_tools.name_of(url)}_check"]).fetchone() == (0,)


@pytest.mark.parametrize("broken", ["", "{", '{"format": 2}', '{"format": 1}'])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, others: None, broken: str) -> None:
    """Such as one that was cut short: the manifest is written last."""
    (tmp_path / "database-1.dump").write_bytes(b"PGDMP")
    if broken:
        (tmp_path / cli_manifest.NAME).write_text(broken)
    done = CliRunner().invoke(cli, ["restore", str(tmp_path)])
    assert done.exit_code == 1
    assert str(tmp_path) in done.output


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, others: None) -> None:
    (tmp_path / "letters").write_text("mine")
    done = CliRunner().invoke(cli, ["backup", str(tmp_path)])
    assert (done.exit_code, "other things" in done.output) == (1, True)
    assert [each.name for each in tmp_path.iterdir()] == ["letters"]


def test_missing_and_older_programs_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.2'\n")
    old.chmod(0o700)
    monkeypatch.setattr(cli_tools, "FOLDERS", ())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(cli_tools.click.ClickException, match="postgresql-client-15"):
        cli_tools.tool("pg_dump", 15)
    monkeypatch.setattr(shutil, "which", lambda _: str(old))
    with pytest.raises(cli_tools.click.ClickException, match="of PostgreSQL 14"):
        cli_tools.tool("pg_dump", 15)
    assert cli_tools.tool("pg_dump", 14) == str(old)


def test_a_line_that_a_crash_cut_off_hides_no_other(tmp_path: Path) -> None:

    file = tmp_path / "erased"
    file.write_text(json.dumps({"member": "a", "with_content": True})[:-3])
    erasures.append(file, {"b": True, "c": False})
    erasures.append(file, {"b": True})
    assert erasures.read(file) == {"b": True, "c": False}
