"""Addresses and keys of browsers that take web push."""

from __future__ import annotations

import ipaddress
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from flask_babel import lazy_gettext

from ugc.core.errors import Invalid

# push ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Browser:
    """The address of a browser and the keys that encrypt a push for it."""

    endpoint: str
    p256dh: str
    auth: str


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _is_point(key: bytes) -> bool:
    """Whether one can encrypt for it: an uncompressed point of P-256."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        return False
    return len(key) == 65


def checked_browser(
    endpoint: object, p256dh: object, auth: object, *, unguarded: bool = False
) -> Browser:
    """What a browser sent as its subscription. The address is input of a member, and we shall send
    there: https on its own port, a name (what it resolves to is looked at when sending, each time).
    `unguarded` lets tests use their own server. Raises Invalid."""
    bad = Invalid(lazy_gettext("This is not the address of a push service."))
    if not (isinstance(endpoint, str) and isinstance(p256dh, str) and isinstance(auth, str)):
        raise bad
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise bad from None
    if len(endpoint) > 1024 or parts.username or parts.password or not host:
        raise bad
    if not _is_point(_decoded(p256dh)) or len(_decoded(auth)) != 16:
        raise bad
    if not unguarded:
        if parts.scheme != "https" or port not in (None, 443) or "." not in host:
            raise bad
        try:
            ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            raise bad
    return Browser(endpoint, p256dh, auth)
