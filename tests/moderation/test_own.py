"""What is hidden and has no author is described to nobody."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ugc.core import subjects
from ugc.core.db import Session

ROWS = {
    "report": "INSERT INTO reports (id, kind, geom, expires_at, visibility) VALUES (:id, 'jam',"
    " ST_SetSRID(ST_MakePoint(0, 0), 4326), now() + interval '1 hour', :visibility)",
    "place": "INSERT INTO places (id, name, category, geom, visibility) VALUES (:id, 'Nadie',"
    " 'museum', ST_SetSRID(ST_MakePoint(0, 0), 4326), :visibility)",
    "brand": "INSERT INTO brands (id, name, visibility) VALUES (:id, 'Nadie', :visibility)",
    "review": "INSERT INTO reviews (id, place_id, rating, text, visibility)"
    " VALUES (:id, :place, 3, 'Nada', :visibility)",
    "comment": "INSERT INTO comments (id, about_id, text, visibility)"
    " VALUES (:id, :place, 'Nada', :visibility)",
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize(
    ("visibility", "described"),
    [("published", True), ("hidden", False), ("removed", False), ("withdrawn", False)],
)
def test_hidden_things_without_an_author(
    session: Session, kind: str, visibility: str, described: bool
) -> None:
    place = subjects.create(session, "place").id
    session.execute(sa.text(ROWS["place"]), {"id": place, "visibility": "published"})
    subject = subjects.create(session, kind)
    values = {"id": subject.id, "place": place, "visibility": visibility}
    session.execute(sa.text(ROWS[kind]), values)
    assert (subject.id in subjects.describe(session, [subject.id])) is described
    assert (subject.id in subjects.describe(session, [subject.id], author_id=1)) is described
