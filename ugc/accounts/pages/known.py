"""The cookie of known browsers: at which accounts this browser signed in before. It is signed,
lasts a year, holds a random number for each account and opens nothing; wrong guesses made elsewhere
do not lock such a browser out, and a sign-in from any other one is told by mail."""

from __future__ import annotations

import secrets

from flask import after_this_request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData
from werkzeug.wrappers import Response

from ugc.core import cookies, signed

COOKIE = "known"
SALT = "known browsers"
DAYS = 365
ACCOUNTS = 8  # of one browser; the oldest goes


def devices() -> dict[int, str]:
    """By member id, the random number of this browser; {} for a cookie that we did not make."""
    try:
        pairs = signed.serializer(SALT).loads(cookies.get(COOKIE), max_age=DAYS * 86_400)
        return {int(member): str(nonce) for member, nonce in pairs}
    except (BadData, ValueError, TypeError):
        return {}


def remember(member_id: int) -> bool:
    """Makes this browser known to the member's account; whether it was not before."""
    known = devices()
    is_new = member_id not in known
    nonce = known.pop(member_id, None) or secrets.token_urlsafe(12)
    pairs = [*known.items(), (member_id, nonce)][-ACCOUNTS:]
    value = str(signed.serializer(SALT).dumps(pairs))

    @after_this_request
    def send(response: Response) -> ResponseReturnValue:
        cookies.put(response, COOKIE, value, days=DAYS)
        return response  # type: ignore[return-value]

    return is_new
