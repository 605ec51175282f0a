"""The blueprint of the pages of places."""

from __future__ import annotations

from flask import Blueprint

from ugc.core import limits, panels, telephones
from ugc.places.pages import opening
from ugc.places.rules import describing

bp = Blueprint("places", __name__)
limits.declare("place", "20 per hour")

panels.declare("place.act", "a place's page, among its buttons", "place")
panels.declare("place.below", "a place's page, below", "place")


bp.add_app_template_global(opening.opening_text)

bp.add_app_template_global(opening.day_text)

bp.add_app_template_filter(telephones.shown_phone, "phone")

bp.add_app_template_filter(describing.shown_website, "website")
