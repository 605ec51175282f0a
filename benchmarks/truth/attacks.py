"""Two attacks on what is believed: a ring of ten accounts a day old, and an author who reopens."""

from __future__ import annotations

import datetime as dt

from benchmarks.truth.site import Site
from benchmarks.truth.world import MINUTE, Event

TRIES = 8  # reports of each kind
ROUNDS = 20
EARLIER = 24  # reports by which the members of long standing know each other
HONEST = range(6)
RING = range(6, 16)


def event(number: int, at: dt.datetime) -> Event:
    """A jam at one of eight places, two kilometres from the next."""
    return Event("jam", -3.0 + number / 40, 40.0, at, at, 0)


class Stage:
    """A site with six members of long standing, whose words proved true, and ten accounts a day
    old."""

    def __init__(self, name: str) -> None:
        self.site = Site(name, people=16, strangers=10)
        self.made = 0
        for number in range(EARLIER):
            true = self.report(HONEST[number % 6])
            # Not always the same ones, or they would count as one.
            for step in ((1, 2, 3), (1, 3, 5), (2, 4, 5))[number % 3]:
                self.say(true, HONEST[(number + step) % 6], True, sends=True)
            self.wait(60)

    def close(self) -> None:
        self.site.close()

    def report(self, who: int) -> Event:
        self.wait(1)
        self.made += 1
        made = event(self.made % 8, self.site.clock.now)
        self.site.post(made, who)
        return made

    def wait(self, minutes: float) -> None:
        self.site.clock.now += minutes * MINUTE

    def say(self, what: Event, who: int, says: bool, *, sends: bool) -> None:
        self.wait(0.1)
        self.site.vote(what, who, says, sends=sends)

    def shown(self, what: Event) -> bool:
        """Whether it is on the map."""
        self.site.state(what)
        return self.site.clock.now < what.track[-1][1]

    def believed(self, what: Event) -> float:
        self.site.state(what)
        return what.track[-1][2].at(self.site.clock.now)


def ring(*, sends: bool) -> str:
    """Ten accounts that joined a day ago confirm one report of their own, and each other thereby;
    then they deny true reports that two members confirmed, and confirm false ones of their own,
    which three members deny."""
    stage = Stage("bench_ring")
    try:
        first = stage.report(RING[0])
        for who in RING[1:]:
            stage.say(first, who, True, sends=sends)
        removed = 0
        needed: list[int] = []
        for _ in range(TRIES):
            true = stage.report(HONEST[0])
            for who in HONEST[1:3]:
                stage.say(true, who, True, sends=True)
            for count, who in enumerate(RING, start=1):
                stage.say(true, who, False, sends=sends)
                if not stage.shown(true):
                    removed += 1
                    needed.append(count)
                    break
        lifted, stayed = [], 0
        for number in range(TRIES):
            author = RING[number]
            false = stage.report(author)
            for who in RING:
                if who != author:
                    stage.say(false, who, True, sends=sends)
            lifted.append(stage.believed(false))
            for who in HONEST[1:4]:
                stage.say(false, who, False, sends=True)
            stayed += stage.shown(false)
    finally:
        stage.close()
    fewest = f", by {min(needed)} of them at best" if needed else ""
    where = "who send a position" if sends else "who send none"
    return (
        f"  Ten accounts a day old {where}: true reports removed {removed} of {TRIES}{fewest};"
        f" their own false ones believed {max(lifted):.2f} at most, and still shown after three"
        f" members' denials {stayed} of {TRIES}"
    )


def reopener() -> str:
    """An author opens a false report as often as three members end it, for an hour of rounds."""
    stage = Stage("bench_reopener")
    ended = opened = minutes = 0
    shown = True
    try:
        false = stage.report(RING[0])
        for _ in range(ROUNDS):
            for who in HONEST[1:4]:
                stage.say(false, who, False, sends=True)
            was, shown = shown, stage.shown(false)
            ended += was and not shown
            if not shown:
                stage.site.ask("POST", f"{false.address}/reopen", RING[0], note="It is still here.")
                shown = stage.shown(false)
                opened += shown
            stage.wait(3)
            minutes += 3 if shown else 0
    finally:
        stage.close()
    return (
        f"  An author who reopens: three members deny in each of {ROUNDS} rounds of 3 minutes; the"
        f" report ended {ended} times, was opened again {opened} times, and was shown for"
        f" {minutes} minutes between the rounds"
    )
