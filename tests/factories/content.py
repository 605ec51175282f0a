"""Contributed content, each row with its subject.

Traits say how a row differs from one that is public and present: a visibility ("held", "hidden",
"removed", "withdrawn"), "old" of a report, "claimed" of a brand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.brands.models import Brand
from ugc.comments.models import Comment
from ugc.core import subjects
from ugc.core.db import Base, Session, app_now
from ugc.core.subjects import Subject, Visibility
from ugc.places.models import Place, PlaceBrand
from ugc.profiles.models import Profile
from ugc.reports.models import Report, Vote
from ugc.reviews.models import Review

LON, LAT = -3.7, 40.4
TRAITS: dict[str, dict[str, Any]] = {
    "old": {
        "state": "expired",
        "created_at": app_now() - dt.timedelta(days=25),
        "expires_at": app_now() - dt.timedelta(days=20),
    },
    "claimed": {"claimed_at": app_now()},
}


def at(lon: float, lat: float) -> str:
    """A position as tables take it (EWKT)."""
    return f"SRID=4326;POINT({lon} {lat})"


def _add(
    session: Session, kind: str, model: type[Base], traits: tuple[str, ...], values: dict[str, Any]
) -> Subject:
    """Raises ValueError for an unknown trait."""
    subject = subjects.create(session, kind)
    if "public_id" in values:
        subject.public_id = values.pop("public_id")
        session.flush()
    for trait in traits:
        values |= TRAITS.get(trait) or {"visibility": Visibility(trait)}
    session.execute(sa.insert(model).values(id=subject.id, **values))
    return subject


def report(
    session: Session, *traits: str, lon: float = LON, lat: float = LAT, **values: Any
) -> Subject:
    """A jam that expires in an hour."""
    own = {"kind": "jam", "geom": at(lon, lat), "expires_at": app_now() + dt.timedelta(hours=1)}
    return _add(session, "report", Report, traits, own | values)


def establish(session: Session, handle: str) -> None:
    """Gives a member three public reports of long ago: what they post next needs no approval."""
    author = session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()
    for number in range(3):
        report(
            session,
            "old",
            kind="other",
            lon=0,
            lat=0,
            author_id=author,
            public_id=f"old-{handle}-{number}",
        )


def place(
    session: Session, *traits: str, lon: float = LON, lat: float = LAT, **values: Any
) -> Subject:
    own = {"name": "Café Mora", "category": "cafe", "geom": at(lon, lat)}
    return _add(session, "place", Place, traits, own | values)


def brand(session: Session, *traits: str, **values: Any) -> Subject:
    return _add(session, "brand", Brand, traits, {"name": "Mora"} | values)


def review(session: Session, place_id: int, *traits: str, **values: Any) -> Subject:
    own = {"place_id": place_id, "rating": 4, "text": "Quiet."}
    return _add(session, "review", Review, traits, own | values)


def comment(session: Session, about_id: int, *traits: str, **values: Any) -> Subject:
    own = {"about_id": about_id, "text": "So it is."}
    return _add(session, "comment", Comment, traits, own | values)


def profile(session: Session, member_id: int, **values: Any) -> None:
    """What a member says of themselves."""
    session.execute(sa.insert(Profile).values(id=member_id, author_id=member_id, **values))


def vote(session: Session, report_id: int, member_id: int, **values: Any) -> None:
    """That the report is still there, unless said otherwise."""
    own = {"report_id": report_id, "member_id": member_id, "still_there": True}
    session.execute(sa.insert(Vote).values(**(own | values)))


def run_place(session: Session, place_id: int, brand_id: int) -> None:
    """The brand runs the place from now on."""
    session.execute(sa.insert(PlaceBrand).values(place_id=place_id, brand_id=brand_id))


def the_only(session: Session, model: type[Base]) -> int:
    """The id of the only row."""
    return int(session.scalars(sa.select(model.id)).one())  # type: ignore[attr-defined]
