"""What the author of a report may correct, and what is kept back of it then. Pure."""

from __future__ import annotations

from ugc.privateplaces.rules import Area
from ugc.reports.rules.kinds import KINDS, Kind
from ugc.reports.rules.permissions import Protection

# Once others spoke about a report, its author moves it so many metres in all.
WITHIN_M = 100.0
MOST = 5  # corrections of one report
REASONS = ("corrected_kind", "corrected_place")  # of `moves`


def kinds_for(kind: Kind, *, free: bool) -> list[Kind]:
    """What a report of this kind may become: any kind while only its author spoke about it
    (`free`), one of its family later."""
    return [each for each in KINDS.values() if free or each.family == kind.family]


def metres_left(moved_m: float, *, free: bool) -> float | None:
    """How far a report may still be moved; None: anywhere."""
    return None if free else max(0.0, WITHIN_M - moved_m)


def kept_back(
    kind: Kind, area: Area | None, *, coarse: bool, author_hidden: bool, exact: bool
) -> Protection:
    """What is kept back of a report that becomes this kind, at a point within `area` (None: outside
    of all private places). What was public once is not taken for secret: a report whose area and
    author showed (`coarse`) never shows an exact place within an area, one whose place showed
    without a name (`author_hidden`) never shows the name, and one that showed both, moved into an
    area, shows the area. `exact` leaves one that showed both as it is."""
    if area is None:
        return Protection(hides_author=author_hidden)
    if author_hidden:
        return Protection(None if kind.on_road and not coarse else area, hides_author=True)
    if not coarse and exact:
        return Protection()
    return Protection(area)


def code_of(kind: str, subkind: str | None) -> str:
    """A kind with its sub-kind as the log of moves keeps it."""
    return f"{kind}/{subkind}" if subkind else kind


def name_of_code(code: str, language: str) -> str:
    """What `code_of` meant; '' for a kind that is not in the taxonomy any more."""
    kind, _, subkind = code.partition("/")
    found = KINDS.get(kind)
    return (found.subkind(subkind) or found).name(language) if found else ""
