"""What was acknowledged is there once, and on every screen, whatever dies meanwhile."""

from __future__ import annotations

import importlib
import re
import threading
import time
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from tests.databases import make_database
from tests.faults.site import (
    LEFT,
    TILE,
    Client,
    Cluster,
    FaultSite,
    Poller,
    Screen,
    in_database,
    points,
    until,
)
from tests.livemap.conftest import made_site
from ugc.config import libpq_url
from ugc.core import jobs
from ugc.core.db import db, transaction

CLIENTS = 5
MEMBERS = 8  # of each client: one may post only so much
AREA = "0,0,0.35,0.06"


def test_nothing_acknowledged_is_lost_or_doubled_whatever_dies(
    site: FaultSite, cluster: Cluster
) -> None:
    clients = [
        Client(site, n, [site.member(f"client{n}-{m}") for m in range(MEMBERS)])
        for n in range(CLIENTS)
    ]
    strip = f"0,{clients[1].south},0.35,{clients[1].south + 0.0099}"
    screens = [Screen(site, AREA), Screen(site, AREA), Screen(site, strip), Poller(site, AREA)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()

    def some_more(count: int = 6) -> None:
        """Until so many more were acknowledged: the site works with what is away."""
        before = sum(len(client.acknowledged) for client in clients)
        until(lambda: sum(len(client.acknowledged) for client in clients) >= before + count)

    try:
        some_more()
        site.kill_valkey()
        some_more()
        site.start_valkey()
        site.kill_web_worker()
        some_more()
        site.stop(kill=True)
        site.kill_worker()
        some_more()
        site.launch()
        site.start_worker()
        site.cut_database()
        some_more()
        site.kill_valkey()
        some_more()
        site.start_valkey()
        site.kill_web()
        time.sleep(0.3)
        site.start_web()
        some_more()
        cluster.crash()
        cluster.start()
        [(recovered,)] = site.sql("SELECT now()")
        some_more()
    finally:
        for client in clients:
            client.enough.set()
        for thread in threads:
            thread.join(60)
    assert [each for client in clients for each in client.problems] == []
    assert sum(client.retries for client in clients) > 0  # else nothing was in the way of anybody
    assert len(site.web_workers()) == 2

    rows = in_database(site)
    tried = {text for client in clients for text in client.tried}
    acknowledged = {t: i for client in clients for t, i in client.acknowledged.items()}
    closed = {public_id for client in clients for public_id in client.closed}
    assert len(closed) > 5
    assert {text: [each[0] for each in found] for text, found in rows.items()} == {
        text: [public_id] for text, public_id in acknowledged.items()
    }
    assert rows.keys() == tried  # each client was told of each in the end
    alive = {found[0]: found[1] for [found] in rows.values() if found[2]}
    assert alive.keys() == set(acknowledged.values()) - closed

    for client in clients:
        mine = {client.acknowledged[text] for text in client.tried} - client.closed
        assert listed(site, client) == mine
    for screen in screens:
        expected = alive if screen.bbox == AREA else of_client(alive, clients[1])
        try:
            until(lambda s=screen, e=expected: s.shown == e)
        except AssertionError:
            assert screen.shown == expected, (screen, screen.resyncs, screen.connections)
        assert screen.connections > 1
        screen.close()
    # Whoever opens the map now sees the same, far out as well.
    until(lambda: in_tile(site) == alive)
    until(lambda: counted(site) == len(alive))
    # Nothing that was to follow is forgotten: jobs of the dead go back to the queue.
    until(lambda: site.sql(WORKERS, recovered) == [(2,)])  # both lanes of the one process
    with site.app.app_context(), transaction() as session:
        session.execute(sa.text(BURY), {"since": recovered})
        jobs.rescue_stalled(session)
    until(lambda: site.sql(LEFT) == [(0,)])
    assert site.worker
    assert site.worker.poll() is None


WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
# As if the last heartbeat of the others were long ago.
BURY = (
    "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"
    " WHERE last_heartbeat < :since"
)


def test_numbers_of_transactions_that_a_crash_forgot_are_not_taken_for_seen(
    app: Flask, cluster: Cluster, tmp_path: Path
) -> None:
    """What a transaction that came to nothing wrote may not be on disk when the server dies, and
    its number is given again; a cursor says that it was seen."""
    database = make_database("test_crash", cluster.url)
    with made_site(app, database, str(tmp_path)) as site:
        client = site.app.test_client()
        with psycopg.connect(libpq_url(database), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connection.execute("SELECT pg_reload_conf()")
        before = site.post(0.1, 0.1)
        with site.connect() as connection:
            for _ in range(100):
                connection.execute("SELECT pg_current_xact_id()")
                connection.rollback()
        looked = client.get(f"/map/tiles/reports/{TILE}")
        assert points(looked.data).keys() == {before}
        cursor = looked.headers["Live-Cursor"]
        cluster.crash()
        cluster.start()
        after = [site.post(0.2 + n / 100, 0.2) for n in range(60)]
        told = client.get(
            "/map/changes", query_string={"bbox": "0,0,1,1", "cursor": cursor}
        ).get_json()
        assert told.get("resync") or {each["properties"]["id"] for each in told["upserts"]} == set(
            after
        )
        # Who comes after the crash goes on from there.
        looked = client.get(f"/map/tiles/reports/{TILE}")
        last = site.post(0.1, 0.3)
        query = {"bbox": "0,0,1,1", "cursor": looked.headers["Live-Cursor"]}
        told = client.get("/map/changes", query_string=query).get_json()
        assert [each["properties"]["id"] for each in told["upserts"]] == [last]


@pytest.mark.parametrize(
    "where", ["ugc.geography.gazetteer.nearest_city", "ugc.core.jobs.configure_task"]
)
def test_a_connection_lost_in_the_middle_is_said_and_the_same_again_works(
    app: Flask, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whether SQLAlchemy notices first, or who uses the same connection without it."""
    database = make_database("test_lost", cluster.url)
    with made_site(app, database, str(tmp_path)) as site:
        client = site.app.test_client()
        name, value = site.cookie(site.author)["Cookie"].split("=", 1)
        client.set_cookie(name, value)
        form = {
            "kind": "jam", "lon": "1", "lat": "1", "text": "Once.",
            "csrf_token": client.get("/session").json["csrf"],
        }  # fmt: skip
        headers = {"Accept": "application/json", "Idempotency-Key": "the only one"}
        module, _, function = where.rpartition(".")
        original = getattr(importlib.import_module(module), function)

        def cut_then(*args: Any, **more: Any) -> Any:
            pid = db.session().scalar(sa.text("SELECT pg_backend_pid()"))
            site.sql("SELECT pg_terminate_backend(%s, 5000)", pid)
            return original(*args, **more)

        monkeypatch.setattr(where, cut_then)
        refused = client.post("/reports", data=form, headers=headers)
        assert (refused.status_code, refused.json["code"]) == (503, "unavailable")
        monkeypatch.undo()
        done = client.post("/reports", data=form, headers=headers)
        assert done.status_code == 201
        assert site.sql("SELECT public_id FROM reports JOIN subjects USING (id)") == [
            (done.json["id"],)
        ]


def of_client(alive: dict[str, str], client: Client) -> dict[str, str]:
    mine = set(client.acknowledged.values())
    return {public_id: version for public_id, version in alive.items() if public_id in mine}


def in_tile(site: FaultSite) -> dict[str, str]:
    found = until(lambda: site.get(f"/map/tiles/reports/{TILE}"))
    return {public_id: version for public_id, (_, version) in points(found[1]).items()}


def counted(site: FaultSite) -> int:
    """What the clusters and single things of the whole world add up to."""
    _, body = until(lambda: site.get("/map/tiles/reports/0/0/0"))
    layers = mapbox_vector_tile.decode(body) if body else {}
    clusters = layers.get("clusters", {"features": []})["features"]
    alone = layers.get("points", {"features": []})["features"]
    return sum(each["properties"]["n"] for each in clusters) + len(alone)


def listed(site: FaultSite, client: Client) -> set[str]:
    """What the list beside the map says of a client's strip, in parts that it shows whole."""
    found: set[str] = set()
    for west in range(7):
        box = (west * 0.1 / 2, client.south, (west + 1) * 0.1 / 2 - 0.0001, client.south + 0.0099)
        answer = until(
            lambda b=box: site.get(f"/map/list?show=reports&bbox={','.join(map(str, b))}")
        )
        found |= set(re.findall(r'data-id="(\w+)"', answer[1].decode()))
    return found
