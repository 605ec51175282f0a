"""What the fields of a place are called, and their values as pages show them."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from ugc.core import render, telephones
from ugc.core.access import current_actor
from ugc.core.db import db
from ugc.places.queries import reading
from ugc.places.queries.facts import facts_of
from ugc.places.rules import categories
from ugc.places.rules import facts as facts_rules

FIELD_NAMES = {
    "name": lazy_gettext("Name"),
    "category": lazy_gettext("Category"),
    "address": lazy_gettext("Address"),
    "phone": lazy_gettext("Telephone"),
    "website": lazy_gettext("Web"),
    "opening_hours": lazy_gettext("Opening hours"),
    "point": lazy_gettext("Position"),
    "closed": lazy_gettext("Closed for good"),
}
ORIGIN_NAMES = {
    facts_rules.Origin.MODERATOR: lazy_gettext("A moderator"),
    facts_rules.Origin.BRAND: lazy_gettext("The brand"),
    facts_rules.Origin.MEMBER: lazy_gettext("Who suggested the place"),
    facts_rules.Origin.IMPORT: lazy_gettext("The source"),
    facts_rules.Origin.EXTRACT: "OpenStreetMap",
}


def field_name(field: str) -> str:
    return str(FIELD_NAMES[field])


def origin_name(origin: str) -> str:
    return str(ORIGIN_NAMES[facts_rules.Origin(origin)])


def fact_text(field: str, value: str) -> str:
    """A value that `rules.facts.written` made, for people; '' for none."""
    if field == "closed":
        return gettext("Closed for good") if value else gettext("Not closed")
    if field == "category" and value in categories.CATEGORIES:
        return categories.CATEGORIES[value].name(render.language())
    if field == "phone" and value:
        return telephones.shown_phone(value)
    return value


def kept_fields(place: reading.PlaceRow) -> list[str]:
    """Names of the fields whose value the reader cannot change, only propose another."""
    mine = facts_rules.origin_of(current_actor(), place.brand_id)
    origins = facts_of(db.session(), place).origins
    return [field_name(f) for f in facts_rules.FIELDS if not facts_rules.outranks(mine, origins[f])]
