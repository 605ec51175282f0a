"""What a request's body may be. A body that breaks a rule is refused with 4xx before a view, or the
check of its token, reads any of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from flask import Flask, Request, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import lazy_gettext
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.formparser import FormDataParser

from ugc.core.db import SAFE_METHODS
from ugc.core.errors import DomainError

FIELD_MAX = 50_000  # characters of one field, before its form says what it allows
FIELDS_MAX = 500  # of a form that carries no file; those with files have MAX_FORM_PARTS
JSON_BYTES_MAX = 64 * 1024
FIELDS_TYPE, PARTS_TYPE = "application/x-www-form-urlencoded", "multipart/form-data"
JSON_TYPE = "application/json"
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
NUL_IN_JSON = b"\\u0000"
REPLACED = "\ufffd"  # what decoders put in place of bytes that are no UTF-8


class BadText(DomainError):
    """The text of a form is damaged, or written in another encoding than UTF-8."""

    code = "bad_text"
    status = 400
    default = lazy_gettext(
        "Your text has signs that cannot be read (�). Go back, remove them, and send again."
    )


class _Form(FormDataParser):
    """Raises ValueError for a form that is cut off or malformed; werkzeug takes it as empty."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.silent = False


class BoundedRequest(Request):
    form_data_parser_class = _Form

    def _get_file_stream(self, *arguments: Any, **options: Any) -> Any:
        stream = super()._get_file_stream(*arguments, **options)
        self.__dict__.setdefault("spooled", []).append(stream)
        return stream

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except (ValueError, HTTPException) as error:
            for stream in self.__dict__.get("spooled", []):
                stream.close()
            self.forget_form()
            if isinstance(error, HTTPException):
                raise
            raise BadRequest() from None

    def forget_form(self) -> None:
        """What was refused is empty for the page that says so."""
        self.__dict__["form"] = ImmutableMultiDict()
        self.__dict__["files"] = ImmutableMultiDict()


class StrictJson(DefaultJSONProvider):
    """Reads RFC 8259: no NaN, no lone surrogate, valid UTF-8, at most 1,024 levels deep."""

    ensure_ascii = False

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Raises ValueError, which `Request.get_json` answers with 400."""
        return orjson.loads(s)


def takes_json(view: Any) -> Any:
    """Marks a view whose body is JSON; all others take forms alone."""
    view.takes_json = True
    return view


def _check_json() -> None:
    if (request.content_length or 0) > JSON_BYTES_MAX:
        raise RequestEntityTooLarge()
    data = request.get_data()
    if len(data) > JSON_BYTES_MAX:
        raise RequestEntityTooLarge()
    if NUL_IN_JSON in data:
        raise BadRequest()
    request.get_json()


def _check_fields(most: int) -> None:
    if (request.content_length or 0) > most or len(request.get_data()) > most:
        raise RequestEntityTooLarge()
    data = request.get_data()
    if data.count(b"&") >= FIELDS_MAX:
        raise RequestEntityTooLarge()
    try:
        unquote_to_bytes(data).decode()
    except UnicodeDecodeError:
        _forget()
        raise BadText() from None


def _check_lengths() -> None:
    if any(len(value) > FIELD_MAX for _, value in request.form.items(multi=True)):
        _forget()
        raise RequestEntityTooLarge()


def _check_parts() -> None:
    if any(REPLACED in name + value for name, value in request.form.items(multi=True)):
        _forget()
        raise BadText()


def _forget() -> None:
    asked: Any = request
    asked.forget_form()


def check(app: Flask) -> None:
    """Looks at the body of an unsafe request. Raises an HTTPException of 400, 413 or 415."""
    view = app.view_functions.get(request.endpoint or "")
    if request.method in SAFE_METHODS or view is None:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType()
    if request.mimetype_params.get("charset", "utf-8").lower() not in CHARSETS:
        raise UnsupportedMediaType()
    if not request.mimetype and not request.content_length:
        return
    if getattr(view, "takes_json", False):
        if request.mimetype != JSON_TYPE:
            raise UnsupportedMediaType()
        _check_json()
    elif request.mimetype == FIELDS_TYPE:
        _check_fields(int(app.config["MAX_FORM_MEMORY_SIZE"]))
        _check_lengths()
    elif request.mimetype == PARTS_TYPE:
        _check_parts()
        _check_lengths()
    else:
        raise UnsupportedMediaType()


def init_app(app: Flask) -> None:
    """Before the check of tokens is registered, because that reads the form."""
    app.request_class = BoundedRequest
    app.json = StrictJson(app)
    app.before_request(lambda: check(app))
