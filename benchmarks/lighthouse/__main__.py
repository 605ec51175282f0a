"""Opens pages of a demo world in Chromium (bytes of a first and a next visit, and when they can be
used at 1.6 Mbit/s and 150 ms), then runs Lighthouse on them (mobile, its own defaults)."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import common
from benchmarks.wire import Wire, wire
from scripts.frontend import node_and_npm

QUIET = 3  # seconds without a byte: the page and the worker have what they wanted
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FOLDER = Path(__file__).parent
LIGHTHOUSE = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
PHONE: Any = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "locale": "es"}
# 1.6 Mbit/s and 150 ms, as Lighthouse's "slow 4G".
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
AUDITS = (
    "first-contentful-paint", "largest-contentful-paint", "speed-index", "cumulative-layout-shift",
    "total-blocking-time",
)  # fmt: skip
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def load() -> str:
    """Of this machine, for figures that follow it."""
    return f"{os.getloadavg()[0]:.1f}"


def chromium() -> str:
    """Raises RuntimeError when there is none."""
    found = os.environ.get("BOCA_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("no Chromium here: sudo apt-get install chromium")
    return found


def install() -> str:
    """Lighthouse as its lock file pins it; the command of Node."""
    node, npm = node_and_npm()
    if not LIGHTHOUSE.exists():
        env = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
        subprocess.run(
            [*npm, "ci", "--ignore-scripts", "--loglevel=error"], cwd=FOLDER, env=env, check=True
        )
    return node


def pages(url: str) -> dict[str, str]:
    """Paths by name: the map, and one thing of each kind that has most to show."""
    newest = (
        "SELECT s.public_id FROM {table} t JOIN subjects s ON s.id = t.id"
        " WHERE t.visibility = 'published' {more} ORDER BY {order} LIMIT 1"
    )
    asked = {
        "place": ("places", "", "t.rating_count DESC, t.id"),
        "report": ("reports", "AND t.state = 'open'", "t.id DESC"),
        "brand": ("brands", "", "t.id"),
    }
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        ids = {
            name: connection.scalar(sa.text(newest.format(table=table, more=more, order=order)))
            for name, (table, more, order) in asked.items()
        }
    engine.dispose()
    return {
        "map": "/",
        "place": f"/places/{ids['place']}",
        "report": f"/reports/{ids['report']}",
        "brand": f"/brands/{ids['brand']}",
        "share": f"/share/{ids['place']}",
    }


def wait_for_tiles(site: str) -> None:
    """Until the worker counted the reports into the map's cells."""
    for _ in range(300):
        with urllib.request.urlopen(f"{site}/map/tiles/reports/2/1/1") as answer:
            if answer.read():
                return
        time.sleep(1)
    raise RuntimeError("the worker fills no tile")


def lighthouse(node: str, address: str) -> dict[str, Any]:
    """The report of one run."""
    command = [
        node, str(LIGHTHOUSE), address, "--output=json", "--quiet",
        "--only-categories=" + ",".join(CATEGORIES), "--max-wait-for-load=90000",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    ]  # fmt: skip
    env = {**os.environ, "CHROME_PATH": chromium()}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def failed(report: dict[str, Any]) -> list[str]:
    """Audits that cost points of accessibility, best practices or SEO."""
    counted = {
        each["id"]
        for name in CATEGORIES[1:]
        for each in report["categories"][name]["auditRefs"]
        if each["weight"]
    }
    return sorted(
        name
        for name in counted
        if report["audits"][name]["score"] is not None and report["audits"][name]["score"] < 1
    )


def evaluation(report: dict[str, Any]) -> float:
    """Seconds in which the page's scripts were evaluated, at four times the processor's time."""
    groups = report["audits"]["mainthread-work-breakdown"]["details"]["items"]
    return (
        sum(float(each["duration"]) for each in groups if each["group"] == "scriptEvaluation")
        / 1000
    )


def tell_lighthouse(node: str, site: str, found: dict[str, str]) -> None:
    print(f"Lighthouse, mobile, the median of {ROUNDS} runs; load {load()}", flush=True)
    for name, path in found.items():
        try:
            runs = [lighthouse(node, site + path) for _ in range(ROUNDS)]
        except subprocess.CalledProcessError as error:
            print(f"  {name}: Lighthouse failed: {error.stderr.strip()[-300:]}")
            continue

        def median(values: Iterator[float]) -> float:
            return statistics.median(list(values))

        scores = {
            each: median(float(run["categories"][each]["score"] or 0) for run in runs)
            for each in CATEGORIES
        }
        audits = {
            each: median(float(run["audits"][each]["score"] or 0) for run in runs)
            for each in AUDITS
        }
        print(f"  {name:7}", "  ".join(f"{key} {100 * value:.0f}" for key, value in scores.items()))
        print("         ", "  ".join(f"{key} {value:.2f}" for key, value in audits.items()))
        print(
            f"          scripts evaluated in {median(map(evaluation, runs)):.1f} s at 4x",
            flush=True,
        )


def visit(page: Page, address: str, is_map: bool) -> float:
    """Opens a page; seconds until it can be used: a map's tiles and reports are drawn and a press
    on "Report" opened its sheet, before any other touch; another page's heading is painted."""
    began = time.monotonic()
    page.goto(address, wait_until="commit", timeout=120_000)
    if is_map:
        drawn = "body[data-map-ready][data-map-features]:not([data-map-features='0'])"
        page.wait_for_selector(drawn, state="attached", timeout=120_000)
        page.locator("#report-here").click()
        page.get_by_role("dialog").wait_for()
    else:
        page.locator("h1").first.wait_for(timeout=120_000)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return time.monotonic() - began


def seconds_until_usable(browser: Browser, address: str, is_map: bool) -> float:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.emulateNetworkConditions", LINE)
    seconds = visit(page, address, is_map)
    context.close()
    return seconds


def weigh(browser: Browser, counted: Wire, path: str) -> list[float]:
    """Kilobytes of a first and of a next visit, with what the service worker fetched after them."""
    context = browser.new_context(**PHONE)
    told = []
    for _ in range(2):
        before = counted.sent
        page = context.new_page()
        page.goto(counted.url + path, wait_until="load", timeout=120_000)
        while counted.quiet_for() < QUIET:
            page.wait_for_timeout(200)
        told.append((counted.sent - before) / 1000)
        page.close()
    context.close()
    return told


def tell_weights(port: int, found: dict[str, str]) -> None:
    print("Chromium, 390 x 844: what a first and a next visit load, the service worker's included;")
    print(f"usable at 1.6 Mbit/s and 150 ms, the median of {ROUNDS}; load {load()}", flush=True)
    with sync_playwright() as playwright, wire(port) as counted:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path in found.items():
            first, next_ = weigh(browser, counted, path)
            address = f"http://127.0.0.1:{port}{path}"
            slow = statistics.median(
                seconds_until_usable(browser, address, name == "map") for _ in range(ROUNDS)
            )
            print(
                f"  {name:7} first {first:.0f} KB, next {next_:.0f} KB; usable after {slow:.1f} s",
                flush=True,
            )
        browser.close()


def main() -> None:
    node = install()
    url = common.database("bench_lighthouse")
    port, live = common.free_port(), common.free_port() + 1
    settings = {
        **common.settings(url, port),
        "LIVE_URL": f"http://127.0.0.1:{live}",
        "LIVE_PORT": str(live),
    }  # fmt: skip
    ugc = [sys.executable, "-c", "from ugc.cli.main import main; main()"]
    env = {**os.environ, **settings}
    subprocess.run([*ugc, "migrate", "--demo"], env=env, check=True)
    beside = [
        subprocess.Popen([*ugc, name], env=env, stderr=subprocess.DEVNULL, start_new_session=True)
        for name in ("live", "worker")
    ]
    try:
        with common.web_server(url, port, LIVE_URL=settings["LIVE_URL"]):
            site = f"http://127.0.0.1:{port}"
            found = pages(url)
            wait_for_tiles(site)
            tell_weights(port, found)
            tell_lighthouse(node, site, found)
    finally:
        for each in beside:
            common.end(each)


if __name__ == "__main__":
    main()
