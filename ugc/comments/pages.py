"""The talk under a subject: a panel of its page, and two forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext, lazy_gettext

from ugc.comments import actions, queries, rules
from ugc.comments.models import KIND
from ugc.content import rules as content_rules
from ugc.core import limits, panels, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, NotFound, shows_errors
from ugc.moderation import pages as moderation_pages
from ugc.moderation import rules as moderation_rules

bp = Blueprint("comments", __name__)
limits.declare("comment", "30 per hour")

subjects.register(subjects.Kind(KIND, lazy_gettext("comment"), queries.describe, queries.describe))
privacy.register("comments", actions.export_member, actions.erase_member)


def _address(about_id: int) -> str:
    """Of the page that the talk stands on. Raises NotFound."""
    found = subjects.describe(db.session(), [about_id]).get(about_id)
    if found is None:
        raise NotFound()
    return found.url


def talk_panel(subject_id: int, public_id: str, **_context: Any) -> str:
    actor = current_actor()
    return render_template(
        "comments/_talk.html",
        comments=queries.comments_about(db.session(), actor, subject_id),
        public_id=public_id,
        may_comment=rules.may_comment(actor),
        may_withdraw=content_rules.may_withdraw,
        may_flag=moderation_rules.may_flag,
        text_max=rules.TEXT_MAX,
        error=None,
    )


def form_page(error: DomainError, public_id: str) -> str:
    """A refused comment, with what was typed."""
    about = subjects.resolve(db.session(), public_id)
    return render_template(
        "comments/form.html",
        public_id=public_id,
        back=_address(about.id),
        text_max=rules.TEXT_MAX,
        error=error,
    )


@bp.post("/comments/<public_id>")
@members
@shows_errors(form_page)
def post(public_id: str) -> ViewResult:
    limits.hit("comment")
    about = subjects.resolve(db.session(), public_id)
    address = _address(about.id)
    comment = actions.post_comment(
        db.session(),
        current_actor(),
        about,
        text=request.form.get("text", ""),
        language=render.language(),
    )
    made = subjects.resolve(db.session(), comment, KIND)
    row = queries.comment_by_id(db.session(), current_actor(), made.id)
    moderation_pages.flash_sent(
        gettext("Thank you. Your comment stands below."),
        moderation_pages.waits_whole(row.visibility),
    )
    return redirect(f"{address}#comment-{comment}", 303)


@bp.post("/comments/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> ViewResult:
    limits.hit("write")
    comment = subjects.resolve(db.session(), public_id, KIND)
    actions.withdraw(db.session(), current_actor(), comment.id)
    return moderation_pages.after_withdrawal(gettext("Your comment is withdrawn."))


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    comments = queries.comments_by_ids(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "comments/_case.html",
        {id_: {"comment": comment} for id_, comment in comments.items()},
        (comment.author_id for comment in comments.values()),
    )


def contributions_panel(actor: Any, **_context: Any) -> str:
    comments = queries.comments_by(db.session(), actor.id)
    return render_template("comments/_of_member.html", comments=comments) if comments else ""


panels.register("talk", talk_panel)
panels.register(f"case.{KIND}", case_cards)
panels.register("contributions", contributions_panel)
