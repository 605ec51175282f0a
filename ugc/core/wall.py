"""Instants of wall times: the one place where a time on a clock becomes a moment. Pure."""

from __future__ import annotations

import datetime as dt


def instant(wall: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The moment (UTC) at which the clocks of `zone` show `wall`, which is naive.

    A time that clocks show twice is the first of the two (fold 0 of PEP 495). A time that they
    skip is the first moment after the gap. Raises OverflowError beyond the years 1 to 9999."""
    if wall.tzinfo is not None:
        raise ValueError(f"not a wall time: {wall}")
    found = wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if shown(found, zone) == wall:
        return found
    # Fold 0 reads a skipped time by the offset before the gap, so that it lies after the gap;
    # fold 1 by the offset after it. The change is between the two.
    skipped = wall.replace(tzinfo=zone, microsecond=0)
    before, after = (skipped.replace(fold=fold).astimezone(dt.UTC) for fold in (1, 0))
    offset = after.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(seconds=1):
        middle = before + dt.timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def shown(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """What the clocks of `zone` show at a moment, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The moment (UTC) at which a day begins in a zone: 00:00, or the first moment of a day whose
    midnight the clocks skip."""
    return instant(dt.datetime.combine(day, dt.time()), zone)
