"""A real server and worker on a database of their own, and Chromium."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.conftest import redis_url
from tests.databases import make_database
from tests.factories import bulk
from tests.ports import free_port
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.actions import links as accounts_links
from ugc.accounts.actions import passwords as accounts_passwords
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import KIND, Member, UsedHandle
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.accounts.rules.roles import Role
from ugc.app import create_app
from ugc.config import ROOT, libpq_url, sqlalchemy_url
from ugc.core import push, subjects
from ugc.core.access import SYSTEM
from ugc.core.db import Session, db, now, transaction

PASSWORD = "plum tractor silence"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
# What axe may find in one scheme of colours and not in the other.
COLOURS = ("color-contrast", "link-in-text-block")
# A busy machine is no failure.
expect.set_options(timeout=30_000)
STARTING = 1200  # tenths of a second in which a process has to answer
# Buttons and boxes of a window that are web pages themselves cost it a third of its processor. The
# last list replaces Playwright's, which begins this one.
DISABLED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "InitialWebUI", "PreloadTopChromeWebUI", "WebUIAvatarButton", "WebUIBackForwardButton",
    "WebUIHomeButton", "WebUILocationBar", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup",
    "WebUIReloadButton", "WebUISplitTabsButton", "WebUIToolbar",
)  # fmt: skip
COMMAND = [sys.executable, "-c", "from ugc.cli.main import main; main()"]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = os.environ.get("BOCA_CHROMIUM")
    if not path:
        pytest.skip("no Chromium here: sudo apt-get install chromium")
    without = f"--disable-features={','.join(DISABLED)}"
    return {"executable_path": path, "args": ["--no-sandbox", "--disable-gpu", without]}


@dataclass(frozen=True)
class Site:
    url: str
    data: Path
    environment: dict[str, str]
    live: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_live(self) -> None:
        """Starts `ugc live`, and waits until it answers."""
        self.live.append(
            subprocess.Popen(
                [*COMMAND, "live"], env=self.environment, cwd=ROOT, start_new_session=True
            )
        )
        for _ in range(STARTING):
            try:
                address = f"{self.environment['LIVE_URL']}/healthz"
                urllib.request.urlopen(address, timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError("ugc live does not answer")

    def kill_live(self) -> None:
        process = self.live.pop()
        process.kill()
        process.wait(20)

    @cached_property
    def app(self) -> Flask:
        """The same site in this process."""
        return create_app(self.environment)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """For what no page does."""
        with self.app.app_context():
            try:
                with transaction() as session:
                    yield session
            finally:
                db.session.remove()
                db.engine.dispose()

    def make_moderator(self, handle: str) -> None:
        """As `ugc role give HANDLE moderator` does."""
        with self.transaction() as session:
            accounts_grants_actions.give_site_role(session, SYSTEM, handle, Role.MODERATOR)

    def enter(self, page: Page, handle: str) -> None:
        """A new member with a confirmed address, signed in as if they had joined in this browser,
        in its language. (How people join and sign in is what other tests look at.)"""
        language = "es" if page.evaluate("navigator.language").startswith("es") else "en"
        with self.transaction() as session:
            member = Member(
                id=subjects.create(session, KIND).id,
                handle=handle,
                email=f"{handle}@example.org",
                password_hash=accounts_passwords.hash_password(PASSWORD),
                email_confirmed_at=now(session),
                language=language,
            )
            session.add_all([member, UsedHandle(handle=handle)])
            session.flush()
            token = accounts_signing_in.open_session(session, member.id, "a browser of the tests")
            signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
            cookie = signer.dumps({COOKIE_TOKEN: token, "_permanent": True})
        name = self.app.config["SESSION_COOKIE_NAME"]
        page.context.add_cookies([{"name": name, "value": cookie, "url": self.url}])

    def _is_stored(self, token: str) -> bool:
        with self.transaction() as session:
            query = sa.text("SELECT true FROM account_tokens WHERE token_hash = :hash")
            return bool(session.scalar(query, {"hash": accounts_links.digest(token)}))

    def link_for(self, address: str, seconds: float = 60) -> str:
        """The link of the newest mail to `address`, as soon as the worker has sent it and its
        transaction, which makes the token, has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path in sorted((self.data / "mail").glob(f"*-{address}.eml"), reverse=True):
                message = message_from_bytes(path.read_bytes(), policy=policy.default)
                body = message.get_body(("plain",))
                found = body and re.search(r"https?://\S+/confirm/\S+", body.get_content())
                if found and self._is_stored(found[0].partition("?")[0].rpartition("/")[2]):
                    return str(found[0])
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address} within {seconds} s")


@pytest.fixture(scope="package")
def site(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port, live = free_port(), free_port()
    data = tmp_path_factory.mktemp("site")
    environment = {
        **os.environ,
        "BOCA_ENV": "test",
        "DATABASE_URL": make_database(f"test_browser_{worker_id}"),
        "SECRET_KEY": "a secret of the browser tests",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "LIVE_URL": f"http://127.0.0.1:{live}",
        "LIVE_PORT": str(live),
        "DATA_DIR": str(data),
        "REDIS_URL": redis_url(worker_id, site=True),
        "VAPID_PRIVATE_KEY": push.new_key(),
        "VAPID_CONTACT": "mailto:push@example.org",
    }
    running: Site | None = None
    started = [
        subprocess.Popen([*COMMAND, *arguments], env=environment, cwd=ROOT, start_new_session=True)
        for arguments in (["serve", "--port", str(port), "--workers", "1"], ["worker"])
    ]
    try:
        url = environment["SITE_URL"]
        for _ in range(STARTING):
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        running = Site(url, data, environment)
        running.start_live()
        yield running
    finally:
        if running and running.live:
            started.append(running.live[0])
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


@pytest.fixture(autouse=True)
def room_in_the_queue(request: pytest.FixtureRequest) -> None:
    """What tests before this one left to moderators is closed: the queue shows its oldest cases
    first, and many of theirs would keep this one's from sight."""
    if "site" not in request.fixturenames:
        return
    site: Site = request.getfixturevalue("site")
    engine = sa.create_engine(sqlalchemy_url(site.environment["DATABASE_URL"]))
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE cases SET decided_at = now() FROM subjects s WHERE s.id = subject_id"
                " AND decided_at IS NULL AND s.kind <> 'ring'"
            )
        )
    engine.dispose()


@dataclass(frozen=True)
class Spot:
    """A position in degrees, as it is typed."""

    lat: str
    lon: str


_spots = count()
_oceans = count()


@pytest.fixture
def spot() -> Spot:
    """Open sea that no other test has put anything on: tests share the site of their worker."""
    return Spot(lat="-40.25", lon=f"-{80 + next(_spots)}.5")


@pytest.fixture
def ocean() -> Spot:
    """As `spot`, with nobody's things for some hundred kilometres round it."""
    row, column = divmod(next(_oceans), 6)
    return Spot(lat=f"-{6 + 9 * row}.3", lon=f"-{100 + 12 * column}.5")


@pytest.fixture
def database(site: Site) -> Iterator[psycopg.Connection[Any]]:
    url = libpq_url(sqlalchemy_url(site.environment["DATABASE_URL"]))
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def make_reports(
    database: psycopg.Connection[Any], spot: Spot, count: int, step: float = 1e-4
) -> list[str]:
    """So many committed reports round `spot`, beside each other."""
    return bulk.reports_beside(database, count, float(spot.lon), float(spot.lat), step)


def close_reports(database: psycopg.Connection[Any], public_ids: list[str]) -> None:
    database.execute(
        "WITH closed AS (UPDATE reports SET state = 'closed' FROM subjects s WHERE s.id ="
        " reports.id AND s.public_id = ANY(%s) RETURNING reports.id)"
        " UPDATE subjects SET changed_txid = pg_current_xact_id() FROM closed"
        " WHERE closed.id = subjects.id",
        (public_ids,),
    )


def move_report(database: psycopg.Connection[Any], public_id: str, lon: float, lat: float) -> None:
    database.execute(
        "WITH moved AS (UPDATE reports SET geom = ST_SetSRID(ST_MakePoint(%s, %s), 4326)"
        " FROM subjects s WHERE s.id = reports.id AND s.public_id = %s RETURNING reports.id)"
        " UPDATE subjects SET changed_txid = pg_current_xact_id() FROM moved"
        " WHERE moved.id = subjects.id",
        (lon, lat, public_id),
    )


@pytest.fixture(autouse=True)
def closed_windows(browser: Browser) -> Iterator[None]:
    """A test's windows close with it: an open map goes on drawing and listening beside the next."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture(autouse=True)
def fresh_site_limits(site: Site) -> None:
    """Every test may let as many people join as one address may in an hour."""
    redis.Redis.from_url(site.environment["REDIS_URL"]).flushdb()


Axe = Callable[..., list[Any]]


@pytest.fixture
def axe() -> Axe:
    """Runs axe-core on a page (`only` some of its rules), outside of its content security policy;
    returns the violations."""
    source = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    still = """Promise.race([new Promise(r => setTimeout(r, 2000)), Promise.allSettled(
      document.getAnimations().filter(a => a.playState === "running"
        && a.effect.getComputedTiming().endTime !== Infinity).map(a => a.finished))])"""
    told = "r.violations.map(v => [v.id, v.nodes.map(n => n.target)])"

    def check(page: Page, only: Sequence[str] | None = None) -> list[Any]:
        # A page half read has links without names, and one half faded in has little contrast.
        page.wait_for_load_state()
        devtools = page.context.new_cdp_session(page)

        def run(expression: str) -> Any:
            asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
            return devtools.send("Runtime.evaluate", asked)["result"].get("value")

        if run("typeof axe") == "undefined":
            run(f"{source};null")
        # Of what passes it need not note every element.
        how = {"resultTypes": ["violations"], **({"runOnly": list(only)} if only else {})}
        options = json.dumps(how)
        found: list[Any] = []
        for _ in range(4):
            found = run(f"{still}.then(() => axe.run({options})).then(r => {told})")
            if not found:
                break
            # What is being fetched is faded for a moment: only what stays so is wrong.
            page.wait_for_timeout(500)
        devtools.detach()
        return found

    return check


@pytest.fixture
def accessible(axe: Axe) -> Callable[[Page], None]:
    """Asserts that a page has no violation and nothing to scroll sideways, on a desktop in light
    colours and on a telephone in dark ones: the sizes share their colours. It is left as the
    telephone's."""

    def check(page: Page) -> None:
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert axe(page) == [], (page.url, size, scheme)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], (page.url, size)

    return check
