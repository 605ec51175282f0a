"""From a record of a file to a row of ours, or the reason why not."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ugc.core import names, telephones, texts, websites
from ugc.geography import geo
from ugc.imports.rules import mapping as mapping_rules
from ugc.imports.rules import values
from ugc.imports.rules.values import BadRow
from ugc.places.rules import categories as places_categories
from ugc.places.rules import describing as places_describing
from ugc.places.rules import written as places_written
from ugc.reports.models import ReportState
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

ID_MAX, TEXT_MAX, NAME_MAX, LINE_MAX = 200, 10_000, 200, 500
UNKNOWN_MAX = 1_000  # how many different unknown values are counted


@dataclass(slots=True)
class ReportRow:
    """`closed` is what the source says; what time has done to it is settled in the database.
    `former_hash` is the hash of the same with coordinates of seven decimals."""

    external_id: str
    content_hash: str
    former_hash: str
    lon: float
    lat: float
    language: str
    kind: str
    subkind: str | None
    text: str
    occurred_at: dt.datetime
    expires_at: dt.datetime
    closed: bool
    closed_at: dt.datetime | None


@dataclass(slots=True)
class PlaceRow:
    external_id: str
    content_hash: str
    former_hash: str
    lon: float
    lat: float
    language: str
    name: str
    category: str
    address: str
    phone: str
    website: str
    opening_hours: str
    timezone: str


@dataclass(slots=True)
class ReviewRow:
    """`original` is what the source said of the ratings."""

    external_id: str
    content_hash: str
    language: str
    place: str
    author: str
    rating: int
    subratings: dict[str, int]
    title: str
    text: str
    visited_month: dt.date | None
    original: dict[str, Any]


Row = ReportRow | PlaceRow | ReviewRow
# Coordinates of another system become longitude and latitude before the row is made.
Projected = tuple[float, float]


class Converter:
    """Makes rows of one mapping and kind. `unknown` counts values that no table names
    and that were taken as the default, and details that were left out."""

    def __init__(self, kind: str, mapping: mapping_rules.KindMapping) -> None:
        self.kind, self.mapping = kind, mapping
        self.unknown: Counter[tuple[str, str]] = Counter()
        makers: dict[str, Callable[[dict[str, Any], Projected, dt.datetime], Row]] = {
            mapping_rules.REPORTS: self._report,
            mapping_rules.PLACES: self._place,
            mapping_rules.REVIEWS: self._review,
        }
        self._make = makers[kind]

    def position(self, record: dict[str, Any]) -> Projected:
        """The coordinates as the file gives them, east or longitude first. Raises BadRow."""
        where = self.mapping.position
        if where is None:
            return 0.0, 0.0
        if where.geometry:
            x, y = values.of_geometry(self._get(record, where.geometry))
        elif where.pair:
            x, y = values.position(self._get(record, where.pair), where.lat_first, where.crs)
        else:
            x = values.one_of_two(self._get(record, where.x), where.x, "lon", where.crs)
            y = values.one_of_two(self._get(record, where.y), where.y, "lat", where.crs)
        if abs(x) < 1e-4 and abs(y) < 1e-4:
            raise BadRow("the coordinates are 0, 0: the source does not know the place")
        return x, y

    def row(self, record: dict[str, Any], position: Projected, now: dt.datetime) -> Row:
        """Raises BadRow. `position` in degrees, WGS 84."""
        if self.mapping.position is not None:
            position = values.on_earth(*position)
        return self._make(record, position, now)

    # fields ----------------------------------------------------------------------------------

    def _get(self, record: dict[str, Any], path: str) -> Any:
        if path in record:
            return record[path]
        found: Any = record
        for key in path.split("."):
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found

    def _raw(self, record: dict[str, Any], field: mapping_rules.Field) -> str:
        """The value as text, '' when missing; before tables and defaults."""
        if field.hashed:
            return values.digest(*(self._get(record, path) for path in field.paths))[:24]
        found = []
        for path in field.paths:
            text = values.as_text(self._get(record, path), path).strip()
            if text and text not in self.mapping.missing:
                if field.join is None:
                    return text
                found.append(text)
        return (field.join or "").join(found)

    def _text(self, record: dict[str, Any], name: str, most: int, *, lines: bool = False) -> str:
        field = self.mapping.fields.get(name)
        if field is None:
            return ""
        if field.const is not None:
            return field.const
        text = self._raw(record, field)
        if field.html and text:
            text = values.plain_text(text)
        text = values.clean(text, lines=lines)
        text = field.values.get(text, text) or field.default or ""
        long = texts.length(text)
        if long > most:
            raise BadRow(f"{name} has {long} characters, more than {most}")
        return text

    def _needed(self, record: dict[str, Any], name: str, most: int) -> str:
        text = self._text(record, name, most)
        if not text:
            raise BadRow(f"{name} is missing")
        return text

    def _named(self, record: dict[str, Any], name: str, most: int) -> str:
        """As `_text`, without hidden and control characters."""
        return names.cleaned_name(self._text(record, name, most))

    def _code(self, record: dict[str, Any], name: str, known: Callable[[str], bool]) -> str:
        """A code of ours: by the table, or the value itself when it is one, or the default."""
        field = self.mapping.fields[name]
        if field.const is not None:
            return field.const
        text = values.clean(self._raw(record, field))
        code = field.values.get(text, text)
        if known(code):
            return code
        if field.default is None:
            raise BadRow(f"{name} “{text[:60]}” has no entry in the mapping's table")
        self._count(name, text)
        return field.default

    def _count(self, name: str, text: str) -> None:
        if (name, text[:80]) in self.unknown or len(self.unknown) < UNKNOWN_MAX:
            self.unknown[name, text[:80]] += 1

    def _normal(self, record: dict[str, Any], name: str, make: Callable[[str], str]) -> str:
        """What `make` makes of a text; '' when it cannot, which is counted."""
        text = self._text(record, name, LINE_MAX)
        try:
            return make(text) if text else ""
        except (ValueError, ZoneInfoNotFoundError):
            self._count(name, text)
            return ""

    def _time(self, record: dict[str, Any], name: str) -> dt.datetime | None:
        field = self.mapping.fields.get(name)
        text = self._raw(record, field) if field else ""
        if field is None or not text:
            return None
        return values.moment(text, field.format, self.mapping.zone, name)

    def _language(self, record: dict[str, Any]) -> str:
        return self._text(record, "language", 35) or "und"

    # kinds -----------------------------------------------------------------------------------

    def _report(self, record: dict[str, Any], position: Projected, now: dt.datetime) -> ReportRow:
        external_id = self._needed(record, "id", ID_MAX)
        occurred_at = self._time(record, "occurred_at")
        if occurred_at is None:
            raise BadRow("occurred_at is missing")
        occurred_at = values.sensible(occurred_at, now, "occurred_at")
        kind = self._code(record, "kind", reports_kinds.KINDS.__contains__)
        text = self._text(record, "text", TEXT_MAX, lines=True)
        ended = self._time(record, "closed_at")
        closed, closed_at, expires_at = end_of_report(
            kind,
            occurred_at,
            ended,
            self._time(record, "expires_at"),
            self._state(record, ended),
            now,
        )
        language = self._language(record)
        subkind = self._subkind(record, reports_kinds.KINDS[kind])
        said: tuple[Any, ...] = (text, language, occurred_at, closed, closed_at, expires_at)
        if subkind:  # what was imported before there were sub-kinds keeps its hash
            said = (*said, subkind)
        public = values.public(position)
        return ReportRow(
            external_id, values.digest(kind, public, *said), values.digest(kind, position, *said),
            *public, language,
            kind, subkind, text, occurred_at, expires_at, closed, closed_at,
        )  # fmt: skip

    def _subkind(self, record: dict[str, Any], kind: reports_kinds.Kind) -> str | None:
        """By the table, or the value itself when it is one of the kind's; one of another kind is
        counted and left out. None when the source says nothing that the table names."""
        field = self.mapping.fields.get("subkind")
        if field is None:
            return None
        text = field.const or values.clean(self._raw(record, field))
        code = field.values.get(text, "" if field.values else text)
        if not code:
            return None
        if kind.subkind(code) is None:
            self._count("subkind", text)
            return None
        return code

    def _state(self, record: dict[str, Any], ended: dt.datetime | None) -> str:
        if "state" in self.mapping.fields:
            known = (ReportState.OPEN, ReportState.CLOSED)
            return self._code(record, "state", known.__contains__)
        return ReportState.CLOSED if ended else ReportState.OPEN

    def _place(self, record: dict[str, Any], position: Projected, _now: dt.datetime) -> PlaceRow:
        """Details that are not what they should be (a telephone number that cannot be one) are left
        out, and counted (`unknown`): the place itself is worth having."""
        external_id = self._needed(record, "id", ID_MAX)
        region = self.mapping.region
        called = self._named(record, "name", NAME_MAX)
        if not called:
            raise BadRow("name is missing")
        said = (
            called,
            self._code(record, "category", places_categories.CATEGORIES.__contains__),
            self._named(record, "address", LINE_MAX),
            self._normal(record, "phone", lambda text: telephones.normal_phone(text, region)),
            self._normal(record, "website", websites.normal_website),
            self._normal(record, "opening_hours", places_written.normal_hours),
            self._normal(record, "timezone", lambda name: ZoneInfo(name).key)
            or places_describing.timezone_at(geo.Point(*position)),
        )
        language = self._language(record)
        public = values.public(position)
        return PlaceRow(
            external_id,
            values.digest(public, language, *said),
            values.digest(position, language, *said),
            *public,
            language,
            *said,
        )

    def _review(self, record: dict[str, Any], _position: Projected, now: dt.datetime) -> ReviewRow:
        external_id = self._needed(record, "id", ID_MAX)
        place = self._needed(record, "place", ID_MAX)
        fields = self.mapping.fields
        original: dict[str, Any] = {}
        rating = self._rating(record, "rating", fields["rating"], original)
        if rating is None:
            raise BadRow("rating is missing")
        subratings = {}
        for code, field in self.mapping.subratings.items():
            found = self._rating(record, code, field, original)
            if found is not None:
                subratings[code] = found
        visited = self._time(record, "visited_at")
        said = (
            self._named(record, "title", NAME_MAX),
            self._text(record, "text", TEXT_MAX, lines=True),
            values.sensible(visited, now, "visited_at").date().replace(day=1) if visited else None,
            original,
        )
        author = self._text(record, "author", ID_MAX)
        language = self._language(record)
        return ReviewRow(
            external_id,
            values.digest(place, author, rating, subratings, language, *said),
            language, place, author, rating, subratings, *said,
        )  # fmt: skip

    def _rating(
        self,
        record: dict[str, Any],
        name: str,
        field: mapping_rules.Field,
        original: dict[str, Any],
    ) -> int | None:
        """1 to 5, by the table or the source's scale; `original` keeps what the source said."""
        text = self._raw(record, field)
        if not text:
            return None
        original[name] = text
        if field.values:
            if text not in field.values:
                raise BadRow(f"{name} “{text[:40]}” has no entry in the mapping's table")
            return int(field.values[text])
        value = values.number(text, name)
        low, high = field.scale or (1, 5)
        if not low <= value <= high:
            raise BadRow(f"{name} {value:g} is not between {low:g} and {high:g}")
        return int(1 + 4 * (value - low) / (high - low) + 0.5)


def end_of_report(
    kind: str,
    occurred_at: dt.datetime,
    ended: dt.datetime | None,
    expires_at: dt.datetime | None,
    state: str,
    now: dt.datetime,
) -> tuple[bool, dt.datetime | None, dt.datetime]:
    """(closed, closed_at, expires_at). A source's own end wins over the life of the kind; an end
    that is yet to come is an expiry; nothing ends before it began."""
    if ended is not None and ended > now:
        ended, expires_at = None, expires_at or ended
        state = ReportState.OPEN
    if expires_at is None or expires_at <= occurred_at:
        kind_row = reports_kinds.KINDS[kind]
        expires_at = reports_permissions.first_expiry(
            kind_row, occurred_at, reports_permissions.SOURCE_TRUST
        )
    if state != ReportState.CLOSED:
        return False, None, expires_at
    return True, max(ended, occurred_at) if ended else None, expires_at
