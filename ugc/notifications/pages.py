"""The inbox."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup

from ugc.core import limits, panels, privacy, render
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.notifications import actions, queries, rules

bp = Blueprint("notifications", __name__)

panels.declare_rows("notification.*", "under lines of the inbox, by kind", "items")
privacy.register("notifications", actions.export_member, actions.erase_member)
privacy.register("news_choices", actions.export_choices, actions.erase_choices)


@bp.app_template_global()
def unread_notifications() -> int:
    """How many wait for the reader; asked once a request, never for anonymous readers."""
    actor = current_actor()
    if actor.id is None:
        return 0
    if "unread" not in g:
        g.unread = queries.unread_count(db.session(), actor.id, render.timezone())
    return int(g.unread)


@bp.get("/inbox")
@members
def inbox_page() -> str:
    """By day; `about` is a family of news, `unread` leaves out what was read."""
    family = rules.family_of(request.args.get("about"))
    unread = request.args.get("unread") == "yes"
    chosen: dict[str, Any] = {"about": family, "unread": "yes" if unread else None}
    before = request.args.get("before", type=int)
    items, following = queries.inbox(
        db.session(),
        current_actor().id or 0,
        before,
        render.timezone(),
        family=family,
        unread=unread,
    )
    more: dict[int, Markup] = {}
    of = attrgetter("kind")
    for kind, of_kind in groupby(sorted(items, key=of), of):
        more |= panels.render_rows(f"notification.{kind}", items=list(of_kind))
    told = [(item, more.get(item.id, "")) for item in items]
    return render_template(
        "notifications/inbox.html",
        days=[(day, list(lines)) for day, lines in groupby(told, lambda each: each[0].day)],
        today=dt.datetime.now(ZoneInfo(render.timezone())).date(),
        families=rules.FAMILIES,
        family=family,
        only_unread=unread,
        later=before is not None,
        here=url_for("notifications.inbox_page", **chosen),
        next_page=url_for("notifications.inbox_page", before=following, **chosen)
        if following
        else None,
    )


@bp.post("/inbox/<int:notification_id>")
@members
def open_one(notification_id: int) -> ViewResult:
    """Marks it as read and leads to what it is about."""
    limits.hit("write")
    folded = [int(each) for each in request.form.getlist("folded", type=int)]
    actions.mark_read(db.session(), current_actor().id or 0, notification_id, folded)
    return redirect(render.safe_next(request.form.get("next"), "/inbox"), 303)


@bp.post("/inbox/read")
@members
def read_all() -> ViewResult:
    limits.hit("write")
    actions.mark_all_read(db.session(), current_actor().id or 0)
    return redirect(render.safe_next(request.form.get("next"), "/inbox"), 303)
