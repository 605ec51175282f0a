"""The worst texts for everything that reads one. Run as a program by `test_bounds`, which gives it
little processor time; prints the CPU seconds of each parser, so that a slow one is named."""

import datetime as dt
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from marshmallow import ValidationError

from ugc.accounts.rules import credentials as accounts_credentials
from ugc.brandapi import rules as brandapi_rules
from ugc.core import bodies, bounded, render, telephones, websites
from ugc.core.errors import DomainError
from ugc.core.hosts import is_trusted
from ugc.geography import geo
from ugc.livemap import rules as livemap_rules
from ugc.lookback import rules as lookback_rules
from ugc.places.rules import describing as places_describing
from ugc.places.rules import holidays as places_holidays
from ugc.places.rules import hours as places_hours
from ugc.places.rules import written as places_written
from ugc.places.schemas import PlaceForm
from ugc.referrals import rules as referrals_rules
from ugc.watches.rules import files as watches_files
from ugc.watches.schemas import drawn_line

Parser = Callable[[str], object]
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
SPAIN = places_holidays.Region("ES", "CT")
AGENT = bounded.HEADERS["HTTP_USER_AGENT"]
# Parser → the most characters that reach it: what its schema, its request or itself lets through.
PARSERS: dict[str, tuple[Parser, int]] = {
    "coordinates": (geo.Point.parsed, bodies.FIELD_MAX),
    "fields of coordinates": (lambda text: geo.Point.of_fields(text, text), bodies.FIELD_MAX),
    "search": (places_describing.search_text, bounded.QUERY_MAX),
    "hours": (places_written.normal_hours, places_describing.HOURS_MAX * 2),
    "open now": (
        lambda text: places_hours.hours_at(text, "UTC", NOW, None, SPAIN),
        places_describing.HOURS_MAX * 2,
    ),
    "week": (
        lambda text: places_hours.week(text, "UTC", NOW, None, SPAIN),
        places_describing.HOURS_MAX * 2,
    ),
    "phone": (lambda text: telephones.normal_phone(text, "ES"), bounded.TEXT_MAX),
    "website": (websites.normal_website, bounded.TEXT_MAX),
    "paragraphs": (render.paragraphs, bodies.FIELD_MAX),
    "next address": (render.safe_next, bounded.QUERY_MAX),
    "time zone": (render.known_timezone, 10_000),
    "zone of looking back": (lookback_rules.known_zone, bounded.QUERY_MAX),
    "handle": (accounts_credentials.handle_problem, bounded.TEXT_MAX),
    "password": (accounts_credentials.password_problem, bounded.TEXT_MAX),
    "browser": (accounts_credentials.browser_names, AGENT),
    "machine": (referrals_rules.is_machine, AGENT),
    "host": (lambda text: is_trusted(text, ("example.org",)), 60_000),
    "page cursor": (brandapi_rules.page_cursor, bounded.QUERY_MAX),
    "feed cursor": (brandapi_rules.feed_cursor, bounded.QUERY_MAX),
    "API key": (brandapi_rules.is_well_formed, 60_000),
    "live cursor": (livemap_rules._CURSOR.fullmatch, bounded.QUERY_MAX),
    "drawn line": (drawn_line, bodies.FIELD_MAX),
    "GeoJSON or GPX": (lambda text: watches_files.read(text.encode()), watches_files.BYTES_MAX),
    "form of a place": (lambda text: PlaceForm().load(dict.fromkeys(FORM, text)), bodies.FIELD_MAX),
}
FORM = ("name", "phone", "website", "opening_hours", "lat", "lon", "place_name", "address")
# What is repeated, between a beginning and an end.
SHAPES = [
    ("", " ", "x"), ("1", " ", "x"), ("1,", " ", "x"), ("", "1", ""), ("", "a", "!"), ("", "-", ""),
    ("", "(", ""), ("", "[", ""), ("", "((a", ""), ("Mo ", "Mo-Su,", "10:00"), ("", "PH off; ", ""),
    ("", "10:00-11:00,", ""), ("", "week 1-53/2 ", ""), ("", '"', ""), ("", "Mo || ", ""),
    ("", "PH Su 22:00-05:00, ", "Mo"), ("Mo ", "10:00 - ", "x"), ("", '|| "a" ', ""),
    ("", "( sunset ", ""), ("", "PH,", "Mo off"), ("", "Dec 24 22:00-26:00; ", "off"),
    ("https://", "a.", ""), ("https://", "@", ""), ("", "http://", ""), ("+", "34 ", ""),
    ("+34", "x1;ext=", ""), ("Mozilla/5.0 (", "(", ""), ("", "bot", ""), ("", "../", ""),
    ("", "é", ""), ("", "\u0301", ""), ("", "\u202e", ""), ("", "%_\\", ""), ("", "\n\n", ""),
    ("", " \n", "x"), ("", "<", ""), ("", "<a ", ""), ("", "<!", ""), ("", "<![", ""),
    ("", "<!--", ""), ("", "&amp;", ""), ("", "&", ""), ("", "</", ""), ("", "<a b=\"", ""),
    ("0.", "1,", ""), ("1:", "1,", ""), ("{\"type\":", "[", ""), ("<gpx>", "<trk>", ""),
    ("<gpx ", "a='' ", ">"), ("[", "[0,0],", "[0,0]]"), ("", "9", ".9"), ("", "qwerty", ""),
    ("", "1a2b3c", ""), ("", "abcABC123", ""), ("", "password", ""),
]  # fmt: skip
REFUSALS = (DomainError, ValidationError, ValueError)


def cost(parser: Parser, most: int) -> float:
    """CPU seconds of the worst shape."""
    worst = 0.0
    for begin, again, end in SHAPES:
        text = (begin + again * (most // len(again) + 1))[: most - len(end)] + end
        before = time.process_time()
        with suppress(*REFUSALS):
            parser(text)
        worst = max(worst, time.process_time() - before)
    return worst


if __name__ == "__main__":
    places_hours.hours_at("PH 10:00-11:00", "UTC", NOW, None, SPAIN)  # its tables are loaded once
    for name in sys.argv[1:] or PARSERS:
        sys.stdout.write(f"{name}: ")
        sys.stdout.flush()
        sys.stdout.write(f"{cost(*PARSERS[name]):.3f}\n")
