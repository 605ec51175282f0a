"""One family of errors, raised by rules and actions, and one shape per audience: problem+json
(RFC 9457) under /api and for scripts, a fragment for htmx, a page for people."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_babel import gettext, lazy_gettext
from marshmallow import ValidationError
from psycopg import DataError as DriverDataError
from psycopg import OperationalError as DriverOperationalError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from ugc.core import audit, tracing
from ugc.core.db import SAFE_METHODS
from ugc.core.sensitive import is_kept_back

log = logging.getLogger(__name__)

Text = Any  # str or a lazy translation
Fields = Mapping[str, list[Text]]


class DomainError(Exception):
    """A refusal with a stable code. `message` says what to do next, in the reader's language."""

    code = "error"
    status = 400
    default: Text = lazy_gettext("That did not work.")

    def __init__(
        self,
        message: Text | None = None,
        *,
        code: str | None = None,
        fields: Fields | None = None,
        retry_after: int | None = None,
        **details: Any,
    ) -> None:
        self.message = self.default if message is None else message
        self.code = code or self.code
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        self.details = details
        super().__init__(str(self.code))


class Invalid(DomainError):
    """The input cannot be taken; `fields` says where and why."""

    code = "invalid"
    status = 422
    default = lazy_gettext(
        "Some of what you entered cannot be taken. See the notes beside the fields."
    )


class SignInNeeded(DomainError):
    code = "sign_in_needed"
    status = 401
    default = lazy_gettext("Sign in first, then try again.")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    default = lazy_gettext("You are not allowed to do this.")


class NotFound(DomainError):
    """Also what the reader may not see."""

    code = "not_found"
    status = 404
    default = lazy_gettext(
        "There is nothing here. It may have been removed, or the address is wrong."
    )


class NotAcceptable(DomainError):
    """None of the formats that the request accepts can be sent."""

    code = "not_acceptable"
    status = 406
    default = lazy_gettext(
        "This is sent as application/geo+json or application/json: name one of them in Accept, or"
        " send format=geojson or format=json."
    )


class Conflict(DomainError):
    code = "conflict"
    status = 409
    default = lazy_gettext("Somebody else was faster. Reload the page and look again.")


class Stale(Conflict):
    """The form was filled in against an older version of the thing."""

    code = "stale"
    default = lazy_gettext(
        "This changed while you were writing. Your text is kept: compare and send again."
    )


class TooLarge(DomainError):
    code = "too_large"
    status = 413
    default = lazy_gettext("That file is too large.")


class TooFast(DomainError):
    """A limit was reached; `retry_after` is in seconds."""

    code = "too_fast"
    status = 429
    default = lazy_gettext("That was too fast. Wait a little and try again.")


class Unavailable(DomainError):
    code = "unavailable"
    status = 503
    default = lazy_gettext("This is not available right now. Try again in a minute.")


_HTTP_CODES = {
    400: ("bad_request", lazy_gettext("The request could not be understood.")),
    401: ("sign_in_needed", SignInNeeded.default),
    403: ("forbidden", Forbidden.default),
    404: ("not_found", NotFound.default),
    405: ("method_not_allowed", lazy_gettext("This address does not take that kind of request.")),
    414: ("too_long", lazy_gettext("This address is too long. Search for less at once.")),
    413: (
        "too_large",
        lazy_gettext(
            "What you sent is too large. Go back and send less of it at once: what you typed is"
            " still there."
        ),
    ),
    415: ("unsupported_media_type", lazy_gettext("That format is not taken here.")),
    429: ("too_fast", TooFast.default),
}


# Codes that are told where they arise rather than by a class of their own: (status, meaning).
_OTHER_CODES: dict[str, tuple[int, Text]] = {
    "too_slow": (408, lazy_gettext("The connection was too slow and was cut off. Try again.")),
    "headers_too_large": (
        431,
        lazy_gettext("Your browser sent too many cookies: delete this site's, then try again."),
    ),
    "back_too_often": (
        409,
        lazy_gettext(
            "This was brought back as often as it can be. If it is there, report it again."
        ),
    ),
    "bad_cursor": (409, lazy_gettext("A cursor was changed, or comes from another kind of page.")),
    "corrected_too_often": (
        409,
        lazy_gettext("This was corrected as often as it can be: withdraw it and report it again."),
    ),
    "csrf": (400, lazy_gettext("The form is too old, or cookies are off: reload and send again.")),
    "email_unconfirmed": (403, lazy_gettext("Confirm the e-mail address first.")),
    "exclusive_parameters": (
        409,
        lazy_gettext("Two parameters exclude one another: send one of them."),
    ),
    "idempotency_mismatch": (
        422,
        lazy_gettext("The same key was sent with other content: make a new key."),
    ),
    "key_malformed": (401, lazy_gettext("The API key is incomplete: copy it again, whole.")),
    "key_needed": (401, lazy_gettext("Send an API key: Authorization: Bearer boca_…")),
    "key_off": (
        401,
        lazy_gettext("The key is off: its brand is not public or its team has no holder of keys."),
    ),
    "key_unknown": (401, lazy_gettext("The API key is unknown or was revoked: make a new one.")),
    "link_expired": (400, lazy_gettext("The link of a mail is too old: ask for another.")),
    "outside_role": (
        403,
        lazy_gettext("The moderator's role does not cover this: a moderator of its area decides."),
    ),
    "over_by_then": (
        422,
        lazy_gettext("It was seen so long ago that it would be over as this kind: close it."),
    ),
    "repeated": (409, lazy_gettext("The same request was answered before: look how things stand.")),
    "repeated_parameter": (400, lazy_gettext("The address has a parameter twice: send it once.")),
    "scope_missing": (403, lazy_gettext("The API key lacks a right: make one that has it.")),
    "similar_near": (
        409,
        lazy_gettext("A similar report is near by: confirm it, or send again with anyway=yes."),
    ),
    "storage_unavailable": (503, lazy_gettext("Files cannot be stored now: try again later.")),
    "suspended": (
        403,
        lazy_gettext("The account is suspended: it can read, export and erase, not contribute."),
    ),
    "too_late": (
        422,
        lazy_gettext("It was seen so long ago that it is over: send again with as_history=yes."),
    ),
    "unknown_parameter": (422, lazy_gettext("The address has a parameter that is not known.")),
    "unmarked_endpoint": (403, lazy_gettext("A fault of ours: nobody may call this address.")),
    "wrong_credentials": (422, lazy_gettext("E-mail address and password do not belong together.")),
    "server_error": (500, lazy_gettext("Something broke on our side; nothing was saved.")),
}


def catalogue() -> dict[str, tuple[int, Text]]:
    """Every stable code with its status and what it means; docs/errors.md is a copy."""
    known: dict[str, tuple[int, Text]] = dict(_OTHER_CODES)
    families: list[type[DomainError]] = [DomainError]
    while families:
        family = families.pop()
        families += family.__subclasses__()
        if family is not DomainError:
            known.setdefault(family.code, (family.status, family.default))
    for status, (code, meaning) in _HTTP_CODES.items():
        known.setdefault(code, (status, meaning))
    return dict(sorted(known.items()))


def wants_json() -> bool:
    """Scripts get problem+json: everything under /api, and who asks for JSON before HTML."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def problem(
    status: int, code: str, title: Text, fields: Fields | None = None, **details: Any
) -> Response:
    """An RFC 9457 answer. `errors` maps field names to lists of messages."""
    body: dict[str, Any] = {
        "type": f"{current_app.config['SITE_URL']}/api/errors#{code}",
        "title": str(title),
        "status": status,
        "code": code,
        **details,
    }
    if fields:
        body["errors"] = {name: [str(text) for text in texts] for name, texts in fields.items()}
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


def answer(error: DomainError, *, with_form: bool = True) -> Response:
    """The error in the shape that the request asked for; `with_form` False when the form that was
    sent could not be read (it is too large), so that it cannot be shown again."""
    view = current_app.view_functions.get(request.endpoint or "")
    on_error: Callable[..., Any] | None = getattr(view, "on_error", None)
    if wants_json():
        response = problem(error.status, error.code, error.message, error.fields, **error.details)
    elif "HX-Request" in request.headers:
        # What was to be exchanged stays; the message goes where every page shows messages.
        response = make_response(render_template("_error_fragment.html", error=error), error.status)
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Reselect"] = ".notice"
    elif with_form and on_error is not None and _keeps_form(error):
        response = _form_again(error, on_error)
    else:
        response = _page(error)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, error.retry_after))
    response.headers["Cache-Control"] = "no-store"
    return response


# What a person can mend without writing again: then the form, too, is theirs.
_FORM_CODES = frozenset({"suspended", "email_unconfirmed"})


def _keeps_form(error: DomainError) -> bool:
    return error.status in (409, 413, 422, 429) or error.code in _FORM_CODES


def _page(error: DomainError) -> Response:
    """The error with what was typed, so that nothing that a person wrote is lost."""
    return make_response(
        render_template(
            "error.html", error=error, typed=typed_texts(), request_id=tracing.current()
        ),
        error.status,
    )


# Values that a person did not write: codes, numbers, coordinates, tokens.
_CODE = re.compile(r"[a-z0-9_.:+-]{0,40}|[A-Za-z0-9_.:-]{16,}")


def typed_texts() -> list[str]:
    """The texts of the form of this request, without secrets and codes; none when the body could
    not be read (a route that takes none, or one that is too large)."""
    if request.endpoint is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return []
    try:
        fields = list(request.form.items(multi=True))
    except HTTPException:
        return []
    return [
        value
        for name, value in fields
        if value.strip() and not is_kept_back(name) and not _CODE.fullmatch(value)
    ]


def note_refusal(error: DomainError) -> None:
    """Logs who may not do what they asked for: 401 and 403 of what changes something, and forms
    without their token."""
    if request.method in SAFE_METHODS or not (error.status in (401, 403) or error.code == "csrf"):
        return
    actor = g.get("actor")
    audit.note_now(
        "refused",
        status=error.status,
        code=error.code,
        endpoint=request.endpoint,
        who=actor.reference if actor is not None else "unknown",
    )


def _form_again(error: DomainError, on_error: Callable[..., Any]) -> Response:
    """The form with the error beside its fields; who may not see the form at all (it is another
    else's, or gone) is told just that."""
    try:
        response = make_response(on_error(error, **(request.view_args or {})))
        response.status_code = error.status
    except DomainError as hidden:
        response = _page(error if error.code in _FORM_CODES else hidden)
    return response


def shows_errors(
    renderer: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks a view whose form is shown again, filled in, when it is refused (409, 413, 422, 429,
    or for an account that is suspended or unconfirmed).

    `renderer(error, **view_args)` returns the page; it reads `request.form` for what was typed."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.on_error = renderer  # type: ignore[attr-defined]
        return view

    return mark


def flat_messages(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as one level of dotted field names."""
    flat: dict[str, list[str]] = {}
    if isinstance(messages, dict):
        for key, value in messages.items():
            flat.update(flat_messages(value, f"{prefix}.{key}" if prefix else str(key)))
    elif isinstance(messages, list):
        flat[prefix or "_schema"] = [str(text) for text in messages]
    else:
        flat[prefix or "_schema"] = [str(messages)]
    return flat


def _domain_error(error: DomainError) -> Response:
    note_refusal(error)
    return answer(error)


def _validation_error(error: ValidationError) -> Response:
    return answer(Invalid(fields=flat_messages(error.messages)))


def _integrity_error(error: IntegrityError) -> Response:
    # Two people at once: the constraint is the referee, the text never shows the driver's.
    diagnosis = getattr(error.orig, "diag", None)
    log.warning("integrity: %s", getattr(diagnosis, "constraint_name", None))
    return answer(Conflict())


def _data_error(error: Exception) -> Response:
    # A value that no column takes, which no schema caught: the sender's fault, not ours.
    # Its form is not shown again: that would ask the same of the database.
    log.warning("data: %s", str(error).partition("\n")[0])
    return answer(Invalid(), with_form=False)


def _operational_error(error: OperationalError | DriverOperationalError) -> Response:
    log.error("database: %s", getattr(error, "orig", error))
    away = Unavailable(retry_after=5)
    try:
        return answer(away)
    except (OperationalError, DriverOperationalError):
        # The page would ask the same database who reads it.
        headers = {"Retry-After": "5", "Cache-Control": "no-store"}
        return Response(str(away.message), away.status, headers, "text/plain")


def _http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    code, message = _HTTP_CODES.get(status, (f"http_{status}", DomainError.default))
    wrapped = DomainError(message, code=code)
    wrapped.status = status
    response = answer(wrapped, with_form=False)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _server_error(_error: Exception) -> Response:
    broken = DomainError(
        gettext("Something broke on our side. Nothing was saved; try again in a minute."),
        code="server_error",
    )
    broken.status = 500
    return answer(broken)


def init_app(app: Flask) -> None:
    """Answers every error of the application in the form of this module."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(ValidationError, _validation_error)
    app.register_error_handler(IntegrityError, _integrity_error)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(DriverDataError, _data_error)
    app.register_error_handler(OperationalError, _operational_error)
    app.register_error_handler(DriverOperationalError, _operational_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _server_error)
