"""Places that are added."""

from __future__ import annotations

from ugc.core import subjects
from ugc.core.db import Session
from ugc.places.models import KIND, Place


def add(session: Session, name: str, category: str = "cafe", **values: object) -> Place:
    subject = subjects.create(session, KIND)
    place = Place(
        id=subject.id,
        name=name,
        category=category,
        **{"geom": "SRID=4326;POINT(-3.7 40.42)", **values},
    )
    session.add(place)
    session.flush()
    return place
