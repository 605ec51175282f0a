"""Rings and appeals in the moderators' queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    has_request_context,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import format_decimal, gettext

from ugc.accounts.actions import joining as accounts_joining
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import Member
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core import limits, panels, privacy
from ugc.core.access import ViewResult, current_actor, moderators
from ugc.core.db import Session, db
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.fraud.actions import deciding as deciding_actions
from ugc.fraud.actions import fingerprints as fingerprints_actions
from ugc.fraud.actions import personal_data
from ugc.fraud.models import APPEAL_KIND, RING_KIND
from ugc.fraud.queries import rings
from ugc.fraud.rules import deciding, fingerprints, ring, score
from ugc.moderation import actions as moderation_actions
from ugc.moderation import pages as moderation_pages
from ugc.moderation import rules as moderation_rules

bp = Blueprint("fraud", __name__)
privacy.register("rewards", personal_data.export_member, personal_data.erase_member)
SUSPECTS = 100  # rows of a ring's table


def _note_fingerprints(db_session: Session, member: Member) -> None:
    """Imports and demos make members without a request: they leave none."""
    if not has_request_context() or member.email is None:
        return
    found = fingerprints.of_request(
        fingerprints.key(str(current_app.config["SECRET_KEY"])),
        address=request.remote_addr,
        agent=request.headers.get("User-Agent", "")[:400],
        accepts="|".join(
            request.headers.get(name, "")[:200]
            for name in ("Accept-Language", "Accept-Encoding", "Accept")
        ),
        email=member.email,
    )
    holder = accounts_lookup.holder(db_session, member.email)
    if holder is not None and holder.id != member.id:
        # Who types another's address must not cast doubt on them.
        found = {kind: value for kind, value in found.items() if kind != "mailbox"}
    fingerprints_actions.note_fingerprints(db_session, member.id, found)


def _note_sign_in(db_session: Session, member_id: int) -> None:
    _note_fingerprints(db_session, accounts_lookup.member(db_session, member_id))


accounts_joining.on_join(_note_fingerprints)
accounts_signing_in.on_sign_in(_note_sign_in)
panels.register("notification.account_false", moderation_pages.decided_panels)
panels.register("notification.account_cleared", moderation_pages.decided_panels)


# the moderator ------------------------------------------------------------------------------


def ring_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    """The drawings of rings."""
    suspects = rings.suspects(db.session(), subject_ids)
    cards = {}
    for ring_id, ties in rings.ties_of(db.session(), subject_ids).items():
        people = [each.member_id for each in suspects[ring_id]]
        drawing = ring.drawing(people, ties)
        cards[ring_id] = render_template(
            "fraud/_ring.html",
            drawing=drawing,
            many=len(people),
            kinds={line.kind for line in drawing.lines},
        )
    return cards


def ring_forms(
    cases: Sequence[Any], tried: int | None, error: DomainError | None, **_context: Any
) -> dict[int, str]:
    """The tables of rings, and the forms that decide about all or some of each."""
    ids = [case.subject_id for case in cases]
    suspects, ties = rings.suspects(db.session(), ids), rings.ties_of(db.session(), ids)
    return {
        case.id: _ring_form(
            case,
            suspects[case.subject_id],
            ties[case.subject_id],
            error if case.id == tried else None,
        )
        for case in cases
    }


def _ring_form(
    case: Any, suspects: Sequence[rings.Suspect], ties: Sequence[ring.Tie],
    error: DomainError | None,
) -> str:  # fmt: skip
    people = {each.member_id: each for each in suspects}
    order = ring.ordered(people, ties)
    return render_template(
        "fraud/_decide_ring.html",
        case=case,
        people=list(enumerate((people[each] for each in order[:SUSPECTS]), start=1)),
        many=len(order),
        explain=score.explain,
        rules=deciding.RULES,
        suspensions=deciding.SUSPENSIONS,
        note_max=moderation_rules.NOTE_MAX,
        error=error,
        typed=request.form if error else {},
        chosen=request.form.getlist("member", type=int) if error else [],
    )


@bp.post("/moderation/rings/<int:case_id>")
@moderators
@shows_errors(moderation_pages.queue_page)
def decide(case_id: int) -> ViewResult:
    limits.hit("write")
    form = request.form
    try:
        version, suspend = int(form.get("version", "")), int(form.get("suspend") or 0)
        members_of = frozenset(int(each) for each in form.getlist("member"))
    except ValueError:
        raise Invalid() from None
    moderation_actions.perform(
        db.session(),
        current_actor(),
        case_id,
        form.get("action", ""),
        version=version,
        rule=form.get("rule") or None,
        note=form.get("note", "").strip(),
        details=deciding_actions.Chosen(None if form.get("who") == "all" else members_of, suspend),
    )
    flash(gettext("Decided."), "good")
    return redirect(url_for("moderation.queue_page"), 303)


def appeal_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    """Who appeals, against what, and why."""
    return {
        appeal_id: render_template(
            "fraud/_appeal.html",
            appeal=row.appeal,
            author=row.author,
            verdict=row.verdict,
            reasons=row.reasons,
            rule_text=moderation_actions.rule_text,
            explain=score.explain,
        )
        for appeal_id, row in rings.appeals_by_ids(db.session(), subject_ids).items()
    }


panels.register(f"case.{RING_KIND}", ring_cards)
panels.register(f"decide.{RING_KIND}", ring_forms)
panels.register(f"case.{APPEAL_KIND}", appeal_cards)


@panels.of_language
def about_panel(**_context: Any) -> str:
    """The page that says how the fraud score is computed."""
    return render_template(
        "fraud/_about.html",
        f=score,
        least=score.DOUBTED,
        votes=format_decimal(score.CIRCLE_PRAISE_LEAST),
    )


panels.register("about", about_panel)
