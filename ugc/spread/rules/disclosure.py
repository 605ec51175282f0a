"""Statistical disclosure control of a brand's figures: k-anonymity with k = 10 by rounding down,
and complementary suppression. Pure.

Two rules make the difference of any two answers harmless (docs/decisions/0013 has the argument):

1. **Full tens.** A cell (a series and one of its keys, such as degree 2) is counted from the
   beginning, and released is the count of complete weeks rounded down to tens. A week's figure is
   the rise of that sum, so each figure of each span is a sum of full groups of ten. The 0 to 9
   people left over wait for the next week.
2. **One total.** The same people are cut in several ways (by degree, by channel), and totals of two
   tables would differ by what waits. So all complete cuts release the same total, the smallest one;
   the others keep the rest back (complementary suppression). A series of some of these people (by
   city, who joined) releases no more than the cut it is part of.

A released figure stays when people who were counted leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ugc.referrals.rules import CHANNELS as CHANNELS

STEP = 10  # no group of fewer people is released
DEGREES = ("1", "2", "3", "further")

Cell = tuple[str, str]
Counts = Mapping[Cell, int]

# Complete cuts of the people reached; all release one total.
CUTS = ("degree", "channel")
BROUGHT = DEGREES[1:]  # another member of the cascade brought them
# Series of some of the people of these degrees; visits are no people and bind no total.
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


def _trim(cells: dict[Cell, int], released: Counts, series: str, most: int) -> None:
    """Takes tens of this week back until the series releases at most `most`, largest rise first."""
    over = total(cells, series) - most
    while over > 0:
        rises = [
            (count - released.get(cell, 0), cell)
            for cell, count in cells.items()
            if cell[0] == series and count > released.get(cell, 0)
        ]
        if not rises:  # all of it was released before: it stays
            return
        _, cell = max(rises)
        cells[cell] -= STEP
        over -= STEP


def release(counted: Counts, released: Counts) -> dict[Cell, int]:
    """Returns what a week releases more: cell → people, full tens above 0.

    `counted` is how many people each cell has from the beginning to the end of the week, `released`
    what was released of it so far. Raises ValueError for an unknown series."""
    unknown = {name for name, _ in counted} - set(SERIES)
    if unknown:
        raise ValueError(f"no such series: {sorted(unknown)}")
    cells = {
        cell: max(full(counted.get(cell, 0)), released.get(cell, 0))
        for cell in {*counted, *released}
    }
    one = min(total(cells, cut) for cut in CUTS)
    for cut in CUTS:
        _trim(cells, released, cut, one)
    for series, degrees in WITHIN.items():
        _trim(cells, released, series, total(cells, "degree", degrees))
    return {
        cell: rise
        for cell, count in sorted(cells.items())
        if (rise := count - released.get(cell, 0))
    }
