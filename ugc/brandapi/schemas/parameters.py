"""What the API takes: one schema per resource, used to check requests and to write the OpenAPI
description."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.brandapi import rules
from ugc.core.bounded import Bounded
from ugc.places.rules import categories as places_categories
from ugc.reports.rules import kinds as reports_kinds
from ugc.spread.rules import weeks as spread_weeks

STATES = ("open", "closed", "expired")

NO_CURSOR: Any = lazy_gettext(
    "This is no cursor of ours. Take `next` of the page before, unchanged."
)


class Choices(ma.fields.Field):
    """One of several codes, or more separated by commas; loads as a list."""

    def __init__(self, codes: Any, **kwargs: Any) -> None:
        self.codes = list(codes)
        # Told as an array whose items stand behind one another with commas.
        kwargs["metadata"] = {
            "type": "array",
            "minItems": 1,
            "maxItems": len(self.codes),
            "items": {"type": "string", "enum": self.codes},
            **kwargs["metadata"],
        }
        super().__init__(**kwargs)

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        chosen = value.split(",")
        unknown = [code for code in chosen if code not in self.codes]
        if len(chosen) > len(self.codes):
            raise ma.ValidationError(
                lazy_gettext("At most %(count)d of them.", count=len(self.codes))  # type: ignore[arg-type]
            )
        if unknown:
            raise ma.ValidationError(
                lazy_gettext(  # type: ignore[arg-type]
                    "Unknown: %(unknown)s. Known are: %(known)s.",
                    unknown=", ".join(unknown)[:100],
                    known=", ".join(self.codes),
                )
            )
        return chosen


class Since(ma.fields.String):
    """A time, or a token of the change feed."""

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        # "+" in an address is a blank: 2026-11-01T00:00:00+01:00 is forgiven.
        text = super()._deserialize(value, attr, data, **kwargs).replace(" ", "+")
        if rules.utc(text) is None and not re.match(rules.TOKEN, text):
            raise ma.ValidationError(NO_CURSOR)  # type: ignore[arg-type]
        return text


def _matching(pattern: str, error: Any, description: str, **metadata: Any) -> ma.fields.String:
    return ma.fields.String(
        # `\\Z`: Python's `$` lets a line end pass.
        validate=ma.validate.Regexp(pattern[:-1] + r"\Z", error=error),
        metadata={"description": description, "pattern": pattern, **metadata},
    )


def _id(description: str) -> ma.fields.String:
    wrong = lazy_gettext("This is no id: take it as it stands in `id`.")
    return _matching(rules.ID, wrong, description)


def _whole(least: int, most: int, default: int, text: str) -> ma.fields.Integer:
    wrong: Any = lazy_gettext("A whole number from %(least)d to %(most)d.", least=least, most=most)
    return ma.fields.Integer(
        strict=False,
        load_default=default,
        validate=ma.validate.Range(least, most, error=wrong),
        error_messages={"invalid": wrong},
        metadata={"description": text},
    )


class Query(Bounded):
    """Parameters that every list takes; an unknown one is refused."""

    text_max = 4_096  # cursors

    class Meta:
        unknown = ma.RAISE

    since = Since(
        metadata={
            "description": "Follow what changes: an ISO 8601 time to begin with, then the `next` "
            "of the page before. Changes come oldest first; what is gone, or does not match any "
            "more, is in `deleted`. Not together with `cursor` (409).",
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": rules.TOKEN},
            ],
            "example": "2026-11-01T00:00:00Z",
        }
    )
    cursor = _matching(
        rules.TOKEN,
        NO_CURSOR,
        "The `next` of the page before, for older content. Not together with `since` (409).",
    )
    limit = _whole(1, rules.LIMIT_MAX, rules.LIMIT_DEFAULT, "How many at most.")
    format = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(
            ["", "geojson", "json"],
            error=lazy_gettext("geojson or json."),  # type: ignore[arg-type]
        ),
        metadata={"description": "geojson (as with Accept: application/geo+json) or json."},
    )


class BrandsQuery(Query):
    pass


class PlacedQuery(Query):
    bbox = ma.fields.String(
        metadata={
            "description": "west,south,east,north in degrees, WGS 84 (RFC 7946). West may be "
            "greater than east: then the box crosses the 180° meridian.",
            "pattern": rules.BBOX,
            "example": "-3.9,40.3,-3.5,40.6",
        }
    )


class ReportsQuery(PlacedQuery):
    kind = Choices(reports_kinds.KINDS, metadata={"description": "Kinds of report, by commas."})
    subkind = Choices(
        list(
            dict.fromkeys(
                each.code for kind in reports_kinds.KINDS.values() for each in kind.subkinds
            )
        ),
        metadata={"description": "Sub-kinds of report, by commas, of whatever kind."},
    )
    state = ma.fields.String(
        validate=ma.validate.OneOf(
            STATES,
            error=lazy_gettext("open, closed or expired."),  # type: ignore[arg-type]
        ),
        metadata={"description": "The life of the report."},
    )


class PlacesQuery(PlacedQuery):
    category = Choices(
        places_categories.CATEGORIES, metadata={"description": "Categories of place, by commas."}
    )
    brand = _id("Id of the brand that runs the place now.")


class ReviewsQuery(PlacesQuery):
    place = _id("Id of the reviewed place.")
    rating = ma.fields.Integer(
        validate=ma.validate.Range(1, 5, error=lazy_gettext("From 1 to 5.")),  # type: ignore[arg-type]
        error_messages={"invalid": lazy_gettext("From 1 to 5.")},
        metadata={"description": "Only reviews with this rating."},
    )


class NoQuery(Bounded):
    class Meta:
        unknown = ma.RAISE


class OneQuery(Bounded):
    class Meta:
        unknown = ma.RAISE

    format = Query._declared_fields["format"]


class SpreadQuery(Bounded):
    class Meta:
        unknown = ma.RAISE
        include = {
            "from": ma.fields.String(
                metadata={
                    "description": "With `to`: the complete ISO weeks that lie between these two "
                    "days, both included.",
                    "format": "date",
                    "example": "2026-09-07",
                }
            )
        }

    weeks = _whole(1, rules.WEEKS_MAX, rules.WEEKS_DEFAULT, "How many complete ISO weeks back.")
    span = ma.fields.String(
        validate=ma.validate.OneOf(
            [*spread_weeks.LENGTHS, spread_weeks.CUSTOM],
            error=lazy_gettext(  # type: ignore[arg-type]
                "Choose one of these: %(known)s.",
                known=", ".join((*spread_weeks.LENGTHS, spread_weeks.CUSTOM)),
            ),
        ),
        metadata={"description": "Instead of weeks: 4, 12 or 52 weeks, or custom (from, to)."},
    )
    to = ma.fields.String(
        metadata={
            "description": "The last day, see `from`.",
            "format": "date",
            "example": "2026-11-22",
        }
    )
