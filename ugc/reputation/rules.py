"""The table of points and the levels. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ugc.languages import Named, named_tables

# Points at which each level begins (level 1 is the first), as Google's Local Guides has them.
LEVELS = (0, 15, 75, 250, 500, 1_500, 5_000, 15_000, 50_000, 100_000)


@dataclass(frozen=True)
class Action(Named):
    """`a_day` is how many of them earn one member points in a day (UTC); None: no such limit."""

    code: str
    points: int
    a_day: int | None = None


def load_actions(path: Path) -> dict[str, Action]:
    table = named_tables(path)
    return {code: Action(code=code, **row) for code, row in table.items()}


ACTIONS = load_actions(Path(__file__).with_name("points.toml"))


@dataclass(frozen=True)
class Badge(Named):
    """`when` is the action whose first available points earn it."""

    code: str
    icon: str
    when: str


def load_badges(path: Path) -> dict[str, Badge]:
    table = named_tables(path)
    return {code: Badge(code=code, **row) for code, row in table.items()}


BADGES = load_badges(Path(__file__).with_name("badges.toml"))


def fits_the_day(credited: int, more: int, most: int | None) -> bool:
    """Whether `more` fit into a day on which `credited` were given, of `most` (None: no limit)."""
    return most is None or credited + more <= most


def vote_cause(report_id: int, member_id: int) -> str:
    """A vote earns its voter, and a confirmation its report's author, once."""
    return f"vote:{report_id}:{member_id}"


def photo_cause(subject_id: int, member_id: int | None) -> str:
    """Photos earn once per member and subject, however many there are."""
    return f"photos:{subject_id}:{member_id}"


def level(points: int) -> int:
    """1 to 10."""
    return sum(1 for least in LEVELS if points >= least) or 1


def next_level_at(points: int) -> int | None:
    """The points at which the next level begins; None at the last."""
    return next((least for least in LEVELS if least > points), None)
