"""How much of what was shown was true, and how much of what was true was shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.truth.world import MINUTE, Event
from ugc.reports.rules import belief as reports_belief


@dataclass
class Score:
    """Counts of minutes, and the sum of squared errors of reliability/10."""

    shown: int = 0
    true: int = 0
    both: int = 0
    minutes: int = 0
    squares: float = 0.0

    def add(self, shown: bool, true: bool, share: float) -> None:
        self.shown += shown
        self.true += true
        self.both += shown and true
        self.minutes += 1
        self.squares += ((share if shown else 0.0) - true) ** 2

    @property
    def figures(self) -> tuple[float, float, float]:
        return self.both / self.shown, self.both / self.true, self.squares / self.minutes


def minutes_of(event: Event) -> Iterator[dt.datetime]:
    at = event.posted
    while at < event.horizon:
        yield at
        at += MINUTE


def ours(events: list[Event]) -> Score:
    score = Score()
    for event in events:
        step = 0
        for at in minutes_of(event):
            while step + 1 < len(event.track) and event.track[step + 1][0] <= at:
                step += 1
            _, until, believed = event.track[step]
            share = reports_belief.out_of_ten(believed.at(at)) / 10
            score.add(at < until, at < event.ended, share)
    return score


def thumbs(events: list[Event], life: int | None) -> Score:
    """The other two: `life` in minutes from the last thumbs-up, or None for ever. Their number is
    the share of thumbs-ups with a flat prior, (r + 1) / (r + s + 2)."""
    score = Score()
    for event in events:
        until = event.posted + life * MINUTE if life else event.horizon
        up = down = step = 0
        for at in minutes_of(event):
            while step < len(event.visits) and event.visits[step].at <= at:
                visit = event.visits[step]
                step += 1
                if visit.at < until:
                    up, down = up + visit.says, down + (not visit.says)
                    if visit.says and life:
                        until = visit.at + life * MINUTE
            score.add(at < until, at < event.ended, (up + 1) / (up + down + 2))
    return score
