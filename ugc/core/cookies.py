"""The cookies of the site. In production every one is `Secure` and has the prefix `__Host-`: no
other host and no plain connection can set it. In development names carry no prefix."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import current_app, request
from werkzeug.wrappers import Response


def _secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def name_of(cookie: str) -> str:
    return f"__Host-{cookie}" if _secure() else cookie


def get(cookie: str) -> str:
    """What the browser sent, or ''."""
    return request.cookies.get(name_of(cookie), "")


def put(
    response: Response | FlaskResponse,
    cookie: str,
    value: str,
    *,
    days: int,
    readable_by_scripts: bool = False,
) -> None:
    response.set_cookie(
        name_of(cookie),
        value,
        max_age=days * 86_400,
        httponly=not readable_by_scripts,
        samesite="Lax",
        secure=_secure(),
    )


def drop(response: Response | FlaskResponse, cookie: str) -> None:
    response.delete_cookie(name_of(cookie), httponly=True, samesite="Lax", secure=_secure())
