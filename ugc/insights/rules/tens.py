"""Which figures a brand is told, so that nobody finds a group of fewer than ten people. Pure.

Two rules make the difference of any two answers harmless (docs/decisions/0013 has the argument):

1. **Full tens.** A cell (a series and one of its keys, such as degree 2) is counted from the
   beginning, and told is the count of complete weeks rounded down to tens. A week's figure is what
   the sum rose by. So every figure, of every span, is a sum of full groups of ten; what is left
   over waits for the next week, and is 0 to 9 for whoever sees all that was ever told.
2. **One total.** The same people are cut in several ways (by degree, by channel), and whoever adds
   a table up and compares it with another would learn of what waits. So all complete cuts tell the
   same total, the smallest one; what the others have above it waits (complementary suppression). A
   series of some of these people (by city, who joined) tells no more than the cut it is part of.

What was told once stays, also when who was counted leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ugc.referrals.rules import CHANNELS as CHANNELS

STEP = 10  # no group of fewer people is told
DEGREES = ("1", "2", "3", "further")

Cell = tuple[str, str]
Counts = Mapping[Cell, int]

# Complete cuts of the people reached; all tell one total.
CUTS = ("degree", "channel")
BROUGHT = DEGREES[1:]  # somebody in the cascade brought them
# Series of some of the people of these degrees; visits are no people and bound nobody.
WITHIN: dict[str, tuple[str, ...]] = {
    "city": DEGREES,
    "subject": DEGREES,
    "joined": DEGREES,
    "contributed": DEGREES,
    "fan": DEGREES,
    "cascade": DEGREES,
    "brought": BROUGHT,
    "cycle": BROUGHT,
}
VISITS = "visits"
SHARED = "shared"  # members who made a link: reached or not
SERIES = (*CUTS, *WITHIN, VISITS, SHARED)


def degree_key(degree: int) -> str:
    return DEGREES[min(degree, len(DEGREES)) - 1]


def channel_key(channel: str) -> str:
    return channel if channel in CHANNELS else CHANNELS[-1]


def full(count: int) -> int:
    """Rounded down to tens."""
    return count // STEP * STEP


def total(counts: Counts, series: str, keys: Iterable[str] | None = None) -> int:
    """The sum of a series, or of some of its keys."""
    wanted = None if keys is None else set(keys)
    return sum(
        count
        for (name, key), count in counts.items()
        if name == series and (wanted is None or key in wanted)
    )


def _trim(cells: dict[Cell, int], told: Counts, series: str, most: int) -> None:
    """Takes tens of this week back until the series tells at most `most`, the largest first."""
    over = total(cells, series) - most
    while over > 0:
        rises = [
            (count - told.get(cell, 0), cell)
            for cell, count in cells.items()
            if cell[0] == series and count > told.get(cell, 0)
        ]
        if not rises:  # all of it was told before: it stays
            return
        _, cell = max(rises)
        cells[cell] -= STEP
        over -= STEP


def tell(counted: Counts, told: Counts) -> dict[Cell, int]:
    """What a week tells more: cell → people, full tens above 0.

    `counted` is how many each cell has from the beginning to the end of the week, `told` what was
    told of it so far. Raises ValueError for a series that is not known."""
    unknown = {name for name, _ in counted} - set(SERIES)
    if unknown:
        raise ValueError(f"no such series: {sorted(unknown)}")
    cells = {cell: max(full(counted.get(cell, 0)), told.get(cell, 0)) for cell in {*counted, *told}}
    one = min(total(cells, cut) for cut in CUTS)
    for cut in CUTS:
        _trim(cells, told, cut, one)
    for series, degrees in WITHIN.items():
        _trim(cells, told, series, total(cells, "degree", degrees))
    return {
        cell: rise for cell, count in sorted(cells.items()) if (rise := count - told.get(cell, 0))
    }
