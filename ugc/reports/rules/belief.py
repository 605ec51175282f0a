"""How far a report is believed, and how long it lives. Pure; the published formula.

A report is a statement that something is there; every confirmation or denial is another one. What
is known is kept as a Beta reputation (Jøsang & Ismail 2002): `presence` and `absence` are weights
of evidence, and the belief is presence / (presence + absence).

- **Before any vote** the weights come from the record of who reported: PRIOR_STRENGTH in all,
  shared out by their trust.
- **Time**: things end. With every half-life of its kind without a word, half of the presence
  becomes absence; so belief(t) = belief(t0) · 2^(-(t - t0) / half-life).
- **A vote** adds its weight to one side. Old evidence is first brought down to at most MEMORY, so
  that what was seen last can outweigh what was seen long ago (forgetting).
- **Reliability** is ten times that belief. **Confidence** is the same fold with PRIOR_FLAT in place
  of the reporter's record: what the reactions alone say.

The votes are the log: folding them again in their order gives the same numbers."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PRIOR_STRENGTH = 2.0
PRIOR_FLAT = 0.5
MEMORY = 1.5
# A report is shown while it is believed at least this far.
SHOWN_FROM = 0.15
# So much weight of denials since the last confirmation ends a report before its floor; one voter
# weighs at most 1.
CLOSING_WEIGHT = 1.5
HELD_RELIABILITY_CAP = 5  # of 10, while a moderator has not seen it

# A member's record begins with so many statements that proved true and false.
RECORD_TRUE, RECORD_FALSE = 2.0, 1.0
RECORD_LENGTH = 50  # statements
TRUST_MAX = 0.95

NEWCOMER_HOURS = 24
NEWCOMER_SHARE = 0.25
NEWCOMERS_TOGETHER = 0.5  # all newcomers on one side of a report weigh no more
FAR_KM = 30.0
FAR_SHARE = 0.25
FASTEST_KMH = 250.0
TOGETHER_VOTES = 5  # common votes, from which accounts can be said to move together
TOGETHER_SHARE = 0.8  # of the votes of both


class Damping(enum.StrEnum):
    """Why a vote weighs less; stored with it and shown."""

    NEWCOMER = "newcomer"
    TOGETHER = "together"
    FAR = "far"
    TOO_FAST = "too_fast"


@dataclass(frozen=True)
class Span:
    """The times of a kind: its half-life; the least a report lives after it was last seen whatever
    is said (but for enough denials); the most it lives without being seen again."""

    half_life: dt.timedelta
    floor: dt.timedelta
    ceiling: dt.timedelta


@dataclass(frozen=True)
class Cast:
    """One vote of the log. `weight` is from 0 to 1, damped already; `at` is aware."""

    still_there: bool
    weight: float
    at: dt.datetime
    newcomer: bool = False


@dataclass(frozen=True)
class Belief:
    """What is believed at `as_of`: `expectation` from 0 to 1 on `evidence` (a weight)."""

    expectation: float
    evidence: float
    as_of: dt.datetime
    half_life: dt.timedelta

    def at(self, moment: dt.datetime) -> float:
        """The expectation at `moment`, which is not before `as_of`."""
        halves = max(0.0, (moment - self.as_of) / self.half_life)
        return float(self.expectation * 2.0**-halves)

    def after(self, vote: Cast) -> Belief:
        evidence = min(self.evidence, MEMORY)
        presence = self.at(vote.at) * evidence + (vote.weight if vote.still_there else 0.0)
        whole = evidence + vote.weight
        return Belief(presence / whole, whole, vote.at, self.half_life)

    def fades_at(self, level: float = SHOWN_FROM) -> dt.datetime:
        """When the expectation falls to `level`, if nothing more is said."""
        if self.expectation <= level:
            return self.as_of
        return self.as_of + self.half_life * math.log2(self.expectation / level)


def counted(votes: Sequence[Cast]) -> list[Cast]:
    """The votes in their order, those of newcomers brought down to what they may weigh together."""
    room = {True: NEWCOMERS_TOGETHER, False: NEWCOMERS_TOGETHER}
    result = []
    for vote in sorted(votes, key=lambda v: v.at):
        weight = vote.weight
        if vote.newcomer:
            weight = min(weight, room[vote.still_there])
            room[vote.still_there] -= weight
        result.append(Cast(vote.still_there, weight, vote.at, vote.newcomer))
    return result


def fold(
    prior: float, votes: Sequence[Cast], seen_at: dt.datetime, half_life: dt.timedelta
) -> Belief:
    """The belief after all `votes` (any order), beginning with `prior` at `seen_at`."""
    belief = Belief(prior, PRIOR_STRENGTH, seen_at, half_life)
    for vote in counted(votes):
        belief = belief.after(vote)
    return belief


def expires_at(
    belief: Belief, votes: Sequence[Cast], seen_at: dt.datetime, span: Span
) -> dt.datetime:
    """When the report leaves the map: when its belief fades, but not before the floor and not
    after the ceiling, both from when somebody last saw it."""
    seen = [vote.at for vote in votes if vote.still_there and vote.weight > 0]
    last_seen = max([seen_at, *seen])
    fades = belief.fades_at()
    return min(max(fades, last_seen + span.floor), last_seen + span.ceiling)


def is_denied(votes: Sequence[Cast]) -> bool:
    """Whether the denials since the last confirmation end it: CLOSING_WEIGHT in all, so never one
    voter alone."""
    weight = 0.0
    for vote in counted(votes):
        weight = 0.0 if vote.still_there and vote.weight > 0 else weight + vote.weight
    return weight >= CLOSING_WEIGHT


def out_of_ten(expectation: float, *, held: bool = False) -> int:
    """0 to 10, as people and Waze's feed read it."""
    value = math.floor(10 * expectation + 0.5)
    return min(value, HELD_RELIABILITY_CAP) if held else value


def trust(proved_true: float, proved_false: float) -> float:
    """How often what a member says proves true, 0 to TRUST_MAX: the expectation of a Beta
    reputation over their last RECORD_LENGTH statements that others spoke about."""
    total = proved_true + proved_false + RECORD_TRUE + RECORD_FALSE
    return min(TRUST_MAX, (proved_true + RECORD_TRUE) / total)


def agreement(statement: bool, others: Iterable[tuple[bool, float]]) -> tuple[float, float]:
    """What one statement adds to the record of who made it: (proved true, proved false), sharing
    out at most 1 by the weights of the others' votes (`still_there`, weight)."""
    same = other = 0.0
    for still_there, weight in others:
        if still_there is statement:
            same += weight
        else:
            other += weight
    scale = max(1.0, same + other)
    return same / scale, other / scale


def vote_weight(
    voter_trust: float, dampings: Iterable[Damping] = (), *, companions: int = 0
) -> float:
    """0 to 1: nothing for those who are right no more often than a coin, 1 for those who always
    are; `companions` are accounts that move together with the voter and voted alike already."""
    weight = min(1.0, max(0.0, 2 * voter_trust - 1) / (2 * TRUST_MAX - 1))
    for damping in dampings:
        if damping is Damping.NEWCOMER:
            weight *= NEWCOMER_SHARE
        elif damping is Damping.TOGETHER:
            weight /= 1 + companions
        else:
            weight *= FAR_SHARE
    return weight


def are_together(common: int, mine: int, theirs: int) -> bool:
    """Whether two accounts always move together: `common` equal votes of `mine` and `theirs`."""
    every = mine + theirs - common
    return common >= TOGETHER_VOTES and every > 0 and common / every >= TOGETHER_SHARE


def position_dampings(
    distance_km: float | None, moved_km: float | None, hours: float | None
) -> list[Damping]:
    """What is impossible about where a vote came from: too far to have seen it, or too far from
    where the member was `hours` before. Positions are coarse (0.1°), so short ways say nothing."""
    found = []
    if distance_km is not None and distance_km > FAR_KM:
        found.append(Damping.FAR)
    if (
        moved_km is not None
        and hours is not None
        and moved_km > FAR_KM
        and moved_km > FASTEST_KMH * max(hours, 1 / 60)
    ):
        found.append(Damping.TOO_FAST)
    return found
