"""Positions as people type and paste them."""

from __future__ import annotations

import contextlib

import pytest
from babel.numbers import format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from ugc.geography.positions import parsing
from ugc.geography.positions.tokens import AMBIGUOUS, OFF_THE_MAP, UNREADABLE, BadPosition

MADRID = (40.4168, -3.7038)
GOOGLE = (
    "https://www.google.com/maps/place/Sol/@40.41,-3.70,17z/data=!3m1!4b1!4m6!3m5!8m2"
    "!3d40.4168!4d-3.7038!16s%2Fm?entry=ttu"
)


@pytest.mark.parametrize(
    "text",
    [
        "40.4168, -3.7038", "40.4168,-3.7038", "40.4168 -3.7038", "40.4168;-3.7038",
        "40,4168 -3,7038", "40,4168; -3,7038", "40,4168, -3,7038", "40,4168,-3,7038",
        "40,4168 ; -3,7038", "(40.4168, -3.7038)", "40.4168/-3.7038", "40.4168\t-3.7038",
        "40,4168\u00a0\u22123,7038", "40.4168, \u20133.7038", "+40.4168 -003.7038",
        "\u200e40.4168, -3.7038\u200f", "４０．４１６８，－３．７０３８",
        "40,4168 N 3,7038 W", "40.4168N, 3.7038W", "N40.4168 W3.7038", "3.7038 W 40.4168 N",
        "norte 40,4168 oeste 3,7038", "40.4168 north, 3.7038 west", "N 40 25.008 W 3 42.228",
        "40° 25' 0.48\" N 3° 42' 13.68\" W", "40º25’0,48”N, 3º42’13,68”W",
        "40°25′0.48″N 3°42′13.68″W", "40° 25.008' N 3° 42.228' W", "40°25'0,48''N 3°42'13,68''W",
        "40d25m0.48sN 3d42m13.68sW", "40 25 0.48 -3 42 13.68", "40 25 0.48 N, 3 42 13.68 W",
        "40˚ 25′ 0.48″, -3˚ 42′ 13.68″",
        "40 grados 25 minutos 0,48 segundos norte 3 42 13,68 oeste",
        "geo:40.4168,-3.7038", "GEO:40.4168,-3.7038,650;u=35", "geo:40.4168,-3.7038;crs=WGS84;a=b",
        "geo:0,0?q=40.4168,-3.7038(Sol)", "[-3.7038, 40.4168]", "[-3.7038, 40.4168, 650]",
        '{"type": "Point", "coordinates": [-3.7038, 40.4168]}',
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-3.7038, 40.4168]}}',
        "POINT (-3.7038 40.4168)", "SRID=4326;POINT(-3.7038 40.4168)",
        "https://www.openstreetmap.org/#map=15/40.4168/-3.7038",
        "https://www.openstreetmap.org/?mlat=40.4168&mlon=-3.7038#map=5/1/2",
        GOOGLE, "https://www.google.com/maps?q=40.4168,-3.7038", "http://maps.google.com/?q=loc:40.4168,-3.7038",
        "https://www.google.es/maps/search/?api=1&query=40.4168%2C-3.7038",
        "https://www.google.com/maps/@40.4168,-3.7038,15z", "https://maps.apple.com/?ll=40.4168,-3.7038&q=Sol",
        "https://boca.example/#at=14/40.4168/-3.7038", "https://boca.example/?lat=40.4168&lon=-3.7038&zoom=12",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["es", "en"])
def test_the_ways_of_writing_one_position(text: str, language: str) -> None:
    assert parsing.position(text, language) == pytest.approx(MADRID, abs=1e-7)


def test_o_is_west_in_spanish_and_in_doubt_elsewhere() -> None:
    for text in ("40,4168 N 3,7038 O", "40°25′0,48″N 3°42′13,68″O", "o3.7038 n40.4168"):
        assert parsing.position(text, "es") == pytest.approx(MADRID, abs=1e-7)
        for language in ("en", ""):
            with pytest.raises(BadPosition, match=AMBIGUOUS):
                parsing.position(text, language)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("416, 3", OFF_THE_MAP), ("40.4168, 416", OFF_THE_MAP), ("91 0", OFF_THE_MAP),
        ("-90.0001, 0", OFF_THE_MAP), ("0, 180.0001", OFF_THE_MAP), ("0,-181", OFF_THE_MAP),
        ("40°60'N 3°0'W", OFF_THE_MAP), ("40°25'60\"N 3°0'W", OFF_THE_MAP),
        ("90°0'1\"N 0°0'0\"E", OFF_THE_MAP), ("[40.4168, -93.7]", OFF_THE_MAP),
        ("geo:91,0", OFF_THE_MAP), ("https://www.openstreetmap.org/#map=15/40/181", OFF_THE_MAP),
        ("200 W 40 N", OFF_THE_MAP),
        ("40,4", AMBIGUOUS), ("-40,4", AMBIGUOUS), ("40,41,3,70", AMBIGUOUS),
        ("40.4168 - 3.7038", AMBIGUOUS), ("-40.4 S, 3.7 E", AMBIGUOUS), ("40.4N 3.7N", AMBIGUOUS),
        ("40.5 25' N, 3 W", AMBIGUOUS), ("40 N 3.7 W E", AMBIGUOUS),
        ("geo:40.4,-3.7;crs=moon", UNREADABLE), ("geo:0,0?q=Puerta+del+Sol", UNREADABLE),
        ("https://example.org/a", UNREADABLE), ("https://maps.app.goo.gl/abc", UNREADABLE),
        ("http://[", UNREADABLE), ("[1]", UNREADABLE), ("[1,", UNREADABLE), ("{}", UNREADABLE),
        ('["a", 1]', UNREADABLE), ("geo:1", UNREADABLE), ("25' 40° N, 3 W", UNREADABLE),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(text: str, code: str) -> None:
    with pytest.raises(BadPosition, match=code):
        parsing.position(text, "es")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Madrid", "7 de Julio", "28013", "24/7", "1,2,3", "Bar 40,4", "Calle 5, 3",
        "5 o clock",
        "91 123 45 67",
        "915 123456",
        "2026, 11",
        "912 34 56 78",
        "O Grove", "3 O Grove 4", "N-340 km 5", "40° 25'", "NaN, inf", "1_0, 2", "٤٠ ٣",
        "40.4168, -", "40 25 8", "x" * 5_000, "1, " * 5_000,
    ],
)  # fmt: skip
def test_names_are_no_positions(text: str) -> None:
    assert parsing.position(text, "en") is None


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("40,4168", "-3,7038"), ("40.4168", "\u22123.7038"), ("40° 25′ 0,48″ N", "3° 42′ 13,68″ O"),
        ("40 25 0.48", "-3 42 13.68"), ("40,4168 -3,7038", ""), ("", "40.4168,-3.7038"),
        ("40.4168,-3.7038", "-3.7038"), ("40.4168,-3.7038", "40.4168,-3.7038"),
        ("geo:40.4168,-3.7038", ""), (GOOGLE, ""),
    ],
)  # fmt: skip
def test_two_fields_of_which_one_may_hold_both(lat: str, lon: str) -> None:
    assert parsing.of_fields(lat, lon, "es") == pytest.approx(MADRID, abs=1e-7)


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        ("91", "0", OFF_THE_MAP), ("416", "-3,7", OFF_THE_MAP), ("0", "180,1", OFF_THE_MAP),
        ("40°60'", "3", OFF_THE_MAP), ("40.4168,-3.7038", "5", AMBIGUOUS),
        ("40 W", "3 N", AMBIGUOUS), ("40,4", "", UNREADABLE), ("", "3", UNREADABLE),
        ("Madrid", "", UNREADABLE), ("nan", "inf", UNREADABLE),
        ("1_0", "3", UNREADABLE), ("1e1", "3", AMBIGUOUS),
    ],
)  # fmt: skip
def test_two_fields_that_are_refused(lat: str, lon: str, code: str) -> None:
    with pytest.raises(BadPosition, match=code):
        parsing.of_fields(lat, lon, "es")


def _decimal(value: float, language: str, letters: str) -> str:
    text = format_decimal(abs(value), "0.000000", locale=language)
    if letters:
        return f"{text}° {letters[value < 0]}"
    return ("\u2212" if value < 0 else "") + text


def _sexagesimal(value: float, language: str, letters: str) -> str:
    """Of a whole number of hundredths of a second."""
    hundredths = round(abs(value) * 360_000)
    seconds = format_decimal(hundredths % 6_000 / 100, "0.00", locale=language)
    return f"{hundredths // 360_000}° {hundredths // 6_000 % 60}′ {seconds}″ {letters[value < 0]}"


@settings(max_examples=200, deadline=None)
@given(
    lat=st.integers(-324 * 10**5, 324 * 10**5),
    lon=st.integers(-648 * 10**5, 648 * 10**5),
    language=st.sampled_from(["es", "en"]),
    separator=st.sampled_from([" ", ", ", "; "]),
)
def test_what_is_written_is_read_again(lat: int, lon: int, language: str, separator: str) -> None:
    where = (lat / 360_000, lon / 360_000)
    west = "EO" if language == "es" else "EW"
    for written in (
        separator.join(_decimal(value, language, "") for value in where),
        _decimal(where[0], language, "NS") + separator + _decimal(where[1], language, west),
        _sexagesimal(where[0], language, "NS") + separator + _sexagesimal(where[1], language, west),
    ):
        assert parsing.position(written, language) == pytest.approx(where, abs=6e-7)


PIECES = [
    "4", "40", "180", ".", ",", ";", "/", "-", "−", "+", " ", "°", "'", "''", '"', "N", "s", "O",
    "oeste", "d", "m", "geo:", "https://", "?q=", "#map=", "@", "[", "]", "(", ")", "{",
    "POINT(", "e",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
    ),
    language=st.sampled_from(["es", "en", ""]),
)
def test_every_text_is_a_position_or_a_name_or_refused(text: str, language: str) -> None:
    for read in (
        lambda: parsing.position(text, language),
        lambda: parsing.of_fields(text, "", language),
        lambda: parsing.of_fields("40", text, language),
    ):
        with contextlib.suppress(BadPosition):
            found = read()
            assert found is None or (abs(found[0]) <= 90 and abs(found[1]) <= 180)
