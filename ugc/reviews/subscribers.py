"""What happens to a place, or to the team that runs it, happens to its reviews."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.reviews import actions


@events.on(events.PlaceChanged, "reviews.place_changed")
def place_changed(session: Session, event: events.PlaceChanged) -> None:
    actions.place_changed(session, event.place_id)


@events.on(events.RoleGiven, "reviews.role_given")
def role_given(session: Session, event: events.RoleGiven) -> None:
    if event.subject_id is not None:
        actions.team_changed(session, event.subject_id)
