"""What health says of a site whose worker stands still, or whose database is gone."""

from __future__ import annotations

import http.client
import json
import os
import signal
from typing import Any
from urllib.parse import urlsplit

from tests.faults.conftest import Cluster, FaultSite, until

# Thirty seconds of standing still, without waiting for them.
LATER = "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '40 s'"


def asked(site: FaultSite, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(site.url).port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def degraded(site: FaultSite) -> list[str]:
    return list(asked(site, "/readyz")[1]["degraded"])


def test_a_worker_that_stands_still_or_died_is_said(guest_site: FaultSite) -> None:
    site = guest_site
    assert site.worker is not None
    until(lambda: "worker" not in degraded(site))
    os.kill(site.worker.pid, signal.SIGSTOP)
    site.sql(LATER)
    until(lambda: "worker" in degraded(site))
    assert asked(site, "/healthz") == (200, {"ok": True})
    assert asked(site, "/readyz")[0] == 200
    # The other process keeps its answer for two seconds.
    until(lambda: asked(site, "/readyz?strict")[0] == 503)
    os.kill(site.worker.pid, signal.SIGCONT)
    until(lambda: "worker" not in degraded(site))
    site.kill_worker()
    site.sql(LATER)
    until(lambda: "worker" in degraded(site))


def test_without_a_database_the_site_is_alive_and_not_ready(
    site: FaultSite, cluster: Cluster
) -> None:
    until(lambda: asked(site, "/readyz")[0] == 200)
    cluster.crash()
    dead = {"ready": False, "failed": ["database"], "degraded": []}
    # Each of the two processes keeps its answer for two seconds.
    until(lambda: all(asked(site, "/readyz") == (503, dead) for _ in range(8)))
    assert asked(site, "/healthz") == (200, {"ok": True})
    cluster.start()
    until(lambda: asked(site, "/readyz")[0] == 200)
