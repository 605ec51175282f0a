"""Keys, cursors and suppression."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.brandapi import rules

MONDAYS = [dt.date(2026, 11, 23) - dt.timedelta(weeks=n) for n in range(4)]
TODAY = dt.date(2026, 11, 24)


def test_a_key_tells_its_own_typos() -> None:
    key = rules.new_key()
    assert key.startswith("boca_")
    assert len(key) == 41
    assert rules.is_well_formed(key)
    for place in range(5, len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not rules.is_well_formed(key[:place] + other + key[place + 1 :])
    for wrong in ("", "boca_", key[:-1], f"{key}a", key.upper(), "ghp_" + key[5:], f" {key}"):
        assert not rules.is_well_formed(wrong)
    assert rules.new_key() != key


def test_cursors_come_back_and_strange_ones_are_refused() -> None:
    text = rules.encode_cursor("c", "2026-11-24", 12)
    assert rules.decode_cursor(text, "c", 2) == ["2026-11-24", 12]
    for wrong in ("", "x", text + "!", text[:-2], rules.encode_cursor("s", 1, 2), "bnVsbA"):
        with pytest.raises(ValueError, match=r".*"):
            rules.decode_cursor(wrong, "c", 2)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 0), (1, "suppressed"), (9, "suppressed"), (10, 10), (250, 250)]
)
def test_groups_under_ten_are_not_shown(count: int, shown: int | str) -> None:
    assert rules.shown(count) == shown


def test_weeks_are_iso_weeks_and_totals_add_what_is_shown() -> None:
    counts = {(MONDAYS[0], "1"): 12, (MONDAYS[1], "1"): 3, (MONDAYS[2], "2"): 40}
    weeks, totals = rules.spread(counts, MONDAYS, TODAY)
    assert [week.week for week in weeks] == ["2026-W48", "2026-W47", "2026-W46", "2026-W45"]
    assert [week.complete for week in weeks] == [False, True, True, True]
    assert weeks[1].figures == {"1": "suppressed", "2": 0, "3": 0, "further": 0}
    assert totals == {"1": 12, "2": 40, "3": 0, "further": 0}


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(MONDAYS), st.sampled_from(rules.DEGREES)),
        st.integers(0, 30),
    ),
    st.data(),
)
def test_no_answer_depends_on_a_suppressed_figure(
    counts: dict[tuple[dt.date, str], int], data: st.DataObject
) -> None:
    """Whoever sees the answers, for any number of weeks, cannot tell one to nine apart."""
    small = [cell for cell, count in counts.items() if 0 < count < 10]
    changed = {**counts, **{cell: data.draw(st.integers(1, 9)) for cell in small}}
    for number in range(1, len(MONDAYS) + 1):
        mondays = MONDAYS[:number]
        assert rules.spread(counts, mondays, TODAY) == rules.spread(changed, mondays, TODAY)
