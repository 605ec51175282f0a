"""Tables of loaded extracts. Every row belongs to one load of one file; only those of loads that
are shown are read."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base
from ugc.geography import geo

BOCA = "boca"  # the schema of tiles that are drawn here


class Step(StrEnum):
    """How far a load came."""

    BEGUN = "begun"
    READ = "read"
    NAMED = "named"
    DRAWN = "drawn"
    SHOWN = "shown"


def _shape(kind: str) -> Any:
    return Geometry(kind, srid=4326, spatial_index=False)


def _gist(table: str, column: str = "geom") -> sa.Index:
    return sa.Index(f"ix_{table}_{column}", column, postgresql_using="gist")


def _extract_id() -> Any:
    return mapped_column(sa.ForeignKey("extracts.id", ondelete="CASCADE"), index=True)


class Extract(Base):
    """One load of one file. `code` names the city; at most one load of a code is shown, and at most
    one other is being made. `box` is west, south, east, north in degrees; `data_at` is when the
    file's data were true, None when it does not say; `archive` is the name of the tiles' file.
    `schema` is that of the tiles: `boca` of those that are drawn here; one of `openmaptiles` is an
    operator's own archive, which has no streets, addresses or towns, and whose map names `credit`
    beside OpenStreetMap.

    `home` is where a map of the city begins: degrees, and a zoom of 512-pixel tiles. `languages`
    are those of its country (BCP 47), the most common first; `country` and `region` (ISO 3166-1,
    and the part of ISO 3166-2 after the stroke) are those of its public holidays."""

    __tablename__ = "extracts"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    code: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    schema: Mapped[str] = mapped_column(server_default=BOCA)
    step: Mapped[str] = mapped_column(server_default="begun")
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    data_at: Mapped[dt.datetime | None]
    archive: Mapped[str | None]
    credit: Mapped[str | None]
    home_lon: Mapped[float | None]
    home_lat: Mapped[float | None]
    home_zoom: Mapped[float | None]
    languages: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    country: Mapped[str | None]
    region: Mapped[str | None]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    begun_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.now())
    shown_at: Mapped[dt.datetime | None]
    # Up to which subject's id those in the box got their address from this load; when all had.
    addressed_id: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    addressed_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.Index(
            "uq_extracts_shown", "code", unique=True, postgresql_where=sa.text("step = 'shown'")
        ),
        sa.Index(
            "uq_extracts_begun", "code", unique=True, postgresql_where=sa.text("step <> 'shown'")
        ),
        sa.CheckConstraint(
            "step IN ('begun', 'read', 'named', 'drawn', 'shown')", name="ck_extracts_step"
        ),
        sa.CheckConstraint("west < east AND south < north", name="ck_extracts_box"),
    )


class Road(Base):
    """A way that a street, an address or a corner is made of. `way` is OpenStreetMap's id, negative
    for the ring of a square; `oneway` is 1 along its points, -1 against them, 0 both ways."""

    __tablename__ = "roads"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    way: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str]
    name: Mapped[str | None]
    ref: Mapped[str | None]
    names: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    oneway: Mapped[int] = mapped_column(sa.SmallInteger)
    street_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    geom: Mapped[Any] = mapped_column(_shape("LINESTRING"))
    __table_args__ = (_gist("roads"),)


class Street(Base):
    """Roads of one name that are not farther than 150 m from each other; `rank` is the place of its
    widest road in `rules.tags.ROAD_KINDS`. Ids do not outlive the next load: nothing holds them."""

    __tablename__ = "streets"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    name: Mapped[str]
    metres: Mapped[float]
    rank: Mapped[int] = mapped_column(sa.SmallInteger)
    town: Mapped[str | None]
    quarter: Mapped[str | None]
    centre: Mapped[Any] = geo.point_column(nullable=False)
    geom: Mapped[Any] = mapped_column(_shape("MULTILINESTRING"))
    __table_args__ = (_gist("streets"),)


class StreetName(Base):
    """A name of a street as searches compare it: `key` without accents and capitals, `core` without
    the kind of street and articles."""

    __tablename__ = "street_names"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    street_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    key: Mapped[str] = mapped_column(index=True)
    core: Mapped[str]
    __table_args__ = (
        sa.Index(
            "ix_street_names_core", "core",
            postgresql_using="gin", postgresql_ops={"core": "gin_trgm_ops"},
        ),
    )  # fmt: skip


class Address(Base):
    """A house number. `osm` is n, w or r and OpenStreetMap's id."""

    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    osm: Mapped[str]
    number: Mapped[str]
    street: Mapped[str]
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    street_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    geom: Mapped[Any] = geo.point_column(nullable=False)
    __table_args__ = (_gist("addresses"),)


class Locality(Base):
    """A town, a part of one, or an area of administration (`kind` admin with its `level`)."""

    __tablename__ = "localities"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    osm: Mapped[str]
    kind: Mapped[str]
    level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    name: Mapped[str]
    names: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    population: Mapped[int | None] = mapped_column(sa.BigInteger)
    geom: Mapped[Any] = mapped_column(_shape("GEOMETRY"))
    __table_args__ = (
        _gist("localities"),
        sa.Index(
            "ix_localities_key_trgm",
            sa.text("locality_key(name, names) gin_trgm_ops"),
            postgresql_using="gin",
        ),
    )


class ExtractPlace(Base):
    """A named thing of a load that may be a place: what the file says, within bounds. `kinds` are
    `key=value` (rules.things), `geom` lies inside of an area; `content_hash` changes with anything
    that is said. It goes with its load: places hold `osm`."""

    __tablename__ = "extract_places"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    osm: Mapped[str] = mapped_column(index=True)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    name: Mapped[str]
    names: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    street: Mapped[str]
    number: Mapped[str]
    postcode: Mapped[str]
    city: Mapped[str]
    phone: Mapped[str]
    website: Mapped[str]
    opening_hours: Mapped[str]
    content_hash: Mapped[str]
    geom: Mapped[Any] = mapped_column(_shape("POINT"))


class Corner(Base):
    """Where ways of two streets share a node: a bridge over a road is none."""

    __tablename__ = "corners"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    extract_id: Mapped[int] = _extract_id()
    street_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    geom: Mapped[Any] = geo.point_column(nullable=False)
    __table_args__ = (_gist("corners"),)


class SubjectAddress(Base):
    """Where a report or a place is, as parts that `rules.wording` puts into words: "" when unknown;
    `side` is 1 to the right of the road's points, -1 to the left, 0 unknown; `is_exact` tells that
    the number is known there. Made of the point that all may see, by triggers (`note_address`);
    `extract_id` is the load that said it, which the next one replaces."""

    __tablename__ = "subject_addresses"
    subject_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    street: Mapped[str] = mapped_column(server_default="")
    number: Mapped[str] = mapped_column(server_default="")
    corner: Mapped[str] = mapped_column(server_default="")
    before: Mapped[str] = mapped_column(server_default="")
    after: Mapped[str] = mapped_column(server_default="")
    quarter: Mapped[str] = mapped_column(server_default="")
    town: Mapped[str] = mapped_column(server_default="")
    is_exact: Mapped[bool] = mapped_column(server_default=sa.false())
    side: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    extract_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    extract_code: Mapped[str]
    data_at: Mapped[dt.datetime | None]
    __table_args__ = (sa.CheckConstraint("side IN (-1, 0, 1)", name="side"),)
