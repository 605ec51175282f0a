"""Places as lower pages name them, and their addresses."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.geography import gazetteer
from ugc.geography.gazetteer import City
from ugc.places.models import KIND, Place
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.rules import wording as streets_wording


def gives_address() -> sa.ColumnElement[bool]:
    """What joins a place with its `SubjectAddress`: what people wrote wins."""
    return sa.and_(SubjectAddress.subject_id == Place.id, Place.address == "")


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """What all may see, and what this author still sees of their own."""
    own = Place.still_seen_by(author_id)
    rows = session.execute(
        sa.select(
            Place.id,
            Place.name,
            Subject.public_id,
            *gazetteer.shown_columns(),
            *streets_addresses_queries.columns(),
        )
        .join(Subject, Subject.id == Place.id)
        .outerjoin(City, City.id == Place.city_id)
        .outerjoin(SubjectAddress, gives_address())
        .where(Place.id.in_(list(ids)), sa.or_(Place.visibility == Visibility.PUBLISHED, own))
    )
    return [
        SubjectInfo(
            r.id,
            KIND,
            r.public_id,
            r.name,
            f"/places/{r.public_id}",
            gazetteer.shown_city(r) or "",
            streets_wording.where(streets_addresses_queries.address_of(r), None),
        )
        for r in rows
    ]
