"""A brand with a team, a key, and some content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import MODERATOR
from ugc.accounts.models import Grant, Member
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.brandapi import actions as brandapi_actions
from ugc.brandapi import rules as brandapi_rules
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.brands.models import Brand
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, now
from ugc.geography import geo
from ugc.places.actions import editing as places_editing
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reviews import actions as reviews_actions


@dataclass
class World:
    session: Session
    owner: Actor
    brand_id: int
    brand: str

    def key(self, *scopes: str) -> str:
        made = brandapi_actions.create_key(
            self.session,
            self.owner,
            self.brand_id,
            name="test",
            scopes=scopes or list(brandapi_rules.SCOPES),
        )
        self.session.commit()
        return made

    def with_brand(self, name: str) -> World:
        """The same with a brand of its own."""
        subject = subjects.create(self.session, "brand")
        grants = (*self.owner.grants, accounts_roles_rules.grant("owner", subject_id=subject.id))
        self.session.add(Brand(id=subject.id, name=name, claimed_at=now(self.session)))
        self.session.flush()
        self.session.add(Grant(role="owner", subject_id=subject.id, member_id=self.owner.id))
        self.session.commit()
        owner = replace(self.owner, grants=grants)
        return World(self.session, owner, subject.id, subject.public_id)

    def report(self, lon: float = -3.7, lat: float = 40.4, kind: str = "jam", **values: Any) -> str:
        made = reports_posting_actions.post_report(
            self.session, self.owner, kind=kind, point=geo.Point(lon, lat), **values
        )
        self.session.commit()
        return made

    def place(self, name: str = "Café Mora", lon: float = -3.7, lat: float = 40.4) -> str:
        made = places_editing.add_place(
            self.session, self.owner, name=name, category="cafe", point=geo.Point(lon, lat)
        )
        self.session.commit()
        return made

    def review(self, place: str, rating: int = 4) -> str:
        place_id = self.id_of(place)
        opinion = reviews_actions.Opinion(
            rating=rating, text="Quiet, good coffee, kind people. " * 3
        )
        made = reviews_actions.post_review(self.session, self.owner, place_id, opinion)
        self.session.commit()
        return made

    def id_of(self, public_id: str) -> int:
        return self.session.scalars(
            sa.select(subjects.Subject.id).where(subjects.Subject.public_id == public_id)
        ).one()


@pytest.fixture
def world(session: Session, make_member: Callable[..., Member]) -> World:
    owner = make_member("owner", role="moderator")
    subject = subjects.create(session, "brand")
    held = (*MODERATOR, accounts_roles_rules.grant("owner", subject_id=subject.id))
    actor = Actor(ActorKind.MEMBER, id=owner.id, handle="owner", grants=held, confirmed=True)
    session.add(Brand(id=subject.id, name="Mora", claimed_at=now(session)))
    session.flush()
    session.add(Grant(role="owner", subject_id=subject.id, member_id=owner.id))
    session.commit()
    return World(session, actor, subject.id, subject.public_id)


@pytest.fixture
def get(app: Flask, session: Session, world: World) -> Callable[..., Any]:
    """Asks the API with a key that may do all, unless another is given."""
    key = world.key()

    def ask(path: str, *, with_key: str | None = key, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if with_key is not None:
            sent["Authorization"] = f"Bearer {with_key}"
        return app.test_client().get(f"/api/v1{path}", headers=sent)

    return ask


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed tells what the test did, which is one transaction that has not ended."""
    original = brandapi_statements.changes_sql
    unfinished = "changed_txid < pg_snapshot_xmin(stamped_snapshot())"

    def told(*args: Any, **kwargs: Any) -> str:
        statement = original(*args, **kwargs)
        assert unfinished in statement
        return statement.replace(unfinished, "true")

    monkeypatch.setattr(brandapi_statements, "changes_sql", told)
    monkeypatch.setattr(brandapi_statements, "is_ahead", lambda *_: False)


@pytest.fixture
def week() -> dt.timedelta:
    return dt.timedelta(weeks=1)
