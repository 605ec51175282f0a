"""The feed's window and the streams' filters, as tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.geography.geo import Bounds
from ugc.livemap.rules import (
    LONGEST_LIST,
    OLDEST,
    Change,
    Cursor,
    Snapshot,
    View,
    feature,
    is_news,
)

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
JAM = Change(
    id=1, public_id="b2", txid=100, kind="jam", lon=-3.7, lat=40.4, shown=True, held=False,
    moved=False, reliability=7, occurred_at=NOON, expires_at=NOON + dt.timedelta(hours=1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seen", "unseen"),
    [
        ("10:10:", [1, 9], [10, 11]),
        ("10:20:", [9, 10, 19], [20, 21]),
        ("10:20:10,14", [9, 11, 13, 19], [10, 14, 20]),
    ],
)
def test_a_snapshot_sees_what_was_over(text: str, seen: list[int], unseen: list[int]) -> None:
    snapshot = Snapshot.parsed(text)
    assert str(snapshot) == text
    assert all(map(snapshot.sees, seen))
    assert not any(map(snapshot.sees, unseen))
    # What the floor does not see is told again rather than never.
    assert not any(map(snapshot.floor.sees, unseen))


@pytest.mark.parametrize(
    "text", ["", "1:2", "a:b:", "20:10:", "0:0:", "10:20:9", "10:20:20", "10:20:,"]
)
def test_what_is_no_snapshot(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Snapshot.parsed(text)


snapshots = st.builds(
    lambda low, spread, running: Snapshot(
        low, low + spread, frozenset(low + r for r in running if r < spread)
    ),
    st.integers(1, 2**62),
    st.integers(0, 200),
    st.sets(st.integers(0, 199), max_size=40),
)


@given(st.lists(snapshots, min_size=1, max_size=5), st.integers(0, 2**62))
def test_several_see_together_what_each_of_them_sees(every: list[Snapshot], txid: int) -> None:
    common = Snapshot.common(every)
    assert Snapshot.parsed(str(common)) == common
    near = {
        n + d for each in every for n in (each.xmin, each.xmax, *each.running) for d in (-1, 0, 1)
    }
    for each in (txid, *near):
        assert common.sees(each) == all(snapshot.sees(each) for snapshot in every)


@given(snapshots, st.integers(0, 2**62))
def test_a_cursor_comes_back_and_never_sees_more(snapshot: Snapshot, txid: int) -> None:
    cursor = Cursor(7711888560610106938, snapshot, NOON.replace(microsecond=999))
    back = Cursor.parsed(str(cursor))
    assert back is not None
    assert back.system == cursor.system
    assert back.at <= cursor.at
    if len(snapshot.running) <= LONGEST_LIST:
        assert back.snapshot == snapshot
    for each in (txid, snapshot.xmin - 1, snapshot.xmin, snapshot.xmax, *snapshot.running):
        assert not back.snapshot.sees(each) or snapshot.sees(each)
    assert str(cursor).isascii()
    assert not set(str(cursor)) & set(" &?#\r\n")


@pytest.mark.parametrize("text", [None, "", "x", "g.1:1:.1", "1.1:1:.", "1.2:1:.5", "1.1:1:.9" * 9])
def test_what_is_no_cursor(text: str | None) -> None:
    assert Cursor.parsed(text) is None


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ({}, True),
        ({"at": NOON - OLDEST}, True),
        ({"at": NOON - OLDEST - dt.timedelta(seconds=1)}, False),
        ({"system": 8}, False),
        ({"snapshot": Snapshot(50, 61)}, False),  # from before a dump was restored
    ],
)
def test_where_a_reader_goes_on(change: dict[str, Any], goes_on: bool) -> None:
    now = Cursor(7, Snapshot(50, 60), NOON)
    assert replace(now, **change).goes_on(now) is goes_on


@pytest.mark.parametrize(
    ("txid", "expires_in", "news"),
    [
        (99, 3600, False),
        (100, 3600, True),  # ran while the reader looked
        (105, 3600, False),
        (110, 3600, True),
        (99, 0, True),  # ran out just now
        (99, -9, True),
        (99, -10, False),  # was told by the batch before
    ],
)
def test_news_is_what_was_not_seen_or_ran_out(txid: int, expires_in: int, news: bool) -> None:
    since = Cursor(7, Snapshot.parsed("100:110:100"), NOON - dt.timedelta(seconds=10))
    change = replace(JAM, txid=txid, expires_at=NOON + dt.timedelta(seconds=expires_in))
    assert is_news(change, since, NOON) is news


@pytest.mark.parametrize(
    ("bbox", "kinds", "change", "told"),
    [
        ("-4,40,-3,41", (), {}, True),
        ("-3.7,40.4,-3,41", (), {}, True),  # the edge belongs to it
        ("-3,40,-2,41", (), {}, None),
        ("-4,40,-3,41", ("jam", "waste"), {}, True),
        ("-4,40,-3,41", ("waste",), {}, None),
        ("-4,40,-3,41", (), {"shown": False}, False),
        ("-3,40,-2,41", (), {"shown": False}, None),
        ("-3,40,-2,41", (), {"moved": True}, False),
        ("-4,40,-3,41", ("waste",), {"moved": True}, False),
        ("-4,40,-3,41", (), {"moved": True}, True),
        ("170,-20,-170,-10", (), {"lon": 179.9, "lat": -17}, True),
        ("170,-20,-170,-10", (), {"lon": -179.9, "lat": -17}, True),
        ("170,-20,-170,-10", (), {"lon": 180, "lat": -17}, True),
        ("170,-20,-170,-10", (), {"lon": 0, "lat": -17}, None),
        ("170,-20,-170,-10", (), {"lon": -175, "lat": -17}, True),
        ("-180,-90,180,90", (), {}, True),
    ],
)
def test_what_a_view_is_told(
    bbox: str, kinds: tuple[str, ...], change: dict[str, Any], told: bool | None
) -> None:
    view = View(Bounds.parsed(bbox), frozenset(kinds))
    assert view.is_told(replace(JAM, **change)) is told


def test_a_feature_says_what_the_public_may_see() -> None:
    assert feature(replace(JAM, held=True)) == {
        "type": "Feature",
        "id": 1,
        "geometry": {"type": "Point", "coordinates": [-3.7, 40.4]},
        "properties": {
            "id": "b2",
            "held": True,
            "layer": "report",
            "mark": "report-jam",
            "reliability": 7,
            "at": int(NOON.timestamp()),
            "version": "100",
        },
    }
