"""Members, their sessions, one-time tokens and suspensions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, array
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import people
from ugc.core.db import RECORDABLE, Base, app_now

KIND = "member"


class WhoType(sa.types.TypeDecorator[people.Who]):
    """An array of handle, name and key of the picture, read as a `Who`."""

    impl = ARRAY(sa.Text)
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: Any) -> people.Who | None:
        return people.of_row(value)


class Member(Base):
    """`id` is the subject's. An erased member keeps the row (the referral tree needs the node)
    without anything that names the person. Imported authors have no e-mail and cannot sign in."""

    __tablename__ = "members"
    id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, autoincrement=False
    )
    handle: Mapped[str | None] = mapped_column(CITEXT, unique=True)
    # Chosen beside the handle, in any letters; '' for none. `who` says whether it is shown.
    name: Mapped[str] = mapped_column(server_default="")
    # The key of the photo that all may see of the member (media); None: the initials are drawn.
    picture: Mapped[str | None]
    # As `core.identity.email` spells it. One account has it confirmed; others may have typed it.
    email: Mapped[str | None] = mapped_column(CITEXT, index=True)
    email_confirmed_at: Mapped[dt.datetime | None]
    password_hash: Mapped[str | None]
    # Read by the release before profiles only; a later migration drops it.
    about: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="en")
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    # Whether contacts of the 2nd and 3rd degree may see the handle.
    shown_to_far_contacts: Mapped[bool] = mapped_column(server_default=sa.false())
    # What the profile lists to others (`rules.Listing`).
    profile_lists: Mapped[str] = mapped_column(server_default="days")
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sources.id"))
    external_id: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(server_default=sa.false())
    joined_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    suspended_until: Mapped[dt.datetime | None]
    erased_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.CheckConstraint("language ~ '^[a-z]{2,3}$'", name="language"),
        sa.CheckConstraint("profile_lists IN ('nothing', 'days', 'all')", name="profile_lists"),
        sa.CheckConstraint(
            "erased_at IS NULL OR (handle IS NULL AND email IS NULL AND password_hash IS NULL)",
            name="erased_is_anonymous",
        ),
        sa.UniqueConstraint("source_id", "external_id"),
        sa.Index(
            "ix_members_suspended_until",
            "suspended_until",
            postgresql_where=sa.text("suspended_until IS NOT NULL"),
        ),
        sa.Index(
            "ix_members_called_trgm",
            sa.text("name_key(handle::text || ' ' || name) gin_trgm_ops"),
            postgresql_using="gin",
            postgresql_where=sa.text("handle IS NOT NULL"),
        ),
        sa.Index(
            "uq_members_email_confirmed",
            "email",
            unique=True,
            postgresql_where=sa.text("email_confirmed_at IS NOT NULL"),
        ),
    )

    @hybrid_property
    def who(self) -> people.Who | None:
        """How pages name the member, None of an erased one; of a row that was read, without regard
        to what may be shown: for the member's own eyes."""
        return people.Who(self.handle, self.name, self.picture or "") if self.handle else None

    @who.inplace.expression
    @classmethod
    def _who(cls) -> sa.ColumnElement[people.Who | None]:
        """As `people.WHO_SQL`."""
        shown = sa.and_(
            cls.email_confirmed_at.is_not(None),
            sa.or_(cls.suspended_until.is_(None), cls.suspended_until <= app_now()),
        )
        parts = (
            sa.cast(cls.handle, sa.Text),
            sa.case((shown, cls.name), else_=""),
            sa.case((shown, sa.func.coalesce(cls.picture, "")), else_=""),
        )
        return sa.type_coerce(sa.case((cls.handle.is_not(None), array(parts))), WhoType)


class MemberName(Base):
    """A name that a member had beside the handle, or '' when it went. `by_id` is the moderator who
    took it away, with the rule's code and the note for the member; None: the member's own act."""

    __tablename__ = "member_names"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    name: Mapped[str]
    set_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    rule: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")


class Suspension(Base):
    """A member may only read, export and erase until `until` (None: without end), by a moderator,
    or by the operator when `by_id` is None. Append-only; `cause` is `moderator`, `operator` or
    `decision:<id>`. `members.suspended_until` repeats the end of the one that ends last."""

    __tablename__ = "suspensions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    reason: Mapped[str]
    until: Mapped[dt.datetime | None]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    cause: Mapped[str] = mapped_column(server_default="moderator")
    suspended_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class SuspensionNote(Base):
    """What the moderator wrote to the member, in a row of its own that can go."""

    __tablename__ = "suspension_notes"
    suspension_id: Mapped[int] = mapped_column(
        sa.ForeignKey("suspensions.id"), primary_key=True, autoincrement=False
    )
    note: Mapped[str]


class SuspensionLift(Base):
    """A suspension was ended before its time. Append-only; `by_id` and `cause` as there."""

    __tablename__ = "suspension_lifts"
    suspension_id: Mapped[int] = mapped_column(
        sa.ForeignKey("suspensions.id"), primary_key=True, autoincrement=False
    )
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    cause: Mapped[str] = mapped_column(server_default="moderator")
    lifted_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class Grant(Base):
    """A member holds a role over the site (no `subject_id`) or a brand. A moderator's may be
    limited to content of a city, a language or a kind. A row ends and is never deleted;
    `given_by_id` and `ended_by_id` are None for the operator and for migrations."""

    __tablename__ = "grants"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    role: Mapped[str]
    subject_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    language: Mapped[str | None]
    kind: Mapped[str | None]
    starts_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    until: Mapped[dt.datetime | None]
    given_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    given_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    reason: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[dt.datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    end_reason: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        sa.CheckConstraint(
            "CASE WHEN subject_id IS NULL THEN role IN ('administrator', 'moderator')"
            " ELSE role IN ('owner', 'manager', 'replier', 'analyst') END",
            name="role",
        ),
        sa.CheckConstraint(
            "role = 'moderator' OR (city_id IS NULL AND language IS NULL AND kind IS NULL)",
            name="limits",
        ),
        sa.CheckConstraint("until > starts_at", name="until"),
        sa.Index(
            "uq_grants_open_brand",
            "member_id",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL AND subject_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_grants_open_site",
            "member_id",
            "role",
            "city_id",
            "language",
            "kind",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("ended_at IS NULL AND subject_id IS NULL"),
        ),
    )


class UsedHandle(Base):
    """Handles are never used again, so that no one can pose as a member who left."""

    __tablename__ = "used_handles"
    handle: Mapped[str] = mapped_column(CITEXT, primary_key=True)


class MemberSession(Base):
    """One signed-in browser. The cookie holds a random token; here is its SHA-256."""

    __tablename__ = "member_sessions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class AccountToken(Base):
    """A link in a mail, good once: `purpose` is `confirm`, `reset`, `mail_new` or `mail_old`;
    SHA-256 of the token. It is bound to the address it was sent to."""

    __tablename__ = "account_tokens"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    purpose: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(CITEXT)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class MailChange(Base):
    """A member asked for another address. It is made when the new one and, unless it was never
    confirmed (then `old_email` is null), the old one agreed; at most one is open."""

    __tablename__ = "mail_changes"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    old_email: Mapped[str | None] = mapped_column(CITEXT)
    new_email: Mapped[str] = mapped_column(CITEXT)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    old_confirmed_at: Mapped[dt.datetime | None]
    new_confirmed_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]


class RequestedMail(Base):
    """Mails that a request caused, for the limit by recipient: `who` is a keyed hash of the
    mailbox. Kept a day."""

    __tablename__ = "requested_mails"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    who: Mapped[str]
    purpose: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.Index("ix_requested_mails_who_purpose_at", "who", "purpose", "at"),)


class SignInAttempt(Base):
    """Failed sign-ins, appended by `record()`: `who` is a keyed hash of an account, a network, both
    together, or a known browser."""

    __tablename__ = "sign_in_attempts"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    who: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.Index("ix_sign_in_attempts_who_at", "who", "at"), {"info": RECORDABLE})
