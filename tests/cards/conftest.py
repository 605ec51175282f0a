"""Things to share: a place with reviews, a report, a brand, a comment, and who may share them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session

WHERE = {"lat": "40.4123", "lon": "-3.7038", "place_name": ""}
SAID = "Quiet in the morning, good coffee, and people who know everything about the quarter."


@dataclass
class World:
    """Public ids by kind, and a browser of who made them (a moderator: nothing waits)."""

    mod: FlaskClient
    place: str
    review: str
    report: str
    brand: str
    comment: str
    member: str

    @property
    def all(self) -> dict[str, str]:
        kinds = ("place", "review", "report", "brand", "comment", "member")
        return {"site": "site", **{kind: getattr(self, kind) for kind in kinds}}


def public_id_of(session: Session, kind: str) -> str:
    """Of the newest thing of a kind."""
    query = sa.text("SELECT public_id FROM subjects WHERE kind = :kind ORDER BY id DESC LIMIT 1")
    return str(session.execute(query, {"kind": kind}).scalar_one())


def hide(session: Session, table: str, public_id: str, visibility: str = "hidden") -> None:
    session.execute(
        sa.text(
            f"UPDATE {table} SET visibility = :visibility FROM subjects s"
            f" WHERE s.id = {table}.id AND s.public_id = :public_id"
        ),
        {"visibility": visibility, "public_id": public_id},
    )
    session.commit()


@pytest.fixture
def world(session: Session, signed_in: Callable[..., FlaskClient]) -> World:
    mod = signed_in("mod", role="moderator")
    place = {"name": 'Café <Órbita> & "Sol"', "category": "cafe", "address": "Calle Mayor, 1"}
    at = mod.post("/places", data={**place, **WHERE}).location
    answer = mod.post(f"{at}/review", data={"rating": "4", "title": "Calm", "text": SAID})
    assert answer.status_code == 303
    mod.post("/reports", data={"kind": "roadworks", "text": "The pavement is up.", **WHERE})
    report = public_id_of(session, "report")
    mod.post("/brands", data={"name": "Marca Órbita", "about": "We roast coffee.", "website": ""})
    answer = mod.post(f"/comments/{report}", data={"text": "It is deep, mind the children."})
    assert answer.status_code == 303
    kinds = ("place", "review", "report", "brand", "comment", "member")
    return World(mod, **{kind: public_id_of(session, kind) for kind in kinds})
