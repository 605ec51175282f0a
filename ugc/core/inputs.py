"""What no column of the database can hold is refused before any view sees it: the character NUL in
addresses and forms, and numbers in addresses beyond 64 bits. And the two kinds of text that forms
take: names, and texts of which something must be seen."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Flask, abort, request
from flask_babel import lazy_gettext
from werkzeug.routing import IntegerConverter

from ugc.core import names
from ugc.core.errors import Invalid, NotFound

BIGINT_MAX = 2**63 - 1


class BigInteger(IntegerConverter):
    """`<int:…>` in an address: a number that an id can be; any other leads nowhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", BIGINT_MAX)
        super().__init__(*args, **kwargs)


HIDDEN: Any = lazy_gettext(
    "There are hidden or control characters in it. Type it here instead of pasting it."
)


FILL_IN: Any = lazy_gettext("Fill this in.")


class Name(ma.fields.String):
    """The name of anything, as `names.normal_name` gives it: `least` to `most` characters that
    are seen, without hidden, control and direction characters. `short` is told of one that is too
    short."""

    def __init__(self, *, most: int, least: int = 1, short: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.short = least, most, short

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        text = super()._deserialize(value, attr, data, **kwargs)
        too_long = ma.ValidationError(
            [lazy_gettext("At most %(count)d characters.", count=self.most)]
        )
        if len(text) > 4 * self.most:
            raise too_long
        try:
            name = names.normal_name(text)
        except names.BadName as bad:
            if bad.code == "invisible":
                raise ma.ValidationError([HIDDEN]) from None
            name = ""
        if names.seen_length(name) < self.least:
            raise ma.ValidationError([self.short or FILL_IN])
        if len(name) > self.most:
            raise too_long
        return name


def checked_name(
    text: str, *, most: int, least: int = 1, short: Any = None, field: str = "name"
) -> str:
    """A name that comes by no schema. Raises Invalid on `field`."""
    try:
        return str(Name(most=most, least=least, short=short).deserialize(text))
    except ma.ValidationError as error:
        raise Invalid(fields={field: list(error.messages)}) from None


class SeenLength(ma.validate.Validator):
    """At least `least` characters of a text are seen."""

    def __init__(self, least: int, error: Any) -> None:
        self.least, self.error = least, error

    def __call__(self, value: str) -> str:
        if names.seen_length(value) < self.least:
            raise ma.ValidationError([self.error])
        return value


def init_app(app: Flask) -> None:
    """Before blueprints are registered."""
    app.url_map.converters["int"] = BigInteger

    @app.before_request
    def refuse_nul() -> None:
        if "\0" in request.path:
            raise NotFound()
        for values in (request.args, request.form):
            if any("\0" in name + value for name, value in values.items(multi=True)):
                abort(400)
