"""What a brand's team wrote of its own places counts for nothing: those places are counted anew."""

from alembic import op

revision = "0035"
down_revision = "0034"

BY_TEAM = """EXISTS (SELECT FROM place_brands b JOIN grants g ON g.subject_id = b.brand_id
    WHERE b.place_id = r.place_id AND (b.until IS NULL OR b.until > r.created_at)
    AND g.member_id = r.author_id AND (g.ended_at IS NULL OR g.ended_at > r.created_at))"""


def count(of: str) -> None:
    op.execute(
        f"""UPDATE places p SET rating_count = c.n, rating_sum = c.total
        FROM (SELECT r.place_id, count(*) FILTER (WHERE {of}) AS n,
            coalesce(sum(r.rating) FILTER (WHERE {of}), 0) AS total
            FROM reviews r WHERE r.visibility = 'published' AND r.place_id IN
                (SELECT r.place_id FROM reviews r WHERE r.place_id IN
                    (SELECT place_id FROM place_brands) AND {BY_TEAM})
            GROUP BY r.place_id) AS c
        WHERE p.id = c.place_id"""
    )


def upgrade() -> None:
    count(f"NOT {BY_TEAM}")


def downgrade() -> None:
    count("true")
