"""The form of a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.core.inputs import Name
from ugc.media.schemas import FormWithPhotos
from ugc.places import rules


def at_most(count: int) -> ma.validate.Length:
    text: Any = lazy_gettext("At most %(count)d characters.", count=count)
    return ma.validate.Length(max=count, error=text)


class Normal(ma.fields.String):
    """Text that a rule brings into its normal form, or refuses with `message`."""

    def __init__(self, normalise: Callable[[str], str], message: Any, **kwargs: Any) -> None:
        super().__init__(load_default="", **kwargs)
        self.normalise, self.message = normalise, message

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text:
            return ""
        try:
            return self.normalise(text)
        except ValueError:
            raise ma.ValidationError(self.message) from None


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
    phone = ma.fields.String(load_default="", validate=at_most(40))
    website = Normal(
        rules.normal_website,
        lazy_gettext("This is not a web address. It looks like https://example.org."),
        validate=at_most(rules.WEBSITE_MAX),
    )
    opening_hours = Normal(
        rules.normal_hours,
        lazy_gettext(
            "These opening hours are not understood. Write them like "
            "Mo-Fr 09:00-20:00; Sa 10:00-14:00."
        ),
        validate=at_most(rules.HOURS_MAX),
    )
    anyway = ma.fields.String(load_default="")
    revision = ma.fields.Integer(load_default=0)
