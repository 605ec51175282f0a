"""A database with the search's whole world: real extracts (streets and named places of them), the
bundled cities, and a few members, brands, reports and reviews."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import osmium
import sqlalchemy as sa
from osmium.filter import KeyFilter

from ugc.cli import load_cities
from ugc.config import ROOT
from ugc.core import subjects
from ugc.core.db import Session
from ugc.demo import REVIEWS, TEXTS
from ugc.streets import actions
from ugc.streets.actions import naming, reading
from ugc.streets.models import Step

EXTRACTS = {
    "andorra": "andorra-2025-01-19.osm.pbf",
    "melilla": "melilla-2024-05-24.osm.pbf",
    "liechtenstein": "liechtenstein-2022-07-24.osm.pbf",
    "helsinki": "Helsinki.osm.pbf",
}
# Where the files may lie, first found first taken; BOCA_EXTRACTS adds folders.
FOLDERS = ("tests/data", "var/extracts", "var/data/extracts")
NO_CATEGORY = "other"


def found_extracts() -> dict[str, Path]:
    """The files of `EXTRACTS` that are on this machine."""
    folders = [ROOT / name for name in FOLDERS]
    folders += [Path(name) for name in os.environ.get("BOCA_EXTRACTS", "").split(":") if name]
    files = {
        code: next((f / name for f in folders if (f / name).exists()), None)
        for code, name in EXTRACTS.items()
    }
    return {code: file for code, file in files.items() if file is not None}


def load_extract(session: Session, code: str, file: Path) -> None:
    """Streets, addresses and towns of an extract, shown without a map."""
    header = reading.header_of(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    load = actions.begin(session, code, file, sha256, header.box, header.data_at)
    reading.read(session, load.id, file, None, lambda _seen: None)
    naming.name_streets(session, load.id)
    # It goes with its transaction, which here is one for all.
    session.execute(sa.text("DROP TABLE IF EXISTS made_streets"))
    actions.advance(session, load.id, Step.DRAWN)
    actions.drop_drawing(session, load.id)
    actions.show(session, load.id)


def _categories() -> dict[tuple[str, str], str]:
    table = tomllib.loads((ROOT / "ugc/places/categories.toml").read_text(encoding="utf-8"))
    return {
        (key, value): code
        for code, row in table["categories"].items()
        if "=" in row["osm"]
        for key, _, value in [row["osm"].partition("=")]
    }


def named_things(file: Path) -> Iterator[tuple[str, str, float, float]]:
    """(name, category, lon, lat) of the named shops, amenities and sights of an extract."""
    categories = _categories()
    keys = ("amenity", "shop", "tourism", "historic", "leisure", "natural", "office")
    objects = osmium.FileProcessor(str(file)).with_locations().with_filter(KeyFilter(*keys))
    for each in objects:
        tags = dict(each.tags)
        name = tags.get("name")
        category = next(
            (categories[key, tags[key]] for key in keys if (key, tags.get(key)) in categories), None
        )
        if category is None and "shop" in tags:
            category = "shop"
        if not name or category is None:
            continue
        if each.is_node():
            yield name, category, each.location.lon, each.location.lat
        elif each.is_way():
            points = [node.location for node in each.nodes if node.location.valid()]
            if points:
                yield (
                    name, category, sum(p.lon for p in points) / len(points),
                    sum(p.lat for p in points) / len(points),
                )  # fmt: skip


def add_place(session: Session, name: str, category: str, lon: float, lat: float) -> int:
    place_id = subjects.create(session, "place").id
    session.execute(
        sa.text(
            "INSERT INTO places (id, name, category, geom) VALUES (:id, :name, :category,"
            " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
        ),
        {"id": place_id, "name": name, "category": category, "lon": lon, "lat": lat},
    )
    return int(place_id)


MEMBERS = (("lucia-vela", "Lucía Vela"), ("marc-puig", "Marc Puig"), ("aino-virta", ""))
BRANDS = ("Mora", "Norte Bicis", "Farmacias Faro")


def add_people(session: Session) -> None:
    """Members whose address is confirmed, and brands."""
    for handle, name in MEMBERS:
        session.execute(
            sa.text(
                "INSERT INTO members (id, handle, name, email, email_confirmed_at)"
                " VALUES (:id, :handle, :name, :mail, now())"
            ),
            {
                "id": subjects.create(session, "member").id,
                "handle": handle,
                "name": name,
                "mail": f"{handle}@example.org",
            },
        )
    for name in BRANDS:
        session.execute(
            sa.text("INSERT INTO brands (id, name) VALUES (:id, :name)"),
            {"id": subjects.create(session, "brand").id, "name": name},
        )


def add_texts(session: Session, code: str) -> None:
    """The demo world's sentences: a report of each kind and five reviews at places of the city."""
    box = session.execute(
        sa.text("SELECT west, south, east, north FROM extracts WHERE code = :code"), {"code": code}
    ).one()
    lon, lat = (box.west + box.east) / 2, (box.south + box.north) / 2
    for step, (kind, (spanish, english)) in enumerate(TEXTS.items()):
        session.execute(
            sa.text(
                "INSERT INTO reports (id, kind, text, geom, expires_at) VALUES (:id, :kind, :text,"
                " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), now() + interval '1 day')"
            ),
            {
                "id": subjects.create(session, "report").id, "kind": kind,
                "text": english if step % 3 == 0 else spanish, "lon": lon + step / 1000, "lat": lat,
            },
        )  # fmt: skip
    places = session.scalars(
        sa.text(
            "SELECT id FROM places WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north,"
            " 4326) ORDER BY md5(name) LIMIT 5"
        ),
        box._asdict(),
    ).all()
    for place, (rating, (spanish, english)) in zip(places, REVIEWS.items(), strict=False):
        session.execute(
            sa.text(
                "INSERT INTO reviews (id, place_id, rating, text)"
                " VALUES (:id, :place, :rating, :text)"
            ),
            {
                "id": subjects.create(session, "review").id, "place": place, "rating": rating,
                "text": english if rating % 2 else spanish,
            },
        )  # fmt: skip


def build(session: Session, files: dict[str, Path]) -> None:
    """Everything, into a database that the migrations made."""
    load_cities(session)
    add_people(session)
    for code, file in files.items():
        load_extract(session, code, file)
        for name, category, lon, lat in named_things(file):
            add_place(session, name[:120], category, lon, lat)
        add_texts(session, code)
    session.flush()
    session.execute(sa.text("ANALYZE"))
