"""The table by which the search is judged: 20 queries written by hand and 40 drawn with a seed from
real names and texts (`write`), each with what it means."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from ugc.brands.queries import reading as brands_reading
from ugc.config import ROOT
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import gazetteer, geo
from ugc.places.queries import search as places_search
from ugc.search import finding
from ugc.search.likeness import words

SEED = 44
FILE = ROOT / "tests/search/table.json"
FIRST = 3
REACH_M = 1_500  # from what is meant, which may have pieces of its name elsewhere
# Where the reader's map is: the middle of each city.
MIDDLE = {
    "andorra": (1.5211, 42.5075), "melilla": (-2.938, 35.292), "liechtenstein": (9.5209, 47.141),
    "helsinki": (24.94, 60.168),
}  # fmt: skip
# Kinds of streets: how they are shortened, and what they are called in another language.
SHORT = {
    "Avinguda": "av", "Carrer": "c/", "Plaça": "pl", "Passatge": "ptge", "Calle": "c/",
    "Avenida": "avda", "Plaza": "pza", "Paseo": "po", "Carretera": "ctra",
}  # fmt: skip
OTHER = {
    "Avinguda": "avenida", "Carrer": "calle", "Plaça": "plaza", "Camí": "camino",
    "Calle": "carrer", "Avenida": "avinguda", "Plaza": "plaça", "Paseo": "passeig",
}  # fmt: skip
ENDINGS = {"strasse": "str", "katu": "k", "gatan": "g", "tie": "t"}
PHARMACY = {
    "andorra": "farmacies", "melilla": "farmacias", "liechtenstein": "apotheken",
    "helsinki": "apteekit",
}  # fmt: skip
AND = {"andorra": "cantonada", "melilla": "esquina", "liechtenstein": "ecke", "helsinki": "/"}


@dataclass(frozen=True)
class Case:
    """`kinds` and `title` are what is meant; `lon` and `lat` where, None for what is nowhere."""

    city: str
    asked: str
    kinds: list[str]
    title: str
    lon: float | None = None
    lat: float | None = None
    by_hand: bool = False


def mistyped(name: str, chance: random.Random) -> str:
    """One letter of the longest word lost, doubled, changed with its neighbour or for another; the
    first letter stays, as it mostly does."""
    long = max(name.split(), key=len)
    at = chance.randrange(1, max(2, len(long) - 1))
    how = chance.choice(("lose", "double", "swap", "other"))
    if how == "lose":
        wrong = long[:at] + long[at + 1 :]
    elif how == "double":
        wrong = long[:at] + long[at] + long[at:]
    elif how == "swap":
        wrong = long[:at] + long[at + 1 : at + 2] + long[at] + long[at + 2 :]
    else:
        wrong = long[:at] + chance.choice("aeiourstln") + long[at + 1 :]
    return name.replace(long, wrong, 1).lower()


def shortened(name: str, table: dict[str, str]) -> str:
    """With the kind of street shortened or in another language."""
    first, _, rest = name.partition(" ")
    if first in table:
        return f"{table[first]} {rest}".lower()
    for ending, short in ENDINGS.items():
        if name.endswith(ending):
            return (name.removesuffix(ending) + short).lower()
    return name.lower()


STREETS = """SELECT s.name, coalesce(s.town, '') AS town, ST_X(s.centre) AS lon,
    ST_Y(s.centre) AS lat
  FROM streets AS s JOIN extracts AS e ON e.id = s.extract_id
  WHERE e.code = :code AND length(street_core(s.name)) >= 6 AND s.metres > 150
  ORDER BY s.name, s.id"""
HOUSES = """SELECT s.name, a.number, ST_X(a.geom) AS lon, ST_Y(a.geom) AS lat
  FROM addresses AS a JOIN streets AS s ON s.id = a.street_id JOIN extracts AS e
    ON e.id = a.extract_id
  WHERE e.code = :code AND a.number ~ '^[0-9]+$' AND length(street_core(s.name)) >= 5
  ORDER BY s.name, a.id"""
CORNERS = """SELECT one.name, other.name AS crossing, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat
  FROM corners AS c JOIN extracts AS e ON e.id = c.extract_id
  JOIN streets AS one ON one.id = c.street_ids[1]
  JOIN streets AS other ON other.id = c.street_ids[2]
  WHERE e.code = :code AND length(street_core(one.name)) >= 5
    AND length(street_core(other.name)) >= 5
    AND name_key(one.name) <> name_key(other.name)
  ORDER BY c.id"""
PLACES = """SELECT p.name, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat FROM places AS p
  JOIN extracts AS e ON e.code = :code
    AND p.geom && ST_MakeEnvelope(e.west, e.south, e.east, e.north, 4326)
  WHERE length(p.name) >= 7 ORDER BY p.name, p.id"""
TOWNS = """SELECT DISTINCT ON (l.name) l.name, ST_X(ST_PointOnSurface(l.geom)) AS lon,
    ST_Y(ST_PointOnSurface(l.geom)) AS lat
  FROM localities AS l JOIN extracts AS e ON e.id = l.extract_id
  WHERE e.code = :code AND l.kind IN ('town', 'village', 'suburb', 'quarter', 'city')
    AND EXISTS (SELECT FROM places AS p WHERE p.category = 'pharmacy'
      AND ST_DWithin(p.geom, l.geom, 0.05))
  ORDER BY l.name, l.id"""
TEXTS = """SELECT r.text, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat FROM reports AS r
  JOIN extracts AS e ON e.code = :code
    AND r.geom && ST_MakeEnvelope(e.west, e.south, e.east, e.north, 4326)
  ORDER BY r.id"""


def draw(session: Session) -> list[Case]:
    """Ten of each city: streets mistyped, shortened and in another language, an address, a corner,
    places mistyped, a kind of place with where, and words of a text."""
    chance = random.Random(SEED)
    cases: list[Case] = []
    for code in MIDDLE:

        def rows(query: str, code: str = code) -> list[Any]:
            return list(session.execute(sa.text(query), {"code": code}))

        streets, houses = rows(STREETS), rows(HOUSES)
        for row in chance.sample(streets, 2):
            cases.append(_street(code, mistyped(row.name, chance), row))
        row = chance.choice(streets)
        cases.append(_street(code, shortened(row.name, SHORT), row))
        row = chance.choice(streets)
        cases.append(_street(code, f"{shortened(row.name, OTHER)} {row.town.lower()}".strip(), row))
        row = chance.choice(houses)
        cases.append(
            Case(code, f"{shortened(row.name, SHORT)} {row.number}", ["address"],
                 f"{row.name} {row.number}", row.lon, row.lat)
        )  # fmt: skip
        row = chance.choice(rows(CORNERS))
        asked = f"{shortened(row.name, SHORT)} {AND[code]} {row.crossing.lower()}"
        cases.append(Case(code, asked, ["corner"], "", row.lon, row.lat))
        for row in chance.sample(rows(PLACES), 2):
            cases.append(
                Case(code, mistyped(row.name, chance), ["place"], row.name, row.lon, row.lat)
            )
        row = chance.choice(rows(TOWNS))
        cases.append(
            Case(code, f"{PHARMACY[code]} {row.name.lower()}", ["category"], "Pharmacy", row.lon,
                 row.lat)
        )  # fmt: skip
        row = chance.choice(rows(TEXTS))
        said = [word for word in words(row.text) if len(word) > 3]
        asked = " ".join(chance.sample(said, min(3, len(said))))
        cases.append(Case(code, asked, ["report"], "", row.lon, row.lat))
    return cases


def _street(code: str, asked: str, row: Any) -> Case:
    return Case(code, asked, ["street"], row.name, row.lon, row.lat)


def by_hand() -> list[Case]:
    told = json.loads((FILE.parent / "by_hand.json").read_text(encoding="utf-8"))
    return [Case(**each, by_hand=True) for each in told]


def cases() -> list[Case]:
    """All 60, of the files."""
    drawn = json.loads(FILE.read_text(encoding="utf-8"))
    return [Case(**each) for each in drawn] + by_hand()


def _is_it(case: Case, found: finding.Found) -> bool:
    if found.kind not in case.kinds:
        return False
    wanted = set(words(case.title))
    if case.title and not wanted <= {*words(found.title), *words(found.detail)}:
        return False
    point = found.point
    if case.lon is None or case.lat is None:
        return True
    reach = 5_000 if found.kind in ("category", "city") else REACH_M
    return point is not None and point.metres_to(geo.Point(case.lon, case.lat)) <= reach


def place_of(case: Case, session: Session) -> int | None:
    """At which place what is meant stands, from 1; None when it is not found."""
    near = geo.Point(*MIDDLE[case.city])
    found = finding.find(session, ANONYMOUS, case.asked, near)
    return next((at for at, each in enumerate(found, 1) if _is_it(case, each)), None)


def place_before(case: Case, session: Session) -> int | None:
    """The same by the search as it was: cities and brands by name, and places by name, the most
    like first; each list by itself, which is kind to it."""
    text = case.asked
    lists: list[list[finding.Found]] = [
        [finding.Found("city", each.name, lon=each.lon, lat=each.lat)
         for each in gazetteer.search_cities(session, text, 5)],
        [finding.Found("place", each.name, lon=each.lon, lat=each.lat)
         for each in places_search.search_places(session, ANONYMOUS, text=text, limit=8)[0]],
        [finding.Found("brand", each.name)
         for each in brands_reading.search_brands(session, ANONYMOUS, text, limit=8)],
    ]  # fmt: skip
    found = [at for each in lists for at, one in enumerate(each, 1) if _is_it(case, one)]
    return min(found, default=None)


def write(session: Session) -> None:
    told = [
        {name: value for name, value in asdict(case).items() if name != "by_hand"}
        for case in draw(session)
    ]
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in told)
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
