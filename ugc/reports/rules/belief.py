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
- **Strangers** (`is_established`) weigh at most STRANGERS_TOGETHER on one side of a report, all
  together. Their votes prove no statement true or false, and prolong no report's floor.
- **The end**: denials since the last confirmation of an established member end a report when they
  weigh CLOSING_WEIGHT and no less than the confirmations that stand (`is_denied`).
- **Reliability** is ten times that belief. **Confidence** is the same fold with PRIOR_FLAT in place
  of the reporter's record: what the reactions alone say.

The votes are the log: folding them again in their order gives the same numbers."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

PRIOR_STRENGTH = 2.0
PRIOR_FLAT = 0.5
MEMORY = 1.0
# A report is shown while it is believed at least this far.
SHOWN_FROM = 0.15
# The least weight of denials that ends a report before its floor; one voter weighs at most 1.
CLOSING_WEIGHT = 1.2
HELD_RELIABILITY_CAP = 5  # of 10, while a moderator has not seen it

# A member's record begins with so many statements that proved true and false.
RECORD_TRUE, RECORD_FALSE = 2.0, 1.0
RECORD_LENGTH = 50  # statements
TRUST_MAX = 0.95
# What one other member adds to a record at most, in statements, however often they speak.
PERSON_MOST = 1.5
# So many statements that others proved true establish a member without approved contributions.
RECORD_ESTABLISHED = 3.0

NEWCOMER_HOURS = 24
STRANGERS_TOGETHER = 0.5  # all strangers on one side of a report weigh no more
FAR_KM = 30.0
FASTEST_KMH = 250.0
TOGETHER_VOTES = 5  # common votes, from which accounts can be said to move together
TOGETHER_SHARE = 0.8  # of the votes of both


class Damping(enum.StrEnum):
    """Why a vote weighs less; stored with it and shown."""

    NEWCOMER = "newcomer"
    STRANGER = "stranger"
    TOGETHER = "together"
    NO_POSITION = "no_position"
    FAR = "far"
    TOO_FAST = "too_fast"
    MOVED = "moved"  # its author moved the report, and the vote came from far from there


# What is left of a vote for each reason. `TOGETHER` shares by how many there are; strangers are
# bound by what they weigh together.
SHARES = {
    Damping.NEWCOMER: 0.25,
    Damping.NO_POSITION: 0.5,
    Damping.FAR: 0.25,
    Damping.TOO_FAST: 0.25,
}


@dataclass(frozen=True)
class Span:
    """The times of a kind: its half-life; the least a report lives after it was last seen whatever
    is said (but for enough denials); the most it lives without being seen again."""

    half_life: dt.timedelta
    floor: dt.timedelta
    ceiling: dt.timedelta


@dataclass(frozen=True)
class Cast:
    """One vote of the log. `weight` is from 0 to 1, damped already; `at` is aware; a `stranger`
    was not established then. `member_id` is 0 where it does not matter."""

    still_there: bool
    weight: float
    at: dt.datetime
    stranger: bool = False
    member_id: int = 0


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
    """The votes in their order, those of strangers brought down to what they may weigh together."""
    room = {True: STRANGERS_TOGETHER, False: STRANGERS_TOGETHER}
    result = []
    for vote in sorted(votes, key=lambda v: v.at):
        if vote.stranger:
            weight = min(vote.weight, room[vote.still_there])
            room[vote.still_there] -= weight
            vote = replace(vote, weight=weight)
        result.append(vote)
    return result


def fold(
    prior: float, votes: Sequence[Cast], seen_at: dt.datetime, half_life: dt.timedelta
) -> Belief:
    """The belief after all `votes` (any order), beginning with `prior` at `seen_at`."""
    belief = Belief(prior, PRIOR_STRENGTH, seen_at, half_life)
    for vote in counted(votes):
        belief = belief.after(vote)
    return belief


def last_seen(votes: Sequence[Cast], seen_at: dt.datetime) -> dt.datetime:
    """When an established member last saw it; `seen_at` is when it was reported or reopened."""
    seen = [vote.at for vote in votes if vote.still_there and vote.weight > 0 and not vote.stranger]
    return max([seen_at, *seen])


def expires_at(
    belief: Belief, votes: Sequence[Cast], seen_at: dt.datetime, span: Span
) -> dt.datetime:
    """When the report leaves the map: when its belief fades, but not before the floor and not
    after the ceiling, both from when it was last seen."""
    last = last_seen(votes, seen_at)
    return min(max(belief.fades_at(), last + span.floor), last + span.ceiling)


def is_denied(votes: Sequence[Cast], half_life: dt.timedelta) -> bool:
    """Whether the denials since an established member last confirmed it end a report. They weigh
    CLOSING_WEIGHT, so never one voter alone, and no less than the confirmations that stand, each
    of which halves with every half-life."""
    against = standing = 0.0
    at = None
    for vote in counted(votes):
        if at is not None:
            standing *= float(2.0 ** -((vote.at - at) / half_life))
        at = vote.at
        if not vote.still_there:
            against += vote.weight
        else:
            standing += vote.weight
            if vote.weight > 0 and not vote.stranger:
                against = 0.0
    return against >= max(CLOSING_WEIGHT, standing)


def is_established(age: dt.timedelta, *, graduated: bool, proved_true: float) -> bool:
    """Whether a member's word proves others' words true or false: a day has passed since they
    joined, and their contributions need no approval any more (`graduated`) or others proved true
    what they said (`proved_true` statements)."""
    known = graduated or proved_true >= RECORD_ESTABLISHED
    return age >= dt.timedelta(hours=NEWCOMER_HOURS) and known


def may_say_again(
    said_at: dt.datetime, seen_at: dt.datetime, contradicted_at: dt.datetime | None
) -> bool:
    """Whether the same word counts again: the report was reopened since (`seen_at`), or another
    member has said the opposite since (`contradicted_at`; None: none has)."""
    return said_at < seen_at or (contradicted_at is not None and said_at < contradicted_at)


def out_of_ten(expectation: float, *, held: bool = False) -> int:
    """0 to 10, as people and Waze's feed read it."""
    value = math.floor(10 * expectation + 0.5)
    return min(value, HELD_RELIABILITY_CAP) if held else value


def trust(proved_true: float, proved_false: float) -> float:
    """How often what a member says proves true, 0 to TRUST_MAX: the expectation of a Beta
    reputation over their last RECORD_LENGTH statements that others spoke about."""
    total = proved_true + proved_false + RECORD_TRUE + RECORD_FALSE
    return min(TRUST_MAX, (proved_true + RECORD_TRUE) / total)


@dataclass(frozen=True)
class Heard:
    """What another, established and independent member said of a report within one half-life of a
    member's own statement: `still_there`, with a `weight` that fell meanwhile."""

    member_id: int
    still_there: bool
    weight: float


@dataclass(frozen=True)
class Statement:
    """What a member said of a report, what others `heard` of it, and whether a moderator took the
    report away, which proves it false."""

    said: bool
    heard: Sequence[Heard] = ()
    taken_away: bool = False


def record(statements: Iterable[Statement]) -> tuple[float, float]:
    """(proved true, proved false): for each statement at most 1, shared out by the weights of what
    others said, and at most PERSON_MOST in all from one of them. The first statement counts first.
    """
    proved_true = proved_false = 0.0
    room: dict[int, float] = {}
    for statement in statements:
        if statement.taken_away:
            proved_true, proved_false = (
                proved_true + (not statement.said),
                proved_false + statement.said,
            )
            continue
        spoken = []
        for heard in statement.heard:
            left = room.get(heard.member_id, PERSON_MOST)
            weight = min(heard.weight, left)
            room[heard.member_id] = left - weight
            spoken.append((heard.still_there, weight))
        right, wrong = agreement(statement.said, spoken)
        proved_true, proved_false = proved_true + right, proved_false + wrong
    return proved_true, proved_false


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
        weight *= SHARES.get(damping, 1.0)
        if damping is Damping.TOGETHER:
            weight /= 1 + companions
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
