"""The form of a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc.core.inputs import Name, Rewritten, Text, website
from ugc.media.schemas import FormWithPhotos
from ugc.places.rules import categories, describing, spoken, weekly


class PlaceForm(FormWithPhotos):
    name = Name(
        required=True,
        least=2,
        most=describing.NAME_MAX,
        short=lazy_gettext("Write the name of the place."),
    )
    category = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            list(categories.CATEGORIES),
            error=lazy_gettext("Choose one of the categories."),  # type: ignore[arg-type]
        ),
        error_messages={"required": lazy_gettext("Choose one of the categories.")},
    )
    lat = ma.fields.String(load_default="")
    lon = ma.fields.String(load_default="")
    place_name = ma.fields.String(load_default="")
    accuracy_m = ma.fields.String(load_default="")
    address = Name(load_default="", least=0, most=describing.ADDRESS_MAX)
    phone = Text(load_default="", most=describing.PHONE_MAX)
    website = website(describing.WEBSITE_MAX)
    opening_hours = Rewritten(
        spoken.read_hours,
        lazy_gettext(
            "These opening hours are not understood. Write them like "
            "Mo-Fr 9-20; Sa 10-14; Sunday closed."
        ),
        most=describing.HOURS_MAX,
    )
    closed = ma.fields.String(load_default="", validate=ma.validate.OneOf(["", "yes"]))
    anyway = ma.fields.String(load_default="")
    revision = ma.fields.Integer(load_default=0)

    def load(self, data: Mapping[str, Any], **options: Any) -> Any:  # type: ignore[override]
        """With the opening hours that the rows of the week say, when these were changed."""
        return super().load(_with_hours(data), **options)


def _with_hours(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form without its rows. What was changed counts, the rows or the text: `hours_was` is the
    text as it was shown. Scripts send `hours_by`, which of them was changed last. Raises
    ValidationError by row, and `hours_by` when both were changed and say different things."""
    rows = {key for key in form if key.startswith("hours_")}
    facts = {key: value for key, value in form.items() if key not in rows}
    if "hours_was" not in form:
        return facts
    was, text = form["hours_was"].strip(), form.get("opening_hours", "").strip()
    week = week_of_form(form)
    shown = weekly.week_of(was) or dict.fromkeys(weekly.ROWS, "")
    by = form.get("hours_by") or ("week" if text == was else "text")
    if week == shown or (by == "text" and form.get("hours_by")):
        return facts
    if by == "text" and not _says_week(text, week):
        raise ma.ValidationError(
            {
                "hours_by": [
                    lazy_gettext("The days and the text say different things. Choose which counts.")
                ]
            }
        )
    return facts | {"opening_hours": weekly.text_of(week)}


def _says_week(text: str, week: weekly.Week) -> bool:
    try:
        return weekly.week_of(spoken.read_hours(text)) == week if text else False
    except ValueError:
        return False


def week_of_form(form: Mapping[str, Any]) -> weekly.Week:
    """The rows as sent: `hours_Mo_is` is `open`, `off`, `whole` or nothing, `hours_Mo` the spans.
    Raises ValidationError by row."""
    week, wrong = {}, {}
    for day in weekly.ROWS:
        state, said = form.get(f"hours_{day}_is", ""), form.get(f"hours_{day}", "").strip()
        if state == "off" and said:
            wrong[f"hours_{day}"] = [
                lazy_gettext("Closed, or open at these hours? Say one of them.")
            ]
        elif state == "off":
            week[day] = weekly.CLOSED
        elif state == "whole":
            week[day] = weekly.WHOLE
        elif state == "open" and not said:
            wrong[f"hours_{day}"] = [lazy_gettext("Say from when to when: 9-14, 17-20:30.")]
        else:
            try:
                week[day] = weekly.spans_said(said)
            except ValueError:
                wrong[f"hours_{day}"] = [
                    lazy_gettext("This is not understood. Write it like 9-14, 17-20:30.")
                ]
    if wrong:
        raise ma.ValidationError(wrong)
    return week


def rows_shown(form: Mapping[str, Any], stored: str) -> dict[str, tuple[str, str]]:
    """(state, spans) of each row of the form: as sent, or as the stored text says."""
    if "hours_was" in form:
        return {d: (form.get(f"hours_{d}_is", ""), form.get(f"hours_{d}", "")) for d in weekly.ROWS}
    week = weekly.week_of(stored) or dict.fromkeys(weekly.ROWS, "")
    states = {"": ("", ""), weekly.CLOSED: ("off", ""), weekly.WHOLE: ("whole", "")}
    return {day: states.get(said, ("open", said.replace(",", ", "))) for day, said in week.items()}
