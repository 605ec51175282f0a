"""One line for each request in the logger `ugc.request`, and the request's id in its answer.

A line holds method, route, status, milliseconds, bytes and id. The route is the template of the URL
map (`/confirm/<token>`), never the path: tokens, names and positions stand in paths and queries. No
line names an address or a browser."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Flask, request
from werkzeug.wsgi import ClosingIterator

from ugc.core import tracing

log = logging.getLogger("ugc.request")
HEADER = "X-Request-ID"
NO_ROUTE = "(none)"
FACTS = ("method", "route", "status", "ms", "bytes")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RequestLog:
    """The application with an id for each request, which a trusted proxy may have given."""

    def __init__(self, app: WsgiApp, hops: int) -> None:
        self.app, self.hops = app, hops

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()
        given = environ.get("HTTP_X_REQUEST_ID") if self.hops else None
        request_id = tracing.new_id(given)
        said: dict[str, Any] = {"status": 500, "bytes": 0}

        def start_with_id(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            said["status"] = int(status[:3])
            said["bytes"] = int(dict(headers).get("Content-Length", 0))
            headers = [pair for pair in headers if pair[0].lower() != HEADER.lower()]
            return start(status, [*headers, (HEADER, request_id)], error)

        def write() -> None:
            method = environ.get("REQUEST_METHOD", "")
            facts = {
                "method": method if method in METHODS else "OTHER",
                "route": environ.get("ugc.route", NO_ROUTE),
                "status": said["status"],
                "ms": round((time.monotonic() - began) * 1000),
                "bytes": said["bytes"],
            }
            level = logging.ERROR if said["status"] >= 500 else logging.INFO
            text = " ".join(f"{name}={facts[name]}" for name in FACTS)
            with tracing.following(request_id):
                log.log(level, "%s", text, extra={"facts": facts})

        with tracing.following(request_id):
            try:
                answer = self.app(environ, start_with_id)
            except BaseException:
                write()
                raise
        if hasattr(answer, "file"):  # the server takes the file out of its wrapper
            write()
            return answer
        return ClosingIterator(answer, write)


class WithRequest(logging.Filter):
    """Gives each record `request`, the id in force or `-`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request = tracing.current() or "-"
        return True


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request": getattr(record, "request", "-"),
        }
        line |= getattr(record, "facts", None) or {"message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(level: str, form: str) -> None:
    """Sends the log to standard error, unless the operator's server set handlers of its own."""
    root = logging.getLogger()
    logging.getLogger("ugc").setLevel(level.upper())
    if root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(WithRequest())
    text = "%(asctime)s %(levelname)s %(name)s request=%(request)s %(message)s"
    handler.setFormatter(Json() if form == "json" else logging.Formatter(text))
    root.addHandler(handler)


def init_app(app: Flask) -> None:
    """Outermost: called after everything else that wraps the application."""
    app.wsgi_app = RequestLog(app.wsgi_app, int(app.config["PROXY_HOPS"]))  # type: ignore[method-assign, assignment]

    def note_route() -> None:
        if request.url_rule is not None:
            request.environ["ugc.route"] = request.url_rule.rule

    # Before those that may answer in place of the view.
    app.before_request_funcs.setdefault(None, []).insert(0, note_route)
