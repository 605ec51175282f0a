"""What no column of the database can hold is refused before any view sees it: the character NUL in
addresses and forms, and numbers in addresses beyond 64 bits. And the two kinds of text that forms
take: names, and texts of which something must be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Flask, abort, request
from flask_babel import lazy_gettext
from werkzeug.routing import IntegerConverter

from ugc.core import names, texts
from ugc.core.errors import Invalid, NotFound
from ugc.core.websites import normal_website

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

# What marshmallow itself says, in the reader's language.
ma.fields.Field.default_error_messages["required"] = FILL_IN  # type: ignore
ma.fields.Date.default_error_messages["invalid"] = lazy_gettext("Choose a day.")  # type: ignore
ma.fields.Enum.default_error_messages["unknown"] = lazy_gettext("Choose one of the list.")  # type: ignore
ma.fields.Integer.default_error_messages["invalid"] = lazy_gettext("Write a whole number.")  # type: ignore


def too_long(most: int) -> Any:
    """What is told of a text that is longer than `most` (UTF-16 units)."""
    return lazy_gettext("At most %(count)d characters.", count=most)


class Name(ma.fields.String):
    """The name of anything, as `names.normal_name` gives it: `least` to `most` characters that
    are seen, without hidden, control and direction characters. `short` is told of one that is too
    short."""

    def __init__(self, *, most: int, least: int = 1, short: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.short = least, most, short

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 4 * self.most:
            raise ma.ValidationError([too_long(self.most)])
        try:
            name = names.normal_name(text)
        except names.BadName as bad:
            if bad.code == "invisible":
                raise ma.ValidationError([HIDDEN]) from None
            name = ""
        if names.seen_length(name) < self.least:
            raise ma.ValidationError([self.short or FILL_IN])
        if min(texts.length(name), texts.typed_length(text)) > self.most:
            raise ma.ValidationError([too_long(self.most)])
        return name


def checked_name(
    text: str, *, most: int, least: int = 1, short: Any = None, field: str = "name"
) -> str:
    """A name that comes by no schema. Raises Invalid on `field`."""
    try:
        return str(Name(most=most, least=least, short=short).deserialize(text))
    except ma.ValidationError as error:
        raise Invalid(fields={field: list(error.messages)}) from None


class Text(ma.fields.String):
    """A text that people write, as `texts.normal` stores it: at most `most` UTF-16 units, at least
    `least` characters of which are seen. `short` is told of one that is too short, and `long` of
    one that is too long."""

    def __init__(
        self, *, most: int, least: int = 0, short: Any = None, long: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most
        self.short, self.long = short or FILL_IN, long or too_long(most)

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        typed = super()._deserialize(value, attr, data, **kwargs)
        text = texts.normal(typed)
        if names.seen_length(text) < self.least:
            raise ma.ValidationError([self.short])
        if texts.typed_length(typed) > self.most:
            raise ma.ValidationError([self.long])
        return text


class Rewritten(Text):
    """A text that `rewrite` brings into its normal form, or refuses by ValueError with `wrong`;
    nothing stays nothing."""

    def __init__(
        self, rewrite: Callable[[str], str], wrong: Any, *, most: int, **kwargs: Any
    ) -> None:
        super().__init__(most=most, load_default="", **kwargs)
        self.rewrite, self.wrong = rewrite, wrong

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self.rewrite(text) if text else ""
        except ValueError:
            raise ma.ValidationError([self.wrong]) from None


def website(most: int) -> Rewritten:
    """The field of a web address."""
    wrong = lazy_gettext("This is not a web address. It looks like https://example.org.")
    return Rewritten(normal_website, wrong, most=most)


def checked_text(
    text: str, *, most: int, least: int = 0, field: str, short: Any = None, long: Any = None
) -> str:
    """A text that comes by no schema, as it is stored. Raises Invalid on `field`."""
    try:
        return str(Text(most=most, least=least, short=short, long=long).deserialize(text))
    except ma.ValidationError as error:
        raise Invalid(fields={field: list(error.messages)}) from None


def said_in(text: str, *, least: int, most: int, field: str) -> str:
    """A text that says something in `least` to `most` characters. Raises Invalid on `field`."""
    told = lazy_gettext("Say it in %(least)d to %(most)d characters.", least=least, most=most)
    return checked_text(text, most=most, least=least, field=field, short=told, long=told)


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
