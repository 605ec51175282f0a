"""The queue, and flagging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_timedelta, gettext
from markupsafe import Markup

from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.accounts.rules import suspensions as accounts_suspensions_rules
from ugc.core import cache, inputs, limits, panels, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, members, moderators
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, NotFound, shows_errors
from ugc.moderation import actions, queries, rules

bp = Blueprint("moderation", __name__)
limits.declare("flag", "30 per hour")
USUAL_KEY, USUAL_KEPT_S = "usual-wait", 600

panels.declare("moderation.first", "the queue, before its cases")
panels.declare("contributions", "a member's own contributions", "actor")
panels.declare_rows("case.*", "the cards of cases, by kind and subject", "subject_ids")
panels.declare_rows(
    "decide.*", "the forms of cases, by kind, in place of the usual one", "cases", "tried", "error"
)
privacy.register("moderation", actions.export_member, actions.erase_member)


@bp.get("/moderation")
@moderators
def queue_page(error: DomainError | None = None, case_id: int | None = None) -> str:
    """`error` is told in the case that was being decided, with what was typed there. A kind that
    registers a `decide.<kind>` panel has a form of its own."""
    held, tables = current_actor().grants_for("moderate"), actions.tables()
    cases = queries.open_cases(db.session(), held, tables)
    tried = case_id if case_id in {c.id for c in cases} else None
    shown: dict[int, Markup] = {}
    forms: dict[int, Markup] = {}
    kind_of = attrgetter("kind")
    for kind, group in groupby(sorted(cases, key=kind_of), kind_of):
        of_kind = list(group)
        ids = [each.subject_id for each in of_kind]
        shown |= panels.render_rows(f"case.{kind}", subject_ids=ids)
        forms |= panels.render_rows(f"decide.{kind}", cases=of_kind, tried=tried, error=error)
    return render_template(
        "moderation/queue.html",
        error=error,
        tried=tried,
        cases=[(c, shown.get(c.subject_id, ""), forms.get(c.id, "")) for c in cases],
        reasons=rules.REASONS,
        rules_of=actions.rules_of,
        actions_for=actions.actions_for,
        undoable=_undoable(),
        waiting=queries.open_count(db.session(), held, tables),
        rule_text=actions.rule_text,
        note_max=rules.NOTE_MAX,
    )


@bp.post("/moderation/<int:case_id>")
@moderators
@shows_errors(queue_page)
def decide(case_id: int) -> ViewResult:
    limits.hit("write")
    try:
        version = int(request.form.get("version", ""))
    except ValueError:
        raise Invalid() from None
    decision = actions.perform(
        db.session(),
        current_actor(),
        case_id,
        request.form.get("action", ""),
        version=version,
        rule=request.form.get("rule") or None,
        note=request.form.get("note", "").strip(),
    )
    flash(gettext("Decided."), "good")
    return redirect(url_for("moderation.queue_page", decided=decision.id), 303)


def _undoable() -> queries.Decided | None:
    """The decision that the reader just made, when it can be undone."""
    asked = request.args.get("decided", type=int)
    if asked is None or asked > inputs.BIGINT_MAX:
        return None
    found = queries.decided_by(db.session(), current_actor().id or 0, asked)
    return found if found and actions.undo_action(found.kind, found.outcome) else None


@bp.post("/moderation/decisions/<int:decision_id>/undo")
@moderators
@shows_errors(lambda error, decision_id: queue_page(error))
def undo(decision_id: int) -> ViewResult:
    limits.hit("write")
    actions.undo(db.session(), current_actor(), decision_id)
    flash(gettext("Undone: it waits for a decision again."), "good")
    return redirect(url_for("moderation.queue_page"), 303)


@bp.post("/moderation/photos/<key>/remove")
@moderators
def remove_photo(key: str) -> ViewResult:
    limits.hit("write")
    actions.remove_photo(db.session(), current_actor(), key, rule=request.form.get("rule", ""))
    flash(gettext("The photo is removed. Its author sees the rule."), "good")
    return redirect(render.safe_next(request.form.get("next"), "/moderation"), 303)


def _usual() -> str:
    """How long half of the decisions of the last 30 days took, in the reader's language; '' while
    they are too few to say. Kept for USUAL_KEPT_S."""
    kept = cache.get(USUAL_KEY)
    if kept is None:
        usual = queries.usual_wait(db.session())
        kept = str(usual.total_seconds() if usual else 0).encode()
        cache.put(USUAL_KEY, kept, USUAL_KEPT_S)
    seconds = float(kept)
    return str(format_timedelta(seconds, threshold=1)) if seconds else ""


@bp.app_template_global()
def waiting_text(waits: rules.Waiting, *, usual: bool = True) -> str:
    """What of a contribution waits for a moderator and, with `usual`, how long that takes where it
    is known; '' when nothing waits."""
    if waits is rules.Waiting.NOTHING:
        return ""
    said = [str(rules.WAITING[waits])]
    usually = _usual() if usual else ""
    if usually:
        said.append(gettext("Half of the decisions take less than %(time)s.", time=usually))
    return " ".join(said)


@bp.app_template_global()
def waits_whole(visibility: str) -> rules.Waiting:
    """What waits of content that shows whole or not at all."""
    return rules.Waiting.ALL if visibility == subjects.Visibility.HELD else rules.Waiting.NOTHING


def sent_text(thanks: str, waits: rules.Waiting) -> str:
    """What is said when a contribution was sent: `thanks`, and what of it waits, if anything."""
    return " ".join(filter(None, (thanks, waiting_text(waits))))


def flash_sent(thanks: str, waits: rules.Waiting) -> None:
    """As `sent_text`, on the next page."""
    flash(sent_text(thanks, waits), "good")


def after_withdrawal(text: str, otherwise: str = "") -> ViewResult:
    """The way back when a member took something back: to where it stood (`next`, for what is a
    part of a page that goes on), else to `otherwise`, else to their contributions."""
    flash(text, "good")
    otherwise = otherwise or url_for("moderation.contributions_page")
    return redirect(render.safe_next(request.form.get("next"), otherwise), 303)


@bp.get("/contributions")
@members
def contributions_page() -> str:
    actor = current_actor()
    approved = actions.published_by(db.session(), actor.id)
    usual = queries.usual_wait(db.session())
    return render_template(
        "moderation/contributions.html",
        panels=panels.render("contributions", actor=actor),
        usual=format_timedelta(usual, threshold=1) if usual else None,
        to_go=0 if actor.is_moderator else max(0, rules.APPROVED_BEFORE_FREE - approved),
    )


def decided_panels(items: Sequence[Any], **_context: Any) -> dict[int, str]:
    """The rule and the note under lines of the inbox."""
    decisions = {item.id: int(item.cause.removeprefix("decision:")) for item in items}
    notes = queries.decision_notes(db.session(), decisions.values())
    return {
        item.id: render_template(
            "moderation/_decided.html",
            rule=actions.rule_text(item.folded[0].get("rule")),
            note=notes.get(decisions[item.id], ""),
        )
        for item in items
    }


panels.register("notification.approved", decided_panels)
panels.register("notification.refused", decided_panels)


@bp.app_template_global()
def moderation_rule(code: str) -> str:
    return str(actions.rule_text(code))


def cards(
    template: str, shown: Mapping[int, Mapping[str, Any]], authors: Iterable[int | None]
) -> dict[int, str]:
    """The cards of cases by subject: `template` with what is `shown` of each, and with the records
    of their authors."""
    records = actions.records_of(db.session(), authors)
    return {
        subject_id: render_template(template, records=records, **values)
        for subject_id, values in shown.items()
    }


@bp.app_template_global()
def moderation_rules() -> dict[str, Any]:
    return rules.RULES


def _flagged(public_id: str) -> tuple[subjects.Subject, subjects.SubjectInfo]:
    """The content behind an address that can be flagged. Raises NotFound."""
    subject = subjects.resolve(db.session(), public_id)
    described = subjects.describe(db.session(), [subject.id]).get(subject.id)
    if described is None or not actions.is_moderated(subject.kind):
        raise NotFound()
    return subject, described


@bp.get("/flag/<public_id>")
@members
def flag_page(public_id: str, error: DomainError | None = None) -> str:
    subject, described = _flagged(public_id)
    return render_template(
        "moderation/flag.html",
        subject=described,
        rules=actions.rules_of(subject.kind),
        note_max=rules.NOTE_MAX,
        error=error,
    )


@bp.post("/flag/<public_id>")
@members
@shows_errors(lambda error, public_id: flag_page(public_id, error))
def flag(public_id: str) -> ViewResult:
    limits.hit("flag")
    subject, described = _flagged(public_id)
    actions.flag(
        db.session(),
        current_actor(),
        subject,
        rule=request.form.get("rule", ""),
        note=request.form.get("note", "").strip(),
    )
    flash(gettext("Thank you. A moderator will look at it."), "good")
    return redirect(described.url, 303)


# suspensions --------------------------------------------------------------------------------


def _suspension_form(error: DomainError | None = None, handle: str = "") -> str:
    """What a moderator sees of a member, the suspensions and the form."""
    member = accounts_lookup.member_by_handle(db.session(), handle)
    actor = current_actor()
    history = accounts_suspensions_queries.all_of(db.session(), member.id)
    return render_template(
        "moderation/suspensions.html",
        member=member,
        who=accounts_lookup.who(db.session(), member.id),
        history=history,
        standing=next((each for each in history if each.stands), None),
        may=accounts_suspensions_rules.may_suspend(
            actor, member.id, bool(accounts_grants_queries.site_roles(db.session(), member.id))
        ),
        reasons=accounts_suspensions_rules.REASONS,
        days=accounts_suspensions_rules.DAYS,
        note_max=accounts_suspensions_rules.NOTE_MAX,
        error=error,
    )


@bp.get("/members/<handle>/suspensions")
@moderators
def suspensions_page(handle: str) -> str:
    return _suspension_form(None, handle)


@bp.post("/members/<handle>/suspend")
@moderators
@shows_errors(_suspension_form)
def suspend(handle: str) -> ViewResult:
    limits.hit("write")
    member = accounts_lookup.member_by_handle(db.session(), handle)
    days = request.form.get("days", type=int)
    if days is None:
        raise Invalid(fields={"days": [gettext("Choose how long.")]})
    accounts_suspending.suspend(
        db.session(),
        current_actor(),
        member.id,
        reason=request.form.get("reason", ""),
        days=days or None,
        note=request.form.get("note", ""),
    )
    flash(gettext("%(name)s can only read from now on, and is told why.", name=handle), "good")
    return redirect(url_for("moderation.suspensions_page", handle=handle), 303)


@bp.post("/members/<handle>/reinstate")
@moderators
@shows_errors(_suspension_form)
def reinstate(handle: str) -> ViewResult:
    limits.hit("write")
    member = accounts_lookup.member_by_handle(db.session(), handle)
    accounts_suspending.reinstate(db.session(), current_actor(), member.id)
    flash(gettext("%(name)s can contribute again, and is told so.", name=handle), "good")
    return redirect(url_for("moderation.suspensions_page", handle=handle), 303)


def standing_panel(member_id: int, handle: str, **_context: Any) -> str:
    """On a profile, for moderators: whether the member is suspended, and the way to the form."""
    actor = current_actor()
    if not actor.is_moderator:
        return ""
    history = accounts_suspensions_queries.all_of(db.session(), member_id)
    return render_template(
        "moderation/_standing.html",
        member_id=member_id,
        handle=handle,
        records=actions.records_of(db.session(), [member_id]),
        history=history,
        standing=next((each for each in history if each.stands), None),
        reasons=accounts_suspensions_rules.REASONS,
    )


def suspended_panels(items: Sequence[Any], **_context: Any) -> dict[int, str]:
    """Why and until when, under lines of the inbox."""
    asked = {int(item.cause.removeprefix("suspension:")): item.id for item in items}
    return {
        asked[row.id]: render_template(
            "moderation/_suspended_told.html", row=row, reasons=accounts_suspensions_rules.REASONS
        )
        for row in accounts_suspensions_queries.several(db.session(), asked)
    }


panels.register("profile", standing_panel)
panels.register("notification.suspended", suspended_panels)
