"""The migration finds what was public before the trigger kept it."""

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.factories import past
from tests.migrating import CONFIG, empty_database, migrate

# kind, visible, moves of visibility, place → whether it was public.
CASES = [
    ("report", False, ["held", "removed"], None, True),
    ("place", True, ["published"], None, True),
    ("place", False, ["held", "removed"], None, False),
    ("place", False, ["held", "published", "hidden"], None, True),
    ("place", False, ["published", "withdrawn"], None, True),
    ("review", False, ["published"], 3, False),
    ("review", False, ["published"], 4, True),
    ("review", False, ["held", "withdrawn"], 2, False),
    ("brand", False, ["held", "hidden"], None, False),
]


def test_what_was_public_is_found(worker_id: str) -> None:
    scripts = ScriptDirectory.from_config(Config(toml_file=CONFIG))
    [revision] = [r for r in scripts.walk_revisions() if r.path.endswith("was_public.py")]
    with empty_database(f"was_public_{worker_id}") as engine:
        migrate(engine, str(revision.down_revision))
        with engine.begin() as connection:
            for number, (kind, visible, moves, place, _) in enumerate(CASES, 1):
                subject_id, name, now = number + 1000, f"n{number}", moves[-1]
                past.subject(connection, kind, name, id=subject_id, visible=visible)
                if kind == "place":
                    past.row(
                        connection, "places", id=subject_id, name=name, category="cafe",
                        geom="SRID=4326;POINT(0 0)", timezone="UTC", visibility=now,
                    )  # fmt: skip
                elif kind == "review":
                    past.row(
                        connection, "reviews", id=subject_id, place_id=place + 1000, rating=3,
                        title="", text="", visibility=now,
                    )  # fmt: skip
                for old, new in zip([None, *moves], moves, strict=False):
                    past.row(
                        connection, "moves", subject_id=subject_id, field="visibility", old=old,
                        new=new, reason="test", actor="system",
                    )  # fmt: skip
        migrate(engine, revision.revision)
        with engine.connect() as connection:
            found = connection.scalars(
                sa.text("SELECT was_public FROM subjects WHERE id > 1000 ORDER BY id")
            ).all()
    assert found == [case[-1] for case in CASES]
