"""The migration finds what was public before the trigger kept it."""

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.core.test_migrations import CONFIG, empty_database, migrate

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
                values = {"id": number + 1000, "kind": kind, "name": f"n{number}", "seen": visible}
                connection.execute(
                    sa.text(
                        "INSERT INTO subjects (id, kind, public_id, visible)"
                        " VALUES (:id, :kind, :name, :seen)"
                    ),
                    values,
                )
                values["now"] = moves[-1]
                if kind == "place":
                    connection.execute(
                        sa.text(
                            "INSERT INTO places (id, name, category, geom, timezone, visibility)"
                            " VALUES (:id, :name, 'cafe', ST_SetSRID(ST_MakePoint(0, 0), 4326),"
                            " 'UTC', :now)"
                        ),
                        values,
                    )
                elif kind == "review":
                    values["place"] = place + 1000
                    connection.execute(
                        sa.text(
                            "INSERT INTO reviews (id, place_id, rating, title, text, visibility)"
                            " VALUES (:id, :place, 3, '', '', :now)"
                        ),
                        values,
                    )
                for old, new in zip([None, *moves], moves, strict=False):
                    connection.execute(
                        sa.text(
                            "INSERT INTO moves (subject_id, field, old, new, reason, actor)"
                            " VALUES (:id, 'visibility', :old, :new, 'test', 'system')"
                        ),
                        {**values, "old": old, "new": new},
                    )
        migrate(engine, revision.revision)
        with engine.connect() as connection:
            found = connection.scalars(
                sa.text("SELECT was_public FROM subjects WHERE id > 1000 ORDER BY id")
            ).all()
    assert found == [case[-1] for case in CASES]
