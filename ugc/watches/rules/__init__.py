"""What may be watched and how much of it, and which news goes where. Pure."""

from __future__ import annotations

import ipaddress
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from flask_babel import lazy_gettext

from ugc.core.errors import Invalid
from ugc.watches.models import Delivery, MailKind

WATCHES_MAX = 20  # of one member
BROWSERS_MAX = 10  # of one member
NAME_MAX = 80
CITIES_SHOWN = 3  # of an area
KEPT_DAYS = 90  # news
MAIL_MAX = 50  # lines of one mail; the rest is counted
PUSHED_ONE_BY_ONE = 3  # more at once are one line

# What a follower is told, by what happened; the day folds votes to one line.
FOLLOWED = {
    "confirmed": "votes",
    "denied": "votes",
    "edited": "edited",
    "corrected": "corrected",
    "answered": "answered",
    "closed": "closed",
    "reopened": "reopened",
    "merged": "merged",
}
# A corrected one may be where, or of a kind, that was not watched; who was told is not told again.
APPEARED = frozenset({"posted", "approved", "corrected"})
# When a report may first reach the reliability that a watch asks for.
ROSE = APPEARED | {"confirmed", "reopened", "merged"}


class ReportKind(Protocol):
    """A kind of report as forms offer it; reports register theirs."""

    @property
    def code(self) -> str: ...
    @property
    def icon(self) -> str: ...
    def name(self, language: str) -> str: ...


_kinds: dict[str, ReportKind] = {}


def register_kinds(kinds: Iterable[ReportKind]) -> None:
    _kinds.update({kind.code: kind for kind in kinds})


def kinds() -> dict[str, ReportKind]:
    return dict(_kinds)


def appears(what: str, reliability: int, least: int) -> bool:
    """Whether a watch that asks for `least` of 10 tells of a report now; that it rose tells
    nothing new to a watch that takes every report."""
    if what in APPEARED:
        return reliability >= least
    return what in ROSE and 0 < least <= reliability


def mail_kind(delivery: str) -> MailKind | None:
    """The mail that news waits for."""
    if delivery == Delivery.NOW:
        return MailKind.NOW
    return MailKind.DIGEST if delivery in (Delivery.DAILY, Delivery.WEEKLY) else None


def wants(kind: str, delivery: str, still_there: bool) -> bool:
    """Whether a member who chose so still gets this kind of mail."""
    if kind == MailKind.STILL_THERE:
        return still_there
    return mail_kind(delivery) == kind


# push ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Browser:
    """Where and for whom a push is encrypted."""

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
    """What a browser sent as its subscription. The address is somebody's input and we shall send
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
