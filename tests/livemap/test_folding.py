"""Folding with real transactions: several at once, and the database going away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import mapbox_vector_tile
import pytest

from tests.livemap.conftest import LiveSite
from ugc.core.db import transaction
from ugc.livemap import actions as livemap_actions
from ugc.livemap import jobs as livemap_jobs
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.reports.actions import life as reports_life_actions

SOON = 15.0


@pytest.fixture
def folding(live: LiveSite) -> Iterator[LiveSite]:
    """The site with what folds beside its worker."""
    wrong_cells(live)  # the fixture ends the reports of other tests without a word
    stop = threading.Event()
    thread = threading.Thread(target=livemap_jobs.keep_folding, args=(live.app, stop))
    thread.start()
    yield live
    stop.set()
    thread.join(SOON)
    assert not thread.is_alive()


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def world(site: LiveSite) -> int:
    """How many reports the tile of the whole world counts."""
    answer = site.app.test_client().get("/map/tiles/reports/0/0/0")
    layers = mapbox_vector_tile.decode(answer.data) if answer.data else {}
    clusters = layers.get("clusters", {"features": []})["features"]
    alone = layers.get("points", {"features": []})["features"]
    return sum(each["properties"]["n"] for each in clusters) + len(alone)


def wrong_cells(site: LiveSite) -> int:
    with site.app.app_context(), transaction() as session:
        return livemap_actions.rebuild(session)


def test_a_commit_is_in_the_cells_soon(folding: LiveSite) -> None:
    first = folding.post()
    folding.post(2.2, 41.4)
    eventually(lambda: world(folding) == 2)
    folding.act(reports_life_actions.close, first, folding.author, ...)
    eventually(lambda: world(folding) == 1)


def test_an_unfinished_transaction_is_folded_when_it_ends(folding: LiveSite) -> None:
    report = folding.post()
    eventually(lambda: world(folding) == 1)
    with folding.connect() as slow:
        slow.execute(
            "UPDATE reports SET state = 'closed' WHERE id ="
            " (SELECT id FROM subjects WHERE public_id = %s)", (report,)
        )  # fmt: skip
        slow.execute("UPDATE subjects SET changed_txid = pg_current_xact_id()")
        folding.post(2.2, 41.4)
        eventually(lambda: world(folding) == 2)
        slow.commit()
    eventually(lambda: world(folding) == 1)


def test_it_goes_on_after_the_database_was_away(folding: LiveSite) -> None:
    folding.post()
    eventually(lambda: world(folding) == 1)
    with folding.connect() as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    folding.post(2.2, 41.4)
    eventually(lambda: world(folding) == 2)


def test_a_wiped_cache_changes_nothing(folding: LiveSite) -> None:
    folding.post()
    eventually(lambda: world(folding) == 1)
    folding.kill_valkey()
    folding.post(2.2, 41.4)
    eventually(lambda: world(folding) == 2)
    folding.start_valkey()
    folding.post(2.3, 41.4)
    eventually(lambda: world(folding) == 3)


def test_many_who_fold_and_change_at_once_count_right(live: LiveSite) -> None:
    wrong_cells(live)
    ids = [live.post(-3.7 + n / 100, 40.4) for n in range(12)]
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(work: Callable[[int], None]) -> threading.Thread:
        def loop() -> None:
            turn = 0
            try:
                while not stop.is_set():
                    work(turn)
                    turn += 1
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=loop)
        thread.start()
        return thread

    def move(turn: int) -> None:
        with live.connect() as connection:
            connection.execute(
                "WITH one AS (UPDATE subjects SET changed_txid = pg_current_xact_id()"
                " WHERE public_id = %s RETURNING id) UPDATE reports SET"
                " state = CASE WHEN %s %% 3 = 0 THEN 'closed' ELSE 'open' END,"
                " geom = ST_SetSRID(ST_MakePoint(%s, 40.4), 4326)"
                " FROM one WHERE reports.id = one.id",
                (ids[turn % len(ids)], turn, -3.7 + turn % 50 / 20),
            )  # fmt: skip

    threads = [run(lambda _turn: livemap_jobs.fold_once(live.app)) for _ in range(3)]
    threads += [run(move) for _ in range(2)]
    time.sleep(3)
    stop.set()
    for thread in threads:
        thread.join(SOON)
    assert failures == []
    assert wrong_cells(live) == 0
    with live.app.app_context():
        livemap_tiles.forget_all()
    assert world(live) == len(live.alive())
