"""Keyed digests: what a copy of the database alone cannot be compared with or guessed from."""

from __future__ import annotations

import hmac

from flask import current_app


def derived_key(purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, derived from SECRET_KEY (one HKDF-like step)."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(secret, b"boca/" + purpose.encode(), "sha256")


def digest(purpose: str, *parts: bytes) -> str:
    """HMAC-SHA-256 in hex; every part is preceded by its length, so that parts cannot run over."""
    mac = hmac.new(derived_key(purpose), digestmod="sha256")
    for part in parts:
        mac.update(len(part).to_bytes(8, "big") + part)
    return mac.hexdigest()
