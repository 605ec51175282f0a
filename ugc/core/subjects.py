"""Subjects: every thing that can be flagged, shared, photographed or followed shares its key with
one row here, so that flags, cases, photos, links and watches have real foreign keys, and one
cursor tells what changed.

The change feed: `touch()` stamps a subject with its transaction's id. A reader takes rows whose
transaction is older than every running one (`pg_snapshot_xmin`), in order of (txid, id): late
commits are never skipped, and hidden things appear as tombstones. See docs/decisions."""

from __future__ import annotations

import datetime as dt
import enum
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import texts
from ugc.core.db import Base, Session, app_now, built_once, note_now, read_so_far
from ugc.core.errors import NotFound

# No vowels and no look-alikes: codes cannot spell words and survive being read aloud.
ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"
PUBLIC_ID_LENGTH = 12
SITE_PUBLIC_ID = "site"


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, as an integer."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "xid8"

    def result_processor(self, _dialect: Any, _coltype: Any) -> Callable[[Any], int | None]:
        return lambda value: None if value is None else int(value)


class Subject(Base):
    __tablename__ = "subjects"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    kind: Mapped[str]
    public_id: Mapped[str] = mapped_column(unique=True)
    # A merged thing keeps its address and leads to the one it was merged into.
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"))
    visible: Mapped[bool] = mapped_column(server_default=sa.true())
    # Whether it ever was visible (a trigger): the change feed has tombstones of such things alone.
    was_public: Mapped[bool] = mapped_column(server_default=sa.false())
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    changed_txid: Mapped[int] = mapped_column(Xid8, server_default=sa.text("pg_current_xact_id()"))
    __table_args__ = (
        sa.Index("ix_subjects_feed", "kind", "changed_txid", "id"),
        sa.Index("ix_subjects_changed_at", "kind", "changed_at"),
        sa.CheckConstraint("merged_into_id <> id", name="not_merged_into_itself"),
    )


def new_code(length: int = PUBLIC_ID_LENGTH) -> str:
    """A random code; 12 characters carry 57 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def create(session: Session, kind: str, *, visible: bool = True) -> Subject:
    """A new subject with a random public id, flushed so that its `id` is known."""
    subject = Subject(kind=kind, public_id=new_code(), visible=visible)
    session.add(subject)
    session.flush()
    return subject


def touch(session: Session, subject_id: int, *, visible: bool | None = None) -> None:
    """Says that the subject changed: it moves to the end of the change feed. With `visible`,
    readers of the feed see it appear or get a tombstone."""
    touch_all(session, [subject_id], visible=visible)


def touch_all(
    session: Session, ids: Sequence[int] | sa.Select[int], *, visible: bool | None = None
) -> None:
    """As `touch`, of many."""
    values: dict[str, Any] = {
        "changed_at": app_now(),
        "changed_txid": sa.text("pg_current_xact_id()"),
    }
    if visible is not None:
        values["visible"] = visible
    session.execute(sa.update(Subject).where(Subject.id.in_(ids)).values(**values))


def site(session: Session) -> Subject:
    """The site itself, which can be shared like anything else."""
    return session.scalars(sa.select(Subject).where(Subject.public_id == SITE_PUBLIC_ID)).one()


@built_once
def _by_public_id() -> Any:
    """With the time, which most pages of a thing ask for."""
    return sa.select(Subject, app_now()).where(Subject.public_id == sa.bindparam("public_id"))


def resolve(session: Session, public_id: str, kind: str | None = None) -> Subject:
    """The subject behind an address, following merges. Raises NotFound."""
    seen: set[int] = set()
    read = read_so_far("subjects")
    if public_id not in read:
        row = session.execute(_by_public_id(), {"public_id": public_id}).first()
        read[public_id] = None if row is None else row[0]
        if row is not None:
            note_now(row[1])
    subject: Subject | None = read[public_id]
    if subject is not None and kind is not None and subject.kind != kind:
        subject = None
    while subject is not None and subject.merged_into_id and subject.id not in seen:
        seen.add(subject.id)
        subject = session.get(Subject, subject.merged_into_id)
    if subject is None:
        raise NotFound()
    return subject


@dataclass(frozen=True)
class SubjectInfo:
    """What a lower page may show of a higher thing; `where` is the name of its city or place, ''
    when there is none or the title says it; `address` its street and town, '' when not known."""

    id: int
    kind: str
    public_id: str
    title: str
    url: str
    where: str = ""
    address: str = ""

    @property
    def named(self) -> str:
        """What it is and where, in the language in force, for use inside a sentence."""
        if self.address:
            return gettext(
                "%(title)s at %(address)s",
                title=texts.isolated(str(self.title)),
                address=texts.isolated(self.address),
            )
        if not self.where:
            return texts.isolated(str(self.title))
        return gettext(
            "%(title)s in %(where)s",
            title=texts.isolated(str(self.title)),
            where=texts.isolated(self.where),
        )


@dataclass(frozen=True)
class Kind:
    """What a capability registers about its subjects: `describe` maps ids to infos, leaving out
    what the public may not see; `describe_own` leaves in what only the author (a member's id) still
    sees; `noun` is the translated name of the kind."""

    name: str
    noun: Any
    describe: Callable[[Session, Iterable[int]], list[SubjectInfo]]
    describe_own: Callable[[Session, Iterable[int], int], list[SubjectInfo]] | None = None


_kinds: dict[str, Kind] = {}


def kinds() -> list[str]:
    """The kinds of subjects that are registered, by name."""
    return list(_kinds)


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def kind_of(name: str) -> Kind:
    return _kinds[name]


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> dict[int, SubjectInfo]:
    """Infos of subjects that all may see, or that this author still sees, by id, whatever their
    kinds, in one query per kind."""
    wanted = set(ids)
    # Titles are in the language in force, which a page may change for one of its parts.
    read = read_so_far(f"described_{author_id}_{get_locale()}")
    if missing := wanted - read.keys():
        read |= dict.fromkeys(missing) | _describe(session, missing, author_id)
    return {each: info for each, info in read.items() if each in wanted and info is not None}


def _describe(
    session: Session, ids: Iterable[int], author_id: int | None
) -> dict[int, SubjectInfo]:
    by_kind: dict[str, list[int]] = {}
    rows = session.execute(sa.select(Subject.id, Subject.kind).where(Subject.id.in_(list(ids))))
    for subject_id, kind in rows:
        by_kind.setdefault(kind, []).append(subject_id)
    found: dict[int, SubjectInfo] = {}
    for kind, subject_ids in by_kind.items():
        registered = _kinds.get(kind)
        if registered is None:
            continue
        if author_id is not None and registered.describe_own is not None:
            infos = registered.describe_own(session, subject_ids, author_id)
        else:
            infos = registered.describe(session, subject_ids)
        found |= {info.id: info for info in infos}
    return found


def describe_one(session: Session, subject: Subject) -> SubjectInfo | None:
    """`describe` of one that was read already; None for what not all may see."""
    registered = _kinds.get(subject.kind)
    infos = registered.describe(session, [subject.id]) if registered else []
    return infos[0] if infos else None


class Transition(Base):
    """A change of a thing's state or visibility, never edited: `field` is `state` or
    `visibility`; `reason` is a code; `actor` is `Actor.reference`."""

    __tablename__ = "transitions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    field: Mapped[str]
    old: Mapped[str | None]
    new: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    # Transitions back after an end, with their actor: there are limits to that.
    __table_args__ = (
        sa.Index(
            "ix_transitions_opened_again",
            "actor",
            "at",
            postgresql_where=sa.text("old IS NOT NULL AND new = 'open'"),
        ),
    )


class TransitionNote(Base):
    """The free text of a transition (why a report was reopened, an official answer), in a row that
    can go."""

    __tablename__ = "transition_notes"
    transition_id: Mapped[int] = mapped_column(
        sa.ForeignKey("transitions.id"), primary_key=True, autoincrement=False
    )
    note: Mapped[str]


def log_transition(
    session: Session,
    subject_id: int,
    field: str,
    old: str | None,
    new: str,
    *,
    reason: str,
    actor: str,
    note: str = "",
) -> None:
    """Appends to the log; `note` is free text, kept apart."""
    transition = Transition(
        subject_id=subject_id, field=field, old=old, new=new, reason=reason, actor=actor
    )
    session.add(transition)
    if note:
        session.flush()
        session.add(TransitionNote(transition_id=transition.id, note=note))


def notes_of(session: Session, actor: str) -> list[dict[str, Any]]:
    """What an actor wrote with their transitions, oldest first, for their own export."""
    rows = session.execute(
        sa.select(Subject.public_id, Transition.reason, Transition.at, TransitionNote.note)
        .join(TransitionNote, TransitionNote.transition_id == Transition.id)
        .join(Subject, Subject.id == Transition.subject_id)
        .where(Transition.actor == actor)
        .order_by(Transition.id)
    )
    return [{"of": r.public_id, "reason": r.reason, "at": r.at, "note": r.note} for r in rows]


def forget_notes(session: Session, actor: str, reason: str) -> None:
    """What an actor wrote with transitions of one reason goes; the transitions stay."""
    transitions = sa.select(Transition.id).where(
        Transition.actor == actor, Transition.reason == reason
    )
    session.execute(sa.delete(TransitionNote).where(TransitionNote.transition_id.in_(transitions)))


class Visibility(enum.StrEnum):
    """What moderation allows. `held` waits for a decision; `hidden` can come back; `removed` is
    final; `withdrawn` is the author's own act."""

    PUBLISHED = "published"
    HELD = "held"
    HIDDEN = "hidden"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"


VISIBILITY_MOVES: dict[Visibility, frozenset[Visibility]] = {
    Visibility.HELD: frozenset(
        {Visibility.PUBLISHED, Visibility.HIDDEN, Visibility.REMOVED, Visibility.WITHDRAWN}
    ),
    Visibility.PUBLISHED: frozenset(
        {Visibility.HELD, Visibility.HIDDEN, Visibility.REMOVED, Visibility.WITHDRAWN}
    ),
    # `held` again: its author mended it.
    Visibility.HIDDEN: frozenset(
        {Visibility.PUBLISHED, Visibility.HELD, Visibility.REMOVED, Visibility.WITHDRAWN}
    ),
    Visibility.REMOVED: frozenset({Visibility.PUBLISHED}),
    Visibility.WITHDRAWN: frozenset(),
}
