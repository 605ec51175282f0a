"""Sites whose parts tests kill: on a database cluster of their own, or on that of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.browser.conftest import browser_type_launch_args  # noqa: F401  (a fixture)
from tests.databases import make_database
from tests.faults.site import Cluster, FaultSite, whole_site
from tests.faults.site import until as until  # as tests take it from here


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.run("wipe")


@pytest.fixture
def site(app: Flask, cluster: Cluster, tmp_path: Path) -> Iterator[FaultSite]:
    """On a cluster of its own."""
    database = make_database("test_faults", cluster.url)
    with whole_site(app, database, tmp_path) as site:
        yield site


@pytest.fixture
def guest_site(app: Flask, worker_id: str, tmp_path: Path) -> Iterator[FaultSite]:
    """On the cluster that all tests share."""
    with whole_site(app, make_database(f"test_faults_{worker_id}"), tmp_path) as site:
        yield site
