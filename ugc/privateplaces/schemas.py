"""The form of a private place. The place comes as coordinates, or as the name of a city."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.core.inputs import Name
from ugc.privateplaces.rules import NAME_MAX


class PlaceForm(Form):
    name = Name(
        required=True,
        most=NAME_MAX,
        short=lazy_gettext("Write a name of 1 to %(count)d characters.", count=NAME_MAX),
    )
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
