"""The faults, each a function that strikes a site while it is posted to."""

from __future__ import annotations

import contextlib
import io
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg
from PIL import Image

from benchmarks.faults.clocks import Clock
from benchmarks.faults.disks import SmallDisk
from benchmarks.faults.load import Load, Row, outstanding
from benchmarks.faults.smtp import HANGS, REFUSES, SAYS_451, WELL, MailServer
from tests.faults.site import Cluster, FaultSite, until
from ugc.config import libpq_url
from ugc.core import subjects
from ugc.core.db import transaction
from ugc.core.images import VARIANTS
from ugc.media.rules import file_name, raw_name
from ugc.reports.actions import life as reports_life_actions
from ugc.watches.actions import delivery as watches_delivery
from ugc.watches.actions import watching as watches_watching
from ugc.watches.models import Delivery

FAILED = (
    "SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY 1"
    " ORDER BY 1"
)
CREDITED_TWICE = (
    "SELECT count(*) FROM (SELECT FROM point_entries WHERE step = 'credit'"
    " GROUP BY member_id, cause, action, account, round HAVING count(*) > 1) AS each"
)
PEOPLE = 12  # readers of bulk mail


@dataclass
class Ground:
    """What faults strike. `clocks` are the site's and the database's, where they may jump."""

    site: FaultSite
    cluster: Cluster
    disks: dict[str, SmallDisk]
    mail: MailServer
    clocks: list[Clock]
    number: int = 0

    def load(self, row: Row, photo: bytes = b"") -> Load:
        self.number += 1
        return Load(self.site, row, self.number, photo)


@dataclass(frozen=True)
class Fault:
    group: str
    name: str
    do: Callable[[Ground, Row], None]


FAULTS: list[Fault] = []


def fault(group: str, name: str) -> Callable[[Callable[[Ground, Row], None]], None]:
    def register(do: Callable[[Ground, Row], None]) -> None:
        FAULTS.append(Fault(group, name, do))

    return register


# processes ----------------------------------------------------------------------------------


@fault("kill", "kill -9 web child, twice")
def web_child(ground: Ground, row: Row) -> None:
    with ground.load(row) as load:
        for _ in range(2):
            ground.site.kill_web_worker()
            load.some_more()
        until(lambda: len(ground.site.web_workers()) == 2)
    row.notes.append("others started by themselves")


@fault("kill", "kill -9 web main")
def web_main(ground: Ground, row: Row) -> None:
    with ground.load(row):
        ground.site.kill_web_main()
        ground.site.keep_web()
    row.notes.append("started again at once, as a service manager does")


@fault("kill", "kill -9 PostgreSQL and children")
def database(ground: Ground, row: Row) -> None:
    with ground.load(row):
        ground.cluster.kill()
        time.sleep(1)
        ground.cluster.start()
    row.notes.append("started again after 1 s")


@fault("kill", "kill -9 Valkey")
def valkey(ground: Ground, row: Row) -> None:
    with ground.load(row) as load:
        ground.site.kill_valkey()
        load.some_more(12)
        ground.site.start_valkey()
    row.notes.append("away for 12 acknowledgements, then started again")


@fault("kill", "kill -9 worker twice, live once")
def worker(ground: Ground, row: Row) -> None:
    with ground.load(row) as load:
        for _ in range(2):
            ground.site.kill_worker()
            load.some_more()
            ground.site.start_worker()
        ground.site.stop(kill=True)
        ground.site.start()
    row.notes.append(f"{outstanding(ground.site, 10)} jobs left 10 s later")


# what is in the way -------------------------------------------------------------------------


@fault("kill", "table of reports locked 10 s")
def locked(ground: Ground, row: Row) -> None:
    with ground.load(row), ground.site.connect() as connection:
        connection.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
        time.sleep(10)


@fault("kill", "all connections taken 8 s")
def connections(ground: Ground, row: Row) -> None:
    taken: list[psycopg.Connection[tuple[object, ...]]] = []
    url = libpq_url(ground.site.environment["DATABASE_URL"])
    try:
        with ground.load(row):
            end = time.monotonic() + 8
            while time.monotonic() < end:
                try:
                    taken.append(psycopg.connect(url, connect_timeout=5))
                except psycopg.OperationalError:
                    time.sleep(0.1)
            row.notes.append(f"{len(taken)} taken by others")
            for each in taken:
                each.close()
    finally:
        for each in taken:
            each.close()


# folders ------------------------------------------------------------------------------------


def _photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def copies(key: str) -> set[str]:
    return {file_name(key, variant) for variant in VARIANTS}


@fault("files", "photo folder full 8 s")
def photos(ground: Ground, row: Row) -> None:
    disk = ground.disks["media"]
    with ground.load(row, _photo()):
        disk.keep_full(8)
        disk.make_room()
    left = outstanding(ground.site, 60)
    stored = {
        path.relative_to(disk.folder).as_posix()
        for path in disk.folder.rglob("*")
        if path.is_file()
    }
    without = 0
    for key, state in ground.site.sql("SELECT key, state FROM photos"):
        needed = {raw_name(key)} if state == "quarantined" else copies(key)
        without += state != "refused" and not needed <= stored
    row.notes.append(f"photos without a file: {without}; {left} jobs left")


@fault("files", "mail folder full 8 s")
def mail_folder(ground: Ground, row: Row) -> None:
    disk, actor = ground.disks["mail"], ground.site.member("reader")
    before = len(list(disk.folder.glob("*.eml")))
    disk.fill()
    forgotten(ground.site, f"{actor.handle}@example.org")
    row.acknowledged = 1
    disk.keep_full(8)
    disk.make_room()
    began = time.monotonic()

    def mails() -> int:
        found = [each for each in disk.folder.glob("*.eml") if each.stat().st_size > 0]
        return len(found) - before

    with contextlib.suppress(AssertionError):
        until(lambda: mails() == 1)
    row.gap_s = time.monotonic() - began
    outstanding(ground.site, 20)
    row.lost, row.doubled = int(mails() == 0), max(0, mails() - 1)
    partial = [each for each in disk.folder.glob("*.eml") if each.stat().st_size == 0]
    row.notes.append(f"gap: until the mail was there; {len(partial)} empty files of mails")
    row.health = f"healthz {ground.site.status('/healthz')}"


# clocks -------------------------------------------------------------------------------------


def _jump(ground: Ground, row: Row, clocks: list[Clock]) -> None:
    """Forward, back, and backward first: what was signed or counted then must hold now."""
    with ground.load(row) as load:
        for clock in clocks:
            clock.forward()
        load.some_more(20)
        time.sleep(4)
        for clock in clocks:
            clock.back()
        load.some_more(20)
        time.sleep(4)
    row.notes.append(f"{outstanding(ground.site, 30)} jobs left 30 s later")
    late = ground.site.sql(
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
        " AND scheduled_at > now() + interval '10 minutes'"
    )[0][0]
    row.notes.append(f"{late} jobs put off by hours")


@fault("clock", "clock of web, worker and live 2 h forward, and back")
def clock_of_site(ground: Ground, row: Row) -> None:
    _jump(ground, row, ground.clocks[:1])


@fault("clock", "clock of PostgreSQL 2 h forward, and back")
def clock_of_database(ground: Ground, row: Row) -> None:
    _jump(ground, row, ground.clocks[1:])


@fault("clock", "clock of all 2 h forward, and back")
def clock_of_all(ground: Ground, row: Row) -> None:
    _jump(ground, row, ground.clocks)


# mail ---------------------------------------------------------------------------------------


def forgotten(site: FaultSite, address: str) -> None:
    """A person asks for a link to a new password, in a browser that is not signed in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = f"{site.url}/password/forgotten"
    with browser.open(page, timeout=20) as answer:
        [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', answer.read().decode()))
    form = urlencode({"email": address, "csrf_token": token}).encode()
    browser.open(page, form, timeout=20).close()


def _bulk(ground: Ground, prefix: str) -> list[str]:
    """News for many, by mail at once: a report that they follow ended. Their addresses."""
    site = ground.site
    readers = [site.member(f"{prefix}{n}") for n in range(PEOPLE)]
    public_id = site.post(0.1, -0.1)
    with site.app.app_context(), transaction() as session:
        report_id = subjects.resolve(session, public_id).id
        for reader in readers:
            watches_watching.follow(session, reader, report_id)
            watches_delivery.choose_delivery(
                session, reader.id or 0, delivery=Delivery.NOW, quiet_from=0, quiet_until=0
            )
    site.act(reports_life_actions.close, public_id, site.author, ...)
    return [f"{reader.handle}@example.org" for reader in readers]


def _dead_mail(ground: Ground, row: Row, mode: str) -> None:
    server, site = ground.mail, ground.site
    server.be(mode)
    refused = server.refused
    ground.number += 1
    prefix = f"reader{ground.number}n"
    bulk = _bulk(ground, prefix)
    # The worker is at the bulk when the person comes.
    until(lambda: site.sql(ATTEMPTED)[0][0] > 0)
    person = f"{site.member(f'person{ground.number}').handle}@example.org"
    forgotten(site, person)
    time.sleep(8)
    server.be(WELL)
    back = time.monotonic()
    expected = Counter([person, *bulk])
    with contextlib.suppress(AssertionError):
        until(lambda: server.counts()[person], 120)
    row.gap_s = time.monotonic() - back
    before = sum(server.counts()[each] for each in bulk)
    with contextlib.suppress(AssertionError):
        until(lambda: not expected - server.counts(), 120)
    last = time.monotonic() - back
    time.sleep(2)
    arrived = server.counts()
    row.acknowledged = len(expected)
    row.lost = sum((expected - arrived).values())
    row.doubled = sum(max(0, arrived[each] - 1) for each in expected)
    row.retries = server.refused - refused
    row.health = f"healthz {site.status('/healthz')}"
    row.notes.append(
        f"gap: until the person's mail, once the server was back; {before} of {PEOPLE} bulk mails"
        f" came before it, the last {last:.0f} s after the server"
    )


ATTEMPTED = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'watches.mail'"


@fault("mail", "mail server refuses connections 8 s")
def mail_refuses(ground: Ground, row: Row) -> None:
    _dead_mail(ground, row, REFUSES)


@fault("mail", "mail server hangs without a greeting 8 s")
def mail_hangs(ground: Ground, row: Row) -> None:
    _dead_mail(ground, row, HANGS)


@fault("mail", "mail server answers 451 for 8 s")
def mail_451(ground: Ground, row: Row) -> None:
    _dead_mail(ground, row, SAYS_451)


# the database's disk ------------------------------------------------------------------------


@fault("disk", "PostgreSQL's disk full 10 s")
def database_disk(ground: Ground, row: Row) -> None:
    disk = ground.disks["database"]
    before = ground.cluster.pid()
    with ground.load(row):
        disk.keep_full(10)
        disk.make_room()
        time.sleep(1)
        down = ground.cluster.pid() is None
        if down:
            ground.cluster.start()
    same = ground.cluster.pid() == before
    row.notes.append(
        "the server ended and was started again" if down
        else "the server went on" if same else "the server restarted by itself"
    )  # fmt: skip
