"""The fraud score, 0 to 100: a sum of published points, each with its reason. Pure.

docs/decisions/0012-fraud.md is the same in words. More of what speaks against a member never
lowers the score, and more of what is genuine never raises it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext, ngettext

# From this score on a member is doubted: points stay held, and what they spread counts for no one
# until a moderator has decided.
DOUBTED = 60

SPAN_DAYS = 90  # of fingerprints, joins, votes
BURST_HOURS = 72
SHORT_HOURS = 72  # between a contact's joining and the last time their parent was seen there
IDLE_DAYS = 14
WITH_MOST = 20  # people that a reason remembers

SELF_MAILBOX = 60
SELF_SOON = 35
SELF_LATER = 25
SELF_CONTACT, SELF_CONTACTS_MOST = 15, 60
# Of a class with telephones of one make some are idle; a maker of accounts has mostly idle ones.
SELF_CONTACTS_PART = 4  # they are at least a quarter of all contacts
DOUBTED_CONTACT, DOUBTED_CONTACTS_MOST, DOUBTED_CONTACTS_LEAST = 12, 60, 3
LOOP, LOOP_EACH, LOOP_MOST = 35, 10, 55
SAME_MAILBOX = 40
MAILBOX_EACH, MAILBOX_MORE = 10, 30  # for every further account of a mailbox
SAME_BROWSER_MOST = 30
SAME_NETWORK_MOST, SAME_NETWORK_FREE = 15, 5
DISPOSABLE = 25
BURST_MOST, BURST_LEAST = 25, 3.0
PRAISE_SHARE, PRAISE_LEAST, PRAISE_FULL = 0.8, 3, 5
PRAISE_SOME, PRAISE_MOST = 15, 30
# A circle: so many who came by one another within `BURST_HOURS`, the member included.
CIRCLE_LEAST = 4
CIRCLE_PRAISE, CIRCLE_PRAISE_LEAST, CIRCLE_PRAISE_MOST = 40, 1.5, 80
CIRCLE_THROWN, CIRCLE_THROWN_LEAST = 45, 3
ONE_BRAND_SOME, ONE_BRAND_MOST = 10, 20
GONE_AGAIN, GONE_AGAIN_LEAST = 15, 3
IDLE = 10
GENUINE, GENUINE_MOST = 15, 45
CONFIRMED, CONFIRMED_MOST = 5, 15


@dataclass(frozen=True)
class Reason:
    """`points` for `code` (negative for what is genuine), `n` how many it counts, `with_ids` the
    other members it stands on (at most `WITH_MOST`)."""

    code: str
    points: int
    n: int = 0
    with_ids: tuple[int, ...] = ()

    def stored(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "points": self.points,
            "n": self.n,
            "with": list(self.with_ids),
        }

    @classmethod
    def loaded(cls, row: Mapping[str, Any]) -> Reason:
        return cls(row["code"], int(row["points"]), int(row["n"]), tuple(row["with"]))


@dataclass(frozen=True)
class Evidence:
    """What is known of a member. `kin_*` are ancestors (and descendants) with the same fingerprint;
    counts of a fingerprint include the member."""

    # Ancestors or descendants whose mailbox is the same but for +tags and dots.
    kin_mailbox: tuple[int, ...] = ()
    # A parent with the same network and browser, and hours between (0: at the same time).
    kin_browser: tuple[int, ...] = ()
    kin_hours: float = 0.0
    # Ancestors or descendants two or three degrees away with the same network and browser, when
    # who stands between (the newcomer's parent) has another.
    loop: tuple[int, ...] = ()
    # Own contacts with the same network and browser who did nothing genuine.
    idle_contacts: tuple[int, ...] = ()
    # Own contacts, and those of them who are doubted or false now.
    contacts: int = 0
    doubted_contacts: tuple[int, ...] = ()
    same_mailbox: tuple[int, ...] = ()
    browsers: int = 1
    browser_ids: tuple[int, ...] = ()
    networks: int = 1
    network_ids: tuple[int, ...] = ()
    disposable: bool = False
    # Who came by one another with the member within 72 hours: up the chain, who else came by those,
    # and three degrees down. Votes of praise among them for each head, when the
    # member gave one; and how many have throw-away mail, when at least half do, the member too.
    circle_ids: tuple[int, ...] = ()
    circle_praise: float = 0.0
    circle_thrown: int = 0
    # Joins by the member's links within 72 hours, at most, and how many would be usual.
    burst: int = 0
    usual: float = 1.0
    # Votes of praise in the span, and those for people one is tied to.
    praise: int = 0
    praise_kin: int = 0
    praise_ids: tuple[int, ...] = ()
    # Reviews, when all are praise of places of one brand and there is nothing else; 0 otherwise.
    brand_reviews: int = 0
    withdrawn: int = 0
    published: int = 0
    # What is genuine: contributions that stand, and votes that proved true on reports of people one
    # is not tied to.
    contributions: int = 0
    confirmations: int = 0
    referred: bool = False
    age: dt.timedelta = dt.timedelta(0)


@dataclass(frozen=True)
class Scored:
    score: int
    reasons: tuple[Reason, ...] = field(default=())


def surprise(count: int, expected: float) -> float:
    """−log₁₀ P(X ≥ count) for Poisson X with mean `expected` > 0: how unlikely so many are. 0 when
    `count` is not above the mean."""
    if count <= expected:
        return 0.0
    # P(X >= k) = e^-λ λ^k/k! · (1 + λ/(k+1) + λ²/((k+1)(k+2)) + …), which converges for k > λ.
    term, total, step = 1.0, 1.0, count
    while term > 1e-12 * total:
        step += 1
        term *= expected / step
        total += term
    log = -expected + count * math.log(expected) - math.lgamma(count + 1) + math.log(total)
    return max(0.0, -log / math.log(10))


def _first(ids: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(set(ids))[:WITH_MOST])


class _Reasons:
    """Reasons that are found one after the other; those without points are passed over."""

    def __init__(self) -> None:
        self.found: list[Reason] = []

    def add(self, code: str, points: int, n: int = 0, ids: Sequence[int] = ()) -> None:
        if points > 0:
            self.found.append(Reason(code, points, n, _first(ids)))


def suspicions(e: Evidence) -> list[Reason]:
    """What speaks against the member: their contacts, their devices, and how they act."""
    reasons = _Reasons()
    _of_contacts(e, reasons)
    _of_devices(e, reasons)
    _of_circles(e, reasons)
    _of_praise(e, reasons)
    return reasons.found


def _of_contacts(e: Evidence, reasons: _Reasons) -> None:
    """The member's contacts look like the member, or are doubted themselves."""
    if e.kin_mailbox or e.same_mailbox:
        kin, all_of_it = set(e.kin_mailbox), {*e.kin_mailbox, *e.same_mailbox}
        further = min(MAILBOX_MORE, MAILBOX_EACH * (len(all_of_it) - 1))
        code, points = ("self_mailbox", SELF_MAILBOX) if kin else ("same_mailbox", SAME_MAILBOX)
        reasons.add(code, points + further, len(all_of_it), sorted(all_of_it))
    if e.kin_browser:
        soon = e.kin_hours <= SHORT_HOURS
        reasons.add("self_browser", SELF_SOON if soon else SELF_LATER, 1, e.kin_browser)
    own = len(e.idle_contacts) if SELF_CONTACTS_PART * len(e.idle_contacts) >= e.contacts else 0
    points = min(SELF_CONTACTS_MOST, SELF_CONTACT * own)
    reasons.add("self_contacts", points, own, e.idle_contacts)
    bad = len(e.doubted_contacts)
    if bad >= DOUBTED_CONTACTS_LEAST and 2 * bad >= e.contacts:
        points = min(DOUBTED_CONTACTS_MOST, DOUBTED_CONTACT * bad)
        reasons.add("doubted_contacts", points, bad, e.doubted_contacts)
    if e.loop:
        points = min(LOOP_MOST, LOOP + LOOP_EACH * (len(e.loop) - 1))
        reasons.add("loop", points, len(e.loop), e.loop)


def _of_devices(e: Evidence, reasons: _Reasons) -> None:
    """Many accounts stand in one browser, network or throw-away mailbox."""
    browser = 0
    if e.browsers > 2:
        browser = min(SAME_BROWSER_MOST, round(10 * math.log2(e.browsers / 2)))
        reasons.add("same_browser", browser, e.browsers, e.browser_ids)
    if e.networks > SAME_NETWORK_FREE:
        points = min(SAME_NETWORK_MOST, round(5 * math.log2(e.networks / SAME_NETWORK_FREE)))
        # Accounts of one browser share its network: that is not counted twice.
        reasons.add("same_network", points - browser, e.networks, e.network_ids)
    if e.disposable:
        reasons.add("disposable", DISPOSABLE)


def _of_circles(e: Evidence, reasons: _Reasons) -> None:
    """A circle praises its own, or joined in an unlikely burst."""
    if e.circle_praise >= CIRCLE_PRAISE_LEAST:
        points = min(CIRCLE_PRAISE_MOST, round(CIRCLE_PRAISE * e.circle_praise))
        reasons.add("circle_praise", points, len(e.circle_ids) + 1, e.circle_ids)
    if e.circle_thrown >= CIRCLE_THROWN_LEAST:
        reasons.add("circle_thrown", CIRCLE_THROWN, e.circle_thrown, e.circle_ids)
    unlikely = surprise(e.burst, e.usual)
    if unlikely >= BURST_LEAST:
        reasons.add("burst", min(BURST_MOST, round(5 * (unlikely - BURST_LEAST)) + 5), e.burst)


def _of_praise(e: Evidence, reasons: _Reasons) -> None:
    """The member praises relatives or one brand alone, or takes back what was published."""
    if e.praise_kin >= PRAISE_LEAST and e.praise_kin >= PRAISE_SHARE * e.praise:
        points = PRAISE_MOST if e.praise_kin >= PRAISE_FULL else PRAISE_SOME
        reasons.add("praise", points, e.praise_kin, e.praise_ids)
    if e.brand_reviews >= 2:
        points = ONE_BRAND_MOST if e.brand_reviews >= 3 else ONE_BRAND_SOME
        reasons.add("one_brand", points, e.brand_reviews)
    if e.withdrawn >= GONE_AGAIN_LEAST and e.withdrawn >= e.published:
        reasons.add("gone_again", GONE_AGAIN, e.withdrawn)


def merits(e: Evidence) -> int:
    """Points that genuine activity takes away; praise of one brand alone is none."""
    things = max(0, e.contributions - e.brand_reviews)
    votes = min(CONFIRMED_MOST, CONFIRMED * e.confirmations)
    return min(GENUINE_MOST, GENUINE * things + votes)


def after_clearing(reasons: Iterable[Reason], cleared: Mapping[str, Reason]) -> list[Reason]:
    """What is left when a moderator has looked at some of it before. The points that a reason had
    then are not held against the member again, unless most of those it stands on now were not
    among those it stood on then: that is something new."""
    left = []
    for reason in reasons:
        before = cleared.get(reason.code)
        points = reason.points
        if before is not None:
            new = set(reason.with_ids) - set(before.with_ids)
            if 2 * len(new) <= len(reason.with_ids):
                points -= before.points
        if points > 0:
            left.append(Reason(reason.code, points, reason.n, reason.with_ids))
    return left


def score(e: Evidence, cleared: Mapping[str, Reason] | None = None) -> Scored:
    """The sum of what speaks against a member, without what was cleared, less what is genuine.
    Doing nothing genuine counts only where something else speaks against them: reading is fine."""
    reasons = suspicions(e)
    idle = not e.contributions and not e.confirmations
    if reasons and idle and e.referred and e.age >= dt.timedelta(days=IDLE_DAYS):
        reasons.append(Reason("idle", IDLE))
    reasons = after_clearing(reasons, cleared or {})
    if not reasons:
        return Scored(0)
    total = sum(reason.points for reason in reasons)
    # A circle publishes and confirms too: what its members did proves nothing while it is there.
    closed = any(reason.code in ("circle_praise", "circle_thrown") for reason in reasons)
    less = 0 if closed else merits(e)
    if less:
        reasons.append(Reason("genuine", -min(less, total), e.contributions + e.confirmations))
    return Scored(max(0, min(100, total - less)), tuple(reasons))


def explain(reason: Reason) -> str:
    """The text of a reason in the language in force; it has no names."""
    n = reason.n
    texts = {
        "self_mailbox": lambda: gettext(
            "The same mailbox as a contact or who brought this account, but for dots and +tags"
        ),
        "same_mailbox": lambda: gettext(
            "The same mailbox as another account, but for dots and +tags"
        ),
        "self_browser": lambda: gettext("The same network and browser as who brought this account"),
        "self_contacts": lambda: ngettext(
            "%(num)d contact has the same network and browser and did nothing genuine",
            "%(num)d contacts have the same network and browser and did nothing genuine",
            n,
        ),
        "doubted_contacts": lambda: ngettext(
            "%(num)d contact is doubted, at least half of all",
            "%(num)d contacts are doubted, at least half of all",
            n,
        ),
        "loop": lambda: gettext("The chain of contacts comes back to the same network and browser"),
        "same_browser": lambda: gettext("%(n)d accounts with the same network and browser", n=n),
        "same_network": lambda: gettext(
            "%(n)d accounts on the same network (homes and schools share one)", n=n
        ),
        "disposable": lambda: gettext("A throw-away mail address"),
        "circle_praise": lambda: gettext(
            "%(n)d accounts that came by one another within 72 hours praise each other,"
            " and this is one of them",
            n=n,
        ),
        "circle_thrown": lambda: gettext(
            "%(n)d throw-away addresses among those who came by one another within 72 hours", n=n
        ),
        "burst": lambda: gettext(
            "%(n)d people joined through links of this account within 72 hours,"
            " far more than usual",
            n=n,
        ),
        "praise": lambda: gettext(
            "Praise goes to a closed circle: %(n)d votes for people tied to this account", n=n
        ),
        "one_brand": lambda: gettext("Praise for one brand and nothing else: %(n)d reviews", n=n),
        "gone_again": lambda: gettext("Posted and withdrew again and again: %(n)d times", n=n),
        "idle": lambda: gettext("Nothing genuine in two weeks"),
        "genuine": lambda: ngettext(
            "%(num)d genuine contribution or confirmation speaks for this account",
            "%(num)d genuine contributions and confirmations speak for this account",
            n,
        ),
    }
    say = texts.get(reason.code)
    return say() if say else reason.code
