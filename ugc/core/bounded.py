"""How long a text may be that a person or a program sends: looked at before anything reads it, so
that no pattern, parser or database sees more. `docs/operations.md` lists the bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Flask, request
from flask_babel import lazy_gettext
from werkzeug.exceptions import RequestURITooLarge

QUERY_MAX = 8_192  # characters of an address's query
TEXT_MAX = 1_000  # characters of a field that states no length of its own
# Headers that are parsed or matched, and how much of each is read.
HEADERS = {
    "HTTP_ACCEPT_LANGUAGE": 500,
    "HTTP_ACCEPT": 1_000,
    "HTTP_USER_AGENT": 1_000,
    "HTTP_REFERER": 4_096,
}


def longest(field: ma.fields.Field[Any], unstated: int = TEXT_MAX) -> int:
    """The most characters of a field that are read at all: `longest` of its metadata, else twice
    the length that it allows (line ends may count double), else `unstated`."""
    if "longest" in field.metadata:
        return int(field.metadata["longest"])
    most = stated(field)
    return unstated if most is None else 2 * most


def stated(field: ma.fields.Field[Any]) -> int | None:
    """The most characters that a field says it allows; None when it says nothing."""
    lengths = [v for v in field.validators if isinstance(v, ma.validate.Length)]
    found = [getattr(field, "most", None), *(length.equal or length.max for length in lengths)]
    return min((each for each in found if each is not None), default=None)


class Bounded(ma.Schema):
    """A schema whose texts are refused by their length before any of its fields reads them."""

    text_max = TEXT_MAX

    def longest(self, name: str) -> int | None:
        """The most characters of a field; None for one that the schema does not know."""
        field = self._by_name().get(name)
        return None if field is None else longest(field, self.text_max)

    def _by_name(self) -> dict[str, ma.fields.Field[Any]]:
        return {field.data_key or name: field for name, field in self.load_fields.items()}

    @ma.pre_load
    def refuse_long(self, data: Mapping[str, Any], **_options: Any) -> Mapping[str, Any]:
        fields = self._by_name()
        caps = {name: longest(field, self.text_max) for name, field in fields.items()}
        long = {
            name: [
                lazy_gettext(
                    "At most %(count)d characters.", count=stated(fields[name]) or caps[name]
                )
            ]
            for name, value in data.items()
            if isinstance(value, str) and len(value) > caps.get(name, len(value))
        }
        if long:
            raise ma.ValidationError(long)  # type: ignore[arg-type]
        return data


def init_app(app: Flask) -> None:
    """Before everything that reads addresses or headers."""

    @app.before_request
    def cut_what_is_long() -> None:
        for name, most in HEADERS.items():
            value = request.environ.get(name, "")
            if len(value) > most:
                request.environ[name] = value[:most]
        if len(request.query_string) > QUERY_MAX:
            raise RequestURITooLarge()
