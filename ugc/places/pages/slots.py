"""What places show on the pages of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext

from ugc.accounts.pages import profile as accounts_profile
from ugc.accounts.rules import credentials as accounts_credentials
from ugc.core import panels, render
from ugc.core.access import current_actor
from ugc.core.db import db
from ugc.media import queries as media_queries
from ugc.moderation import pages as moderation_pages
from ugc.places.models import CLAIM_KIND, KIND
from ugc.places.pages import showing
from ugc.places.queries import claims as claims_queries
from ugc.places.queries import reading


def brand_panel(brand: Any, **_context: Any) -> str:
    page = max(1, min(showing.LAST_PAGE, showing.whole_number("places", 1)))
    places, more = reading.places_of_brand(db.session(), brand.id, page)
    here = {"public_id": brand.public_id, "_anchor": "places"}
    return render_template(
        "places/_of_brand.html",
        places=places,
        brand=brand,
        next_page=url_for("brands.brand_page", **here, places=page + 1)
        if more and page < showing.LAST_PAGE
        else None,
        previous_page=url_for("brands.brand_page", **here, places=page - 1) if page > 1 else None,
    )


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    places = reading.places_by_ids(db.session(), current_actor(), subject_ids)
    photos = media_queries.galleries(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "places/_case.html",
        {id_: {"place": each, "photos": photos[id_]} for id_, each in places.items()},
        (each.author_id for each in places.values()),
    )


def claim_case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    claims = claims_queries.claims_by_ids(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "places/_claim_case.html",
        {id_: {"claim": claim} for id_, claim in claims.items()},
        (claim.member_id for claim in claims.values()),
    )


def profile_panel(member_id: int, **_context: Any) -> str:
    listing = accounts_profile.listing_of(member_id)
    if listing is accounts_credentials.Listing.NOTHING:
        return ""
    places = reading.places_by(db.session(), current_actor(), member_id, limit=20)
    if listing is accounts_credentials.Listing.DAYS:
        return accounts_profile.listed_by_day(
            gettext("Places"),
            (
                accounts_profile.Listed(
                    each.category.name(render.language()), each.category.icon,
                    each.category.colour, each.city, each.created_at,
                )
                for each in places
            ),
        )  # fmt: skip
    return render_template("places/_of_member.html", places=places) if places else ""


def contributions_panel(actor: Any, **_context: Any) -> str:
    places = reading.places_by(db.session(), actor, actor.id, limit=50)
    return render_template("places/_of_member.html", places=places, is_mine=True)


def moderation_panel(**_context: Any) -> str:
    return render_template("places/_to_decide.html")


panels.register("moderation.first", moderation_panel)

panels.register(f"case.{KIND}", case_cards)

panels.register(f"case.{CLAIM_KIND}", claim_case_cards)

panels.register("profile", profile_panel)

panels.register("contributions", contributions_panel)

panels.register("brand.below", brand_panel)
