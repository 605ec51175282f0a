"""`ugc import`: file in, database out."""

from __future__ import annotations

import csv
import datetime as dt
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask.testing import FlaskClient
from orjson import dumps

from tests.conftest import MODERATOR
from ugc import demo
from ugc.accounts.models import Member, UsedHandle
from ugc.config import libpq_url
from ugc.content.models import Version
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, now
from ugc.core.sources import ImportRun, Source
from ugc.core.subjects import Subject, Transition
from ugc.imports import jobs as imports_jobs
from ugc.imports.actions import authors as imports_authors
from ugc.imports.actions import batches as imports_batches
from ugc.moderation.models import Case
from ugc.places.models import Place, PlaceFact
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.models import Report
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions
from ugc.reputation.models import PointEntry
from ugc.reviews.models import Review

Run = Callable[..., Result]
Write = Callable[..., Path]
NOW = dt.datetime.now(dt.UTC)


def aviso(number: int, **values: Any) -> dict[str, Any]:
    """A report in the layout of Madrid's file, fresh unless said otherwise."""
    return {
        "id": f"a{number}",
        "date": NOW.isoformat(),
        "lat": 40.42 + number / 10_000,
        "long": -3.70,
        "description": f"Aviso {number}",
        "service": "Farola apagada",
        **values,
    }


def all_reports(session: Session) -> list[Report]:
    return list(session.scalars(sa.select(Report).order_by(Report.external_id)))


def one_run(session: Session) -> ImportRun:
    return session.scalars(sa.select(ImportRun)).one()


def rejects(path: Path) -> list[dict[str, str]]:
    with path.with_name(path.name + ".rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_reports_are_published_belong_to_nobody_and_give_nothing(
    run: Run, ndjson: Write, session: Session, client: FlaskClient
) -> None:
    path = ndjson([aviso(1), aviso(2, service="Animales muertos")], "avisos.ndjson.gz")
    result = run("reports", path, "--mapping", "madrid")
    assert result.exit_code == 0, result.output
    assert "2 rows in" in result.output
    assert "2 added, 0 changed, 0 unchanged, 0 repeated, 0 rejected" in result.output
    first, second = all_reports(session)
    assert (first.kind, second.kind) == ("lighting", "animals")
    assert (first.visibility, first.author_id, first.language) == ("published", None, "es")
    assert (first.state, first.city_id, first.revision) == ("open", 3117735, 1)
    assert abs(first.occurred_at - NOW) < dt.timedelta(seconds=1)
    for table in (PointEntry, Case):
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert session.scalar(sa.text("SELECT count(*) FROM procrastinate_jobs")) == 0
    moves = session.execute(
        sa.select(
            Transition.field, Transition.old, Transition.new, Transition.reason, Transition.actor
        )
    )
    assert set(moves) == {("visibility", None, "published", "imported", "system")}
    public_id = session.get_one(Subject, first.id).public_id
    page = client.get(f"/reports/{public_id}").text
    assert "Origen de los datos: Ayuntamiento de Madrid" in page
    assert "Aviso 1" in page
    features = client.get("/map/features?bbox=-4,40,-3,41").get_json(force=True)["features"]
    assert len(features) == 2


def test_reports_take_the_subkind_that_the_mapping_names(
    run: Run, ndjson: Write, session: Session
) -> None:
    run("reports", ndjson([aviso(1), aviso(2, service="Parquímetro")]), "--mapping", "madrid")
    assert [row.subkind for row in all_reports(session)] == ["light_out", None]
    again = ndjson([aviso(1, service="Animales muertos"), aviso(2, service="Banco")])
    assert "2 changed" in run("reports", again, "--mapping", "madrid").output
    assert [(row.kind, row.subkind) for row in all_reports(session)] == [
        ("animals", "dead"), ("furniture", "bench"),
    ]  # fmt: skip


def test_history_is_over_unless_it_is_alive(run: Run, ndjson: Write, session: Session) -> None:
    old = (NOW - dt.timedelta(days=400)).isoformat()
    run("reports", ndjson([aviso(1, date=old), aviso(2)]), "--mapping", "madrid")
    over, alive = all_reports(session)
    assert (over.state, over.closed_at) == ("expired", over.expires_at)
    kind = reports_kinds.KINDS[over.kind]
    expiry = reports_permissions.first_expiry(
        kind, over.occurred_at, reports_permissions.SOURCE_TRUST
    )
    assert over.expires_at == expiry
    assert over.half_life_s == kind.half_life * 60
    assert over.created_at - over.occurred_at > dt.timedelta(days=399)
    assert (alive.state, alive.closed_at) == ("open", None)
    states = session.execute(
        sa.select(Transition.subject_id, Transition.new).where(Transition.field == "state")
    )
    assert list(states) == [(over.id, "expired")]


def test_a_repeated_import_does_nothing_and_says_so(
    run: Run, ndjson: Write, session: Session
) -> None:
    path = ndjson([aviso(1), aviso(2, lat=99)])
    assert run("reports", path, "--mapping", "madrid").exit_code == 3
    again = run("reports", path, "--mapping", "madrid")
    assert again.exit_code == 0
    assert "this file was imported with this mapping on" in again.output
    assert "--again" in again.output
    forced = run("reports", path, "--mapping", "madrid", "--again")
    assert "0 added, 0 changed, 1 unchanged" in forced.output
    assert len(all_reports(session)) == 1


def test_what_changed_is_updated_and_moves_in_the_feed(
    run: Run, ndjson: Write, session: Session
) -> None:
    run("reports", ndjson([aviso(1), aviso(2)]), "--mapping", "madrid")
    before = {s.id: (s.public_id, s.changed_at) for s in session.scalars(sa.select(Subject))}
    newer = ndjson([aviso(1), aviso(2, description="Peor", service="Calle apagada")], "b.ndjson")
    # Inside one transaction the clock stands still; a fixed past makes the touch visible.
    session.execute(sa.text("UPDATE subjects SET changed_at = now() - interval '1 hour'"))
    result = run("reports", newer, "--mapping", "madrid")
    assert "0 added, 1 changed, 1 unchanged" in result.output
    same, changed = all_reports(session)
    assert (same.text, same.revision) == ("Aviso 1", 1)
    assert (changed.text, changed.revision) == ("Peor", 2)
    after = {s.id: s for s in session.scalars(sa.select(Subject))}
    assert after[changed.id].changed_at > after[same.id].changed_at
    assert after[changed.id].public_id == before[changed.id][0]


def test_an_update_leaves_what_moderators_and_members_did(
    run: Run, ndjson: Write, session: Session
) -> None:
    rows = [aviso(1), aviso(2), aviso(3)]
    run("reports", ndjson(rows), "--mapping", "madrid")
    hidden, closed, confirmed = all_reports(session)
    hidden.visibility = "hidden"
    subjects.touch(session, hidden.id, visible=False)
    reports_life_actions.close(session, Actor(ActorKind.MEMBER, id=1, grants=MODERATOR), closed.id)
    confirmed.confirmations = 1
    confirmed.expires_at += dt.timedelta(days=9)
    prolonged = confirmed.expires_at
    changed = [{**row, "description": "Otra cosa"} for row in rows]
    assert "3 changed" in run("reports", ndjson(changed, "b"), "--mapping", "madrid").output
    hidden, closed, confirmed = all_reports(session)
    assert {r.text for r in (hidden, closed, confirmed)} == {"Otra cosa"}
    assert hidden.visibility == "hidden"
    assert session.get_one(Subject, hidden.id).visible is False
    assert (closed.state, closed.closed_at is None) == ("closed", False)
    assert (confirmed.state, confirmed.expires_at) == ("open", prolonged)


def test_rows_that_cannot_be_taken_go_to_the_reject_file(
    run: Run, ndjson: Write, session: Session
) -> None:
    path = ndjson(
        [
            aviso(1, lat=0, long=0),
            aviso(2, date="1899-12-30"),
            aviso(3),
            aviso(4, date=(NOW + dt.timedelta(days=9)).isoformat()),
            aviso(5, description="=cmd()<script>alert(1)</script>\x00"),
        ]
    )
    path.write_bytes(path.read_bytes() + b'{"id": NaN\n' + b'{"id":"' + b"x" * 10_000_000 + b'"}\n')
    result = run("reports", path, "--mapping", "madrid")
    assert result.exit_code == 3
    assert "2 added, 0 changed, 0 unchanged, 0 repeated, 5 rejected" in result.output
    rows = rejects(path)
    assert [row["line"] for row in rows] == ["1", "2", "4", "6", "7"]
    assert "0, 0" in rows[0]["reason"]
    assert "before 1971" in rows[1]["reason"]
    assert "in the future" in rows[2]["reason"]
    assert "not JSON" in rows[3]["reason"]
    assert "longer than 1 MiB" in rows[4]["reason"]
    assert all(row["row"][0] in '{"' and len(row["row"]) < 3000 for row in rows)
    assert [r.text for r in all_reports(session)] == [
        "Aviso 3", "=cmd()<script>alert(1)</script>"
    ]  # fmt: skip
    run_row = one_run(session)
    assert (run_row.rows_added, run_row.rows_rejected, run_row.lines_done) == (2, 5, 7)
    assert run_row.finished_at is not None


def test_the_later_of_two_rows_with_one_id_wins(run: Run, ndjson: Write, session: Session) -> None:
    path = ndjson([aviso(1), aviso(1, description="Arreglada"), aviso(2)])
    assert (
        "2 added, 0 changed, 0 unchanged, 1 repeated"
        in run("reports", path, "--mapping", "madrid").output
    )
    assert [r.text for r in all_reports(session)] == ["Arreglada", "Aviso 2"]


@pytest.mark.parametrize("fails_at", [1, 3])
def test_an_import_that_broke_off_goes_on_and_never_doubles(
    run: Run, ndjson: Write, session: Session, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    rows = [aviso(n, **({"lat": 99} if n % 3 == 0 else {})) for n in range(10)]
    path = ndjson(rows)
    monkeypatch.setattr(imports_jobs, "BATCH_ROWS", 2)
    advance, calls = imports_batches.advance_run, []

    def crash(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        advance(*args, **kwargs)
        if len(calls) == fails_at + 1:
            raise KeyboardInterrupt  # after everything of the batch but its commit

    monkeypatch.setattr(imports_batches, "advance_run", crash)
    stopped = run("reports", path, "--mapping", "madrid")
    assert stopped.exit_code == 130
    assert f"Stopped after {2 * fails_at} rows; the same command goes on there" in stopped.output
    assert one_run(session).lines_done == 2 * fails_at
    # The batch that was lost had written its rejects already.
    torn = path.with_name(path.name + ".rejects.csv")
    if torn.exists():
        with torn.open("a") as file:
            file.write('9,"not all of it')
    monkeypatch.setattr(imports_batches, "advance_run", advance)
    result = run("reports", path, "--mapping", "madrid")
    assert result.exit_code == 3
    assert f"went on after line {2 * fails_at}" in result.output
    assert [r.external_id for r in all_reports(session)] == ["a1", "a2", "a4", "a5", "a7", "a8"]
    assert [row["line"] for row in rejects(path)] == ["1", "4", "7", "10"]
    run_row = one_run(session)
    assert (run_row.rows_added, run_row.rows_rejected, run_row.lines_done) == (6, 4, 10)
    assert run_row.finished_at is not None
    made = session.scalar(
        sa.select(sa.func.count()).select_from(Subject).where(Subject.kind == "report")
    )
    assert made == 6


def test_a_batch_that_somebody_else_did_meanwhile_is_not_written(
    run: Run, ndjson: Write, session: Session
) -> None:
    run("reports", ndjson([aviso(1)]), "--mapping", "madrid")
    row = one_run(session)
    with pytest.raises(imports_batches.Overtaken):
        imports_batches.advance_run(session, row.id, before=0, after=2, added=0, changed=0, bad=0)


def test_limit_stops_and_the_next_run_goes_on(run: Run, ndjson: Write, session: Session) -> None:
    path = ndjson([aviso(n) for n in range(5)])
    first = run("reports", path, "--mapping", "madrid", "--limit", "3")
    assert "3 rows in" in first.output
    assert "the same command goes on" in first.output
    assert len(all_reports(session)) == 3
    assert "2 added" in run("reports", path, "--mapping", "madrid").output
    assert len(all_reports(session)) == 5


def test_a_dry_run_checks_all_and_writes_nothing(
    run: Run, ndjson: Write, session: Session, tmp_path: Path
) -> None:
    path = ndjson([aviso(1), aviso(2, lat=99)])
    result = run("reports", path, "--mapping", "madrid", "--dry-run")
    assert result.exit_code == 3
    assert "1 added" in result.output
    assert "nothing was written" in result.output
    assert "line 2: not on the map" in result.output
    for table in (Report, Source, ImportRun, Transition):
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["file.ndjson"]


def peak_of(path: Path, run: Run) -> int:
    tracemalloc.start()
    result = run("reports", path, "--mapping", "madrid")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.exit_code == 0, result.output
    return peak


def test_memory_stays_the_same_whatever_the_size_of_the_file(
    run: Run, ndjson: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports_jobs, "BATCH_ROWS", 200)
    run("reports", ndjson([aviso(0)], "first"), "--mapping", "madrid")  # what is made once
    text = "x" * 1000
    small = [aviso(n % 5000 + 1, id=f"s{n}", description=text) for n in range(400)]
    large = [aviso(n % 5000 + 1, id=f"l{n}", description=text) for n in range(4_000)]
    paths = ndjson(small, "small"), ndjson(large, "large")
    del small, large
    peaks = [peak_of(path, run) for path in paths]
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < paths[1].stat().st_size + 3_000_000


def staged_rows_read(session: Session) -> int:
    """In this transaction, without an index."""
    return session.scalar(
        sa.text(
            "SELECT sum(seq_tup_read)::bigint FROM pg_stat_xact_all_tables"
            " WHERE relname = 'import_report'"
        )
    )  # type: ignore[return-value]


def test_figures_from_before_the_table_grew_make_no_batch_slow(
    run: Run, ndjson: Write, session: Session, database_url: str
) -> None:
    count = 600
    run("reports", ndjson([aviso(n) for n in range(count)], "a"), "--mapping", "madrid")
    # Another connection sees an empty table, and that is what the planner goes by from now on.
    with psycopg.connect(libpq_url(database_url), autocommit=True) as other:
        other.execute("ANALYZE reports, subjects, transitions")
    before = staged_rows_read(session)
    new = [aviso(n, id=f"new{n}") for n in range(count)]
    changed = [aviso(n, description="It grew.") for n in range(count)]
    assert f"{count} added" in run("reports", ndjson(new, "b"), "--mapping", "madrid").output
    assert f"{count} changed" in run("reports", ndjson(changed, "c"), "--mapping", "madrid").output
    # A join the wrong way round reads all that is staged for every report.
    assert staged_rows_read(session) - before < 100 * count


def test_two_imports_of_a_source_at_once_are_refused(
    run: Run, ndjson: Write, database_url: str
) -> None:
    path = ndjson([aviso(1)])
    with psycopg.connect(libpq_url(database_url)) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('import:madrid:reports', 0))")
        busy = run("reports", path, "--mapping", "madrid")
        assert busy.exit_code == 2
        assert "Another process is importing reports of madrid" in busy.output
        # The server lets go of a closed connection's locks a moment later.
        other.execute("SELECT pg_advisory_unlock_all()")
    assert run("reports", path, "--mapping", "madrid").exit_code == 0


def test_usage_errors_say_what_to_do(run: Run, ndjson: Write, tmp_path: Path) -> None:
    path = ndjson([aviso(1)])
    for arguments, message in [
        (("reports", path, "--mapping", "narnia"), "no mapping narnia"),
        (("reviews", path, "--mapping", "madrid"), "only about reports, places"),
        (("reports", tmp_path / "none", "--mapping", "madrid"), "does not exist"),
        (("brands", path, "--mapping", "madrid"), "'brands' is not one of"),
        (("reports", path), "Missing option '--mapping'"),
        (("reports", path, "--mapping", "madrid", "--rejects", path), "is no reject file"),
    ]:
        result = run(*arguments)
        assert result.exit_code == 2, result.output
        assert message in result.output


def test_a_file_of_another_kind_is_told_apart(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;name\n1;2\n")
    wrong = run("reports", path, "--mapping", "boston")
    assert wrong.exit_code == 1
    assert "wants a column CASE_ENQUIRY_ID, and the file has id;name" in wrong.output
    assert "looks like csv" in run("reports", path, "--mapping", "open311").output


def test_a_broken_document_keeps_what_came_before(
    run: Run, tmp_path: Path, session: Session
) -> None:
    path = tmp_path / "a.json"
    path.write_text(f'[{{"id":"1","date":"{NOW.isoformat()}","lat":40.4,"long":-3.7,')
    path.write_text(path.read_text() + '"service":"Otros"},{"id":')
    result = run("reports", path, "--mapping", "madrid")
    assert result.exit_code == 1
    assert "not JSON" in result.output
    assert "1 rows before that were read: 1 added" in result.output
    assert len(all_reports(session)) == 1
    assert one_run(session).finished_at is None


OPEN311 = """<?xml version="1.0" encoding="utf-8"?>
<service_requests>
  <request>
    <service_request_id>638344</service_request_id>
    <status>closed</status>
    <status_notes>Duplicate request.</status_notes>
    <service_name>Sidewalk and Curb Issues</service_name>
    <service_code>006</service_code>
    <description>Loose &lt;b&gt;kerb&lt;/b&gt;</description>
    <requested_datetime>2010-04-14T06:37:38-08:00</requested_datetime>
    <updated_datetime>2010-04-19T06:37:38-08:00</updated_datetime>
    <lat>37.762221815</lat><long>-122.4651145</long>
  </request>
</service_requests>
"""


def test_open311_in_xml_and_json_is_the_same(run: Run, tmp_path: Path, session: Session) -> None:
    xml, json = tmp_path / "requests.xml", tmp_path / "requests.json"
    xml.write_text(OPEN311)
    json.write_text(
        '[{"service_request_id":638344,"status":"closed","service_code":"006",'
        '"service_name":"Sidewalk and Curb Issues","description":"Loose <b>kerb</b>",'
        '"requested_datetime":"2010-04-14T06:37:38-08:00",'
        '"updated_datetime":"2010-04-19T06:37:38-08:00","lat":37.762221815,"long":-122.4651145}]'
    )
    result = run("reports", xml, "--mapping", "open311")
    assert "kind not understood: “Sidewalk and Curb Issues” (1)" in result.output
    [report] = all_reports(session)
    assert (report.kind, report.state, report.text) == ("other", "closed", "Loose <b>kerb</b>")
    assert report.closed_at == dt.datetime(2010, 4, 19, 14, 37, 38, tzinfo=dt.UTC)
    assert report.city_id is None
    assert "1 unchanged" in run("reports", json, "--mapping", "open311").output


BOSTON = """CASE_ENQUIRY_ID,OPEN_DT,CLOSED_DT,CASE_STATUS,CASE_TITLE,TYPE,LATITUDE,LONGITUDE
1,01/14/2015 03:04:41 PM,01/15/2015 03:04:42 PM,Closed,Pothole,Pothole Repair (Internal),42.3,-71.1
2,07/14/2015 03:04:41 PM,,Open,Sign,Missing Sign,42.3,-71.1
"""


def test_boston_in_csv(run: Run, tmp_path: Path, session: Session) -> None:
    path = tmp_path / "311.csv"
    path.write_text(BOSTON)
    assert run("reports", path, "--mapping", "boston").exit_code == 0
    closed, over = all_reports(session)
    assert (closed.kind, closed.state, over.kind, over.state) == (
        "hazard_road", "closed", "furniture", "expired",
    )  # fmt: skip
    assert closed.occurred_at == dt.datetime(2015, 1, 14, 20, 4, 41, tzinfo=dt.UTC)  # winter
    assert over.occurred_at == dt.datetime(2015, 7, 14, 19, 4, 41, tzinfo=dt.UTC)  # summer


UTM = """
[source]
code = "town"
name = "Town"
attribution = "Town"
licence = "CC0"
[places]
format = "csv"
delimiter = ";"
encoding = "cp1252"
position = { x = "x", y = "y", crs = 25830 }
[places.fields]
id = "pk"
name = { from = "nombre", html = true }
category = { const = "library" }
"""


def test_projected_coordinates_become_degrees(run: Run, tmp_path: Path, session: Session) -> None:
    (tmp_path / "town.toml").write_text(UTM)
    path = tmp_path / "places.csv"
    path.write_bytes(
        "pk;nombre;x;y\n1;Biblioteca <i>Ca&#241ada</i>;440290,96;4474257,4\n2;Lejos;1e300;4474257\n"
        "3;Nada;0;0\n".encode("cp1252")
    )
    result = run("places", path, "--mapping", tmp_path / "town.toml")
    assert result.exit_code == 3, result.output
    assert [row["line"] for row in rejects(path)] == ["3", "4"]
    [place] = session.scalars(sa.select(Place))
    assert (place.name, place.city_id) == ("Biblioteca Cañada", 3117735)
    lon, lat = session.execute(sa.select(sa.func.ST_X(place.geom), sa.func.ST_Y(place.geom))).one()
    assert (round(lon, 4), round(lat, 4)) == (-3.7038, 40.4168)  # Puerta del Sol


def test_places_of_the_shipped_cities(run: Run, tmp_path: Path, session: Session) -> None:
    path = tmp_path / "points.geojson"
    feature = (
        '{"type":"Feature","geometry":{"type":"Point","coordinates":[2.17,41.39]},"properties":'
        '{"name":"Biblioteca","category":"%s","address_road_name":"Av Bogatell",'
        '"address_street_number":"17","phone":"932251864"}}'
    )
    two = f"{feature % 'Museums'},{feature % 'Libraries'}"
    path.write_text(f'{{"type":"FeatureCollection","features":[{two}]}}')
    assert "1 added" in run("places", path, "--mapping", "barcelona").output
    [place] = session.scalars(sa.select(Place))
    assert (place.category, place.address, place.phone) == (
        "library", "Av Bogatell, 17", "+34932251864"
    )  # fmt: skip
    assert (place.city_id, place.timezone, place.language) == (3128760, "Europe/Madrid", "ca")
    path.write_text(path.read_text().replace("932251864", "931111111"))
    assert "1 changed" in run("places", path, "--mapping", "barcelona").output
    session.expire_all()
    assert (place.phone, place.revision) == ("+34931111111", 2)


@pytest.mark.parametrize("origin", ["moderator", "brand", "member", "import", "extract"])
def test_what_people_wrote_stays_and_the_file_proposes(
    run: Run, tmp_path: Path, session: Session, origin: str
) -> None:
    path = tmp_path / "points.geojson"

    def load(lon: float = 2.17, **said: str) -> str:
        properties = {"id": "1", "name": "Biblioteca", "category": "library", **said}
        geometry = {"type": "Point", "coordinates": [lon, 41.39]}
        feature = {"type": "Feature", "geometry": geometry, "properties": properties}
        path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": [feature]}))
        return run("places", path, "--mapping", "geojson").output

    load()
    [place] = session.scalars(sa.select(Place))
    session.execute(
        sa.text(
            "UPDATE places SET phone = '+34930000000', website = 'https://mine.example',"
            " geom = ST_SetSRID(ST_MakePoint(2.2, 41.4), 4326), timezone = 'Europe/Paris'"
        )
    )
    written = [
        {"place_id": place.id, "field": field, "origin": origin, "at": now(session)}
        for field in ("phone", "website", "point")
    ]
    session.execute(sa.insert(PlaceFact), written)
    wrote = origin in ("moderator", "brand", "member")

    def facts() -> dict[str, tuple[str, str | None, str | None]]:
        rows = session.scalars(sa.select(PlaceFact))
        return {row.field: (row.origin, row.proposed, row.proposed_origin) for row in rows}

    assert "1 changed" in load(2.18, phone="+34931111111", address="Av Nova")
    assert place.address == "Av Nova"
    point = session.execute(sa.select(sa.func.ST_X(Place.geom), Place.timezone)).one()
    if wrote:
        assert (place.phone, *point) == ("+34930000000", 2.2, "Europe/Paris")
        assert place.website == "https://mine.example"
        assert facts() == {
            "address": ("import", None, None), "website": (origin, None, None),
            "phone": (origin, "+34931111111", "import"),
            "point": (origin, "41.39000, 2.18000", "import"),
        }  # fmt: skip
        session.execute(
            sa.text("UPDATE place_facts SET refused = '{+34931111112}' WHERE field = 'phone'")
        )
        # Refused before; and where people put it, the file puts it now too.
        session.execute(
            sa.text("UPDATE places SET geom = ST_SetSRID(ST_MakePoint(2.18, 41.39), 4326)")
        )
        load(2.18, phone="+34931111112")
        assert facts()["phone"] == (origin, None, None)
        assert facts()["point"] == (origin, None, None)
    else:
        assert (place.phone, place.website, *point) == ("+34931111111", "", 2.18, "Europe/Madrid")
        assert set(facts().values()) == {("import", None, None)}


PLACES = "placeID,latitude,longitude,name,address,city,state,url\n" + "".join(
    f"{n},22.15,-100.98,Taquería {n},Calle {n},?,SLP,{'?' if n > 1 else 'tacos.example'}\n"
    for n in (1, 2)
)
RATINGS = """userID,placeID,rating,food_rating,service_rating
U1,1,2,2,1
U2,1,0,1,0
U1,2,1,?,1
U1,9,1,1,1
U2,2,3,1,1
U1,1,1,0,0
"""


@pytest.fixture
def uci(tmp_path: Path) -> tuple[Path, Path]:
    places, ratings = tmp_path / "geoplaces2.csv", tmp_path / "rating_final.csv"
    places.write_text(PLACES)
    ratings.write_text(RATINGS)
    return places, ratings


def rated(session: Session) -> list[tuple[int, int]]:
    query = sa.select(Place.rating_count, Place.rating_sum).order_by(Place.external_id)
    return [(count, total) for count, total in session.execute(query)]


def test_ratings_by_labelled_accounts(
    run: Run, uci: tuple[Path, Path], session: Session, client: FlaskClient
) -> None:
    places, ratings = uci
    early = run("reviews", ratings, "--mapping", "uci", "--dry-run")
    assert "import the places first" in early.output
    assert run("places", places, "--mapping", "uci").exit_code == 0
    [first, second] = session.scalars(sa.select(Place).order_by(Place.external_id))
    assert (first.website, second.website) == ("https://tacos.example", "")
    assert first.address == "Calle 1, SLP"
    result = run("reviews", ratings, "--mapping", "uci")
    assert result.exit_code == 3
    # The last row has the id of the first one, and being later it wins.
    assert "3 added, 0 changed, 0 unchanged, 1 repeated, 2 rejected" in result.output
    assert [(row["line"], row["reason"][:24]) for row in rejects(ratings)] == [
        ("5", "there is no place “9”; i"), ("6", "rating “3” has no entry "),
    ]  # fmt: skip
    assert rated(session) == [(2, 4), (1, 3)]
    [one] = session.scalars(sa.select(Review).where(Review.external_id == "U1-1"))
    assert (one.rating, one.subratings, one.text) == (3, {"food": 1, "service": 1}, "")
    assert one.original == {"rating": "1", "food": "0", "service": "0"}
    members = list(session.scalars(sa.select(Member).order_by(Member.handle)))
    assert [m.handle for m in members] == ["uci-u1", "uci-u2"]
    for member in members:
        assert (member.is_demo, member.email, member.password_hash) == (True, None, None)
    answer = client.post("/sign-in", data={"email": "uci-u1", "password": "x" * 12})
    assert answer.status_code == 422
    page = client.get(f"/places/{session.get_one(Subject, first.id).public_id}").text
    assert page.count("UCI ML Repository, CC BY 4.0") == 3  # the place and its two reviews
    assert "uci-u1" in page
    assert "Imported account: nobody signs in with it" in client.get("/members/uci-u1").text


def test_a_changed_rating_moves_the_places_figures(
    run: Run, uci: tuple[Path, Path], session: Session
) -> None:
    places, ratings = uci
    run("places", places, "--mapping", "uci")
    ratings.write_text("userID,placeID,rating,food_rating,service_rating\nU1,1,2,2,1\nU2,1,0,1,0\n")
    run("reviews", ratings, "--mapping", "uci")
    assert rated(session) == [(2, 6), (0, 0)]
    ratings.write_text(ratings.read_text().replace("U2,1,0", "U2,1,2"))
    assert "0 added, 1 changed, 1 unchanged" in run("reviews", ratings, "--mapping", "uci").output
    assert rated(session) == [(2, 10), (0, 0)]
    [version] = session.scalars(sa.select(Version).where(Version.field == "rating"))
    assert (version.revision, version.body, version.origin) == (1, "1", "import")


def test_one_person_reviews_a_place_once(run: Run, tmp_path: Path, session: Session) -> None:
    def feature(number: int, **properties: Any) -> dict[str, Any]:
        return {"type": "Feature", "properties": {"id": number, **properties}}

    places, reviews = tmp_path / "places.geojson", tmp_path / "reviews.geojson"
    spot = {"geometry": {"type": "Point", "coordinates": [-3.7, 40.4]}}
    places.write_bytes(dumps({"features": [{**feature(1, name="Bar", category="bar"), **spot}]}))
    rows = [feature(n, place=1, rating=n, author="Ana Ñ", text="Bien") for n in (4, 5)]
    rows += [feature(n, place=1, rating=3) for n in (6, 7)]
    reviews.write_bytes(dumps({"features": rows}))
    assert run("places", places, "--mapping", "geojson").exit_code == 0
    result = run("reviews", reviews, "--mapping", "geojson")
    assert result.exit_code == 3
    assert "3 added" in result.output
    assert "has another review of this place" in rejects(reviews)[0]["reason"]
    assert rated(session) == [(3, 10)]
    assert session.scalars(sa.select(Member.handle)).all() == ["geojson-ana"]


def test_handles_of_accounts_are_free_ones(session: Session) -> None:
    assert imports_authors.handle_of("uci", "U1077") == "uci-u1077"
    assert imports_authors.handle_of("town", "Ana María López") == "town-ana-mar-a-l-pez"
    for author in ("漢字", "x" * 60):
        assert imports_authors.handle_of("town", author).startswith("town-")
        assert len(imports_authors.handle_of("town", author)) <= 30
    session.execute(sa.insert(UsedHandle).values(handle="town-ana"))
    free = imports_authors.free_handles(session, "town", ["Ana", "ANA", "Ben"])
    assert len(set(free)) == 3
    assert "town-ana" not in free
    assert free[2] == "town-ben"


def test_the_demo_world_can_still_be_made_after_an_import(
    run: Run, ndjson: Write, uci: tuple[Path, Path], session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # What has to do with its own people alone is left out.
    monkeypatch.setattr(demo, "PLACE_CITIES", ("Madrid",))
    for own in ("make_forest", "make_ring", "make_watches"):
        monkeypatch.setattr(demo, own, lambda *_: None)
    monkeypatch.setattr(demo, "make_history", lambda *_: 0)
    run("reports", ndjson([aviso(1), aviso(2, date="2020-01-01")]), "--mapping", "madrid")
    for kind, path in zip(("places", "reviews"), uci, strict=True):
        run(kind, path, "--mapping", "uci")
    assert demo.is_empty(session)
    assert demo.fill(session) > 0
    assert all(r.confirmations + r.denials == 0 for r in all_reports(session) if r.source_id)


def test_a_database_that_goes_away_is_told_with_what_to_do(
    run: Run, ndjson: Write, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ndjson([aviso(1)])

    def gone(*_args: Any, **_kwargs: Any) -> None:
        raise sa.exc.OperationalError("COPY", {}, psycopg.errors.AdminShutdown())

    with monkeypatch.context() as patch:
        patch.setattr(imports_batches, "write_batch", gone)
        result = run("reports", path, "--mapping", "madrid")
    assert result.exit_code == 1
    assert "did not answer after 0 rows (AdminShutdown); the same command goes on" in result.output
    assert all_reports(session) == []
    assert run("reports", path, "--mapping", "madrid").exit_code == 0


def test_reviews_wait_for_their_places(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rating_final.csv"
    path.write_text("userID,placeID,rating,food_rating,service_rating\nU1,1,2,2,2\n")
    result = run("reviews", path, "--mapping", "uci")
    assert result.exit_code == 2
    assert "import them first" in result.output


def test_a_mapping_that_fits_no_row_is_questioned(run: Run, ndjson: Write) -> None:
    result = run("reports", ndjson([aviso(1), aviso(2)]), "--mapping", "open311")
    assert result.exit_code == 3
    assert "is it the right mapping" in result.output


def test_a_break_tells_what_was_read_and_where_the_rejects_are(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"id": "a"}, {"id": ')
    result = run("reports", path, "--mapping", "open311")
    assert result.exit_code == 1
    assert "1 rows before that were read: 0 added" in result.output
    assert str(path) + ".rejects.csv" in result.output


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("“id” is not a single value", "“…” is not a single value"),
        ("id has 201 characters, more than 200", "id has … characters, more than 200"),
        ("the coordinates are 0, 0: the source does not know", "the coordinates are 0, 0"),
        ("there is no place “7”; import it", "there is no place “…”; import it"),
        ("the line is not utf-8; does it?", "the line is not utf-8; does it?"),
    ],
)
def test_equal_reasons_are_counted_together(reason: str, kind: str) -> None:
    assert imports_jobs.kind_of(reason) == kind


def test_the_time_left_is_of_this_calls_pace() -> None:
    summary = imports_jobs.Summary(position=0.5, begun_at=0.4, seconds=10)
    assert summary.seconds_left == pytest.approx(50)
    assert imports_jobs.Summary().seconds_left is None
