"""The form of a report. The place comes as coordinates, or as the name of a city."""

from __future__ import annotations

import datetime as dt
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.accounts.schemas import Form
from ugc.core.inputs import Text
from ugc.media.schemas import FormWithPhotos
from ugc.reports.rules.kinds import KINDS, chosen_subkind
from ugc.reports.rules.permissions import TEXT_MAX

NOT_OF_ITS_KIND = lazy_gettext("Choose one of those of its kind, or none.")
# All that a form may send as a sub-kind: none, its code, or its code after that of a kind.
SUBKINDS_SAID = [
    "",
    *(f"{kind.code}/" for kind in KINDS.values()),
    *(each.code for kind in KINDS.values() for each in kind.subkinds),
    *(f"{kind.code}/{each.code}" for kind in KINDS.values() for each in kind.subkinds),
]


def subkind_of(data: dict[str, Any]) -> str | None:
    """The sub-kind of a form's `kind` and `subkind`. Raises ValidationError."""
    try:
        return chosen_subkind(KINDS[data["kind"]], data["subkind"])
    except ValueError:
        raise ma.ValidationError({"subkind": [NOT_OF_ITS_KIND]}) from None


class ReportForm(FormWithPhotos):
    kind = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(list(KINDS), error=lazy_gettext("Choose one of the kinds.")),  # type: ignore[arg-type]
        error_messages={"required": lazy_gettext("Choose one of the kinds.")},
    )
    # A code of the kind, or `kind/code`: see `rules.chosen_subkind`.
    subkind = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(SUBKINDS_SAID, error=NOT_OF_ITS_KIND),  # type: ignore[arg-type]
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

    @ma.post_load
    def subkind_of_kind(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {**data, "subkind": subkind_of(data)}

    @ma.pre_load
    def without_empty_time(self, data: Any, **_options: Any) -> Any:
        """A form sends its empty fields too."""
        return {k: v for k, v in data.items() if k != "occurred_at" or v} if data else data


class CorrectForm(Form):
    """As `ReportForm`; without a place it stays where it is."""

    revision = ma.fields.Integer(required=True)
    kind = ReportForm._declared_fields["kind"]
    subkind = ReportForm._declared_fields["subkind"]
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    near = ReportForm._declared_fields["near"]

    @ma.post_load
    def subkind_of_kind(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {**data, "subkind": subkind_of(data)}


class EditForm(Form):
    revision = ma.fields.Integer(required=True)
    text = Text(load_default="", most=TEXT_MAX)
