"""`ugc city` in the test's transaction, and extracts to load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from ugc.cli import city as cli_city
from ugc.cli import main as cli_main
from ugc.config import ROOT
from ugc.core.db import Session

DATA = ROOT / "tests" / "data"
HELSINKI = DATA / "helsinki.osm.pbf"
VILLAGE = DATA / "myllykoski.osm.pbf"

Run = Callable[..., Result]


@pytest.fixture
def folder(app: Flask) -> Iterator[Path]:
    """Where archives are written, empty again after the test."""
    folder: Path = app.config["DATA_DIR"] / "cities"
    yield folder
    for file in folder.glob("*"):
        file.unlink()


@pytest.fixture
def run(app: Flask, session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("load", file, "--replace", …)`: the command `ugc city`, in this test's transaction."""
    monkeypatch.setattr(cli_city, "create_app", lambda: app)

    def invoke(*arguments: object) -> Result:
        session.commit()
        result = CliRunner().invoke(cli_main.cli, ["city", *map(str, arguments)])
        session.expire_all()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def osm(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small extract: `osm(nodes={1: (lon, lat, tags)}, ways={1: ([1, 2], tags)})`."""

    def write(
        name: str = "small.osm",
        *,
        nodes: dict[int, tuple[float, float, dict[str, str]]],
        ways: dict[int, tuple[list[int], dict[str, str]]],
        day: str = "2026-01-01",
    ) -> Path:
        def tags(said: dict[str, str]) -> str:
            return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in said.items())

        stamp = f'version="1" timestamp="{day}T00:00:00Z"'
        lines = ['<osm version="0.6" generator="tests">']
        for number, (lon, lat, said) in nodes.items():
            lines.append(f'<node id="{number}" lon="{lon}" lat="{lat}" {stamp}>{tags(said)}</node>')
        for number, (refs, said) in ways.items():
            points = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            lines.append(f'<way id="{number}" {stamp}>{points}{tags(said)}</way>')
        path = tmp_path / name
        path.write_text("\n".join([*lines, "</osm>"]))
        return path

    return write
