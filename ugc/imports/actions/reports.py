"""Reports of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from ugc.core.access import SYSTEM
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
from ugc.imports.rules.convert import ReportRow
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

PRIOR = reports_permissions.SOURCE_TRUST


def _half_life() -> str:
    """SQL of the half-life of the row's kind, in seconds."""
    whens = " ".join(
        f"WHEN '{kind.code}' THEN {kind.half_life * 60}" for kind in reports_kinds.KINDS.values()
    )
    return f"CASE s.kind {whens} END"


def write(session: Session, source_id: int, rows: Sequence[tuple[int, ReportRow]]) -> Counts:
    stage(session, "report", rows)
    match(session, "report", source_id)
    added = make_subjects(session, "report")
    # History unless alive: what the source closed is closed, and what outlived its kind is over.
    execute(
        session,
        "UPDATE import_report SET new_state = CASE WHEN closed THEN 'closed'"
        " WHEN expires_at <= app_now() THEN 'expired' ELSE 'open' END,"
        " closed_at = CASE WHEN closed THEN coalesce(closed_at, least(expires_at, app_now()))"
        " WHEN expires_at <= app_now() THEN expires_at END WHERE is_new",
    )
    execute(
        session,
        "INSERT INTO reports (id, source_id, external_id, content_hash, language, kind, subkind,"
        " geom, city_id, text, state, occurred_at, expires_at, closed_at, seen_at, believed_at,"
        " prior, believed, half_life_s)"
        " SELECT s.id, :source, s.external_id, s.content_hash, s.language, s.kind, s.subkind,"
        f" p.geom, {gazetteer.nearest_city_sql('p.geom')},"
        " s.text, s.new_state, s.occurred_at, s.expires_at, s.closed_at, s.occurred_at,"
        f" s.occurred_at, {PRIOR}, {PRIOR}, {_half_life()}"
        f" FROM import_report s, LATERAL (SELECT {POINT} AS geom OFFSET 0) AS p"
        " WHERE s.is_new ORDER BY s.id",
        source=source_id,
    )
    log_new(session, "report")
    _log_states(session, "is_new AND new_state <> 'open'", "'open'")
    changed = _change_reports(session)
    return Counts(added, changed)


def _log_states(session: Session, where: str, old: str) -> None:
    execute(
        session,
        "INSERT INTO transitions (subject_id, field, old, new, reason, actor)"
        f" SELECT id, 'state', {old}, new_state, 'imported', :actor FROM import_report"
        f" WHERE {where} ORDER BY id",
        actor=SYSTEM.reference,
    )


def _change_reports(session: Session) -> int:
    """Members' confirmations may have prolonged it, and its end may have been said here: the
    source takes neither back."""
    changed = staged_ids(session, "report", "is_changed")
    if not changed:
        return 0
    execute(
        session,
        "UPDATE import_report s SET old_state = r.state,"
        " expires_at = CASE WHEN r.confirmations > 0 THEN greatest(r.expires_at, s.expires_at)"
        " ELSE s.expires_at END,"
        " closed_at = CASE WHEN ended.here THEN r.closed_at ELSE s.closed_at END,"
        " closed = s.closed OR ended.here"
        " FROM reports r, LATERAL (SELECT r.state = 'closed' AND (SELECT reason <> 'imported'"
        " FROM transitions WHERE subject_id = r.id AND field = 'state' ORDER BY id DESC LIMIT 1)"
        " IS TRUE AS here) AS ended"
        " WHERE r.id = s.id AND s.is_changed AND r.id = ANY(:changed)",
        changed=changed,
    )
    execute(
        session,
        "UPDATE import_report SET new_state = CASE WHEN closed THEN 'closed'"
        " WHEN expires_at <= app_now() THEN 'expired' ELSE 'open' END,"
        " closed_at = CASE WHEN closed THEN coalesce(closed_at, least(expires_at, app_now()))"
        " WHEN expires_at <= app_now() THEN expires_at END WHERE is_changed",
    )
    execute(
        session,
        "UPDATE reports r SET content_hash = s.content_hash, language = s.language, kind = s.kind,"
        " subkind = s.subkind, geom = p.geom,"
        " city_id = CASE WHEN ST_Equals(r.geom, p.geom) THEN r.city_id"
        f" ELSE {gazetteer.nearest_city_sql('p.geom')} END,"
        " text = s.text, state = s.new_state, occurred_at = s.occurred_at,"
        " expires_at = s.expires_at, closed_at = s.closed_at, revision = r.revision + 1,"
        f" half_life_s = {_half_life()}"
        f" FROM import_report s, LATERAL (SELECT {POINT} AS geom OFFSET 0) AS p"
        " WHERE s.id = r.id AND s.is_changed AND r.id = ANY(:changed)",
        changed=changed,
    )
    _log_states(session, "is_changed AND new_state <> old_state", "old_state")
    return touch(session, changed)
