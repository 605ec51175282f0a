"""Headers that every answer carries, and CSRF protection of every form."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from werkzeug.datastructures import Headers
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from ugc.config import LOOPBACK
from ugc.core.access import current_actor
from ugc.core.errors import DomainError, answer, note_refusal


def comes_from_elsewhere(headers: Headers, *ours: str) -> bool:
    """Whether the browser says that a page of another site than `ours` (addresses) made the
    request. Browsers that do not say are judged by the form's token; a `null` origin says
    nothing."""
    fetch_site = headers.get("Sec-Fetch-Site", "")
    if fetch_site:
        return fetch_site not in ("same-origin", "none")
    origin = headers.get("Origin", "null")
    return origin != "null" and origin.lower() not in {_origin(url).lower() for url in ours}


def is_our_own_doing(headers: Headers) -> bool:
    """Whether the browser says that a page of this site, or the person alone, made the request."""
    return headers.get("Sec-Fetch-Site") in ("same-origin", "none")


def tell_a_secret() -> None:
    """Keeps the answer of this request from being compressed: a secret stands in it beside words
    that a person wrote."""
    g.tells_a_secret = True


def may_be_packed() -> bool:
    """Whether the length of this answer may depend on what it says. Members' pages are personal:
    another site may put its words into their address, and compare lengths (BREACH)."""
    is_member = "actor" in g and current_actor().is_member
    return not g.get("tells_a_secret") and (not is_member or is_our_own_doing(request.headers))


def masked(secret: str) -> str:
    """The secret behind a random pad: it never looks the same in two answers, so that the length of
    a compressed one tells nothing of it (BREACH, 2013; as Django does)."""
    plain = secret.encode()
    pad = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(pad + _xor(pad, plain)).decode()


def unmasked(sent: str) -> str:
    """What `masked` hid; what it did not make comes back as it is."""
    try:
        both = base64.b64decode(sent.encode(), altchars=b"-_", validate=True)
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode() if len(both) == 2 * half else sent
    except (binascii.Error, ValueError):
        return sent


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def form_token() -> str:
    """The token that the forms of this answer carry; another one in each answer."""
    if "form_token" not in g:
        g.form_token = masked(generate_csrf())
    return str(g.form_token)


class OriginAndToken(CSRFProtect):  # type: ignore[misc]
    """The token of each form, and where the browser says that the request comes from. `Referer` is
    not asked for: some browsers never send one."""

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = form_token
        app.context_processor(lambda: {"csrf_token": form_token})

    def _get_csrf_token(self) -> str | None:
        sent = super()._get_csrf_token()
        return unmasked(sent) if sent else None

    def protect(self, apply_exemptions: bool = False) -> None:
        super().protect(apply_exemptions)
        ours = (str(current_app.config["SITE_URL"]), request.host_url)
        if g.get("csrf_valid") and comes_from_elsewhere(request.headers, *ours):
            self._error_response("The request comes from another site.")


csrf = OriginAndToken()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def content_security_policy(map_style_url: str, live_url: str) -> str:
    """Strict: no inline script or style, nothing from elsewhere but the remote map's origin and
    the live map's streams."""
    remote = _origin(map_style_url)
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "worker-src 'self'",
            " ".join(filter(None, ("connect-src 'self'", _origin(live_url), remote))),
            f"img-src 'self' data: blob: {remote}".strip(),
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def strict_transport_security(settings: Mapping[str, object]) -> str | None:
    """The value of Strict-Transport-Security; None where the site is not served by https."""
    if not settings["SESSION_COOKIE_SECURE"]:
        return None
    return "max-age=31536000" + ("; includeSubDomains" if settings["HSTS_SUBDOMAINS"] else "")


def other_spelling(site_url: str, asked_url: str) -> str | None:
    """The address of a page at SITE_URL, when it was asked for by another spelling of the same
    loopback address and port; None for all else."""
    site, asked = urlsplit(site_url), urlsplit(asked_url)
    if site.hostname == asked.hostname or not {site.hostname, asked.hostname} <= LOOPBACK:
        return None
    if (site.scheme, site.port or 80) != (asked.scheme, asked.port or 80):
        return None  # a tunnel from another port; SITE_URL leads elsewhere from there
    return asked._replace(netloc=site.netloc).geturl()


def init_app(app: Flask) -> None:
    csrf.init_app(app)
    if app.config["ENV_NAME"] == "development":

        @app.before_request
        def lead_to_site_url() -> BaseResponse | None:
            # Cookies, the live map's streams and pushes belong to one spelling of the host. Scripts
            # and probes are answered where they ask.
            if request.headers.get("Sec-Fetch-Mode") != "navigate" or request.method != "GET":
                return None
            there = other_spelling(str(app.config["SITE_URL"]), request.url)
            return redirect(there, 307) if there else None

    hops = int(app.config["PROXY_HOPS"])
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    hsts = strict_transport_security(app.config)
    policy = content_security_policy(str(app.config["MAP_STYLE_URL"]), str(app.config["LIVE_URL"]))

    @app.errorhandler(CSRFError)
    def csrf_error(error: CSRFError) -> Response:
        stale = DomainError(
            gettext(
                "This form is too old, or cookies are off. Go back, reload the page, send again."
            ),
            code="csrf",
        )
        stale.status = 400
        note_refusal(stale)
        return answer(stale)

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
        if hsts:
            headers.setdefault("Strict-Transport-Security", hsts)
        if request.endpoint != "static" and "Cache-Control" not in headers:
            signed_in = "actor" in g and current_actor().is_member
            # Forms carry a token of the visitor's session: shared caches never keep pages.
            headers["Cache-Control"] = "private, no-store" if signed_in else "private, no-cache"
        if not may_be_packed() and not (response.mimetype or "").startswith("image/"):
            response.cache_control.no_transform = True  # the front and proxies obey
        return response
