"""Pages a second of the pages that people open most, as a visitor and as a member, beside a bare
server that sends the same bytes; with BENCH_BASE (a commit) beside that commit too.

Both sides have the same rows: the other commit makes the demo world, which has a seed, and ours is
a copy of it, migrated. With BENCH_MEMORY the memory of a web process is read instead, after 10,000
and after 100,000 requests over 50,000 addresses."""

from __future__ import annotations

import contextlib
import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks import common
from benchmarks.front import memory_mb
from ugc.config import ROOT, libpq_url, sqlalchemy_url

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "8"))
BASE = os.environ.get("BENCH_BASE", "")
MEMORY = bool(os.environ.get("BENCH_MEMORY", ""))
ADDRESSES, FIRST, LAST = 50_000, 10_000, 100_000
MEMBERS = ("ana", "ben", "carla", "dev", "felix", "gala")  # of the demo world
PASSWORD = "boca-demo-world"
COMMAND = "from ugc.cli.main import main; main()"
THINGS = """
SELECT s.kind, s.public_id FROM subjects s
LEFT JOIN places p ON p.id = s.id LEFT JOIN reports r ON r.id = s.id
WHERE s.visible AND (s.kind = 'brand' OR p.rating_count > 0 OR r.state = 'open')
ORDER BY s.kind, p.rating_count DESC NULLS LAST, s.id
"""
# A request of wrk: who asks is another one each time, for the limits are per address and member.
ASK = """
local paths, cookies, n = {%s}, {%s}, %d
function request()
  n = n + 1
  wrk.headers["X-Forwarded-For"] = string.format("10.%%d.%%d.%%d",
    math.floor(n / 65536) %% 256, math.floor(n / 256) %% 256, n %% 256)
  wrk.headers["Accept-Language"] = "es"
  if #cookies > 0 then wrk.headers["Cookie"] = cookies[n %% #cookies + 1] end
  return wrk.format("GET", paths[n %% #paths + 1])
end
"""
BARE = """
import json
from pathlib import Path
ANSWERS = {path: (head, Path(file).read_bytes()) for path, (head, file) in
           json.loads(Path("answers.json").read_text()).items()}
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    head, body = ANSWERS.get(scope["path"], ([], b""))
    head = [(name.encode(), value.encode("latin-1")) for name, value in head]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
"""


@dataclass
class Side:
    """One checkout that serves, and the cookies of its signed-in members."""

    name: str
    root: Path
    url: str
    redis: str
    port: int = 0
    pid: int = 0
    cookies: tuple[str, ...] = ()


# Two checkouts, one world -------------------------------------------------------------------------


@contextlib.contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """The tree of another commit, built."""
    folder = Path(os.environ["BOCA_VAR"]) / "base"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--force", "--detach", str(folder), commit], check=True,
                   capture_output=True)  # fmt: skip
    try:
        # Linked file by file: what is built is named by where it lies below the checkout.
        shutil.copytree(
            ROOT / "node_modules", folder / "node_modules", symlinks=True, copy_function=os.link
        )
        for script in (["frontend.py"], ["i18n.py", "compile"]):
            subprocess.run(
                [sys.executable, str(folder / "scripts" / script[0]), *script[1:]],
                check=True, cwd=folder, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def settings(side: Side) -> dict[str, str]:
    return {
        **os.environ,
        **common.settings(side.url, side.port),
        "REDIS_URL": side.redis,
        "DATA_DIR": f"{os.environ['BOCA_VAR']}/data-{side.name}",
        "PROXY_HOPS": "1",
        "LOG_LEVEL": "warning",
        "PYTHONPATH": str(side.root),
    }


def command(side: Side, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=settings(side), cwd=side.root, check=True, capture_output=True,
    )  # fmt: skip


def databases(names: list[str]) -> list[str]:
    base = sa.engine.make_url(sqlalchemy_url(os.environ["DATABASE_URL"]))
    return [base.set(database=name).render_as_string(hide_password=False) for name in names]


def run_sql(statement: str, url: str | None = None) -> list[tuple[str, ...]]:
    address = url or databases(["postgres"])[0]
    with psycopg.connect(libpq_url(sqlalchemy_url(address)), autocommit=True) as connection:
        answer = connection.execute(statement.encode())
        return answer.fetchall() if answer.description else []


def worlds(sides: list[Side]) -> None:
    """The last side makes the world; the others have a copy of its rows."""
    maker = sides[-1]
    name = maker.url.split("?")[0].rpartition("/")[2]
    run_sql(f"CREATE DATABASE {name}")
    command(maker, "migrate", "--demo")
    run_sql("VACUUM ANALYZE", maker.url)
    for side in sides[:-1]:
        run_sql(f"CREATE DATABASE {side.url.split('?')[0].rpartition('/')[2]} TEMPLATE {name}")
        shutil.copytree(settings(maker)["DATA_DIR"], settings(side)["DATA_DIR"])
        command(side, "migrate")
        run_sql("VACUUM ANALYZE", side.url)


# Servers and clients ------------------------------------------------------------------------------


@contextlib.contextmanager
def process(arguments: list[str], **options: object) -> Iterator[int]:
    started = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, **options,  # type: ignore[call-overload]
    )  # fmt: skip
    try:
        yield started.pid
    finally:
        common.end(started)


@contextlib.contextmanager
def served(side: Side, workers: int = 2) -> Iterator[None]:
    side.port = common.free_port()
    serve = ["-c", COMMAND, "serve", "--port", str(side.port), "--workers", str(workers)]
    with process(serve, env=settings(side), cwd=side.root) as side.pid:
        common.wait_for(f"http://127.0.0.1:{side.port}/healthz")
        side.cookies = tuple(signed_in(side, f"demo-{name}@example.org") for name in MEMBERS)
        yield


def signed_in(side: Side, email: str) -> str:
    """The cookie of a session, had as a browser has it."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{side.port}/sign-in"
    page = browser.open(address).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    if token is None:
        sys.exit("✗ the form to sign in has no token")
    form = {"csrf_token": html.unescape(token[1]), "email": email, "password": PASSWORD}
    answer = browser.open(address, urllib.parse.urlencode(form).encode())
    if answer.url == address:
        sys.exit(f"✗ {email} was not signed in at {address}")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@contextlib.contextmanager
def bare(answers: dict[str, tuple[list[tuple[str, str]], bytes]], folder: Path) -> Iterator[int]:
    """uvicorn alone, with what ours answered, byte for byte."""
    kept = {}
    for number, (path, (head, body)) in enumerate(answers.items()):
        (folder / str(number)).write_bytes(body)
        kept[path] = head, str(folder / str(number))
    (folder / "answers.json").write_text(json.dumps(kept), encoding="utf-8")
    (folder / "bare.py").write_text(BARE, encoding="utf-8")
    port = common.free_port()
    serve = ["-m", "uvicorn", "bare:app", "--port", str(port), "--workers", "2",
             "--no-access-log", "--log-level", "error"]  # fmt: skip
    with process(serve, cwd=folder):
        common.wait_for(f"http://127.0.0.1:{port}/about")
        yield port


def asked(paths: list[str], side: Side, is_member: bool, start: int = 0) -> str:
    cookies = side.cookies if is_member else ()
    listed = [", ".join(f'"{each}"' for each in some) for some in (paths, cookies)]
    return ASK % (*listed, start)


def answer_of(side: Side, path: str, is_member: bool) -> tuple[list[tuple[str, str]], bytes]:
    headers = {"Accept-Language": "es"} | ({"Cookie": side.cookies[0]} if is_member else {})
    request = urllib.request.Request(f"http://127.0.0.1:{side.port}{path}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        head = [(n.lower(), v) for n, v in answer.headers.items() if n.lower() != "date"]
        return head, answer.read()


def pages(url: str) -> dict[str, str]:
    """Address by name: of each kind the one with most to show."""
    first: dict[str, str] = {}
    for kind, public_id in run_sql(THINGS, url):
        first.setdefault(kind, public_id)
    return {
        "/about": "/about",
        "map page": "/",
        "/map/list": "/map/list",
        "places list": "/places",
        "a place": f"/places/{first['place']}",
        "a report": f"/reports/{first['report']}",
        "a brand": f"/brands/{first['brand']}",
    }


# What is told -------------------------------------------------------------------------------------


def compare(sides: list[Side], folder: Path) -> None:
    ours = sides[0]
    named = pages(ours.url)
    for who, is_member in (("a visitor", False), ("a member", True)):
        answers = {path: answer_of(ours, path, is_member) for path in named.values()}
        with bare(answers, folder) as port:
            for name, path in named.items():
                turns(f"{name}, {who}: {len(answers[path][1]):,} bytes", sides, port, path,
                      is_member, folder)  # fmt: skip


def turns(
    label: str, sides: list[Side], bare_port: int, path: str, is_member: bool, folder: Path
) -> None:
    """Each side and the bare server, one after the other, in each round."""
    found: dict[str, list[float]] = {}
    asks: list[tuple[str, Callable[[int], str], int]] = [
        *((side.name, lambda n, s=side: asked([path], s, is_member, n), side.port)  # type: ignore[misc]
          for side in sides),
        ("bare", lambda n: asked([path], sides[0], False, n), bare_port),
    ]  # fmt: skip
    for number in range(ROUNDS + 1):
        for name, ask, port in asks:
            rate, _median, _tail = common.wrk(
                ask(number * 100_000), port, folder, SECONDS, CONNECTIONS
            )
            if number:  # the first one warms
                found.setdefault(name, []).append(rate)
    print(f"  {label}", flush=True)
    for name, rates in found.items():
        common.tell(f"  {name}", rates, "pages/s")
    if len(sides) > 1:
        common.tell_ratio(f"{sides[0].name} to {sides[1].name}", found["ours"], found["base"])
    ratios = sorted(a / b for a, b in zip(found["ours"], found["bare"], strict=True))
    print(f"  ratio, ours to bare: median {ratios[len(ratios) // 2]:.3f}", flush=True)


def many_addresses(side: Side) -> list[str]:
    """So many pages that a cache without bounds would show."""
    named = list(pages(side.url).values())
    places = [public_id for kind, public_id in run_sql(THINGS, side.url) if kind == "place"]
    found = []
    for number in range(ADDRESSES):
        lon, lat = -10 + number % 300 / 20, 36 + number // 300 / 30
        found.append(
            [
                f"/map/list?lat={lat:.4f}&lon={lon:.4f}&zoom={8 + number % 7}",
                f"/places?lat={lat:.4f}&lon={lon:.4f}&radius=5000",
                f"/about?seen={number}",
                f"/places/{places[number % len(places)]}?from={number}",
                f"/?lat={lat:.4f}&lon={lon:.4f}&sort=near",
                f"{named[number % len(named)]}?visit={number}",
            ][number % 6]
        )
    return found


def memory(side: Side, folder: Path) -> None:
    """Of one process, so that none of its neighbours hides what it keeps."""
    paths, served_so_far, seen = many_addresses(side), 0, {}
    for until in (FIRST, LAST):
        while served_so_far < until:
            script = asked(paths, side, False, served_so_far)
            rate, _median, _tail = common.wrk(script, side.port, folder, 20, CONNECTIONS)
            served_so_far += round(rate * 20)
        seen[until] = memory_mb(side.pid)
        print(f"  after {served_so_far:,} requests: {seen[until]:.1f} MB", flush=True)
    print(f"  ratio, last to first: {seen[LAST] / seen[FIRST]:.3f}", flush=True)


def main() -> None:
    common.need_wrk()
    names = ["bench_pages", "bench_pages_base"] if BASE else ["bench_pages"]
    redis = os.environ["REDIS_URL"]
    with contextlib.ExitStack() as stack:
        roots = [ROOT, stack.enter_context(checkout(BASE))] if BASE else [ROOT]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = [
            Side(name, root, url, redis.replace("db=0", f"db={number}"))
            for number, (name, root, url) in enumerate(
                zip(("ours", "base"), roots, databases(names), strict=False)
            )
        ]
        print(f"Pages; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
        worlds(sides)
        for side in sides:
            stack.enter_context(served(side, workers=1 if MEMORY else 2))
        if MEMORY:
            memory(sides[0], folder)
        else:
            compare(sides, folder)


if __name__ == "__main__":
    main()
