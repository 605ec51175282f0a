"""What happens to a place happens to its reviews."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.reviews import actions


@events.on(events.PlaceChanged, "reviews.place_changed")
def place_changed(session: Session, event: events.PlaceChanged) -> None:
    actions.place_changed(session, event.place_id)
