"""The form of a report. The place comes as coordinates, or as the name of a city."""

from __future__ import annotations

import datetime as dt
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.core.inputs import Text
from ugc.media.schemas import FormWithPhotos
from ugc.reports.rules import KINDS, TEXT_MAX


class ReportForm(FormWithPhotos):
    kind = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(list(KINDS), error=lazy_gettext("Choose one of the kinds.")),  # type: ignore[arg-type]
        error_messages={"required": lazy_gettext("Choose one of the kinds.")},
    )
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    text = Text(load_default="", most=TEXT_MAX)
    occurred_at = ma.fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        default_timezone=dt.UTC,
        error_messages={
            "invalid": lazy_gettext("Say when as a date and time, such as 2026-03-01T08:30Z.")
        },
    )
    heading = ma.fields.String(load_default="")
    # Near a private place: `area` (the place or the name is kept back) unless they say `exact`.
    near = ma.fields.String(
        load_default="area",
        validate=ma.validate.OneOf(
            ["area", "exact"],
            error=lazy_gettext("Choose whether only the area shows."),  # type: ignore[arg-type]
        ),
    )
    as_history = ma.fields.String(load_default="")
    anyway = ma.fields.String(load_default="")

    @ma.pre_load
    def without_empty_time(self, data: Any, **_options: Any) -> Any:
        """A form sends its empty fields too."""
        return {k: v for k, v in data.items() if k != "occurred_at" or v} if data else data


class EditForm(Form):
    revision = ma.fields.Integer(required=True)
    text = Text(load_default="", most=TEXT_MAX)
