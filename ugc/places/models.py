"""Places and the brand that runs them."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.geography import geo
from ugc.moderation.models import Moderated, visibility_check

KIND = "place"
CLAIM_KIND = "place_claim"
# The source of places that were read from extracts of OpenStreetMap.
EXTRACT_SOURCE = "openstreetmap"


class Origin(enum.StrEnum):
    """What a fact of a place comes from, the strongest first."""

    MODERATOR = "moderator"
    BRAND = "brand"  # the team of the brand that runs the place
    MEMBER = "member"
    IMPORT = "import"
    EXTRACT = "extract"


TEXTS = ("name", "category", "address", "phone", "website", "opening_hours")
FIELDS = (*TEXTS, "point", "closed")


def _quoted(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


class Place(Moderated, Base):
    """`rating_*` are told by `reviews`: counts of published ratings 1 to 5. `website_since` says
    when the web address was written, None when that is not known; `website_by_id` by which
    member, None by an import. `closed_at` says since when it is known to be closed for good."""

    __tablename__ = "places"
    name: Mapped[str]
    category: Mapped[str]
    geom: Mapped[Any] = geo.point_column(nullable=False)
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"), index=True)
    address: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    website: Mapped[str] = mapped_column(server_default="")
    website_since: Mapped[dt.datetime | None]
    website_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    opening_hours: Mapped[str] = mapped_column(server_default="")
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    closed_at: Mapped[dt.datetime | None]
    rating_count: Mapped[int] = mapped_column(server_default="0")
    rating_sum: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        visibility_check(),
        sa.UniqueConstraint("source_id", "external_id"),
        sa.Index("ix_places_geom", "geom", postgresql_using="gist"),
        sa.Index(
            "ix_places_name_key_trgm",
            sa.text("name_key(name) gin_trgm_ops"),
            postgresql_using="gin",
        ),
        # Whether a telephone or a web address is known already.
        sa.Index("ix_places_phone", "phone", postgresql_where=sa.text("phone <> ''")),
        sa.Index("ix_places_website", "website", postgresql_where=sa.text("website <> ''")),
        # The best rated, and the mean of all, without reading the unrated many.
        sa.Index(
            "ix_places_rated",
            "rating_count",
            "rating_sum",
            postgresql_where=sa.text("rating_count > 0 AND visibility = 'published'"),
        ),
        sa.Index("ix_places_created_at_id", sa.text("created_at DESC"), sa.text("id DESC")),
    )


class PlaceObject(Base):
    """Which place a thing of an extract is: `osm` is n, w or r and OpenStreetMap's id. More than
    one thing may be of one place; `extract_code` names the city that last had it.

    `ended` tells what became of the place when no extract had the thing any more: `hidden`,
    `closed`, or `left` as it was; None while one has it."""

    __tablename__ = "place_objects"
    osm: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("places.id"), index=True)
    extract_code: Mapped[str] = mapped_column(index=True)
    content_hash: Mapped[str]
    ended: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.CheckConstraint("ended IN ('hidden', 'closed', 'left')", name="ended"),
        sa.CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="ended_at"),
    )


class PlaceFact(Base):
    """Where the value of a field, which stands in `places`, comes from and since when. A field
    without a row has the origin of its place and the time of its creation. `proposed` is what a
    weaker origin says instead, `refused` what was proposed before and not taken; both as
    `rules.facts.written` gives them. Written under the lock of the place."""

    __tablename__ = "place_facts"
    place_id: Mapped[int] = mapped_column(
        sa.ForeignKey("places.id"), primary_key=True, autoincrement=False
    )
    field: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    at: Mapped[dt.datetime]
    proposed: Mapped[str | None]
    proposed_origin: Mapped[str | None]
    proposed_at: Mapped[dt.datetime | None]
    refused: Mapped[list[str]] = mapped_column(
        sa.ARRAY(sa.Text), default=list, server_default=sa.text("'{}'")
    )
    __table_args__ = (
        sa.CheckConstraint(f"field IN ({_quoted(FIELDS)})", name="field"),
        sa.CheckConstraint(f"origin IN ({_quoted(tuple(Origin))})", name="origin"),
        sa.CheckConstraint(
            f"proposed_origin IN ({_quoted(tuple(Origin))})", name="proposed_origin"
        ),
        sa.CheckConstraint(
            "num_nulls(proposed, proposed_origin, proposed_at) IN (0, 3)", name="proposal_is_whole"
        ),
        sa.Index(
            "ix_place_facts_proposed",
            "proposed_at",
            "place_id",
            postgresql_where=sa.text("proposed IS NOT NULL"),
        ),
    )


class PlaceBrand(Base):
    """Who runs a place, since when and until when; one brand at a time (an exclusion)."""

    __tablename__ = "place_brands"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("places.id"), index=True)
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    since: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    until: Mapped[dt.datetime | None]
    added_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    __table_args__ = (
        sa.Index(
            "uq_place_brands_now",
            "place_id",
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
        ),
    )


class PlaceClaim(Moderated, Base):
    """A brand's team says that it runs a place. A case decides; until then nothing changes."""

    __tablename__ = "place_claims"
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("places.id"), index=True)
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    decided_at: Mapped[dt.datetime | None]
    __table_args__ = (
        visibility_check(),
        sa.Index(
            "uq_place_claims_open",
            "place_id",
            "brand_id",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
    )
