"""Cards of the moderators' queue: brands, claims and changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import current_app

from ugc.brands.models import CHANGE_KIND, CLAIM_KIND, KIND
from ugc.brands.queries import changes, reading
from ugc.brands.queries import claims as claims_queries
from ugc.content import queries as content_queries
from ugc.core import panels, reserved
from ugc.core.access import current_actor
from ugc.core.db import db
from ugc.moderation import pages as moderation_pages


def _doubts(named: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """What a moderator should know of each name and the brand that is to have it: the claimed brand
    that it looks like, and whether it says that the site speaks."""
    site = current_app.config["SITE_NAME"]
    return {
        (name, brand_id): {
            "looks_like": looks_like,
            "of_the_site": reserved.is_reserved_name(name, site),
        }
        for (name, brand_id), looks_like in reading.claimed_look_alikes(db.session(), named).items()
    }


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    brands = reading.brands_by_ids(db.session(), current_actor(), subject_ids)
    doubts = _doubts((brand.name, brand.id) for brand in brands.values())
    return moderation_pages.cards(
        "brands/_case.html",
        {id_: {"brand": brand, **doubts[brand.name, id_]} for id_, brand in brands.items()},
        (brand.author_id for brand in brands.values()),
    )


def claim_case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    claims = claims_queries.claims_by_ids(db.session(), current_actor(), subject_ids)
    doubts = _doubts((claim.brand.name, claim.brand.id) for claim in claims.values())
    return moderation_pages.cards(
        "brands/_claim_case.html",
        {
            id_: {"claim": claim, **doubts[claim.brand.name, claim.brand.id]}
            for id_, claim in claims.items()
        },
        (claim.member_id for claim in claims.values()),
    )


def change_case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    asked = changes.changes_by_ids(db.session(), current_actor(), subject_ids)
    brand_ids = [change.brand.id for change in asked.values()]
    versions = content_queries.versions_of(db.session(), brand_ids)
    doubts = _doubts((change.name, change.brand.id) for change in asked.values())
    return moderation_pages.cards(
        "brands/_change_case.html",
        {
            id_: {
                "change": change,
                "versions": versions.get(change.brand.id, []),
                **doubts[change.name, change.brand.id],
            }
            for id_, change in asked.items()
        },
        (change.member_id for change in asked.values()),
    )


panels.register(f"case.{KIND}", case_cards)

panels.register(f"case.{CLAIM_KIND}", claim_case_cards)

panels.register(f"case.{CHANGE_KIND}", change_case_cards)
