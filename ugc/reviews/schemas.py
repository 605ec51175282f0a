"""The form of a review."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.core.inputs import Name, Text
from ugc.media.schemas import FormWithPhotos
from ugc.places.rules import categories as places_categories
from ugc.reviews import rules

_rate: Any = lazy_gettext("Choose from 1 to 5 stars.")


def _stars(required: bool) -> ma.fields.Integer:
    return ma.fields.Integer(
        required=required,
        validate=ma.validate.OneOf(rules.RATINGS, error=_rate),
        error_messages={"required": _rate, "invalid": _rate},
    )


def review_form(category: places_categories.Category) -> ma.Schema:
    """The form for a place of `category`: one more field per aspect, `aspect_<code>`."""
    aspects = {f"aspect_{aspect.code}": _stars(required=False) for aspect in category.aspects}
    return ReviewForm.from_dict(aspects)()  # type: ignore[arg-type]


class ReviewForm(FormWithPhotos):
    rating = _stars(required=True)
    title = Name(load_default="", least=0, most=rules.TITLE_MAX)
    text = Text(
        required=True,
        least=rules.TEXT_MIN,
        most=rules.TEXT_MAX,
        short=lazy_gettext(
            "Tell a little more: at least %(count)d characters.", count=rules.TEXT_MIN
        ),
    )
    visited_month = ma.fields.String(load_default="")
    visit_kind = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(
            ["", *rules.VISIT_KINDS],
            error=lazy_gettext("Choose one of the kinds of visit."),  # type: ignore[arg-type]
        ),
    )
    revision = ma.fields.Integer(load_default=0)

    @ma.pre_load
    def drop_unrated(self, data, **_kwargs):  # type: ignore[no-untyped-def]
        """No star on an aspect means no opinion on it."""
        return {k: v for k, v in data.items() if not (k.startswith("aspect_") and v in ("", "0"))}
