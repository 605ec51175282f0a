"""Signed text with a time, as cookies and forms carry it.

The time is that of a clock which may be set back. What was signed before that is dated in the
future for a while: it is still ours and counts as new, where itsdangerous refuses it."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

AHEAD_S = 86_400  # of a clock that was wrong


class Signer(TimestampSigner):
    """As itsdangerous' signer, which reads what this one signed and the other way round."""

    def unsign(  # type: ignore[override]
        self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False
    ) -> Any:
        """Raises BadSignature, and SignatureExpired for what is older than `max_age` seconds or
        dated more than AHEAD_S in the future."""
        value, at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - int(at.timestamp())
        if max_age is not None and not -AHEAD_S <= age <= max_age:
            raise SignatureExpired(f"signed {age} s ago", payload=value, date_signed=at)
        return (value, at) if return_timestamp else value


def serializer(salt: str) -> URLSafeTimedSerializer:
    """Signs and reads JSON for one purpose, with SECRET_KEY."""
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt=salt, signer=Signer)


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, which also hold while the clock is behind the one that signed them."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        made = super().get_signing_serializer(app)
        if made is not None:
            made.signer = Signer
        return made
