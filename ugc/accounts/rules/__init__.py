"""What a handle and a password must be, and how often one may fail to sign in."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from flask_babel import lazy_gettext
from zxcvbn import zxcvbn

from ugc.core.access import Actor

# Without ASCII, IGNORECASE takes ſ for s and the Kelvin sign for k.
HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{1,28})[a-z0-9]", re.IGNORECASE | re.ASCII)
RESERVED_HANDLES = frozenset(
    ("admin", "administrator", "boca", "me", "moderation", "moderator", "root", "site", "support")
)
PASSWORD_MIN, PASSWORD_MAX = 8, 128
PASSWORD_SCORE = 2  # of zxcvbn's 0 to 4: survives a throttled on-line attack

SESSION_DAYS = 90
CONFIRM_HOURS = 72
RESET_MINUTES = 60
REPEAT_MINUTES = 10  # how long a form sent twice is answered as the first time

ATTEMPT_WINDOW_MINUTES = 15
ATTEMPTS_PER_ACCOUNT = 10
ATTEMPTS_PER_ADDRESS = 50


class Listing(enum.StrEnum):
    """What a profile lists of what its owner contributed."""

    NOTHING = "nothing"
    DAYS = "days"  # kind, city and day: no address, no coordinates, no time, no link
    ALL = "all"


def listing_for(actor: Actor, member_id: int, chosen: str) -> Listing:
    """What `actor` reads there; its owner and moderators read all."""
    if actor.id == member_id or actor.is_moderator:
        return Listing.ALL
    return Listing(chosen)


# The first that matches: most browsers also name those that they descend from.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Macintosh", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_names(user_agent: str) -> tuple[str, str]:
    """(browser, system) as people call them, '' for what is not known."""

    def first(known: Sequence[tuple[str, str]]) -> str:
        return next((name for mark, name in known if mark in user_agent), "")

    return first(BROWSERS), first(SYSTEMS)


def handle_problem(handle: str) -> object | None:
    """Why `handle` cannot be one, or None."""
    if not HANDLE.fullmatch(handle):
        return lazy_gettext(
            "Use 3 to 30 letters a–z, digits, - or _, beginning and ending with a letter or digit."
        )
    if handle.lower() in RESERVED_HANDLES or handle.lower().startswith("demo-"):
        return lazy_gettext("This name is kept for the site. Choose another.")
    return None


def password_problem(password: str, personal: Sequence[str] = ()) -> object | None:
    """Why `password` is too weak, or None. No composition rules (NIST SP 800-63B): length, and
    zxcvbn's estimate with the person's own words counted as known."""
    if len(password) < PASSWORD_MIN:
        return lazy_gettext("Use at least %(count)d characters.", count=PASSWORD_MIN)
    if len(password) > PASSWORD_MAX:
        return lazy_gettext("Use at most %(count)d characters.", count=PASSWORD_MAX)
    # zxcvbn's time grows with the length; 72 characters decide.
    if zxcvbn(password[:72], user_inputs=list(personal))["score"] < PASSWORD_SCORE:
        return lazy_gettext(
            "This is easy to guess. Use a few unrelated words, or let your browser suggest one."
        )
    return None


def too_many_attempts(account_failures: int, address_failures: int) -> bool:
    """Failures within `ATTEMPT_WINDOW_MINUTES`."""
    return account_failures >= ATTEMPTS_PER_ACCOUNT or address_failures >= ATTEMPTS_PER_ADDRESS
