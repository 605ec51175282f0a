"""Kinds of report, how they are believed and how long they live. Pure."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ugc.core.access import Actor
from ugc.core.subjects import Visibility
from ugc.reports.models import ReportState

TEXT_MAX = 2000
HELD_RELIABILITY_CAP = 5  # of 10, while a moderator has not seen it
# The prior of the Beta reputation: an unconfirmed report is believed 5/10.
PRIOR_ALPHA, PRIOR_BETA = 1.0, 1.0
# What one confirmation adds to the life and one denial takes, as shares of the kind's life.
CONFIRMATION_SHARE, DENIAL_SHARE = 0.5, 0.35
LIFE_CEILING = 3  # times the kind's life, from now


@dataclass(frozen=True)
class Kind:
    """`life` in minutes, `radius` in metres; `waze` is (type, subtype), '' where none exists."""

    code: str
    waze: tuple[str, str]
    icon: str
    colour: str
    life: int
    radius: int
    es: str
    en: str

    def name(self, language: str) -> str:
        return self.es if language == "es" else self.en


def load_taxonomy(path: Path) -> dict[str, Kind]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds = {}
    for code, row in table.items():
        kind_type, subtype = row.pop("waze")
        kinds[code] = Kind(code=code, waze=(kind_type, subtype), **row)
    return kinds


KINDS = load_taxonomy(Path(__file__).with_name("taxonomy.toml"))


def reliability(confirmations: int, denials: int, visibility: str) -> int:
    """0 to 10: the expectation of a Beta distribution, E = (r + 1) / (r + s + 2) (Jøsang & Ismail
    2002), times ten; capped while the report is held."""
    expected = (confirmations + PRIOR_ALPHA) / (confirmations + denials + PRIOR_ALPHA + PRIOR_BETA)
    value = round(10 * expected)
    return min(value, HELD_RELIABILITY_CAP) if visibility == Visibility.HELD else value


def first_expiry(kind: Kind, occurred_at: dt.datetime) -> dt.datetime:
    return occurred_at + dt.timedelta(minutes=kind.life)


def life_share(kind: Kind, share: float) -> dt.timedelta:
    return dt.timedelta(minutes=kind.life * share)


def expiry_after_vote(
    kind: Kind, expires_at: dt.datetime, now: dt.datetime, still_there: bool
) -> dt.datetime:
    """A confirmation prolongs, a denial shortens; never beyond `LIFE_CEILING` lives from now, and
    one denial alone never ends a report that has its whole life before it."""
    share = CONFIRMATION_SHARE if still_there else -DENIAL_SHARE
    return min(expires_at + life_share(kind, share), now + life_share(kind, LIFE_CEILING))


def is_alive(state: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    return state == ReportState.OPEN and expires_at > now


def may_vote(actor: Actor, author_id: int | None, alive: bool) -> bool:
    """Any confirmed member but the author, while it is alive."""
    return (
        actor.is_member
        and actor.confirmed
        and not actor.suspended
        and actor.id != author_id
        and alive
    )


def may_withdraw(actor: Actor, author_id: int | None, visibility: str) -> bool:
    return (
        actor.is_member
        and actor.id is not None
        and actor.id == author_id
        and visibility in (Visibility.PUBLISHED, Visibility.HELD)
    )


def may_add_photos(actor: Actor, author_id: int | None, visibility: str) -> bool:
    return may_withdraw(actor, author_id, visibility)


def may_close(actor: Actor, author_id: int | None, state: str) -> bool:
    mine = actor.is_member and actor.id is not None and actor.id == author_id
    moderates = actor.is_moderator and not actor.suspended
    return (mine or moderates) and state == ReportState.OPEN


def may_see(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """Published and held ones are seen by all (held ones without their text)."""
    mine = actor.id is not None and actor.id == author_id
    return visibility in (Visibility.PUBLISHED, Visibility.HELD) or mine or actor.is_moderator


def may_see_text(actor: Actor, author_id: int | None, visibility: str) -> bool:
    mine = actor.id is not None and actor.id == author_id
    return visibility == Visibility.PUBLISHED or mine or actor.is_moderator
