"""Opening hours as a week of rows: for each day whether it is open and when. Pure.

A week is `{"Mo": "09:00-14:00,17:00-21:00", "Su": "off", …}`: per day, and for public holidays
(`PH`), the spans, `off`, or `""` for what is not said. An end before its start, or at it, is of the
next day; `00:00-24:00` is the whole day."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from ugc.places.rules.spoken import DAYS, from_words
from ugc.places.rules.written import normal_hours

ROWS = (*DAYS, "PH")
MOST_SPANS = 4
WHOLE = "00:00-24:00"
CLOSED = "off"
_DAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)"
_SPAN = r"\d{1,2}:\d\d-\d{1,2}:\d\d"
_RULE = re.compile(
    rf"(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)?\s*"
    rf"(?P<said>off|closed|24/7|{_SPAN}(?:,{_SPAN})*)?"
)

Week = dict[str, str]


def week_of(text: str) -> Week | None:
    """The rows that say the same as `text` in OpenStreetMap's syntax; None when they cannot."""
    week: Week = dict.fromkeys(ROWS, "")
    for rule in text.split(";") if text.strip() else []:
        found = _RULE.fullmatch(re.sub(r"\s*([,-])\s*", r"\1", rule.strip()))
        if found is None or not found[0]:
            return None
        days = _days(found["days"] or "Mo-Su")
        # Days alone are open from their first moment to their last.
        said = {"closed": CLOSED, "24/7": WHOLE}.get(found["said"] or "24/7", found["said"])
        if not days or len(said.split(",")) > MOST_SPANS:
            return None
        try:
            spans = said if said == CLOSED else _spans(said)
        except ValueError:
            return None
        week |= dict.fromkeys(days, spans)
    return week


def _days(text: str) -> list[str]:
    """`Fr-Mo,PH` → Fr, Sa, Su, Mo, PH; nothing for a range with holidays."""
    found: list[str] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not dash:
            found.append(first)
            continue
        if "PH" in (first, last):
            return []
        at, until = DAYS.index(first), DAYS.index(last)
        found += [DAYS[n % 7] for n in range(at, (until if until >= at else until + 7) + 1)]
    return found


def spans_said(text: str) -> str:
    """One row as a person wrote it: `9-14, 17-21`, `off` or nothing. Raises ValueError."""
    if not text.strip():
        return ""
    said = from_words(text)
    if said == CLOSED:
        return said
    if said.startswith("Mo-Su "):
        said = said.removeprefix("Mo-Su ")
    return _spans(said)


def _spans(text: str) -> str:
    """Spans in order, none over another. Raises ValueError."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", part)
        if match is None:
            raise ValueError(text)
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        if start >= 1440 or minute > 59 or end_minute > 59 or end > 2880:
            raise ValueError(text)
        found.append((start, end if end > start else end + 1440))
    found.sort()
    if any(end > start for (_, end), (start, _) in itertools.pairwise(found)):
        raise ValueError(text)
    if len(found) > MOST_SPANS or found[-1][1] - found[0][0] > 1440:
        raise ValueError(text)
    return ",".join(f"{_clock(start)}-{_clock(_wrapped(end))}" for start, end in found)


def _wrapped(end: int) -> int:
    return end if end <= 1440 else end - 1440


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def text_of(week: Mapping[str, str]) -> str:
    """OpenStreetMap's syntax of the rows; '' when they say nothing."""
    rules = []
    days = list(DAYS)
    while days:
        said = week.get(days[0], "")
        run = 1
        while run < len(days) and week.get(days[run], "") == said:
            run += 1
        if said:
            rules.append(f"{days[0]}{f'-{days[run - 1]}' if run > 1 else ''} {said}")
        days = days[run:]
    if week.get("PH"):
        rules.append(f"PH {week['PH']}")
    return normal_hours("; ".join(rules)) if rules else ""
