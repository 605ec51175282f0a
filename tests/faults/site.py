"""A whole site of its own (database cluster, Valkey, web server, worker, live process), whose parts
tests and `make bench BENCH=faults` kill; clients that post to it as a browser's queue does, and
screens that watch its map."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import mapbox_vector_tile
import psycopg
from flask import Flask

from tests.livemap.conftest import COMMAND, LiveSite, Reader, made_site
from tests.ports import free_port
from ugc.config import ROOT, libpq_url
from ugc.core.access import Actor

PATIENCE = 120.0  # seconds until a test gives up; what it waits for takes a fraction
STACK = str(ROOT / "scripts" / "stack.sh")


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in text.split()]


class FaultSite(LiveSite):
    """As `LiveSite`, with web server and worker."""

    web: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.environment["SITE_URL"]

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, *arguments], env=self.environment, cwd=ROOT, start_new_session=True
        )

    def start_web(self) -> None:
        """Two workers, as in production. Does not wait: clients come back by themselves."""
        self.web = self._run("serve", "--port", str(urlsplit(self.url).port), "--workers", "2")

    def kill_web(self) -> None:
        """The server and its workers at once, as `make run` and systemd do."""
        if self.web is not None:
            os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait(20)
            self.web = None

    def kill_web_main(self) -> None:
        """The server alone: its workers see it and end."""
        assert self.web is not None
        self.web.kill()
        self.web.wait(20)

    def keep_web(self) -> None:
        """Starts the server, again while it ends at once, as a service manager does."""
        end = time.monotonic() + PATIENCE
        while True:
            self.start_web()
            assert self.web is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.web.wait(1.5)
                assert time.monotonic() < end, "the web server does not start"
                continue
            return

    def kill_web_worker(self) -> None:
        """One of the two; the server starts another."""
        os.kill(self.web_workers()[0], signal.SIGKILL)

    def web_workers(self) -> list[int]:
        assert self.web is not None
        return [
            pid
            for pid in children(self.web.pid)
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def start_worker(self) -> None:
        self.worker = self._run("worker")

    def kill_worker(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait(20)
            self.worker = None

    def start_all(self) -> None:
        self.start_valkey()
        self.start_web()
        self.start_worker()
        self.start()
        until(lambda: self.get("/healthz") is not None, 120)

    def get(self, path: str) -> tuple[Any, bytes] | None:
        """(headers, body) as anybody sees it; None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.headers, answer.read()
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return None

    def status(self, path: str) -> int:
        """What this page answers now, 0 for nothing."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return int(error.code)
        except (OSError, http.client.HTTPException):
            return 0

    def cut_database(self) -> None:
        """Ends every connection to this site's database but the one that does it."""
        self.sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@dataclass
class Cluster:
    """A PostgreSQL server that can be crashed: what it acknowledged, its system has."""

    folder: Path
    url: str = ""
    more: dict[str, str] = field(default_factory=dict)  # of the server's environment

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        return {
            **kept, **self.more, "BOCA_VAR": str(self.folder), "BOCA_FSYNC": "off",
            "REDIS_URL": "unix:///none",
        }  # fmt: skip

    def run(self, command: str) -> str:
        return subprocess.run(
            [STACK, command], env=self.environment(), check=True, capture_output=True, text=True
        ).stdout

    def start(self) -> None:
        self.run("up")
        shown = self.run("env").split("DATABASE_URL=", 1)[1].split(" ", 1)[0]
        self.url = subprocess.run(
            ["bash", "-c", f"printf %s {shown}"], check=True, capture_output=True, text=True
        ).stdout
        with psycopg.connect(libpq_url(self.url), autocommit=True) as connection:
            # A crash of the server alone loses nothing that was written, but what was not.
            connection.execute("ALTER SYSTEM SET synchronous_commit = on")
            connection.execute("SELECT pg_reload_conf()")

    def crash(self) -> None:
        """Immediately, without a last checkpoint: it recovers from its log when it starts."""
        pid = self.pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        until(lambda: not Path(f"/proc/{pid}").exists())

    def pid(self) -> int | None:
        """Of the server; None while there is none."""
        for found in self.folder.rglob("postmaster.pid"):
            pid = int(found.read_text(encoding="ascii").split("\n")[0])
            return pid if Path(f"/proc/{pid}").exists() else None
        return None

    def kill(self) -> None:
        """The server and all its processes at once."""
        pid = self.pid()
        assert pid is not None
        pids = [pid, *children(pid)]
        for each in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{each}").exists() for each in pids))


# Jobs that run or could.
LEFT = (
    "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    " OR (status = 'todo' AND coalesce(scheduled_at, now()) <= now())"
)

# The tile of zoom 10 that all clients post into: 0.35 degrees each way from the middle of the map.
TILE = "10/512/511"
TILE_DEGREES = 360 / 2**10


def points(tile: bytes) -> dict[str, tuple[float, str]]:
    """{public id: (latitude, version)} of the reports in this tile."""
    layers = mapbox_vector_tile.decode(tile) if tile else {}
    return {
        each["properties"]["id"]: (
            each["geometry"]["coordinates"][1] / 4096 * TILE_DEGREES,
            str(each["properties"]["version"]),
        )
        for each in layers.get("points", {"features": []})["features"]
    }


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `condition` answers, as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, condition
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def whole_site(app: Flask, database: str, data: Path, **more: str) -> Iterator[FaultSite]:
    """All processes running; `more` are settings and environment."""
    web, live = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    port = urlsplit(live).port or 0
    addresses = {"SITE_URL": web, "LIVE_URL": live}
    with made_site(app, database, str(data), FaultSite, port, **addresses, **more) as site:
        try:
            site.start_all()
            yield site
        finally:
            site.kill_web()
            site.kill_worker()


def encoded(form: dict[str, str], photo: bytes) -> tuple[str, bytes]:
    """(content type, body) of a form, with a photo when there is one."""
    if not photo:
        return "application/x-www-form-urlencoded", urlencode(form).encode()
    edge = "edge-of-a-part-of-the-form"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.items()
    ]
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="photos"; filename="sea.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), photo, f"\r\n--{edge}--\r\n".encode()])
    return f"multipart/form-data; boundary={edge}", body


@dataclass
class Client:
    """Posts one report after the other to its own strip of the sea, and sends each again, with the
    same key, until it is told what became of it. Of four it closes one, and it repeats some that
    were acknowledged already, as who never saw the answer does."""

    site: FaultSite
    number: int
    members: list[Actor]
    per_member: int = 6  # half of what one may post in ten minutes: what failed counts too
    photo: bytes = b""  # goes with each report
    moments: list[float] = field(default_factory=list)  # of acknowledgements, monotonic
    acknowledged: dict[str, str] = field(default_factory=dict)  # text: public id
    closed: set[str] = field(default_factory=set)  # public ids
    tried: list[str] = field(default_factory=list)
    retries: int = 0
    problems: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    @property
    def south(self) -> float:
        return self.number * 0.01

    def place(self, n: int) -> tuple[float, float]:
        """Half a kilometre apart: none is taken for another."""
        return 0.0025 + n * 0.005, self.south + 0.005

    def run(self) -> None:
        for n in range(len(self.members) * self.per_member):
            if self.enough.is_set():
                return
            actor = self.members[n // self.per_member]
            if n % self.per_member == 0:
                self._sign_in(actor)
            self._post(n)
        self.problems.append("there were too few members for so many reports")

    def _sign_in(self, actor: Actor) -> None:
        while True:
            try:
                cookie = self.site.cookie(actor)["Cookie"]
                break
            except Exception as error:  # the test's own connection to the database was cut too
                if type(error).__name__ not in ("OperationalError", "InternalError"):
                    raise
                time.sleep(0.1)
        self.cookies = dict([cookie.split("=", 1)])
        self.csrf = ""

    def _ask(self, path: str, form: dict[str, str] | None, key: str = "") -> tuple[int, Any, Any]:
        """(status, headers, JSON or None); status 0 when nothing came back."""
        headers = {
            "Accept": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if key:
            headers["Idempotency-Key"] = key
        kind, body = "", None
        if form is not None:
            photo = self.photo if path == "/reports" else b""
            kind, body = encoded({**form, "csrf_token": self.csrf}, photo)
        connection = http.client.HTTPConnection(
            "127.0.0.1", urlsplit(self.site.url).port, timeout=10
        )
        try:
            connection.request(
                "GET" if body is None else "POST", path, body,
                {**headers, "Content-Type": kind},
            )  # fmt: skip
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, {}, None
        finally:
            connection.close()
        for each in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        try:
            return answer.status, answer.headers, json.loads(data)
        except ValueError:
            return answer.status, answer.headers, None

    def _send(self, path: str, form: dict[str, str], key: str, good: int) -> tuple[Any, Any]:
        """(headers, JSON) of the answer that is final."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not self.csrf:
                status, _, told = self._ask("/session", None)
                if status == 200 and told and told["csrf"]:
                    self.csrf = told["csrf"]
                else:
                    time.sleep(0.1)
                    continue
            status, headers, told = self._ask(path, form, key)
            if status == good:
                return headers, told
            if told and told.get("code") == "csrf":
                self.csrf = ""
            elif status in (0, 502, 503, 504):
                self.retries += 1
                # A refused photo counts towards the limit of its author, too.
                time.sleep(2.0 if self.photo else 0.1)
            else:
                said = told.get("code", told) if isinstance(told, dict) else told
                self.problems.append(f"{path}: {status} {said}")
                return {}, None
        self.problems.append(f"{path}: no answer")
        return {}, None

    def _post(self, n: int) -> None:
        lon, lat = self.place(n)
        text = f"client {self.number}, report {n}"
        form = {"kind": "waste", "lon": f"{lon:.4f}", "lat": f"{lat:.4f}", "text": text}
        self.tried.append(text)
        _, told = self._send("/reports", form, text, 201)
        if told is None:
            return
        self.acknowledged[text] = told["id"]
        self.moments.append(time.monotonic())
        if n % 5 == 0:
            headers, again = self._send("/reports", form, text, 201)
            if again is None or again["id"] != told["id"]:
                self.problems.append(f"repeated, {text} is {again} instead of {told}")
            elif headers["Idempotent-Replayed"] != "true":
                self.problems.append(f"{text} was done again")
        if n % 4 == 3:
            self._send(f"/reports/{told['id']}/close", {}, f"close {text}", 303)
            self.closed.add(told["id"])


class Screen:
    """One open map, fed by the stream: reconnects with its last cursor, and looks at everything
    anew when told to. Holds {public id: version}, applied batch by batch, as the browser does."""

    def __init__(self, site: FaultSite, bbox: str) -> None:
        self.site, self.bbox = site, bbox
        self.reader: Reader | None = None
        self.connections = self.resyncs = 0
        self._base: dict[str, str] = {}
        self._over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _look(self) -> str:
        """Fetches the tile of the view; the cursor from where the stream goes on."""
        while True:
            found = self.site.get(f"/map/tiles/reports/{TILE}")
            if found is not None:
                break
            time.sleep(0.1)
        _, south, _, north = map(float, self.bbox.split(","))
        self._base = {
            public_id: version
            for public_id, (lat, version) in points(found[1]).items()
            if south <= lat <= north
        }
        return str(found[0]["Live-Cursor"])

    def _watch(self) -> None:
        cursor = ""
        while not self._over:
            cursor = cursor or self._look()
            try:
                reader = Reader(self.site.port, {"bbox": self.bbox, "cursor": cursor})
            except (OSError, AssertionError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if reader.answer.status != 200:
                reader.close()
                time.sleep(0.1)
                continue
            self.reader = reader
            self.connections += 1
            while not (reader.over or self._over):
                time.sleep(0.02)
            self._base, told = self.shown, reader.named("cursor")
            self.reader = None
            cursor = told[-1].id or "" if told else cursor
            if reader.named("resync"):
                self.resyncs += 1
                cursor = ""
            reader.close()

    @property
    def shown(self) -> dict[str, str]:
        """Without the batch that has not ended yet: it is told again."""
        shown, batch = dict(self._base), dict[str, str | None]()
        for each in list(self.reader.events) if self.reader else ():
            if each.name == "upsert":
                told = each.data["properties"]
                batch[told["id"]] = told["version"]
            elif each.name == "gone":
                batch[each.data["id"]] = None
            elif each.name == "cursor":
                shown.update({k: v for k, v in batch.items() if v is not None})
                for gone in (k for k, v in batch.items() if v is None):
                    shown.pop(gone, None)
                batch = {}
        return shown

    def close(self) -> None:
        self._over = True
        self._thread.join(PATIENCE)


class Poller(Screen):
    """One open map where no stream comes through: it asks `/map/changes`."""

    def _watch(self) -> None:
        cursor = ""
        while not self._over:
            cursor = cursor or self._look()
            query = urlencode({"bbox": self.bbox, "cursor": cursor})
            found = self.site.get(f"/map/changes?{query}")
            if found is not None:
                told = json.loads(found[1])
                self.resyncs += "resync" in told
                base = dict(self._base)
                for each in told.get("upserts", ()):
                    base[each["properties"]["id"]] = each["properties"]["version"]
                for gone in told.get("gone", ()):
                    base.pop(gone, None)
                self._base, cursor = base, told["cursor"] if "upserts" in told else ""
                self.connections += 1
            time.sleep(0.3)


def in_database(site: FaultSite) -> dict[str, list[tuple[str, str, bool]]]:
    """{text: [(public id, version, whether it is alive)]} of every report."""
    rows: dict[str, list[tuple[str, str, bool]]] = {}
    for text, *row in site.sql(
        "SELECT text, public_id, changed_txid::text, state = 'open' AND expires_at > app_now()"
        " AND visibility IN ('published', 'held') FROM reports JOIN subjects USING (id)"
    ):
        rows.setdefault(text, []).append((row[0], row[1], row[2]))
    return rows
