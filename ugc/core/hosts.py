"""By which names the site may be asked for. An address that is made of the Host that a request says
leads wherever its sender wants: requests by another name are refused before a view sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_babel import gettext
from werkzeug.routing import RequestRedirect

# Load balancers ask by an address of their own; the answer says nothing that depends on it.
ANY_HOST = frozenset({"/healthz", "/readyz"})
_HOST = re.compile(
    r"(?:(?P<name>[a-z0-9_.-]+)|\[(?P<address>[0-9a-f:.]+)\])(?::\d{1,5})?", re.IGNORECASE
)


def is_trusted(host: str, trusted: Sequence[str]) -> bool:
    """Whether a Host header names one of these; `.example.org` stands for all below it."""
    parts = _HOST.fullmatch(host)
    if parts is None:
        return False
    name = (parts["name"] or parts["address"]).lower()
    return any(name == each or (each.startswith(".") and name.endswith(each)) for each in trusted)


def inside(location: str) -> str:
    """The same address without scheme and host, so that it stays at the host that was asked."""
    parts = urlsplit(location)
    path = "/" + parts.path.lstrip("/\\")
    return parts._replace(scheme="", netloc="", path=path).geturl()


def init_app(app: Flask) -> None:
    """Before everything else that looks at a request."""

    @app.before_request
    def refuse_other_hosts() -> Response | None:
        if request.path in ANY_HOST or is_trusted(request.host, app.config["HOSTS"]):
            return None
        text = gettext(
            "This site is not known by that name. Its address is %(address)s",
            address=app.config["SITE_URL"],
        )
        return Response(text + "\n", 400, {"Cache-Control": "no-store"}, content_type="text/plain")

    @app.after_request
    def stay_here(response: Response) -> Response:
        # The router makes whole addresses of what the request says.
        if "Location" in response.headers and isinstance(
            request.routing_exception, RequestRedirect
        ):
            response.headers["Location"] = inside(request.routing_exception.new_url)
        return response
