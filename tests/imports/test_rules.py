"""What a record becomes, or why it is refused."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ugc.imports.rules import mapping as imports_mapping
from ugc.imports.rules import values as imports_values
from ugc.imports.rules.convert import Converter, ReportRow, end_of_report
from ugc.imports.rules.values import BadRow
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MADRID = ZoneInfo("Europe/Madrid")


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\x00b\x07c", "abc"),
        ("  a \n\t b ", "a b"),
        ("<b>1 < 2</b> & co", "<b>1 < 2</b> & co"),
        ("lone \ud800 half", "lone ? half"),
        ("ñ € 漢字", "ñ € 漢字"),
        ("Cafe\u0301", "Café"),
        ("\u2800\u3164", ""),
    ],
)
def test_texts_are_made_harmless(text: str, plain: str) -> None:
    assert imports_values.clean(text) == plain


def test_lines_are_kept_where_they_mean_something() -> None:
    assert imports_values.clean(" a\r\nb\rc ", lines=True) == "a\nb\nc"


def test_html_becomes_plain_text() -> None:
    html = "<p>Ni&ntilde;os &amp;amp; m&amp;sup2;</p><script>alert(1)</script><p>b</p>"
    assert imports_values.plain_text(html) == "Niños & m²\nb"


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("2024-05-14T20:28:04+00:00", "iso", utc(2024, 5, 14, 20, 28, 4)),
        ("2024-05-14T20:28:04Z", "iso", utc(2024, 5, 14, 20, 28, 4)),
        ("2024-05-14 20:28", "iso", utc(2024, 5, 14, 18, 28)),
        ("2024-05-14", "iso", utc(2024, 5, 13, 22)),
        ("01/14/2015 03:04:41 PM", "%m/%d/%Y %I:%M:%S %p", utc(2015, 1, 14, 14, 4, 41)),
        ("1400000000", "epoch", utc(2014, 5, 13, 16, 53, 20)),
        ("1400000000000", "epoch_ms", utc(2014, 5, 13, 16, 53, 20)),
    ],
)
def test_times(text: str, form: str, moment: dt.datetime) -> None:
    assert imports_values.moment(text, form, MADRID, "when") == moment


@pytest.mark.parametrize(("text", "form"), [("soon", "iso"), ("9e99", "epoch"), ("1/2", "%d-%m")])
def test_what_is_no_time(text: str, form: str) -> None:
    with pytest.raises(BadRow, match="when is not a time"):
        imports_values.moment(text, form, MADRID, "when")


@pytest.mark.parametrize(
    ("value", "number"), [("40,4168", 40.4168), (" 1e2 ", 100.0), (7, 7.0), ("-3.7", -3.7)]
)
def test_numbers(value: object, number: float) -> None:
    assert imports_values.number(value, "x") == number


@pytest.mark.parametrize(
    "value", ["NaN", "inf", float("nan"), None, "", "1.2.3", True, [], "1,2,3"]
)
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(BadRow, match=r"x is (not a number|missing)"):
        imports_values.number(value, "x")


@pytest.mark.parametrize(
    ("geometry", "position"),
    [
        ({"type": "Point", "coordinates": [-3.7, 40.4, 650]}, (-3.7, 40.4)),
        ({"type": "LineString", "coordinates": [[0, 1], [2, 3], [4, 5]]}, (2.0, 3.0)),
        ({"type": "Polygon", "coordinates": [[[0, 1]]]}, None),
        ({"type": "Point", "coordinates": []}, None),
        ({"type": "Point", "coordinates": [None, "x"]}, None),
        (None, None),
    ],
)
def test_geometries(geometry: object, position: tuple[float, float] | None) -> None:
    if position is None:
        with pytest.raises(BadRow):
            imports_values.of_geometry(geometry)
    else:
        assert imports_values.of_geometry(geometry) == position


@pytest.mark.parametrize(("lon", "lat"), [(40.4, -93.7), (181, 1)])
def test_what_is_not_on_the_map(lon: float, lat: float) -> None:
    with pytest.raises(BadRow):
        imports_values.on_earth(lon, lat)


@pytest.mark.parametrize(
    ("field", "text", "kept"),
    [
        ("website", "kikucuernavaca.com.mx", "https://kikucuernavaca.com.mx"),
        ("website", "http://a.example/b?c=1", "http://a.example/b?c=1"),
        ("website", "javascript:alert(1)", ""),
        ("website", "call us", ""),
        ("phone", "932 254 700", "+34932254700"),
        ("phone", "932 254 700 ext. 12", "+34932254700;ext=12"),
        ("phone", "932 254 700 x1/x2", ""),
        ("phone", "010", ""),
        ("opening_hours", "Mo-Fr 9:00-14:00", "Mo-Fr 09:00-14:00"),
        ("opening_hours", "lunes y martes", ""),
        ("timezone", "Atlantic/Canary", "Atlantic/Canary"),
        ("timezone", "Madrid", "Europe/Madrid"),
    ],
)
def test_details_of_a_place_are_right_or_left_out(field: str, text: str, kept: str) -> None:
    fields = {
        "id": imports_mapping.Field(("id",)),
        "name": imports_mapping.Field(("id",)),
        field: imports_mapping.Field(("it",)),
    }
    mapping = imports_mapping.KindMapping(
        ("ndjson",),
        {**fields, "category": imports_mapping.Field(const="bar")},
        position=imports_mapping.Position("x", "y"),
        region="ES",
    )
    converter = Converter(imports_mapping.PLACES, mapping)
    row = converter.row({"id": 1, "it": text}, (-3.7, 40.4), NOW)
    assert getattr(row, field) == kept
    # What is left out is counted, for the operator to see.
    lost = not kept or (field == "timezone" and kept != text)
    assert converter.unknown == ({(field, text): 1} if lost else {})


BEGAN = utc(2026, 6, 1, 11)
LIFE = reports_permissions.first_expiry(
    reports_kinds.KINDS["jam"], BEGAN, reports_permissions.SOURCE_TRUST
)


@pytest.mark.parametrize(
    ("ended", "expires", "state", "result"),
    [
        (None, None, "open", (False, None, LIFE)),
        (None, utc(2026, 6, 9), "open", (False, None, utc(2026, 6, 9))),
        (None, utc(2026, 5, 9), "open", (False, None, LIFE)),
        (utc(2026, 6, 1, 11, 10), None, "open", (False, None, LIFE)),
        (utc(2026, 6, 1, 11, 10), None, "closed", (True, utc(2026, 6, 1, 11, 10), LIFE)),
        (utc(2026, 6, 1, 10), None, "closed", (True, BEGAN, LIFE)),
        (utc(2026, 6, 3), None, "closed", (False, None, utc(2026, 6, 3))),
        (None, None, "closed", (True, None, LIFE)),
    ],
)
def test_the_end_of_a_report(
    ended: dt.datetime | None, expires: dt.datetime | None, state: str, result: object
) -> None:
    assert end_of_report("jam", BEGAN, ended, expires, state, NOW) == result


def how(**fields: imports_mapping.Field) -> imports_mapping.KindMapping:
    base = {
        "id": imports_mapping.Field(("id",)),
        "kind": imports_mapping.Field(("kind",)),
        "occurred_at": imports_mapping.Field(("at",)),
    }
    return imports_mapping.KindMapping(
        ("ndjson",), {**base, **fields}, position=imports_mapping.Position("x", "y")
    )


ROW = {"id": 7, "kind": "jam", "at": "2026-06-01T11:00:00Z", "x": -3.7, "y": 40.4}


def convert(row: dict[str, object], mapping: imports_mapping.KindMapping) -> object:
    converter = Converter(imports_mapping.REPORTS, mapping)
    return converter.row(row, converter.position(row), NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "id is missing"),
        ({"id": "\x00"}, "id is missing"),
        ({"id": {"a": 1}}, "“id” is not a single value"),
        ({"kind": "ufo"}, "kind “ufo” has no entry"),
        ({"at": ""}, "occurred_at is missing"),
        ({"at": "1899-12-30"}, "occurred_at is before 1971"),
        ({"at": "1970-01-01T00:00:00Z"}, "before 1971"),
        ({"at": "2026-06-03"}, "in the future"),
        ({"x": "NaN"}, "x is not a number"),
        ({"x": 0, "y": 0}, "0, 0"),
        ({"x": 40.4, "y": -93}, "not on the map"),
    ],
)
def test_a_report_is_refused_with_the_reason(change: dict[str, object], reason: str) -> None:
    convert(ROW, how())
    with pytest.raises(BadRow, match=reason):
        convert({**ROW, **change}, how())


def test_a_text_that_is_too_long_is_refused_not_cut() -> None:
    mapping = how(text=imports_mapping.Field(("text",)))
    convert({**ROW, "text": "x" * 10_000}, mapping)
    with pytest.raises(BadRow, match="text has 10001 characters"):
        convert({**ROW, "text": "x" * 10_001}, mapping)


def test_the_hash_changes_with_what_the_source_says_and_not_with_time() -> None:
    mapping = how(text=imports_mapping.Field(("text",)))
    converter = Converter(imports_mapping.REPORTS, mapping)
    first = converter.row({**ROW, "text": "a"}, (-3.7, 40.4), NOW)
    later = converter.row({**ROW, "text": "a"}, (-3.7, 40.4), NOW + dt.timedelta(days=400))
    other = converter.row({**ROW, "text": "b"}, (-3.7, 40.4), NOW)
    assert first.content_hash == later.content_hash != other.content_hash


def test_unknown_values_are_counted_when_there_is_a_default() -> None:
    converter = Converter(
        imports_mapping.REPORTS, how(kind=imports_mapping.Field(("kind",), default="other"))
    )
    converter.row({**ROW, "kind": "ufo"}, (-3.7, 40.4), NOW)
    assert converter.unknown == {("kind", "ufo"): 1}


@pytest.mark.parametrize(
    ("field", "said", "subkind", "counted"),
    [
        (None, "pothole", None, 0),
        (imports_mapping.Field(paths=("sub",)), "pothole", "pothole", 0),
        (imports_mapping.Field(paths=("sub",)), "", None, 0),
        (imports_mapping.Field(paths=("sub",)), "minor", None, 1),
        (
            imports_mapping.Field(paths=("sub",), values={"hole": "pothole", "bump": "minor"}),
            "hole",
            "pothole",
            0,
        ),
        (imports_mapping.Field(paths=("sub",), values={"hole": "pothole"}), "else", None, 0),
        (imports_mapping.Field(paths=("sub",), values={"bump": "minor"}), "bump", None, 1),
        (imports_mapping.Field(const="ice"), "", "ice", 0),
    ],
)
def test_a_subkind_is_taken_when_it_is_one_of_the_kind(
    field: imports_mapping.Field | None, said: str, subkind: str | None, counted: int
) -> None:
    fields = {
        "id": imports_mapping.Field(paths=("id",)),
        "occurred_at": imports_mapping.Field(paths=("at",)),
        "kind": imports_mapping.Field(const="hazard_road"),
    }
    record = {"id": "1", "at": NOW.isoformat(), "sub": said}
    plain = Converter(imports_mapping.REPORTS, imports_mapping.KindMapping(("json",), fields)).row(
        record, (1.0, 2.0), NOW
    )
    exact = Converter(
        imports_mapping.REPORTS,
        imports_mapping.KindMapping(("json",), fields | ({"subkind": field} if field else {})),
    )
    row = exact.row(record, (1.0, 2.0), NOW)
    assert (isinstance(row, ReportRow), row.subkind) == (True, subkind)
    assert sum(exact.unknown.values()) == counted
    # What says no more than before is not imported again.
    assert (row.content_hash == plain.content_hash) is (subkind is None)
