"""Fingerprints of joining, fraud scores, rings, clearings and appeals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now

RING_KIND = "ring"
APPEAL_KIND = "appeal"


class Fingerprint(Base):
    """What a member joined or signed in with, as a keyed hash that cannot be read back: `network`
    (a /24, or a /48 of IPv6), `browser` (network and browser together), `mailbox` (the address
    without its +tag and dots), `disposable` (a mail domain of the list). Kept for 90 days after it
    was last seen."""

    __tablename__ = "fingerprints"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    first_seen_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    last_seen_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("kind IN ('network', 'browser', 'mailbox', 'disposable')", name="kind"),
        sa.Index("ix_fingerprints_kind_hash", "kind", "hash", "member_id"),
        sa.Index("ix_fingerprints_last_seen_at", "last_seen_at"),
    )


class FraudScore(Base):
    """How much a member is doubted, 0 to 100, and why: `reasons` is a list of {code, points, n,
    with} (`with` are ids of others that it stands on). A member without a row is not doubted."""

    __tablename__ = "fraud_scores"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    scored_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.Index("ix_fraud_scores_score", "score"),)


class Ring(Base):
    """Doubted members who hang together: the subject of a case. `ties` are [kind, id, id] as they
    were when it was found, for the fingerprints behind them are forgotten."""

    __tablename__ = "rings"
    id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, autoincrement=False
    )
    ties: Mapped[list[list[Any]]] = mapped_column(JSONB, server_default="[]")
    found_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class RingMember(Base):
    """One of a ring, with the score and reasons that brought them there. `outcome` is None while
    undecided, then `false` or `cleared`, or `gone` when they left first. `taken` are the ledger
    entries with which a decision took points back, for an appeal that is granted."""

    __tablename__ = "ring_members"
    ring_id: Mapped[int] = mapped_column(sa.ForeignKey("rings.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    outcome: Mapped[str | None]
    decision_id: Mapped[int | None] = mapped_column(sa.ForeignKey("decisions.id"))
    decided_at: Mapped[dt.datetime | None]
    taken: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    # Until when the decision suspended them; None: it did not.
    suspended_until: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.CheckConstraint("outcome IN ('false', 'cleared', 'gone')", name="outcome"),
        sa.Index(
            "uq_ring_members_open",
            "member_id",
            unique=True,
            postgresql_where=sa.text("outcome IS NULL"),
        ),
        sa.Index("ix_ring_members_member_id", "member_id"),
        sa.Index("ix_ring_members_decision_id", "decision_id"),
    )


class Clearing(Base):
    """What a moderator has looked at and found to be nothing: the points that a reason had then,
    and the members it stood on. The same is not held against the member again."""

    __tablename__ = "clearings"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(sa.SmallInteger)
    with_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    cleared_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class Appeal(Base):
    """The one objection of a member who was found to be false; a case of its own, decided by
    another moderator."""

    __tablename__ = "appeals"
    id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, autoincrement=False
    )
    ring_id: Mapped[int]
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    text: Mapped[str]
    granted: Mapped[bool | None]
    appealed_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    decided_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["ring_id", "member_id"], ["ring_members.ring_id", "ring_members.member_id"]
        ),
        sa.UniqueConstraint("ring_id", "member_id"),
    )
