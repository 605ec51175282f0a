"""Places of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from ugc.core.db import Session
from ugc.geography import gazetteer
from ugc.imports.actions.staging import (
    POINT,
    Counts,
    execute,
    log_new,
    make_subjects,
    match,
    stage,
    staged_ids,
    touch,
)
from ugc.imports.rules.convert import PlaceRow
from ugc.places.models import TEXTS, Origin
from ugc.places.rules.facts import MACHINES, PEOPLE


def write(session: Session, source_id: int, rows: Sequence[tuple[int, PlaceRow]]) -> Counts:
    stage(session, "place", rows)
    match(session, "place", source_id)
    added = make_subjects(session, "place")
    execute(
        session,
        "INSERT INTO places (id, source_id, external_id, content_hash, language, name, category,"
        " geom, city_id, address, phone, website, website_since, opening_hours, timezone)"
        " SELECT s.id, :source, s.external_id, s.content_hash, s.language, s.name, s.category,"
        f" p.geom, {gazetteer.nearest_city_sql('p.geom')},"
        " s.address, s.phone, s.website, CASE WHEN s.website <> '' THEN app_now() END,"
        " s.opening_hours, s.timezone"
        f" FROM import_place s, LATERAL (SELECT {POINT} AS geom OFFSET 0) AS p"
        " WHERE s.is_new ORDER BY s.id",
        source=source_id,
    )
    log_new(session, "place")
    changed = staged_ids(session, "place", "is_changed")
    if not changed:
        return Counts(added)
    _note_facts(session, changed)
    execute(
        session,
        "UPDATE places t SET content_hash = s.content_hash, language = s.language,"
        f" {', '.join(_set(field, f't.{field}', f's.{field}', field) for field in TEXTS)},"
        f" {_set('point', 't.geom', 'p.geom', 'geom')},"
        " city_id = CASE WHEN 'point' = ANY(k.fields) OR ST_Equals(t.geom, p.geom) THEN t.city_id"
        f" ELSE {gazetteer.nearest_city_sql('p.geom')} END,"
        f" {_set('point', 't.timezone', 's.timezone', 'timezone')},"
        " website_since = CASE WHEN 'website' = ANY(k.fields) OR t.website = s.website"
        " THEN t.website_since ELSE app_now() END,"
        " website_by_id = CASE WHEN 'website' = ANY(k.fields) OR t.website = s.website"
        " THEN t.website_by_id END,"
        " revision = t.revision + 1"
        f" FROM import_place s, LATERAL (SELECT {POINT} AS geom OFFSET 0) AS p,"
        " LATERAL (SELECT ARRAY(SELECT f.field FROM place_facts f WHERE f.place_id = s.id"
        f" AND f.origin IN ({_quoted(PEOPLE)})) AS fields OFFSET 0) AS k"
        " WHERE s.id = t.id AND s.is_changed AND t.id = ANY(:changed)",
        changed=changed,
    )
    return Counts(added, touch(session, changed))


def _quoted(origins: Sequence[Origin]) -> str:
    return ", ".join(f"'{origin}'" for origin in origins)


def _set(field: str, present: str, said: str, column: str) -> str:
    """What people wrote, the fields `k.fields`, stays."""
    return f"{column} = CASE WHEN '{field}' = ANY(k.fields) THEN {present} ELSE {said} END"


def _point_text(point: str) -> str:
    """The SQL of `places.rules.facts.written` of a point."""
    degrees = (f"ST_{axis}(to_a_metre({point}))::numeric(8, 5)::text" for axis in "YX")
    return " || ', ' || ".join(degrees)


def _note_facts(session: Session, changed: list[int]) -> None:
    """As `places.actions.facts.put` by an import, in two statements: what people wrote gets the
    file's value as its proposal, what a file said is the import's from now on."""
    texts = ", ".join(f"('{field}', s.{field}, t.{field})" for field in TEXTS)
    said = (
        "SELECT s.id AS place_id, x.field, x.said, x.present"
        " FROM import_place s JOIN places t ON t.id = s.id,"
        f" LATERAL (VALUES {texts}, ('point', {_point_text(POINT)}, {_point_text('t.geom')}))"
        " AS x (field, said, present) WHERE s.is_changed AND s.id = ANY(:changed)"
    )
    execute(
        session,
        "INSERT INTO place_facts AS f (place_id, field, origin, at)"
        f" SELECT v.place_id, v.field, :me, app_now() FROM ({said}) AS v WHERE v.said <> v.present"
        " ON CONFLICT (place_id, field) DO UPDATE SET origin = excluded.origin, at = excluded.at"
        f" WHERE f.origin IN ({_quoted(MACHINES)})",
        changed=changed, me=Origin.IMPORT,
    )  # fmt: skip
    waits = (
        f"f.origin IN ({_quoted(PEOPLE)}) AND v.said NOT IN ('', v.present)"
        " AND v.said <> ALL(f.refused)"
    )
    again = "f.proposed = v.said AND f.proposed_origin = :me"
    execute(
        session,
        f"UPDATE place_facts f SET proposed = CASE WHEN {waits} THEN v.said END,"
        f" proposed_origin = CASE WHEN {waits} THEN :me END,"
        f" proposed_at = CASE WHEN {waits} THEN"
        f" CASE WHEN {again} THEN f.proposed_at ELSE app_now() END END"
        f" FROM ({said}) AS v WHERE f.place_id = v.place_id AND f.field = v.field"
        f" AND (f.proposed IS NULL OR f.proposed_origin IN ({_quoted(MACHINES)}))",
        changed=changed, me=Origin.IMPORT,
    )  # fmt: skip
