"""Verbs of contributed content. Nothing here commits.

Lock order: the case, what the content belongs to (a place before its reviews), the content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.content import queries, rules
from ugc.content.models import Version
from ugc.core import subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ugc.core.subjects import Visibility
from ugc.media import actions as media_actions
from ugc.moderation import actions as moderation_actions
from ugc.moderation import rules as moderation_rules
from ugc.moderation.models import Moderated

Row = TypeVar("Row", bound=Moderated)
May = Callable[[Actor, Any], bool]


def _author_edits(actor: Actor, row: Moderated) -> bool:
    return rules.may_edit(actor, row.author_id, row.visibility)


def _author_withdraws(actor: Actor, row: Moderated) -> bool:
    return rules.may_withdraw(actor, row.author_id, row.visibility)


def _nothing(_session: Session, _row: Any) -> None:
    return None


@dataclass(frozen=True)
class Parent:
    """What content of a kind belongs to: it is locked first, and readers see the content with it
    alone. `lock(session, id)` locks a row of `table`, which has a city."""

    table: type[Any]
    lock: Callable[[Session, int], Any]


@dataclass(frozen=True)
class ContentKind(Generic[Row]):
    """What a capability declares of a kind of content.

    `shown` are the visibilities at which readers see it. `about` is the column that names what the
    content stands under, `parent` what it belongs to, `history` the fields whose earlier bodies are
    kept (`Version`).
    `on_changed` runs after each change, `on_moved` when its visibility changed,
    `on_published(session, row, is_new)` when it becomes public, `before_withdrawal` while its
    author takes it back. `texts` are the columns that erasing empties, with what they become;
    `forget(session, row, goes)` deletes what goes with the author either way, and more when the
    content `goes`; content that `stays` does not. Published ones that `counts` free their author
    from approval."""

    name: str
    table: type[Row]
    texts: Mapping[str, Any]
    counts: bool = False
    has_photos: bool = False
    shown: frozenset[Visibility] = frozenset({Visibility.PUBLISHED})
    refusals: Mapping[str, Any] = field(default_factory=lambda: moderation_rules.RULES)
    order: Sequence[str] = ("id",)
    about: str = ""
    parent: Parent | None = None
    history: Sequence[str] = ()
    on_changed: Callable[[Session, Row], None] = _nothing
    on_moved: Callable[[Session, Row], None] = _nothing
    on_published: Callable[[Session, Row, bool], None] = lambda *_: None
    before_withdrawal: Callable[[Session, Row, Actor], None] = lambda *_: None
    stays: Callable[[Row], bool] = lambda _row: False
    forget: Callable[[Session, Row, bool], None] = lambda *_: None

    def locked(self, session: Session, subject_id: int) -> Row:
        """The row as it is now, locked with what it belongs to. Raises NotFound."""
        if self.parent is not None:
            about = getattr(self.table, self.about)
            parent_id = session.scalar(sa.select(about).where(self.table.id == subject_id))
            if parent_id is None:
                raise NotFound()
            self.parent.lock(session, parent_id)
        row = session.scalar(
            sa.select(self.table)
            .where(self.table.id == subject_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound()
        return row

    def is_visible(self, session: Session, row: Row) -> bool:
        """Whether readers may see it."""
        if row.visibility not in self.shown:
            return False
        return self.parent is None or self._parent_of(session, row).visibility == (
            Visibility.PUBLISHED
        )

    def city_of(self, session: Session, row: Row) -> int | None:
        """The city of the content or of what it belongs to, if any."""
        placed = row if self.parent is None else self._parent_of(session, row)
        return getattr(placed, "city_id", None)

    def _parent_of(self, session: Session, row: Row) -> Any:
        assert self.parent is not None
        return session.get_one(self.parent.table, getattr(row, self.about))


_kinds: dict[str, ContentKind[Any]] = {}


def kinds() -> list[ContentKind[Any]]:
    """Every declared kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def declare(kind: ContentKind[Row]) -> ContentKind[Row]:
    """Makes a kind known, to moderators too."""
    _kinds[kind.name] = kind
    if kind.about:
        queries.stands_under(kind.name, kind.table, kind.about)

    def author_of(session: Session, subject_id: int) -> int | None:
        return kind.locked(session, subject_id).author_id

    def decided(
        session: Session, subject_id: int, visibility: Visibility, reason: str, who: str
    ) -> None:
        set_visibility(session, kind, subject_id, visibility, reason, who)

    moderation_actions.register(
        kind.name,
        moderation_actions.Reviewable(
            moderation_actions.approve_or_refuse(decided, can_undo=True),
            author_of,
            table=kind.table,
            counts=kind.counts,
            rules=kind.refusals,
        ),
    )
    return kind


def submit(
    session: Session,
    actor: Actor,
    kind: ContentKind[Row],
    row: Row,
    photos: Sequence[media_actions.Upload] = (),
    *,
    doubt: str = "",
    held: bool | None = None,
    also: Callable[[Row], Sequence[events.Event]] = lambda _row: (),
) -> str:
    """Stores new content of `actor` and returns its public id; a new member's waits for a
    moderator, and so does what raises a `doubt` (the reason of a case). `row` has everything but
    id, author and visibility; `held` is what `moderation.must_be_held` said, where the caller
    asked. `also(row)` runs as soon as the row is stored and answers events to emit with the first
    one. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    if held is None:
        held = bool(doubt) or moderation_actions.must_be_held(session, actor)
    row.author_id = author_id
    row.visibility = Visibility.HELD if held else Visibility.PUBLISHED
    subject = subjects.create(session, kind.name, visible=kind.is_visible(session, row))
    row.id = subject.id
    session.add(row)
    session.flush()
    _log(session, row, None, row.visibility, "posted", actor.reference)
    city_id = kind.city_of(session, row)
    told = [
        events.ContentPosted(row.id, kind.name, author_id, city_id, held),
        *also(row),
    ]
    if kind.has_photos:
        media_actions.attach(session, actor, row.id, photos, held=held, city_id=city_id)
    if held:
        moderation_actions.open_first_case(session, row.id, doubt or "held")
    else:
        kind.on_changed(session, row)
        told.append(events.ContentApproved(row.id, kind.name, author_id, city_id))
    events.emit(session, *told)
    if not held:
        kind.on_published(session, row, True)
    return subject.public_id


@dataclass(frozen=True)
class Edit(Generic[Row]):
    """A row under its author's hands. `waits`: what is added now waits for a moderator;
    `was_public`: readers saw it before."""

    row: Row
    waits: bool
    was_public: bool


@contextmanager
def editing(
    session: Session,
    actor: Actor,
    kind: ContentKind[Row],
    subject_id: int,
    *,
    revision: int,
    may: May = _author_edits,
    photos: Sequence[media_actions.Upload] = (),
    trusted: bool = False,
) -> Iterator[Edit[Row]]:
    """Locks content for its author to change and to add `photos`; what a new member changes waits
    for a moderator again, unless it is `trusted`. What it said is kept if it was public. Raises
    Forbidden, Stale when it changed since `revision`."""
    require_contributor(actor)
    held = not trusted and moderation_actions.must_be_held(session, actor)
    if held:
        moderation_actions.open_case(session, subject_id, "held")
    else:
        moderation_actions.content_changed(session, subject_id)
    row = kind.locked(session, subject_id)
    if not may(actor, row):
        raise Forbidden()
    if row.revision != revision:
        raise Stale()
    was_public = row.visibility == Visibility.PUBLISHED
    waits = held or row.visibility == Visibility.HELD
    if was_public:
        # A text that was never public leaves no history: it would become public with the rest.
        keep_version(session, row, kind.history)
    yield Edit(row, waits, was_public)
    if kind.has_photos and photos:
        city_id = kind.city_of(session, row)
        media_actions.attach(session, actor, row.id, photos, held=waits, city_id=city_id)
    row.revision += 1
    if held and was_public:
        # Not gone: its points and photos stay, and it comes back when a moderator agrees.
        _log(session, row, row.visibility, Visibility.HELD, "edited", actor.reference)
        row.visibility = Visibility.HELD
    session.flush()
    moved = held and was_public
    subjects.touch(session, row.id, visible=kind.is_visible(session, row) if moved else None)
    kind.on_changed(session, row)
    if moved:
        kind.on_moved(session, row)


def keep_version(
    session: Session, row: Moderated, fields: Sequence[str], *, by_id: int | None = None
) -> None:
    """Keeps what these fields of locked content say, before they change; `by_id` is the member who
    changes them, where that is told."""
    session.add_all(
        Version(
            subject_id=row.id,
            revision=row.revision,
            field=name,
            language=row.language,
            body=str(getattr(row, name)),
            origin="import" if row.source_id is not None else "author",
            replaced_by_id=by_id,
        )
        for name in fields
    )


def part_from_versions(session: Session, member_id: int) -> None:
    """Takes a member's name from what they replaced."""
    session.execute(
        sa.update(Version).where(Version.replaced_by_id == member_id).values(replaced_by_id=None)
    )


def add_photos(
    session: Session,
    actor: Actor,
    kind: ContentKind[Row],
    subject_id: int,
    photos: Sequence[media_actions.Upload],
    may: May,
) -> None:
    """Adds photos to content; a new member's wait for a moderator, in a case of their own when the
    content is public already. Raises Forbidden, Invalid."""
    require_contributor(actor)
    held = moderation_actions.must_be_held(session, actor)
    if held:
        moderation_actions.open_case(session, subject_id, "held")
    row = kind.locked(session, subject_id)
    if not may(actor, row):
        raise Forbidden()
    if not photos:
        raise Invalid(fields={"photos": [lazy_gettext("Choose a photo.")]})
    waits = held or row.visibility == Visibility.HELD
    media_actions.attach(
        session, actor, subject_id, photos, held=waits, city_id=kind.city_of(session, row)
    )


def withdraw(
    session: Session,
    actor: Actor,
    kind: ContentKind[Row],
    subject_id: int,
    may: May = _author_withdraws,
) -> Row:
    """Takes content back for its author, or for those who `may`. Raises Forbidden."""
    moderation_actions.close_case(session, subject_id)
    row = kind.locked(session, subject_id)
    if not may(actor, row):
        raise Forbidden()
    if row.visibility != Visibility.WITHDRAWN:
        kind.before_withdrawal(session, row, actor)
        _move(session, kind, row, Visibility.WITHDRAWN, "withdrawn", actor.reference)
    return row


def set_visibility(
    session: Session,
    kind: ContentKind[Row],
    subject_id: int,
    visibility: Visibility,
    reason: str,
    who: str,
) -> None:
    """Does what a moderator decided; nothing when it is so already. The caller holds the case.
    Raises Conflict when its author took it back."""
    row = kind.locked(session, subject_id)
    before = Visibility(row.visibility)
    if before is visibility:
        # Photos that were added to public content waited alone.
        _photos_follow(session, kind, row)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _move(session, kind, row, visibility, reason, who)


def erase(session: Session, kind: ContentKind[Row], member_id: int, *, with_content: bool) -> None:
    """Parts a member's content from its author; `with_content` takes it away as well, unless it
    stays because others built on it. What it said before goes either way."""
    columns = [getattr(kind.table, name) for name in kind.order]
    ids = session.scalars(
        sa.select(kind.table.id).where(kind.table.author_id == member_id).order_by(*columns)
    ).all()
    for subject_id in ids:
        moderation_actions.lock_case(session, subject_id)
        row = kind.locked(session, subject_id)
        goes = with_content and not kind.stays(row)
        moderation_actions.forget_texts(session, subject_id, with_flags=goes)
        if kind.history:
            session.execute(sa.delete(Version).where(Version.subject_id == subject_id))
        kind.forget(session, row, goes)
        if goes:
            if row.visibility in rules.STANDING:
                moderation_actions.close_case(session, subject_id)
                _move(session, kind, row, Visibility.WITHDRAWN, "erasure", "system")
            for name, value in kind.texts.items():
                setattr(row, name, value)
        else:
            subjects.touch(session, subject_id)
        row.author_id = None


def move_under(session: Session, old_id: int, new_id: int) -> None:
    """Moves what stands under a subject that was merged to the one that it was merged into."""
    for kind in queries.kinds_under():
        if kind.is_anywhere:
            session.execute(
                sa.update(kind.table).where(kind.about == old_id).values({kind.column: new_id})
            )


def _move(
    session: Session,
    kind: ContentKind[Row],
    row: Row,
    visibility: Visibility,
    reason: str,
    who: str,
) -> None:
    _log(session, row, row.visibility, visibility, reason, who)
    row.visibility = visibility
    session.flush()
    _photos_follow(session, kind, row)
    subjects.touch(session, row.id, visible=kind.is_visible(session, row))
    kind.on_changed(session, row)
    kind.on_moved(session, row)
    known = (row.id, kind.name, row.author_id, kind.city_of(session, row))
    if visibility is Visibility.PUBLISHED:
        events.emit(session, events.ContentApproved(*known))
        kind.on_published(session, row, False)
    else:
        events.emit(session, events.ContentGone(*known, str(visibility)))


def _photos_follow(session: Session, kind: ContentKind[Row], row: Row) -> None:
    if kind.has_photos:
        media_actions.follow(session, row.id, Visibility(row.visibility))


def _log(
    session: Session, row: Moderated, old: str | None, new: str, reason: str, who: str
) -> None:
    subjects.log_transition(session, row.id, "visibility", old, new, reason=reason, actor=who)
