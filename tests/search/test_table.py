"""The table of 60 over real extracts, where they are: BOCA_EXTRACTS names their folders."""

import pytest

from benchmarks import search_table, search_world
from ugc.core.db import Session

GOAL = 54


def test_the_table_says_what_is_meant_once() -> None:
    cases = search_table.cases()
    assert len(cases) == 60
    assert sum(case.by_hand for case in cases) == 20
    assert len({(case.city, case.asked) for case in cases}) == 60


def test_what_is_meant_is_among_the_first_three(session: Session) -> None:
    files = search_world.found_extracts()
    missing = sorted(set(search_world.EXTRACTS) - set(files))
    if missing:
        pytest.skip(f"no extracts of {', '.join(missing)}: BOCA_EXTRACTS names their folders")
    search_world.build(session, files)
    places = {case: search_table.place_of(case, session) for case in search_table.cases()}
    found = [case for case, at in places.items() if at is not None and at <= search_table.FIRST]
    assert len(found) >= GOAL, [case.asked for case in places if case not in found]
