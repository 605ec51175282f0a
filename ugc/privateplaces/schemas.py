"""The form of a private place. The place comes as coordinates, or as the name of a city."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.privateplaces.rules import NAME_MAX


class PlaceForm(Form):
    name = ma.fields.String(
        required=True,
        validate=ma.validate.Length(
            min=1,
            max=NAME_MAX,
            error=lazy_gettext("Write a name of 1 to %(count)d characters.", count=NAME_MAX),  # type: ignore[arg-type]
        ),
    )
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
