"""One rounding of a mean for its number and its stars, on pages and on drawn cards."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from ugc.core import stars

ROOT = Path(__file__).parent.parent.parent
DRAWERS = [
    path
    for folder, kind in (("templates", "*.html"), ("ugc", "*.py"))
    for path in sorted((ROOT / folder).rglob(kind))
    if re.search(r"star-full|star--", path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(
    ("mean", "tenths", "halves"),
    [
        (1, "1.0", 2), (5, "5.0", 10), (4.2, "4.2", 8), (4.25, "4.2", 8), (4.249999, "4.2", 8),
        (4.26, "4.3", 9), (13 / 3, "4.3", 9), (4.7, "4.7", 9), (4.75, "4.8", 10),
    ],
)  # fmt: skip
def test_half_stars_follow_from_the_number_shown(mean: float, tenths: str, halves: int) -> None:
    assert stars.shown(mean) == (Decimal(tenths), halves)


def test_what_draws_stars_of_a_mean_asks_one_place() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in DRAWERS}
    assert {"templates/_stars.html", "ugc/cards/rules/drawing.py"} <= names
    for path in DRAWERS:
        text = path.read_text(encoding="utf-8")
        if "mean" in text:
            assert re.search(r"shown_stars\(|stars\.shown\(", text), path
