"""The leaderboard, how points work, and the points on a profile."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from ugc.core import gazetteer, panels, privacy
from ugc.core.access import public
from ugc.core.db import db
from ugc.reputation import actions, queries, rules

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
    return render_template(
        "reputation/leaderboard.html",
        leaders=queries.leaders(
            db.session(), days=MONTH_DAYS if month else None, city_id=city.city_id if city else None
        ),
        month=month,
        month_days=MONTH_DAYS,
        name=name,
        city=city,
        actions=list(rules.ACTIONS.values()),
        levels=list(enumerate(rules.LEVELS, start=1)),
    )


def profile_panel(member_id: int, **_context: Any) -> str:
    score = queries.score(db.session(), member_id)
    following = rules.next_level_at(score.points)
    return render_template("reputation/_profile.html", score=score, next_level_at=following)


def badges_panel(member_id: int, **_context: Any) -> str:
    awarded = queries.badges_of(db.session(), member_id)
    badges = [(rules.BADGES[code], at) for code, at in awarded if code in rules.BADGES]
    return render_template("reputation/_badges.html", badges=badges) if badges else ""


def about_panel(**_context: Any) -> str:
    return render_template(
        "reputation/_about.html",
        actions=list(rules.ACTIONS.values()),
        levels=list(enumerate(rules.LEVELS, start=1)),
        badges=list(rules.BADGES.values()),
    )


panels.register("profile", profile_panel, order=10)


def badge_told(item: Any, **_context: Any) -> str:
    """Which badges, under their line of the inbox."""
    codes = dict.fromkeys(facts.get("badge", "") for facts in item.folded)
    badges = [rules.BADGES[code] for code in codes if code in rules.BADGES]
    return render_template("reputation/_badge_told.html", badges=badges)


panels.register("notification.badge", badge_told)
panels.register("profile", badges_panel, order=12)
panels.register("about", about_panel, order=20)
