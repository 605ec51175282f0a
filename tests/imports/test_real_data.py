"""The shipped mappings on the files they are for, where these are at hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from ugc.core.db import Session
from ugc.imports.rules import values as imports_values

UCI = "reviews/uci_restaurants_mexico"
MADRID = "reports/madrid_avisos_2024.ndjson.gz"


@pytest.mark.parametrize(
    ("kind", "file", "mapping", "limit", "told"),
    [
        ("reports", MADRID, "madrid", 5_000, "5,000 added, 0 changed, 0 unchanged, 0 repeated"),
        ("places", "places/madrid_municipal_points_2025.geojson.gz", "madrid", 0, "2,267 added"),
        ("places", "places/barcelona_municipal_points_2025.geojson.gz", "barcelona", 0,
         "1,963 added"),
        ("reports", "reports/boston_311_2015_road_hazards.csv.gz", "boston", 3_000, "3,000 added"),
        ("reports", "reports/boston_open311_2019-2020.ndjson.gz", "boston-open311", 3_000,
         "3,000 added"),
        ("reports", "reports/open311_georeport_v2_page_sample.json", "open311", 0, "50 added"),
        ("reports", "reports/madrid_open311_raw_api_response.json", "madrid-open311", 0,
         "100 added"),
    ],
)  # fmt: skip
def test_every_row_goes_in(
    run: Callable[..., Result],
    shared_data: Path,
    tmp_path: Path,
    kind: str,
    file: str,
    mapping: str,
    limit: int,
    told: str,
) -> None:
    more = ["--limit", limit] if limit else []
    arguments = [kind, shared_data / file, "--mapping", mapping, *more]
    result = run(*arguments, "--rejects", tmp_path / "rejects.csv")
    assert result.exit_code == 0, result.output
    assert told in result.output
    assert " 0 rejected" in result.output


def test_restaurants_with_their_ratings(
    run: Callable[..., Result], shared_data: Path, tmp_path: Path, session: Session
) -> None:
    rejects = ("--rejects", tmp_path / "rejects.csv")
    for kind, file, told in (
        ("places", "geoplaces2.csv", "130 added"),
        ("reviews", "rating_final.csv", "1,161 added"),
    ):
        result = run(kind, shared_data / UCI / file, "--mapping", "uci", *rejects)
        assert result.exit_code == 0, result.output
        assert told in result.output
    figures = session.execute(
        sa.text(
            "SELECT (SELECT sum(rating_count) FROM places), (SELECT count(*) FROM reviews),"
            " (SELECT sum(rating_sum) FROM places), (SELECT sum(rating) FROM reviews),"
            " (SELECT count(*) FROM members WHERE is_demo AND email IS NULL)"
        )
    ).one()
    assert figures[0] == figures[1] == 1161
    assert figures[2] == figures[3]
    assert figures[4] == 138


FORMER = {
    MADRID: ("reports", "madrid", 500),
    "places/madrid_municipal_points_2025.geojson.gz": ("places", "madrid", 500),
    "reports/boston_open311_2019-2020.ndjson.gz": ("reports", "boston-open311", 500),
    f"{UCI}/geoplaces2.csv": ("places", "uci", 130),
}


@pytest.mark.parametrize("file", FORMER)
def test_what_came_before_points_were_rounded_is_known_again(
    run: Callable[..., Result],
    shared_data: Path,
    tmp_path: Path,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
) -> None:
    """Imported by the release before, rounded by the migration, imported again."""
    kind, mapping, limit = FORMER[file]
    arguments = [
        kind, shared_data / file, "--mapping", mapping, "--limit", limit,
        "--rejects", tmp_path / "rejects.csv",
    ]  # fmt: skip
    with monkeypatch.context() as before:
        before.setattr(imports_values, "public", lambda position: position)
        run(*arguments)
    everything = sa.text(
        f"SELECT t.id, t.revision, s.changed_at, ST_X(t.geom), ST_Y(t.geom) FROM {kind} t"
        " JOIN subjects s ON s.id = t.id ORDER BY t.id"
    )
    hashes = sa.text(f"SELECT content_hash FROM {kind} ORDER BY id")
    rows, former = session.execute(everything).all(), session.scalars(hashes).all()
    assert len(rows) == limit
    session.execute(sa.text("DELETE FROM import_runs"))
    told = f"0 added, 0 changed, {limit} unchanged"
    assert told in run(*arguments).output
    assert session.execute(everything).all() == rows
    assert session.scalars(hashes).all() != former
    session.execute(sa.text("DELETE FROM import_runs"))
    assert told in run(*arguments).output
    assert session.execute(everything).all() == rows
