"""How fast a spread multiplies, from told figures alone. Pure. Formulas: docs/spread.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z = 1.959964  # of 95 %
WAIT_WEEKS = 4  # what a member brought counts this long after they were reached
TRUNCATION = 9  # a told count is up to so many people below the counted one
HORIZON_DAYS, CURVE_STEP_DAYS = 90, 5
# Days from being reached to bringing the first: a bucket ends before each of these.
CYCLE_EDGES = (1.0, 3.0, 7.0, 14.0, 28.0)
CYCLE_END = 90.0  # where the open last bucket is taken to end


@dataclass(frozen=True)
class Growth:
    """K-factor with its 95 % interval: how many each member who was reached brought within
    `WAIT_WEEKS`. `invitations` (visits by their links, i) times `conversion` (c) is K; both None
    where no visits were told."""

    k: float
    low: float
    high: float
    members: int
    brought: int
    invitations: float | None = None
    conversion: float | None = None


def people_after(start: float, k: float, days: float, cycle_days: float) -> float:
    """U(t) = U0 · (K^(t/ct + 1) − 1) / (K − 1): all who came by day t when `start` people bring K
    each, and those again, one cycle later; for K = 1 the limit U0 · (t/ct + 1)."""
    steps = days / cycle_days + 1
    if abs(k - 1) < 1e-9:
        return start * steps
    return start * (k**steps - 1) / (k - 1)


def ceiling(start: float, k: float) -> float | None:
    """Where the curve ends, U0 / (1 − K); None when it does not (K of 1 or more)."""
    return start / (1 - k) if k < 1 else None


def _dispersion(weeks: Sequence[tuple[int, int]], k: float) -> float:
    """How much more the weeks differ than chance alone makes them: Pearson's χ² over its degrees
    of freedom, at least 1 (quasi-Poisson)."""
    used = [(members, brought) for members, brought in weeks if members]
    if len(used) < 3 or k <= 0:
        return 1.0
    chi = sum((brought - k * members) ** 2 / (k * members) for members, brought in used)
    return max(1.0, chi / (len(used) - 1))


def _poisson_bounds(count: float) -> tuple[float, float]:
    """95 % of the mean of a Poisson count, after Byar (Breslow & Day 1987)."""
    low = 0.0
    if count > 0:
        low = count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3
    above = count + 1
    return max(0.0, low), above * (1 - 1 / (9 * above) + Z / (3 * math.sqrt(above))) ** 3


def k_factor(weeks: Sequence[tuple[int, int]], visits: int = 0) -> Growth | None:
    """K over cohorts: `weeks` are (members reached in a week, people that these brought within
    `WAIT_WEEKS`), `visits` those by links of members. None without such members.

    The interval is Poisson's, widened by the dispersion between the weeks, and by what rounding to
    tens may hide in both counts."""
    members = sum(week[0] for week in weeks)
    brought = sum(week[1] for week in weeks)
    if not members:
        return None
    k = brought / members
    over = _dispersion(weeks, k)
    low, _ = _poisson_bounds(brought / over)
    _, high = _poisson_bounds((brought + TRUNCATION) / over)
    return Growth(
        k,
        low * over / (members + TRUNCATION),
        high * over / members,
        members,
        brought,
        visits / members if visits else None,
        brought / visits if visits else None,
    )


def cycle_bucket(days: float) -> str:
    """The key of the series `cycle` for so many days."""
    return next((f"{edge:g}" for edge in CYCLE_EDGES if days < edge), "more")


def cycle_days(buckets: Mapping[str, int]) -> float | None:
    """The median of the days from being reached to bringing the first, in days: interpolated
    within the bucket that holds it. None without such members."""
    edges = [*CYCLE_EDGES, CYCLE_END]
    counts = [buckets.get(f"{edge:g}", 0) for edge in CYCLE_EDGES] + [buckets.get("more", 0)]
    half = sum(counts) / 2
    if not half:
        return None
    before, begin = 0, 0.0
    for edge, count in zip(edges, counts, strict=True):
        if before + count >= half:
            return begin + (edge - begin) * (half - before) / count
        before, begin = before + count, edge
    return CYCLE_END


@dataclass(frozen=True)
class Curve:
    """People after so many days, as K and its interval make them."""

    days: list[int]
    middle: list[float]
    low: list[float]
    high: list[float]
    start: int
    ceiling: float | None


def curve(start: int, growth: Growth, cycle: float, most: float = 1e9) -> Curve:
    """From `start` people on, every `CURVE_STEP_DAYS`; at most `most`, for a K above 1 knows no
    end and people do."""
    days = list(range(0, HORIZON_DAYS + 1, CURVE_STEP_DAYS))

    def line(k: float) -> list[float]:
        return [min(most, people_after(start, k, day, cycle)) for day in days]

    return Curve(
        days,
        line(growth.k),
        line(growth.low),
        line(growth.high),
        start,
        ceiling(start, growth.k),
    )
