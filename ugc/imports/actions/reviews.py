"""Reviews of a batch, and what they do to the places."""

from __future__ import annotations

from collections.abc import Sequence

from ugc.core.db import Session
from ugc.imports.actions import authors
from ugc.imports.actions.staging import (
    Counts,
    execute,
    log_new,
    make_subjects,
    match,
    stage,
    staged_ids,
    touch,
)
from ugc.imports.rules import mapping
from ugc.imports.rules.convert import ReviewRow


def write(
    session: Session,
    source_id: int,
    place_source_id: int,
    source: mapping.Source,
    rows: Sequence[tuple[int, ReviewRow]],
) -> Counts:
    stage(session, "review", rows)
    execute(
        session,
        "UPDATE import_review s SET place_id = (SELECT coalesce(u.merged_into_id, p.id)"
        " FROM places p JOIN subjects u ON u.id = p.id"
        " WHERE p.source_id = :source AND p.external_id = s.place)",
        source=place_source_id,
    )
    refused = _take_out(
        session,
        "place_id IS NULL",
        "'there is no place “' || left(place, 60) || '”; import the places first'",
    )
    # A person who rates one of these places waits until the counts are right.
    spoken_of = execute(
        session,
        "SELECT place_id FROM import_review UNION SELECT (SELECT r.place_id FROM reviews r"
        " WHERE r.source_id = :source AND r.external_id = s.external_id) FROM import_review s",
        source=source_id,
    ).scalars()
    execute(
        session,
        "SELECT id FROM places WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE",
        ids=[place_id for place_id in spoken_of if place_id is not None],
    )
    match(session, "review", source_id)
    authors.name(session, source_id, source)
    refused += _take_out(
        session,
        "author_id IS NOT NULL AND (EXISTS (SELECT FROM reviews r WHERE r.place_id = s.place_id"
        " AND r.author_id = s.author_id AND r.id IS DISTINCT FROM s.id"
        " AND r.visibility NOT IN ('removed', 'withdrawn'))"
        " OR EXISTS (SELECT FROM import_review o WHERE o.place_id = s.place_id"
        " AND o.author_id = s.author_id AND o.line < s.line))",
        "'“' || left(author, 60) || '” has another review of this place'",
    )
    added = make_subjects(session, "review")
    execute(
        session,
        "INSERT INTO reviews (id, source_id, external_id, content_hash, language, author_id,"
        " place_id, rating, subratings, title, text, visited_month, original)"
        " SELECT id, :source, external_id, content_hash, language, author_id,"
        " place_id, rating, subratings, title, text, visited_month, original"
        " FROM import_review WHERE is_new ORDER BY id",
        source=source_id,
    )
    log_new(session, "review")
    changed = _change_reviews(session)
    _recount(session)
    return Counts(added, changed, tuple(refused))


def _take_out(session: Session, where: str, reason: str) -> list[tuple[int, str]]:
    """Removes staged rows and says why. `reason` is SQL."""
    found = execute(
        session, f"DELETE FROM import_review s WHERE {where} RETURNING line, {reason} AS reason"
    )
    return [(row.line, row.reason) for row in found]


def _change_reviews(session: Session) -> int:
    """What a review said before is kept, as when its author edits it."""
    changed = staged_ids(session, "review", "is_changed")
    if not changed:
        return 0
    execute(
        session,
        "UPDATE import_review s SET old_place_id ="
        " (SELECT r.place_id FROM reviews r WHERE r.id = s.id) WHERE s.is_changed",
    )
    execute(
        session,
        "INSERT INTO versions (subject_id, revision, field, language, body, origin)"
        " SELECT r.id, r.revision, f.field, r.language, f.body, 'import' FROM reviews r,"
        " LATERAL (VALUES ('rating', r.rating::text), ('title', r.title), ('text', r.text))"
        " AS f (field, body) WHERE r.id = ANY(:changed) ORDER BY r.id, f.field",
        changed=changed,
    )
    execute(
        session,
        "UPDATE reviews r SET content_hash = s.content_hash, language = s.language,"
        " author_id = s.author_id, place_id = s.place_id, rating = s.rating,"
        " subratings = s.subratings, title = s.title, text = s.text,"
        " visited_month = s.visited_month, original = s.original,"
        " edited_at = app_now(), revision = r.revision + 1"
        " FROM import_review s WHERE s.id = r.id AND s.is_changed AND r.id = ANY(:changed)",
        changed=changed,
    )
    return touch(session, changed)


def _recount(session: Session) -> None:
    """Ratings of the places that this batch spoke of, counted again from the published reviews."""
    execute(
        session,
        "WITH told AS (SELECT place_id AS id FROM import_review WHERE is_new OR is_changed"
        " UNION SELECT old_place_id FROM import_review WHERE old_place_id IS NOT NULL),"
        " counts AS (SELECT told.id, count(r.id) AS n, coalesce(sum(r.rating), 0) AS total"
        " FROM told LEFT JOIN reviews r ON r.place_id = told.id AND r.visibility = 'published'"
        # As `reviews.queries.counted`: what a team says of its own place does not count.
        " AND NOT EXISTS (SELECT FROM place_brands b JOIN grants g ON g.subject_id = b.brand_id"
        " WHERE b.place_id = r.place_id AND (b.until IS NULL OR b.until > r.created_at)"
        " AND g.member_id = r.author_id AND (g.ended_at IS NULL OR g.ended_at > r.created_at))"
        " GROUP BY told.id),"
        " moved AS (UPDATE places p SET rating_count = counts.n, rating_sum = counts.total"
        " FROM counts WHERE counts.id = p.id"
        " AND (p.rating_count, p.rating_sum) IS DISTINCT FROM (counts.n, counts.total)"
        " RETURNING p.id)"
        " UPDATE subjects SET changed_at = app_now(), changed_txid = pg_current_xact_id()"
        " WHERE id IN (SELECT id FROM moved)",
    )
