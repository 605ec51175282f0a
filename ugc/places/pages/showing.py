"""Finding, suggesting and showing places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.brands.queries import reading as brands_reading
from ugc.core import limits, privacy, render, subjects, telephones
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db
from ugc.core.errors import DomainError, Forbidden, Invalid, NotFound, shows_errors
from ugc.geography import gazetteer, geo
from ugc.media import pages as media_pages
from ugc.media import queries as media_queries
from ugc.moderation import pages as moderation_pages
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.places import models, schemas
from ugc.places.actions import claims as claims_actions
from ugc.places.actions import editing
from ugc.places.models import CLAIM_KIND, KIND
from ugc.places.pages import base, opening, said
from ugc.places.queries import claims as claims_queries
from ugc.places.queries import described, reading, running, search
from ugc.places.queries import finding as finding_queries
from ugc.places.queries.facts import facts_of
from ugc.places.rules import categories, describing, weekly
from ugc.referrals.actions import linking as referrals_linking
from ugc.search import finding, locating
from ugc.streets.queries import addresses as streets_addresses_queries

LAST_PAGE = 80

subjects.register(
    subjects.Kind(KIND, lazy_gettext("place"), described.describe, described.describe)
)

streets_addresses_queries.register("places")

subjects.register(
    subjects.Kind(CLAIM_KIND, lazy_gettext("claim to a place"), claims_queries.describe_claims)
)

privacy.register("places", editing.export_member, editing.erase_member)

privacy.register("place_claims", claims_queries.claims_of_member, lambda *_: None)


def whole_number(name: str, default: int) -> int:
    try:
        return int(request.args.get(name, default))
    except ValueError:
        return default


def _near() -> tuple[geo.Point | None, str, int]:
    """Where the reader looks, how it is called, and the radius in metres that fits: coordinates,
    or an address or a city by name."""
    lat, lon = request.args.get("lat", ""), request.args.get("lon", "")
    if lat and lon:
        return geo.Point.of_fields(lat, lon), "", describing.POINT_RADIUS_M
    name = request.args.get("near", "").strip()
    if not name:
        return None, "", describing.POINT_RADIUS_M
    found = locating.named_place(db.session(), name, field="near")
    fitting = describing.CITY_RADIUS_M if found.kind == "city" else describing.POINT_RADIUS_M
    return geo.Point.checked(found.lon, found.lat), name, fitting


ORDERS = ("best", "near", "newest")


def _same_search(**changed: int) -> str:
    asked: dict[str, Any] = {**request.args.to_dict(), **changed}
    return url_for("places.index_page", **asked)


def index_with_error(error: DomainError) -> str:
    return index_page(error)


@base.bp.get("/places")
@public
@shows_errors(index_with_error)
def index_page(error: DomainError | None = None) -> str:
    """`q`, `category`, `near` (a city or `lat, lon`) or `lat` and `lon`, `radius` in metres, `bbox`
    (west,south,east,north), `order`, `page`."""
    asked = request.args.get("q", "").strip()[: describing.SEARCH_MAX]
    text = describing.search_text(asked)
    category = request.args.get("category", "")
    point, near, radius = (None, request.args.get("near", ""), 0) if error else _near()
    wished = whole_number("radius", radius)
    radius = wished if wished in describing.RADII_M else radius
    box = "" if error else request.args.get("bbox", "")
    order = request.args.get("order", "best")
    order = order if order in ORDERS else "best"
    page = max(1, min(LAST_PAGE, whole_number("page", 1)))
    if text:
        limits.hit("search")
    places, more = search.search_places(
        db.session(),
        current_actor(),
        # Signs alone are the name of nothing.
        text=text or asked,
        categories=[category] if category in categories.CATEGORIES else [],
        near=point,
        radius_m=radius if point else None,
        bounds=geo.Bounds.parsed(box) if box else None,
        order=order,
        page=page,
    )
    return render_template(
        "places/index.html",
        places=places,
        categories=list(categories.CATEGORIES.values()),
        radii=describing.RADII_M,
        text=asked,
        search_max=describing.SEARCH_MAX,
        category=category,
        near=near,
        point=point,
        radius=radius,
        box=box,
        order=order,
        page=page,
        error=error,
        next_page=_same_search(page=page + 1) if more and page < LAST_PAGE else None,
        previous_page=_same_search(page=page - 1) if page > 1 else None,
        wider=next(
            (_same_search(radius=r, page=1) for r in describing.RADII_M if point and r > radius),
            None,
        ),
    )


def form_page(error: DomainError | None = None, similar: Any = (), place: Any = None) -> str:
    stored: Mapping[str, Any] = request.args
    if place is not None:
        stored = {
            "name": place.name,
            "category": place.category.code,
            "lat": f"{place.lat:.6f}",
            "lon": f"{place.lon:.6f}",
            "address": place.address,
            "phone": telephones.shown_phone(place.phone) if place.phone else "",
            "website": place.website,
            "opening_hours": place.opening_hours,
            "closed": "yes" if place.closed_at else "",
        }
    return render_template(
        "places/form.html",
        categories=list(categories.CATEGORIES.values()),
        values=render.typed_or(stored),
        hours=schemas.rows_shown(request.form, stored.get("opening_hours", "")),
        hours_stored=stored.get("opening_hours", ""),
        is_week=weekly.week_of(stored.get("opening_hours", "")) is not None,
        error=error,
        similar=similar,
        place=place,
        kept=said.kept_fields(place) if place is not None else [],
        limits=describing,
    )


@base.bp.get("/places/new")
@members
def new_page() -> str:
    return form_page()


def _facts() -> tuple[dict[str, Any], geo.Point]:
    """What the form says, checked; telephone numbers are read as the place's country writes
    them."""
    data = schemas.PlaceForm().load(request.form)
    point = locating.point_of_form(db.session(), data)
    if data["phone"]:
        country = gazetteer.country_at(db.session(), point)
        try:
            data["phone"] = telephones.normal_phone(data["phone"], country)
        except ValueError:
            wrong = lazy_gettext(
                "Write one telephone number, with its extension if it has one:"
                " +34 912 345 678 ext. 22."
            )
            raise Invalid(fields={"phone": [wrong]}) from None
    return data, point


FACTS = models.TEXTS


@base.bp.post("/places")
@members
@shows_errors(form_page)
def add() -> ViewResult:
    limits.hit("place")
    photos = media_pages.uploads()
    data, point = _facts()
    if not data["anyway"]:
        similar = search.likely_duplicates(
            db.session(),
            current_actor(),
            data["name"],
            point,
            phone=data["phone"],
            website=data["website"],
        )
        if similar:
            # Nothing is written: the person says whether it is the same one.
            return form_page(similar=similar), 409
    public_id = editing.add_place(
        db.session(),
        current_actor(),
        point=point,
        photos=photos,
        language=render.language(),
        **{field: data[field] for field in FACTS},
    )
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    waits = moderation_pages.waits_whole(place.visibility)
    thanks = gettext("Thank you. You suggested a place.")
    if waits is moderation_rules.Waiting.NOTHING:
        thanks = gettext("Thank you. The place is on the map.")
    moderation_pages.flash_sent(thanks, waits)
    return redirect(url_for("places.place_page", public_id=public_id), 303)


@base.bp.get("/places/<public_id>")
@public
def place_page(public_id: str, error: DomainError | None = None) -> ViewResult:
    actor, session = current_actor(), db.session()
    subject = subjects.resolve(session, public_id, KIND)
    if subject.public_id != public_id:
        return redirect(url_for("places.place_page", public_id=subject.public_id), 301)
    place = reading.place_by_public_id(session, actor, public_id)
    mine = actor.id is not None and actor.id == place.author_id
    brand_id = running.brand_of(session, place.id)
    my_brands = (
        brands_reading.brands_of_team_member(session, actor, "run_places")
        if actor.is_member
        else []
    )
    may_edit = describing.may_edit(actor, place.author_id, place.visibility, brand_id)
    facts = facts_of(session, place)
    return render_template(
        "places/page.html",
        place=place,
        error=error,
        week=[] if place.closed_at else opening.week(place),
        brand=brands_reading.described(session, brand_id) if brand_id else None,
        my_brands=my_brands,
        domain_days=describing.DOMAIN_DAYS,
        my_claims=[b for b in my_brands if claims_queries.open_claim(session, place.id, b.id)],
        photos=media_queries.photos_of(session, actor, [place.id]),
        decision=moderation_queries.last_decision(session, place.id) if mine else None,
        rules=moderation_rules.RULES,
        may_edit=may_edit,
        is_of_extract=facts.is_of_extract,
        proposals=facts.decided_by(actor, brand_id) if may_edit and actor.confirmed else [],
        may_withdraw=describing.may_withdraw(
            actor, place.author_id, place.visibility, place.rating_count
        ),
        may_flag=moderation_rules.may_flag(actor, place.author_id),
    )


def page_with_error(error: DomainError, public_id: str) -> ViewResult:
    return place_page(public_id, error)


@base.bp.get("/places/<public_id>/edit")
@members
def edit_page(public_id: str, error: DomainError | None = None) -> str:
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    actor = current_actor()
    if not describing.may_edit(actor, place.author_id, place.visibility, place.brand_id):
        raise Forbidden()
    return form_page(error, place=place)


@base.bp.post("/places/<public_id>/edit")
@members
@shows_errors(lambda error, public_id: edit_page(public_id, error))
def edit(public_id: str) -> ViewResult:
    limits.hit("write")
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    data, point = _facts()
    done = editing.edit_place(
        db.session(),
        current_actor(),
        place.id,
        revision=data["revision"],
        point=point,
        closed=bool(data["closed"]),
        **{field: data[field] for field in FACTS},
    )
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    moderation_pages.flash_sent(gettext("Saved."), moderation_pages.waits_whole(place.visibility))
    if done.proposed:
        names = ", ".join(str(said.FIELD_NAMES[field]) for field in done.proposed)
        flash(
            gettext(
                "What the brand or a moderator wrote stays until they decide on your change:"
                " %(fields)s.",
                fields=names,
            )
        )
    return redirect(url_for("places.place_page", public_id=public_id), 303)


@base.bp.post("/places/<public_id>/photos")
@members
@shows_errors(page_with_error)
def add_photos(public_id: str) -> ViewResult:
    limits.hit("write")
    photos = media_pages.uploads()
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    editing.add_photos(db.session(), current_actor(), place.id, photos)
    waits = moderation_rules.waiting_of(
        text=False, photos=bool(media_queries.held_among(db.session(), [place.id]))
    )
    moderation_pages.flash_sent(gettext("Thank you. The photos are being prepared."), waits)
    return redirect(url_for("places.place_page", public_id=public_id), 303)


@base.bp.post("/places/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> ViewResult:
    limits.hit("write")
    place = reading.place_by_public_id(db.session(), current_actor(), public_id)
    editing.withdraw(db.session(), current_actor(), place.id)
    return moderation_pages.after_withdrawal(gettext("Your suggestion is withdrawn."))


@base.bp.post("/places/<public_id>/brand")
@members
@shows_errors(page_with_error)
def set_brand(public_id: str) -> ViewResult:
    limits.hit("write")
    actor, session = current_actor(), db.session()
    place = reading.place_by_public_id(session, actor, public_id)
    if place.visibility == subjects.Visibility.WITHDRAWN:
        raise NotFound()
    chosen = request.form.get("brand", "")
    if not chosen:
        claims_actions.release(session, actor, place.id)
        flash(gettext("Saved: no brand runs this place."), "good")
    elif claims_actions.claim_for_brand(
        session, actor, place.id, brands_reading.team_brand(session, actor, chosen, "run_places")
    ):
        flash(gettext("Saved: your brand runs this place."), "good")
    else:
        flash(gettext("Thank you. A moderator looks at whether your brand runs it."), "good")
    return redirect(url_for("places.place_page", public_id=public_id), 303)


@base.bp.post("/places/<public_id>/brand/withdraw")
@members
def withdraw_brand_claim(public_id: str) -> ViewResult:
    limits.hit("write")
    actor, session = current_actor(), db.session()
    place = reading.place_by_public_id(session, actor, public_id)
    brand = brands_reading.team_brand(session, actor, request.form.get("brand", ""), "run_places")
    claims_actions.withdraw_claim(session, actor, place.id, brand)
    flash(gettext("Your claim is taken back."), "good")
    return redirect(url_for("places.place_page", public_id=public_id), 303)


finding.register("places", finding_queries.find, is_of_map=True, guesses=True)

referrals_linking.register_contributions(KIND, lazy_gettext("places"), reading.published_by_group)
