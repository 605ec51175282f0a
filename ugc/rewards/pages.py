"""What waits for a member, and what was decided about them."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext

from ugc.core import limits, panels, privacy
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db, now
from ugc.core.errors import DomainError, shows_errors
from ugc.fraud.actions import deciding as fraud_deciding
from ugc.fraud.queries import evidence as fraud_evidence
from ugc.fraud.queries import rings as fraud_rings
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.fraud.rules import deciding as fraud_deciding_rules
from ugc.fraud.rules import genuine as fraud_genuine
from ugc.fraud.rules import score as fraud_score
from ugc.moderation import actions as moderation_actions
from ugc.reputation import rules as reputation_rules
from ugc.rewards import actions, queries, rules

bp = Blueprint("rewards", __name__)
privacy.register("rewards", actions.export_member, actions.erase_member)


# the member ---------------------------------------------------------------------------------


@bp.get("/rewards")
@members
def rewards_page(error: DomainError | None = None, ring_id: int | None = None) -> str:
    """`error` is told in the appeal that was being written."""
    session, member_id = db.session(), current_actor().id or 0
    waiting, held = queries.waiting(session, member_id)
    tables = moderation_actions.counted_tables()
    done = fraud_evidence.genuine(session, [each.newcomer_id for each in waiting], tables)
    moment = now(session)
    score = fraud_untrusted.score_of(session, member_id)
    return render_template(
        "rewards/rewards.html",
        waiting=[
            (
                each,
                max(0, fraud_genuine.GENUINE_NEEDED - done[each.newcomer_id].total),
                rules.wait_of_a_day(each.joined_at, moment),
            )
            for each in waiting
        ],
        held=held,
        totals=queries.totals(session, member_id),
        points=[reputation_rules.ACTIONS[code].points for code in rules.ACTIONS.values()],
        cap=rules.DAILY_CAP,
        score=score,
        doubted=member_id in fraud_untrusted.untrusted_among(session, [member_id]),
        least=fraud_score.DOUBTED,
        reasons=[fraud_score.Reason.loaded(each) for each in score.reasons] if score else [],
        explain=fraud_score.explain,
        verdicts=fraud_rings.verdicts(session, member_id),
        rule_text=moderation_actions.rule_text,
        appeal_max=fraud_deciding_rules.APPEAL_MAX,
        error=error,
        tried=ring_id,
    )


@bp.post("/rewards/<int:ring_id>/appeal")
@members
@shows_errors(rewards_page)
def appeal(ring_id: int) -> ViewResult:
    limits.hit("write")
    fraud_deciding.appeal(
        db.session(), current_actor(), ring_id, request.form.get("text", "").strip()
    )
    flash(gettext("Your appeal waits for another moderator."), "good")
    return redirect(url_for("rewards.rewards_page") + "#decisions", 303)


def waiting_panel(**_context: Any) -> str:
    """A line for the page of one's contacts."""
    totals = queries.totals(db.session(), current_actor().id or 0)
    return render_template("rewards/_contacts.html", totals=totals) if totals else ""


def profile_panel(member_id: int, **_context: Any) -> str:
    """On the reader's own profile: where one sees what waits."""
    if member_id != current_actor().id:
        return ""
    totals = queries.totals(db.session(), member_id)
    return render_template("rewards/_profile.html", totals=totals)


panels.register("contacts", waiting_panel)
panels.register("profile.side", profile_panel)
