"""The leaderboard, how points work, and the points on a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request, url_for

from ugc.core import panels, privacy, render
from ugc.core.access import current_actor, members, public
from ugc.core.db import db
from ugc.geography import gazetteer
from ugc.reputation import actions, rules
from ugc.reputation.queries import board, ledger, own

bp = Blueprint("reputation", __name__)
MONTH_DAYS = 30
# The ledger holds ids and codes only, so that erasing a person leaves it as it is.
privacy.register("points", actions.export_member, lambda _session, _id, _content: None)


@bp.get("/leaderboard")
@public
def leaderboard_page() -> str:
    month = request.args.get("span") == "month"
    name = request.args.get("city", "").strip()[:100]
    found = gazetteer.search_cities(db.session(), name, limit=1) if name else []
    city = found[0] if found else None
    days, city_id = MONTH_DAYS if month else None, city.city_id if city else None
    me = current_actor().id
    return render_template(
        "reputation/leaderboard.html",
        leaders=board.leaders(db.session(), days=days, city_id=city_id, reader_id=me),
        mine=None if me is None else board.my_place(db.session(), me, days=days, city_id=city_id),
        month=month,
        month_days=MONTH_DAYS,
        name=name,
        city=city,
        actions=list(rules.ACTIONS.values()),
        levels=list(enumerate(rules.LEVELS, start=1)),
    )


@bp.get("/points")
@members
def points_page() -> str:
    """The reader's own points by what they came from."""
    me = current_actor().id or 0
    before = request.args.get("before", type=int)
    lines, following = own.movements(db.session(), me, before)
    waiting, waiting_count = own.waiting(db.session(), me) if before is None else ([], 0)
    score = ledger.score(db.session(), me)
    return render_template(
        "reputation/points.html",
        score=score,
        level_from=rules.LEVELS[score.level - 1],
        next_level_at=rules.next_level_at(score.points),
        totals=own.totals_by_action(db.session(), me) if before is None else [],
        waiting=own.folded(waiting, render.timezone()),
        waiting_shown=len(waiting),
        waiting_count=waiting_count,
        lines=own.folded(lines, render.timezone()),
        first_page=before is None,
        action_name=action_name,
        next_page=url_for("reputation.points_page", before=following) if following else None,
    )


def action_name(code: str) -> str:
    """What an action is called; its code when the table does not know it any more."""
    action = rules.ACTIONS.get(code)
    return action.name(render.language()) if action else code


def profile_panel(member_id: int, **_context: Any) -> str:
    """Others do not see how many points wait."""
    score = ledger.score(db.session(), member_id)
    following = rules.next_level_at(score.points)
    return render_template(
        "reputation/_profile.html",
        score=score,
        next_level_at=following,
        is_own=current_actor().id == member_id,
    )


def badges_panel(member_id: int, **_context: Any) -> str:
    awarded = ledger.badges_of(db.session(), member_id)
    badges = [(rules.BADGES[code], at) for code, at in awarded if code in rules.BADGES]
    return render_template("reputation/_badges.html", badges=badges) if badges else ""


@panels.of_language
def about_panel(**_context: Any) -> str:
    return render_template(
        "reputation/_about.html",
        actions=list(rules.ACTIONS.values()),
        levels=list(enumerate(rules.LEVELS, start=1)),
        badges=list(rules.BADGES.values()),
    )


panels.register("profile.side", profile_panel)


def badges_told(items: Sequence[Any], **_context: Any) -> dict[int, str]:
    """Which badges, under their lines of the inbox."""
    told = {}
    for item in items:
        codes = dict.fromkeys(facts.get("badge", "") for facts in item.folded)
        badges = [rules.BADGES[code] for code in codes if code in rules.BADGES]
        told[item.id] = render_template("reputation/_badge_told.html", badges=badges)
    return told


panels.register("notification.badge", badges_told)
panels.register("profile.side", badges_panel)
panels.register("about", about_panel)
