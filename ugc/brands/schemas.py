"""The forms of a brand."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.brands import rules
from ugc.core.inputs import Name
from ugc.core.websites import normal_website


def _at_most(count: int) -> ma.validate.Length:
    text: Any = lazy_gettext("At most %(count)d characters.", count=count)
    return ma.validate.Length(max=count, error=text)


class Website(ma.fields.String):
    """A full http(s) address, or nothing."""

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text:
            return ""
        try:
            return normal_website(text)
        except ValueError:
            raise ma.ValidationError(
                lazy_gettext("This is not a web address. It looks like https://example.org.")  # type: ignore[arg-type]
            ) from None


class BrandForm(Form):
    name = Name(
        required=True,
        least=2,
        most=rules.NAME_MAX,
        short=lazy_gettext("Write the name of the brand."),
    )
    about = ma.fields.String(load_default="", validate=_at_most(rules.ABOUT_MAX))
    website = Website(load_default="", validate=_at_most(rules.WEBSITE_MAX))
    revision = ma.fields.Integer(load_default=0)
