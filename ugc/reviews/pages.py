"""Writing and reading reviews of places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.accounts.pages import profile as accounts_profile
from ugc.accounts.rules import credentials as accounts_credentials
from ugc.content import queries as content_queries
from ugc.content import rules as content_rules
from ugc.core import limits, panels, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db, now
from ugc.core.errors import DomainError, Forbidden, Invalid, NotFound, shows_errors
from ugc.media import pages as media_pages
from ugc.moderation import pages as moderation_pages
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.places.queries import reading as places_reading
from ugc.places.queries import running as places_running
from ugc.places.rules import categories as places_categories
from ugc.places.rules import describing as places_describing
from ugc.referrals.actions import linking as referrals_linking
from ugc.reviews import actions, queries, rules, schemas
from ugc.reviews.models import KIND
from ugc.search import finding

bp = Blueprint("reviews", __name__)
limits.declare("review", "20 per hour")
LAST_PAGE = 500

subjects.register(subjects.Kind(KIND, lazy_gettext("review"), queries.describe, queries.describe))
# Before places: one without other reviews goes with the person's own review of it.
privacy.register("reviews", actions.export_member, actions.erase_member, order=50)


def _form(place: Any, review: Any = None, error: DomainError | None = None) -> str:
    stored: Mapping[str, Any] = request.args
    if review is not None:
        stored = {
            "rating": str(review.rating),
            "title": review.title,
            "text": review.text,
            "visited_month": review.visited_month.strftime("%Y-%m") if review.visited_month else "",
            "visit_kind": review.visit_kind or "",
            **{f"aspect_{aspect.code}": str(value) for aspect, value in review.subratings},
        }
    return render_template(
        "reviews/form.html",
        place=place,
        review=review,
        mine=queries.own_review(db.session(), current_actor(), place.id) if error else None,
        values=render.typed_or(stored),
        error=error,
        limits=rules,
        months=[
            (month.strftime("%Y-%m"), render.month(month))
            for month in rules.recent_months(now(db.session()).date())
        ],
    )


def _opinion(category: places_categories.Category) -> tuple[actions.Opinion, dict[str, Any]]:
    """What the form says, checked. Raises Invalid."""
    data: dict[str, Any] = schemas.review_form(category).load(request.form)  # type: ignore[assignment]
    try:
        month = rules.visited_month(data["visited_month"], now(db.session()).date())
    except ValueError:
        wrong = lazy_gettext("Give a month of the last years, such as 2026-03, not one to come.")
        raise Invalid(fields={"visited_month": [wrong]}) from None
    opinion = actions.Opinion(
        rating=data["rating"],
        title=data["title"],
        text=data["text"],
        subratings={
            aspect.code: data[f"aspect_{aspect.code}"]
            for aspect in category.aspects
            if f"aspect_{aspect.code}" in data
        },
        visited_month=month,
        visit_kind=data["visit_kind"] or None,
        language=render.language(),
    )
    return opinion, data


@bp.get("/places/<public_id>/review")
@members
def new_page(public_id: str, error: DomainError | None = None) -> ViewResult:
    place = places_reading.place_by_public_id(db.session(), current_actor(), public_id)
    mine = queries.own_review(db.session(), current_actor(), place.id)
    if mine is None and places_running.is_of_team(db.session(), place.id, current_actor().id or 0):
        raise Forbidden(actions.OWN_PLACE)
    if mine is not None:
        # One that a moderator refused cannot be edited; its page says why.
        editable = content_rules.may_edit(current_actor(), mine.author_id, mine.visibility)
        where = "reviews.edit_page" if editable else "reviews.page"
        return redirect(url_for(where, public_id=mine.public_id), 303)
    return _form(place, error=error)


@bp.post("/places/<public_id>/review")
@members
@shows_errors(
    lambda error, public_id: _form(
        places_reading.place_by_public_id(db.session(), current_actor(), public_id), error=error
    )
)
def post(public_id: str) -> ViewResult:
    limits.hit("review")
    photos = media_pages.uploads()
    place = places_reading.place_by_public_id(db.session(), current_actor(), public_id)
    opinion, _data = _opinion(place.category)
    review_id = actions.post_review(db.session(), current_actor(), place.id, opinion, photos)
    review = queries.review_by_public_id(db.session(), current_actor(), review_id)
    waits = moderation_pages.waits_whole(review.visibility)
    thanks = gettext("Thank you for your review.")
    if waits is moderation_rules.Waiting.NOTHING:
        thanks = gettext("Thank you. Your review is published.")
    moderation_pages.flash_sent(thanks, waits)
    return redirect(url_for("places.place_page", public_id=public_id, _anchor="reviews"), 303)


@bp.get("/reviews/<public_id>")
@public
def page(public_id: str) -> str:
    actor, session = current_actor(), db.session()
    review = queries.review_by_public_id(session, actor, public_id)
    mine = actor.id is not None and actor.id == review.author_id
    return render_template(
        "reviews/page.html",
        review=review,
        versions=content_queries.versions_of(session, [review.id]).get(review.id, []),
        decision=moderation_queries.last_decision(session, review.id) if mine else None,
        rules=moderation_rules.RULES,
    )


@bp.get("/reviews/<public_id>/edit")
@members
def edit_page(public_id: str, error: DomainError | None = None) -> str:
    actor = current_actor()
    review = queries.review_by_public_id(db.session(), actor, public_id)
    if not content_rules.may_edit(actor, review.author_id, review.visibility):
        raise NotFound()
    place = places_reading.place_by_id(db.session(), actor, review.place_id)
    return _form(place, review, error)


@bp.post("/reviews/<public_id>/edit")
@members
@shows_errors(lambda error, public_id: edit_page(public_id, error))
def edit(public_id: str) -> ViewResult:
    limits.hit("write")
    photos = media_pages.uploads()
    actor = current_actor()
    review = queries.review_by_public_id(db.session(), actor, public_id)
    opinion, data = _opinion(review.category)
    actions.edit_review(
        db.session(), actor, review.id, revision=data["revision"], opinion=opinion, photos=photos
    )
    review = queries.review_by_public_id(db.session(), actor, public_id)
    moderation_pages.flash_sent(
        gettext("Saved. What it said before stays in its history."),
        moderation_pages.waits_whole(review.visibility),
    )
    return redirect(url_for("reviews.page", public_id=public_id), 303)


@bp.post("/reviews/<public_id>/helpful")
@members
def vote_helpful(public_id: str) -> ViewResult:
    limits.hit("write")
    review = queries.review_by_public_id(db.session(), current_actor(), public_id)
    actions.vote_helpful(
        db.session(), current_actor(), review.id, helpful=request.form.get("helpful") == "yes"
    )
    # The review's own page when only the button is exchanged: the place may show it far below.
    if "HX-Request" in request.headers:
        return redirect(url_for("reviews.page", public_id=public_id), 303)
    return redirect(
        url_for("places.place_page", public_id=review.place_public_id, _anchor=f"r-{public_id}"),
        303,
    )


@bp.post("/reviews/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> ViewResult:
    limits.hit("write")
    review = queries.review_by_public_id(db.session(), current_actor(), public_id)
    actions.withdraw(db.session(), current_actor(), review.id)
    return moderation_pages.after_withdrawal(gettext("Your review is withdrawn."))


@bp.app_template_global()
def visit_kind_name(code: str) -> str:
    return str(rules.VISIT_KINDS.get(code, ""))


def place_panel(place: Any, **_context: Any) -> str:
    actor, session = current_actor(), db.session()
    order = request.args.get("reviews", "helpful")
    stars = request.args.get("stars", type=int)
    page = max(1, min(LAST_PAGE, request.args.get("page", 1, type=int)))
    reviews, more = queries.reviews_of_place(
        session,
        actor,
        place.id,
        order=order,
        rating=stars if stars in rules.RATINGS else None,
        page=page,
    )
    usual = places_reading.usual_rating(session)
    shown = {"public_id": place.public_id, "reviews": order, "stars": stars, "_anchor": "reviews"}
    return render_template(
        "reviews/_of_place.html",
        place=place,
        reviews=reviews,
        next_page=url_for("places.place_page", **shown, page=page + 1) if more else None,
        previous_page=url_for("places.place_page", **shown, page=page - 1) if page > 1 else None,
        distribution=queries.distribution(session, place.id),
        order=order,
        stars=stars,
        prior=(places_describing.PRIOR_WEIGHT, usual),
        weighted=places_describing.weighted_mean(place.rating_sum, place.rating_count, usual),
    )


def act_panel(place: Any, **_context: Any) -> str:
    """What one does first on a place's page."""
    if place.visibility != subjects.Visibility.PUBLISHED:
        return ""
    mine = queries.own_review(db.session(), current_actor(), place.id)
    return render_template("reviews/_act.html", place=place, mine=mine)


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    reviews = queries.reviews_by_ids(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "reviews/_case.html",
        {id_: {"review": review} for id_, review in reviews.items()},
        (review.author_id for review in reviews.values()),
    )


def profile_panel(member_id: int, **_context: Any) -> str:
    listing = accounts_profile.listing_of(member_id)
    if listing is accounts_credentials.Listing.NOTHING:
        return ""
    reviews = queries.reviews_by(db.session(), current_actor(), member_id, limit=20)
    if listing is accounts_credentials.Listing.DAYS:
        return accounts_profile.listed_by_day(
            gettext("Reviews"),
            (
                accounts_profile.Listed(
                    each.category.name(render.language()), each.category.icon,
                    each.category.colour, each.city, each.created_at,
                )
                for each in reviews
            ),
        )  # fmt: skip
    return render_template("reviews/_of_member.html", reviews=reviews) if reviews else ""


def contributions_panel(actor: Any, **_context: Any) -> str:
    reviews = queries.reviews_by(db.session(), actor, actor.id, limit=50)
    return render_template("reviews/_of_member.html", reviews=reviews)


def _usual_rating() -> float:
    """As it is told."""
    return round(places_reading.usual_rating(db.session()), 2)


@partial(panels.of_language, figure=_usual_rating)
def about_panel(**_context: Any) -> str:
    return render_template(
        "reviews/_about.html", prior=(places_describing.PRIOR_WEIGHT, _usual_rating())
    )


panels.register("place.act", act_panel)
panels.register("place.below", place_panel)
panels.register(f"case.{KIND}", case_cards)
panels.register("profile", profile_panel)
panels.register("contributions", contributions_panel)
panels.register("about", about_panel)
referrals_linking.register_contributions(KIND, lazy_gettext("reviews"), queries.published_by_group)
finding.register("reviews", queries.find)
