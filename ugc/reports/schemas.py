"""The form of a report. The place comes as coordinates, or as the name of a city."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

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
    text = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(
            max=TEXT_MAX,
            error=lazy_gettext("At most %(count)d characters.", count=TEXT_MAX),  # type: ignore[arg-type]
        ),
    )
    anyway = ma.fields.String(load_default="")
