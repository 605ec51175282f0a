"""Places of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from ugc.core import gazetteer
from ugc.core.db import Session
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
    execute(
        session,
        "UPDATE places t SET content_hash = s.content_hash, language = s.language, name = s.name,"
        " category = s.category, geom = p.geom,"
        " city_id = CASE WHEN ST_Equals(t.geom, p.geom) THEN t.city_id"
        f" ELSE {gazetteer.nearest_city_sql('p.geom')} END,"
        " website_since = CASE WHEN t.website = s.website THEN t.website_since"
        " ELSE app_now() END,"
        " website_by_id = CASE WHEN t.website = s.website THEN t.website_by_id END,"
        " address = s.address, phone = s.phone, website = s.website,"
        " opening_hours = s.opening_hours, timezone = s.timezone, revision = t.revision + 1"
        f" FROM import_place s, LATERAL (SELECT {POINT} AS geom OFFSET 0) AS p"
        " WHERE s.id = t.id AND s.is_changed AND t.id = ANY(:changed)",
        changed=changed,
    )
    return Counts(added, touch(session, changed))
