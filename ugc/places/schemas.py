"""The form of a place."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.core.inputs import Name, Rewritten, Text, website
from ugc.media.schemas import FormWithPhotos
from ugc.places import rules


class PlaceForm(FormWithPhotos):
    name = Name(
        required=True,
        least=2,
        most=rules.NAME_MAX,
        short=lazy_gettext("Write the name of the place."),
    )
    category = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            list(rules.CATEGORIES),
            error=lazy_gettext("Choose one of the categories."),  # type: ignore[arg-type]
        ),
        error_messages={"required": lazy_gettext("Choose one of the categories.")},
    )
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    address = Name(load_default="", least=0, most=rules.ADDRESS_MAX)
    phone = Text(load_default="", most=rules.PHONE_MAX)
    website = website(rules.WEBSITE_MAX)
    opening_hours = Rewritten(
        rules.normal_hours,
        lazy_gettext(
            "These opening hours are not understood. Write them like "
            "Mo-Fr 09:00-20:00; Sa 10:00-14:00."
        ),
        most=rules.HOURS_MAX,
    )
    anyway = ma.fields.String(load_default="")
    revision = ma.fields.Integer(load_default=0)
