"""The profile of a member, and what it lists by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import (
    render_template,
)

from ugc.accounts.pages.base import bp
from ugc.accounts.queries import grants as grants_queries
from ugc.accounts.queries import lookup
from ugc.accounts.rules import credentials
from ugc.core import panels
from ugc.core.access import (
    current_actor,
    public,
)
from ugc.core.db import db
from ugc.core.errors import DomainError

panels.declare("profile", "a profile, main column", "member_id", "handle", "error")
panels.declare("profile.side", "a profile, beside it", "member_id", "handle")
panels.declare("profile.head", "a profile, in its head", "member_id")
panels.declare("profile.text", "a profile, under its name", "member_id")


@dataclass(frozen=True)
class Listed:
    """A line of a profile that says neither where exactly nor when exactly; `at` is told as its
    day in UTC, whatever the reader's zone."""

    kind: str
    icon: str
    colour: str
    city: str | None
    at: dt.datetime

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(dt.UTC).date()


def listing_of(member_id: int) -> credentials.Listing:
    """What the reader may read of what a member contributed."""
    member = lookup.member(db.session(), member_id)
    return credentials.listing_for(current_actor(), member_id, member.profile_lists)


def listed_by_day(title: str, lines: Iterable[Listed]) -> str:
    """The lines with the newest day first, within a day by kind: their order tells no time."""
    ordered = sorted(lines, key=lambda line: (line.kind, line.city or ""))
    ordered.sort(key=lambda line: line.day, reverse=True)
    return render_template("accounts/_listed.html", title=title, lines=ordered) if ordered else ""


@bp.get("/members/<handle>")
@public
def profile_page(handle: str, error: DomainError | None = None) -> str:
    member = lookup.member_by_handle(db.session(), handle)
    return render_template(
        "accounts/profile.html",
        member=member,
        who=lookup.who(db.session(), member.id),
        roles=grants_queries.site_roles(db.session(), member.id),
        side=panels.render("profile.side", member_id=member.id, handle=member.handle),
        panels=panels.render("profile", member_id=member.id, handle=member.handle, error=error),
    )
