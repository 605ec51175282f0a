"""The forms of a brand."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.brands import rules
from ugc.core.inputs import Name, Text, website


class BrandForm(Form):
    name = Name(
        required=True,
        least=2,
        most=rules.NAME_MAX,
        short=lazy_gettext("Write the name of the brand."),
    )
    about = Text(load_default="", most=rules.ABOUT_MAX)
    website = website(rules.WEBSITE_MAX)
    revision = ma.fields.Integer(load_default=0)
