"""What a handle and a password must be, and how often one may fail to sign in."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Sequence

from flask_babel import lazy_gettext
from zxcvbn import zxcvbn

from ugc.core import reserved
from ugc.core.access import Actor

# Without ASCII, IGNORECASE takes ſ for s and the Kelvin sign for k.
HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{1,28})[a-z0-9]", re.IGNORECASE | re.ASCII)

PASSWORD_MIN, PASSWORD_MAX = 8, 128

PASSWORD_SCORE = 2  # of zxcvbn's 0 to 4: survives a throttled on-line attack

SESSION_DAYS = 90

CONFIRM_HOURS = 72

RESET_MINUTES = 60

REPEAT_MINUTES = 10  # how long a form sent twice is answered as the first time

MAILS_PER_HOUR = 3  # to one mailbox, of each purpose

ATTEMPT_WINDOW_MINUTES = 15

ATTEMPT_MEMORY_HOURS = 24

ATTEMPTS_PER_DEVICE = 10  # of a browser that signed in to this account before

ATTEMPTS_PER_PAIR = 10  # of one network at one account

ATTEMPTS_PER_NETWORK = 50

ATTEMPTS_FREE = 20  # of all unknown browsers at one account, before they wait

LONGEST_WAIT_S = ATTEMPT_WINDOW_MINUTES * 60


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


def handle_problem(handle: str, site: str = "") -> object | None:
    """Why `handle` cannot be one, or None; `site` is the community's name."""
    if not HANDLE.fullmatch(handle):
        return lazy_gettext(
            "Use 3 to 30 letters a–z, digits, - or _, beginning and ending with a letter or digit."
        )
    word = reserved.reserved_part(handle, site)
    if word is not None:
        return lazy_gettext(
            "“%(word)s” is kept for those who run the site. Choose another name.", word=word
        )
    if handle.lower().startswith("demo-"):
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


def wait_of_known(failures: int) -> int:
    """Seconds that a browser waits which signed in to this account before; `failures` are its own
    within `ATTEMPT_WINDOW_MINUTES`."""
    return LONGEST_WAIT_S if failures >= ATTEMPTS_PER_DEVICE else 0


def wait_of_unknown(*, pair: int, network: int, account: int, since_last_s: float) -> int:
    """Seconds that any other browser waits. `pair` and `network` are failures within
    `ATTEMPT_WINDOW_MINUTES`, `account` those of all unknown browsers within `ATTEMPT_MEMORY_HOURS`:
    beyond `ATTEMPTS_FREE` each one must be later than the last by 4 seconds, doubled with every
    fifth, up to `LONGEST_WAIT_S` (about a hundred guesses a day from any number of networks)."""
    if pair >= ATTEMPTS_PER_PAIR or network >= ATTEMPTS_PER_NETWORK:
        return LONGEST_WAIT_S
    if account < ATTEMPTS_FREE:
        return 0
    delay = min(LONGEST_WAIT_S, 4 * 2 ** min(10, (account - ATTEMPTS_FREE) // 5))
    return max(0, math.ceil(delay - since_last_s))
