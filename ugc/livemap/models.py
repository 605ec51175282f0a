"""What is on the map now, folded from reports and places (`actions.fold`), and counts of it.

All of it can be computed from them again (`actions.rebuild`). A quad is a Web Mercator tile number
with interleaved bits: the cell above is `quad >> 2`, what is below a cell is one range of quads."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base


class MapPoint(Base):
    """A thing that the public sees on the map, as the cells count it: `quad` of level 20, `lon` and
    `lat` in millionths of a degree (WGS 84), `sure` when it is likely (`rules.SURE`), `next_at`
    when time alone changes something."""

    __tablename__ = "map_points"
    subject_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, autoincrement=False
    )
    layer: Mapped[str]
    kind: Mapped[str]
    sure: Mapped[bool]
    quad: Mapped[int]
    lon: Mapped[int]
    lat: Mapped[int]
    next_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    __table_args__ = (sa.Index("ix_map_points_layer_quad", "layer", "quad"),)


class MapCell(Base):
    """How many points of a kind lie in a cell, and the sums of their positions."""

    __tablename__ = "map_cells"
    layer: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    quad: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    sure: Mapped[bool] = mapped_column(primary_key=True)
    n: Mapped[int]
    lon_sum: Mapped[int]
    lat_sum: Mapped[int]


class MapAggregation(Base):
    """The one row that says up to where the changes are folded; the process that folds locks it."""

    __tablename__ = "map_aggregations"
    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    system: Mapped[int | None]
    snapshot: Mapped[str | None]
    aggregated_at: Mapped[dt.datetime | None]
    __table_args__ = (sa.CheckConstraint("id = 1", name="one"),)
