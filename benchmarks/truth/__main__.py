"""Runs the worlds and prints the figures."""

from __future__ import annotations

import logging
import os
import statistics

from benchmarks.truth import attacks
from benchmarks.truth.scores import ours, thumbs
from benchmarks.truth.site import Site, replay
from benchmarks.truth.world import BAY, DATA, EVENTS, PEOPLE, SKILL, UK, world

SEEDS = [int(seed) for seed in os.environ.get("BENCH_SEEDS", "11,12").split(",")]
LIARS = (0.1, 0.3)
# Of a hundred people so many send where they are; the first is what is expected of a community.
POSITIONS = [int(each) for each in os.environ.get("BENCH_POSITIONS", "60,0,100").split(",")]
NAMES = ("our rule", "60 minutes, begun again by thumbs-ups", "never expires")


def figures(name: str, liars: float, positions: int) -> None:
    """Replays one world with each seed, and prints the means."""
    found: dict[str, list[tuple[float, float, float]]] = {each: [] for each in NAMES}
    asked = compared = number = 0
    for seed in SEEDS:
        events = world(name, liars, seed, positions / 100)
        number = len(events)
        site = Site("bench_truth")
        try:
            more, maps = replay(site, events)
        finally:
            site.close()
        asked, compared = asked + more, compared + maps
        scores = (ours(events), thumbs(events, 60), thumbs(events, None))
        for each, score in zip(NAMES, scores, strict=True):
            found[each].append(score.figures)
    print(
        f"  {name}, {number} events, {liars:.0%} liars, {positions}% send a position"
        f" ({asked} requests, {compared} maps compared)"
    )
    for each, runs in found.items():
        shown_true, true_shown, brier = (statistics.mean(c) for c in zip(*runs, strict=True))
        spread = max(max(column) - min(column) for column in zip(*runs, strict=True))
        print(
            f"    {each:<38} shown minutes that were true {shown_true:.3f}"
            f"   true minutes shown {true_shown:.3f}   Brier {brier:.3f}"
            f"   (runs differ by {spread:.3f} at most)",
            flush=True,
        )


def main() -> None:
    # The server would tell of each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    print("Attacks", flush=True)
    for line in (attacks.ring(sends=False), attacks.ring(sends=True), attacks.reopener()):
        print(line, flush=True)
    if not DATA.is_dir():
        print(f"Truth: the real events are not in {DATA}; set BENCH_DATA to where they are")
        return
    print(f"Truth: {EVENTS} events, {PEOPLE} members, skill {SKILL}, runs {SEEDS}", flush=True)
    for positions in POSITIONS:
        for name in (BAY, UK):
            for liars in LIARS:
                figures(name, liars, positions)


if __name__ == "__main__":
    main()
