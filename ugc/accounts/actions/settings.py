"""What members choose in their settings."""

from __future__ import annotations

from ugc.accounts.queries import lookup
from ugc.core.db import Session


def change_settings(
    session: Session,
    member_id: int,
    *,
    language: str,
    timezone: str,
    shown_to_far_contacts: bool,
    profile_lists: str | None = None,
) -> None:
    """Stores language, zone and what others see of the member."""
    member = lookup.member(session, member_id)
    member.language = language
    member.timezone = timezone
    member.shown_to_far_contacts = shown_to_far_contacts
    if profile_lists is not None:
        member.profile_lists = profile_lists


def set_city(session: Session, member_id: int, city_id: int | None) -> None:
    """Stores where a member says that they live; None for nowhere."""
    lookup.member(session, member_id).city_id = city_id
