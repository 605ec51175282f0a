"""Who watches what, the news of it, and how each member wants to be told."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import RECORDABLE, Base, app_now


class Follow(Base):
    __tablename__ = "follows"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, index=True
    )
    since: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class Shape(enum.StrEnum):
    AREA = "area"
    WAY = "way"


class Delivery(enum.StrEnum):
    """How news reaches a member beside the inbox."""

    SITE = "site"
    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"


class MailKind(enum.StrEnum):
    """The kinds of mail that one can end one by one."""

    NOW = "now"
    DIGEST = "digest"
    STILL_THERE = "still_there"


class Watch(Base):
    """An area (polygons, or a point with `distance_m` round it) or a way (lines, and as far as
    `distance_m` from them). `geom` is cut at the antimeridian; `reach` is the box or boxes that
    hold all it watches, which the index answers."""

    __tablename__ = "watches"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    name: Mapped[str]
    shape: Mapped[str]
    geom: Mapped[Any] = mapped_column(
        Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False
    )
    reach: Mapped[Any] = mapped_column(
        Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False
    )
    distance_m: Mapped[float] = mapped_column(sa.Float, server_default="0")
    kinds: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")  # empty: all
    least: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    paused_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("shape IN ('area', 'way')", name="shape"),
        sa.CheckConstraint("least BETWEEN 0 AND 10", name="least"),
        sa.CheckConstraint("distance_m >= 0", name="distance"),
        sa.CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        sa.Index(
            "ix_watches_reach",
            "reach",
            postgresql_using="gist",
            postgresql_where=sa.text("paused_at IS NULL"),
        ),
    )


class News(Base):
    """One thing that one member is told about one report, once: `what` with `cause` (a day or a
    moment, as ISO 8601) is unique, whatever it came through. `mail` is the kind of mail that it
    waits for and `push` whether it goes to browsers, neither before `not_before`; `batch` is the
    mail it was handed to, `pushed_at` when it was handed to the pushing jobs."""

    __tablename__ = "news"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    # What it is about: a report or, with `what` `told`, a notification of the inbox.
    report_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"))
    notification_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("notifications.id", ondelete="CASCADE")
    )
    what: Mapped[str]
    cause: Mapped[str] = mapped_column(server_default="")
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    watch_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("watches.id", ondelete="SET NULL"), index=True
    )
    mail: Mapped[str | None]
    push: Mapped[bool] = mapped_column(server_default=sa.false())
    not_before: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    batch: Mapped[str | None]
    pushed_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now(), index=True)
    __table_args__ = (
        sa.UniqueConstraint("member_id", "report_id", "what", "cause"),
        sa.CheckConstraint("mail IN ('now', 'digest', 'still_there')", name="mail"),
        sa.CheckConstraint("num_nonnulls(report_id, notification_id) = 1", name="about"),
        sa.Index(
            "uq_news_notification_id",
            "notification_id",
            unique=True,
            postgresql_where=sa.text("notification_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_news_waiting_mail",
            "not_before",
            postgresql_where=sa.text("mail IN ('now', 'still_there') AND batch IS NULL"),
        ),
        sa.Index(
            "ix_news_waiting_digest",
            "member_id",
            postgresql_where=sa.text("mail = 'digest' AND batch IS NULL"),
        ),
        sa.Index(
            "ix_news_waiting_push",
            "not_before",
            postgresql_where=sa.text("push AND pushed_at IS NULL"),
        ),
        sa.Index("ix_news_batch", "batch", postgresql_where=sa.text("batch IS NOT NULL")),
    )


class MailChoice(Base):
    """How a member wants to be told; without a row only in the inbox, and by the question whether a
    report is still there. Hours are the reader's, 0 to 23; equal ones mean no quiet hours;
    `weekday` 0 is Monday."""

    __tablename__ = "mail_choices"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    delivery: Mapped[str] = mapped_column(server_default=Delivery.SITE)
    still_there: Mapped[bool] = mapped_column(server_default=sa.true())
    hour: Mapped[int] = mapped_column(sa.SmallInteger, server_default="8")
    weekday: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    quiet_from: Mapped[int] = mapped_column(sa.SmallInteger, server_default="22")
    quiet_until: Mapped[int] = mapped_column(sa.SmallInteger, server_default="7")
    digest_due_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.CheckConstraint("delivery IN ('site', 'now', 'daily', 'weekly')", name="delivery"),
        sa.CheckConstraint(
            "hour BETWEEN 0 AND 23 AND weekday BETWEEN 0 AND 6"
            " AND quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23",
            name="hours",
        ),
        sa.CheckConstraint(
            "(delivery IN ('daily', 'weekly')) = (digest_due_at IS NOT NULL)", name="digest_due"
        ),
        sa.Index(
            "ix_mail_choices_digest_due_at",
            "digest_due_at",
            postgresql_where=sa.text("digest_due_at IS NOT NULL"),
        ),
    )


class MailAttempt(Base):
    """Each beginning and each refusal of sending a batch, appended by `record()`. More beginnings
    than refusals: it was sent, or that is unknown, and it is not sent again."""

    __tablename__ = "mail_attempts"
    batch: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(primary_key=True)  # begun or refused
    at: Mapped[dt.datetime] = mapped_column(server_default=app_now(), index=True)
    __table_args__ = ({"info": RECORDABLE},)


class PushSubscription(Base):
    """One browser that may be pushed to, for as long as it is signed in. `endpoint` is what the
    browser's push service gave; with `p256dh` and `auth` (base64url) only the browser can read what
    is sent there."""

    __tablename__ = "push_subscriptions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    session_id: Mapped[int] = mapped_column(
        sa.ForeignKey("member_sessions.id", ondelete="CASCADE"), index=True
    )
    endpoint: Mapped[str] = mapped_column(unique=True)
    p256dh: Mapped[str]
    auth: Mapped[str]
    user_agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    delivered_at: Mapped[dt.datetime | None]
