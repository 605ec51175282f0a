"""The table of 60 over real extracts, those of them that are here: BOCA_EXTRACTS names folders."""

import pytest

from benchmarks import search_table, search_world
from ugc.core.db import Session

GOAL = 54 / 60


def test_the_table_says_what_is_meant_once() -> None:
    cases = search_table.cases()
    assert len(cases) == 60
    assert sum(case.by_hand for case in cases) == 20
    assert len({(case.city, case.asked) for case in cases}) == 60


def test_what_is_meant_is_among_the_first_three(session: Session) -> None:
    files = search_world.found_extracts()
    judged = [case for case in search_table.cases() if case.city in files]
    if not judged:
        pytest.skip("no extracts: BOCA_EXTRACTS names their folders")
    search_world.build(files)
    first = [
        at is not None and at <= search_table.FIRST
        for case in judged
        for at in [search_table.place_of(case, session)]
    ]
    missed = [case.asked for case, is_first in zip(judged, first, strict=True) if not is_first]
    assert sum(first) >= GOAL * len(judged), missed
