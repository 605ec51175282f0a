"""Opening hours as they are written: OpenStreetMap's syntax, cut into rules and tidied. Pure.

The library reads the days and checks the syntax. Here is what it has not: a part that is only a
comment is neither open nor closed, and `PH Su` means the Sundays that are holidays."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]

OPEN, UNKNOWN = "open", "unknown"
DAY = dt.timedelta(days=1)
MOST_OFFSET = 366  # days from a holiday

_QUOTED = r'"[^"]*"'
_EVENT = r"(?:sunrise|sunset|dawn|dusk)"
_POINT = rf"(?:\d{{1,2}}:\d\d|{_EVENT}|\(\s*{_EVENT}\s*[+-]\s*\d{{1,2}}:\d\d\s*\))"
TIME = rf"{_POINT}(?:\s*-\s*{_POINT})?\+?(?:\s*/\s*[\d:]+)?"
_TIMES = rf"{TIME}(?:\s*,\s*{TIME})*"
_MODIFIER = r"(?:open|closed|off|unknown)"
_RULE = re.compile(
    rf"(?P<days>.*?)(?P<times>{_TIMES})?\s*(?P<modifier>\b{_MODIFIER})?\s*(?P<comment>{_QUOTED})?\s*",
    re.IGNORECASE | re.DOTALL,
)
_WEEKDAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su)"
# Holidays in the days of a rule; what stands after a blank narrows them, after a comma adds.
_PH = re.compile(r"\b(?P<kind>[PS]H)\b(?:\s*(?P<offset>[+-]\s*\d+)\s*days?)?", re.IGNORECASE)
_NARROWED = re.compile(rf"\bPH\s+(?={_WEEKDAY}\b)", re.IGNORECASE)
_WEEKDAYS = re.compile(rf"(?:\s|^|,){_WEEKDAY}\b.*$", re.IGNORECASE | re.DOTALL)
PLAIN_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
BY_WEEK = re.compile(rf"[\s,\-]*(?:{_WEEKDAY}[\s,\-]*)*", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """One rule: its days as the library reads them, its times, its state and its comment. `sep` is
    `;` (replaces the rules before it on its days), `,` (adds to them) or `||` (fills what they
    leave)."""

    sep: str
    days: str
    times: str
    state: str  # OPEN, UNKNOWN or '' for closed
    comment: str
    matcher: OpeningHours | None = field(compare=False)
    wide: OpeningHours | None = field(compare=False)  # the days without weekdays and holidays
    holiday: str = ""  # '', `with` weekdays, `and` within them, or `never`
    offset: int = 0

    def matches(self, day: dt.date, is_holiday: Callable[[dt.date], bool]) -> bool:
        if self.holiday == "never":
            return False
        if self.holiday:
            falls = is_holiday(day - self.offset * DAY)
            if self.holiday == "and":
                return falls and _selects(self.matcher, day)
            if falls and _selects(self.wide, day):
                return True
            return self.matcher is not None and _selects(self.matcher, day)
        return _selects(self.matcher, day)


def _selects(matcher: OpeningHours | None, day: dt.date) -> bool:
    noon = dt.datetime.combine(day, dt.time(12))
    return matcher is None or bool(matcher.is_open(noon))


def _cut(text: str) -> Iterator[tuple[str, str]]:
    """(separator, rule): at `;` and `||`, and at the commas that end a rule; none in a comment."""
    sep, begin, at = ";", 0, 0
    while at < len(text):
        if text[at] == '"':
            at = text.find('"', at + 1) + 1 or len(text)
            continue
        size = 2 if text.startswith("||", at) else 1
        found = text[at : at + size]
        if found in (";", "||") or (found == "," and _ends_a_rule(text[begin:at], text[at + 1 :])):
            yield sep, text[begin:at].strip()
            sep, begin = found, at + size
        at += size
    yield sep, text[begin:].strip()


_ENDS = re.compile(rf"(?:{_QUOTED}|\b{_MODIFIER}|24/7|(?P<time>{TIME}))\s*$", re.IGNORECASE)
_BEGINS_NO_DAYS = re.compile(rf'\s*(?:"|24/7|{_MODIFIER}\b)', re.IGNORECASE)
_BEGINS_TIME = re.compile(rf"\s*{_POINT}", re.IGNORECASE)


def _ends_a_rule(before: str, after: str) -> bool:
    """Whether the comma between them parts two rules, not two times or two days of one."""
    if _BEGINS_NO_DAYS.match(after):
        return True
    found = _ENDS.search(before[-80:] if '"' not in before[-80:] else before)
    if found is None:
        return False
    return found["time"] is None or _BEGINS_TIME.match(after) is None


def _rule(sep: str, text: str) -> Rule:
    found = _RULE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    days, times = found["days"].strip().rstrip(":").strip(), found["times"] or ""
    modifier, comment = (found["modifier"] or "").lower(), (found["comment"] or '""')[1:-1]
    always = days == "24/7"
    state = {"off": "", "closed": "", "unknown": UNKNOWN}.get(modifier, OPEN)
    # Only a comment: it says neither open nor closed. So does a fallback that was stored as 24/7.
    if not modifier and comment and not times and (not always or sep == "||"):
        state = UNKNOWN
    days = "" if always else days
    holidays_of = [each for each in _PH.finditer(days) if each["kind"].upper() == "PH"]
    offset = int((holidays_of[0]["offset"] or "0").replace(" ", "")) if holidays_of else 0
    if abs(offset) > MOST_OFFSET:
        raise ValueError(text)
    plain = _without_holidays(days)
    wide = _WEEKDAYS.sub("", plain).strip(" ,") if holidays_of else ""
    kind = ""
    if holidays_of:
        kind = "and" if _NARROWED.search(days) else "with"
    elif _PH.search(days) and not plain:
        # School holidays, of which nothing is known, and nothing else.
        kind = "never"
    only_holidays = kind == "with" and plain == wide
    matcher = None if only_holidays else _parsed(plain)
    return Rule(
        sep, days, times, state, comment,
        OpeningHours("off") if only_holidays else matcher,
        _parsed(wide) if wide else None, kind, offset,
    )  # fmt: skip


def _without_holidays(days: str) -> str:
    """`PH,Su` and `Su,PH` are `Su`, `PH` nothing."""
    plain = _PH.sub("", days)
    plain = re.sub(r"(^|\s),|,\s*(?=,|$)", r"\1", plain)
    return re.sub(r"\s+", " ", plain).strip(" ,")


def _parsed(days: str) -> OpeningHours | None:
    return OpeningHours(days) if days else None


@functools.lru_cache(maxsize=1024)
def rules_of(text: str) -> tuple[Rule, ...]:
    """Raises ValueError when it is not the syntax."""
    try:
        OpeningHours(text)
        return tuple(_rule(sep, rule) for sep, rule in _cut(text) if rule)
    except ParserError as error:
        raise ValueError(text) from error


def normal_hours(text: str) -> str:
    """OpenStreetMap's syntax, tidied; what the library would change in meaning keeps its words.
    Raises ValueError when it is not that."""
    rules = rules_of(text)
    try:
        found = _normal(text, rules)
        read = rules_of(found)
    except ValueError:
        read = ()
    # What is stored can be read again, and as no more rules than were written.
    return found if 0 < len(read) <= len(rules) else " ".join(text.split())


def _normal(text: str, rules: tuple[Rule, ...]) -> str:
    """Rules that the library would change in meaning are tidied one by one."""
    if not any(
        rule.comment or rule.state == UNKNOWN or rule.sep == "||" or _NARROWED.search(rule.days)
        for rule in rules
    ) and not any(_runs_on(rule.times, rule, after) for rule, after in itertools.pairwise(rules)):
        return str(OpeningHours(text).normalize())
    words = [_normal_rule(rule) for rule in rules]
    for place, (rule, after) in enumerate(itertools.pairwise(rules)):
        if _runs_on(words[place], rule, after):
            words[place] += " open"
    joints = {";": "; ", ",": ", ", "||": " || "}
    return words[0] + "".join(
        joints[rule.sep] + word for rule, word in zip(rules[1:], words[1:], strict=True)
    )


def _runs_on(words: str, rule: Rule, after: Rule) -> bool:
    """Whether a rule that ends in `words` would be read as one with the rule after its comma, as
    only its "open" parts them: `Mo-Fr open, Sa 10:00-12:00` and `10:00-12:00 open, 13:00-14:00`."""
    if after.sep != "," or rule.state != OPEN or rule.comment:
        return False
    found = _ENDS.search(words)
    if found is None:
        return True
    is_whole = found["time"] is not None and words.endswith("00:00-24:00")
    return is_whole or (found["time"] is not None and not after.days)


def _normal_rule(rule: Rule) -> str:
    if rule.state == UNKNOWN and rule.comment and not rule.days and not rule.times:
        return f'"{rule.comment}"'
    days = _NARROWED.sub("", rule.days)
    state = {OPEN: "", UNKNOWN: "unknown", "": "closed"}[rule.state]
    words = " ".join(filter(None, (days or ("" if rule.times else "24/7"), rule.times, state)))
    try:
        words = str(OpeningHours(words))
    except ParserError as error:
        raise ValueError(words) from error
    if days != rule.days:
        words = f"PH {words}"
    if not rule.comment:
        return words
    # A comment without times would say that it is not known.
    if rule.state == OPEN and not re.search(TIME, words) and (words, rule.sep) != ("24/7", ";"):
        words += " open"
    return f'{words} "{rule.comment}"'
