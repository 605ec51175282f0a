"""A database with the search's whole world: real extracts (streets and named places of them), the
bundled cities, and a few members, brands, reports and reviews."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import sqlalchemy as sa

from ugc.cli.main import load_cities
from ugc.config import ROOT
from ugc.core import subjects
from ugc.core.db import Session, transaction
from ugc.demo import REVIEWS, TEXTS
from ugc.places.jobs import bring_places
from ugc.streets.actions import loading as streets_loading
from ugc.streets.actions import naming as streets_naming_actions
from ugc.streets.actions import reading as streets_reading
from ugc.streets.models import Step

EXTRACTS = {
    "andorra": "andorra-2025-01-19.osm.pbf",
    "melilla": "melilla-2024-05-24.osm.pbf",
    "liechtenstein": "liechtenstein-2022-07-24.osm.pbf",
    "helsinki": "Helsinki.osm.pbf",
}
# Where the files may lie, first found first taken; BOCA_EXTRACTS adds folders.
FOLDERS = ("tests/data", "var/extracts", "var/data/extracts", "../shared/data/osm")


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
    header = streets_reading.header_of(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    load = streets_loading.begin(session, code, file, sha256, header.box, header.data_at)
    streets_reading.read(session, load.id, file, None, lambda _seen: None)
    streets_naming_actions.name_streets(session, load.id)
    # It goes with its transaction, which here is one for all.
    session.execute(sa.text("DROP TABLE IF EXISTS made_streets"))
    streets_loading.advance(session, load.id, Step.DRAWN)
    streets_loading.drop_drawing(session, load.id)
    streets_loading.show(session, load.id)


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


def build(files: dict[str, Path]) -> None:
    """Everything, into a database that the migrations made."""
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        load_cities(session)
        add_people(session)
        for code, file in files.items():
            load_extract(session, code, file)
    for code in files:
        bring_places(code)
        with transaction() as session:
            add_texts(session, code)
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))
