"""Which click counts, and who is whose contact. Pure."""

from __future__ import annotations

import datetime as dt
import re

ATTRIBUTION_DAYS = 90
CODE_LENGTH = 8
# Machines that open links without a person; they are answered but not counted.
MACHINES = re.compile(
    r"bot|crawl|spider|preview|facebookexternalhit|whatsapp|telegram|slack|discord|curl|wget|"
    r"python-requests|headlesschrome-lighthouse",
    re.IGNORECASE,
)


def is_machine(user_agent: str, purpose: str) -> bool:
    """Whether a GET comes from a bot, a link previewer or a prefetch (`Sec-Purpose`)."""
    return not user_agent or bool(MACHINES.search(user_agent)) or "prefetch" in purpose.lower()


def counts(clicked_at: dt.datetime, joined_at: dt.datetime) -> bool:
    """Whether a click is recent enough to make a referral; the last one always wins."""
    age = joined_at - clicked_at
    return dt.timedelta(0) <= age <= dt.timedelta(days=ATTRIBUTION_DAYS)


def ancestors(
    parent_id: int, parent: tuple[int, int | None] | None
) -> tuple[int, int | None, int | None]:
    """(1st, 2nd, 3rd) degree ancestors of a newcomer; `parent` are the parent's first two."""
    if parent is None:
        return parent_id, None, None
    return parent_id, parent[0], parent[1]
