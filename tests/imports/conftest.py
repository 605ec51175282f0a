"""The command in the test's transaction, and files to import."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from ugc.cli import importing as cli_importing
from ugc.cli import main as cli_main
from ugc.config import ROOT
from ugc.core.db import Session


@pytest.fixture
def run(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`run(kind, file, "--mapping", …)`: the command `ugc import`, in this test's transaction."""
    monkeypatch.setattr(cli_importing, "create_app", lambda: app)

    def invoke(*arguments: object) -> Result:
        session.commit()
        result = CliRunner().invoke(cli_main.cli, ["import", *map(str, arguments)])
        session.expire_all()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def ndjson(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: list[dict[str, Any]], name: str = "file.ndjson") -> Path:
        path = tmp_path / name
        data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real open data; tests that want it are skipped where it is not."""
    folder = Path(os.environ.get("BOCA_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "reports").is_dir():
        pytest.skip("no real data: set BOCA_SHARED_DATA to its folder, or put it in ../shared/data")
    return folder
