"""Reads of photos."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from ugc.core.access import Actor
from ugc.core.db import Session, among, app_now, built_once, read_so_far
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, Visibility
from ugc.media import rules
from ugc.media.models import Photo, PhotoState, Shape


@dataclass(frozen=True)
class PhotoRow:
    """A photo as its reader may see it. `sizes` are (width, height) in pixels by variant, empty
    until it is ready; `mine` when the reader sent it."""

    key: str
    subject_id: int
    description: str
    state: str
    visibility: str
    public: bool
    sizes: dict[str, tuple[int, int]]
    removed_reason: str | None
    mine: bool
    created_at: dt.datetime

    @property
    def ready(self) -> bool:
        return self.state == PhotoState.READY and bool(self.sizes)

    @property
    def is_awaited(self) -> bool:
        """Whether it is being prepared and will show to its reader by itself."""
        return self.state == PhotoState.QUARANTINED and self.visibility not in rules.GONE

    def url(self, variant: str) -> str:
        return f"/photos/{self.key}/{variant}.webp"


# Plain columns: making objects of them takes longer than reading.
READ = (
    Photo.key, Photo.subject_id, Photo.member_id, Photo.state, Photo.visibility, Photo.description,
    Photo.variants, Photo.removed_reason, Photo.created_at,
)  # fmt: skip


def _row(photo: Any, subject_visible: bool, actor: Actor) -> PhotoRow:
    return PhotoRow(
        key=photo.key,
        subject_id=photo.subject_id,
        description=photo.description,
        state=photo.state,
        visibility=photo.visibility,
        public=rules.is_public(photo.visibility, subject_visible)
        and photo.state == PhotoState.READY,
        sizes={name: (size[0], size[1]) for name, size in photo.variants.items()},
        removed_reason=photo.removed_reason,
        mine=rules.is_mine(actor, photo.member_id),
        created_at=photo.created_at,
    )


@built_once
def _public() -> Any:
    return (
        sa.select(*READ)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(
            Photo.state == PhotoState.READY,
            Photo.visibility == Visibility.PUBLISHED,
            Subject.visible,
        )
    )


GALLERY_MOST = 100  # photos that are shown of one subject


def photos_of(
    session: Session, actor: Actor, subject_ids: Sequence[int], limit: int = GALLERY_MOST
) -> list[PhotoRow]:
    """The photos of subjects, oldest first: the public ones, and for their author and for
    moderators those that wait, were refused or removed (whose files the author cannot see)."""
    if not subject_ids:
        return []
    rows = session.execute(_of_subjects(), {"ids": list(subject_ids), "most": limit})
    found = [_row(row, row.visible, actor) for row in rows]
    if len(found) < limit:  # all of them: the first public one is its subject's cover
        public = {row.subject_id: row for row in reversed(found) if row.public}
        read_so_far("covers").update(dict.fromkeys(subject_ids) | public)
    return [row for row in found if row.public or row.mine or actor.is_moderator]


def galleries(
    session: Session, actor: Actor, subject_ids: Sequence[int]
) -> dict[int, list[PhotoRow]]:
    """As `photos_of`, by subject; an empty list for one without."""
    found: dict[int, list[PhotoRow]] = {each: [] for each in subject_ids}
    most = GALLERY_MOST * len(subject_ids)
    for photo in photos_of(session, actor, subject_ids, limit=most):
        found[photo.subject_id].append(photo)
    return found


@built_once
def _of_subjects() -> Any:
    return (
        sa.select(*READ, Subject.visible)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(among(Photo.subject_id), Photo.visibility != Visibility.WITHDRAWN)
        .order_by(Photo.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def are_of(subject_id: Any) -> sa.ColumnElement[bool]:
    """The photos that `photos_of` may show of a subject, for a part of a statement."""
    return sa.and_(Photo.subject_id == subject_id, Photo.visibility != Visibility.WITHDRAWN)


def note_without(subject_ids: Iterable[int]) -> None:
    """Keeps that these subjects have no photos, as another statement of this request found."""
    read_so_far("covers").update(dict.fromkeys(subject_ids))


def photo_of(session: Session, actor: Actor, key: str) -> PhotoRow:
    """One photo as `photos_of` shows it. Raises NotFound."""
    row = session.execute(
        sa.select(Photo, Subject.visible)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(
            Photo.key == key,
            Photo.visibility != Visibility.WITHDRAWN,
            Photo.shape == Shape.WHOLE,
        )
    ).first()
    if row is None:
        raise NotFound()
    shown = _row(row.Photo, row.visible, actor)
    if not (shown.public or shown.mine or actor.is_moderator):
        raise NotFound()
    return shown


def covers(session: Session, actor: Actor, subject_ids: Iterable[int]) -> dict[int, PhotoRow]:
    """The first public photo of each subject that has one, for lists; one query."""
    read = read_so_far("covers")
    wanted_ids = list(subject_ids)
    known = {each: read[each] for each in wanted_ids if each in read}
    shown = {each: row for each, row in known.items() if row is not None}
    wanted = [each for each in wanted_ids if each not in known]
    if not wanted:
        return shown
    found = session.execute(_covers(), {"ids": wanted})
    return shown | {photo.subject_id: _row(photo, True, actor) for photo in found}


@built_once
def _covers() -> Any:
    return (
        _public()
        .where(among(Photo.subject_id))
        .ext(distinct_on(Photo.subject_id))
        .order_by(Photo.subject_id, Photo.id)
    )


def public_photos_by(
    session: Session, actor: Actor, member_id: int, limit: int = 12
) -> list[PhotoRow]:
    """A member's newest public photos."""
    found = session.execute(
        _public()
        .where(Photo.member_id == member_id, Photo.shape == Shape.WHOLE)
        .order_by(Photo.id.desc())
        .limit(limit)
    )
    return [_row(photo, True, actor) for photo in found]


def picture_key(session: Session, member_id: int) -> str | None:
    """The key of the member's picture that all may see."""
    return session.scalar(
        _public()
        .where(Photo.member_id == member_id, Photo.shape == Shape.SQUARE)
        .order_by(Photo.id.desc())
        .limit(1)
        .with_only_columns(Photo.key)
    )


def pictures(session: Session, actor: Actor, member_ids: Sequence[int]) -> dict[int, PhotoRow]:
    """The newest picture of each member that they did not take back: for their own eyes and for
    moderators."""
    rows = session.execute(
        sa.select(Photo, Subject.visible)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(
            Photo.member_id.in_(member_ids),
            Photo.shape == Shape.SQUARE,
            Photo.visibility != Visibility.WITHDRAWN,
        )
        .ext(distinct_on(Photo.member_id))
        .order_by(Photo.member_id, Photo.id.desc())
    )
    return {row.Photo.member_id: _row(row.Photo, row.visible, actor) for row in rows}


def picture(session: Session, actor: Actor, member_id: int) -> PhotoRow | None:
    """As `pictures`, of one member."""
    return pictures(session, actor, [member_id]).get(member_id)


def picture_removed_since(session: Session, member_id: int, when: dt.datetime) -> bool:
    """Whether a moderator removed a picture of the member since then."""
    removed = sa.exists().where(
        Photo.member_id == member_id, Photo.shape == Shape.SQUARE, Photo.removed_at >= when
    )
    return bool(session.scalar(sa.select(removed)))


def locked_pictures(session: Session, member_id: int | None) -> list[Photo]:
    """The pictures of a member, locked."""
    return list(
        session.scalars(
            sa.select(Photo)
            .where(Photo.member_id == member_id, Photo.shape == Shape.SQUARE)
            .order_by(Photo.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def seen_by_key(session: Session, actor: Actor, key: str) -> tuple[Photo, bool]:
    """The photo whose files `actor` may see, and whether all may. Raises NotFound."""
    row = session.execute(
        sa.select(Photo, Subject.visible)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(Photo.key == key, Photo.state == PhotoState.READY)
    ).first()
    if row is None:
        raise NotFound()
    photo, visible = row
    if not rules.may_see(actor, photo.member_id, photo.visibility, visible):
        raise NotFound()
    return photo, rules.is_public(photo.visibility, visible)


def by_key(session: Session, key: str) -> Photo:
    """Raises NotFound."""
    photo = session.scalar(sa.select(Photo).where(Photo.key == key))
    if photo is None:
        raise NotFound()
    return photo


def locked(session: Session, key: str) -> Photo:
    """The row, locked until the transaction ends. Raises NotFound."""
    photo = session.scalar(
        sa.select(Photo)
        .where(Photo.key == key)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if photo is None:
        raise NotFound()
    return photo


def locked_of(session: Session, subject_id: int) -> list[Photo]:
    """All photos of a subject, locked."""
    return list(
        session.scalars(
            sa.select(Photo)
            .where(Photo.subject_id == subject_id)
            .order_by(Photo.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def has_held(session: Session, subject_id: int) -> bool:
    """Whether a photo of the subject waits for a moderator."""
    held = sa.exists().where(
        Photo.subject_id == subject_id,
        Photo.visibility == Visibility.HELD,
        Photo.state != PhotoState.DELETED,
    )
    return bool(session.scalar(sa.select(held)))


def held_among(session: Session, subject_ids: Iterable[int]) -> set[int]:
    """Those of the subjects whose photos wait for a moderator; one query."""
    wanted = list(subject_ids)
    if not wanted:
        return set()
    query = sa.select(Photo.subject_id).where(
        Photo.subject_id.in_(wanted),
        Photo.visibility == Visibility.HELD,
        Photo.state.in_((PhotoState.QUARANTINED, PhotoState.READY)),
    )
    return set(session.scalars(query.distinct()))


def standing_count(session: Session, subject_id: int, member_id: int | None) -> int:
    """How many photos of a member stand on a subject: neither refused, removed nor withdrawn."""
    query = sa.select(sa.func.count()).where(
        Photo.subject_id == subject_id,
        Photo.member_id == member_id,
        Photo.state.in_((PhotoState.QUARANTINED, PhotoState.READY)),
        Photo.visibility.not_in(rules.GONE),
    )
    return session.scalar(query) or 0


def known_keys(session: Session, keys: Iterable[str], *states: PhotoState) -> set[str]:
    """Those of `keys` that rows in these states have."""
    return set(
        session.scalars(
            sa.select(Photo.key).where(Photo.key.in_(list(keys)), Photo.state.in_(states))
        )
    )


def overdue_removals(session: Session) -> list[str]:
    """Keys of photos that a moderator removed long ago, whose files are still there."""
    limit = app_now() - sa.text(f"interval '{rules.REMOVED_DAYS} days'")
    return list(
        session.scalars(
            sa.select(Photo.key).where(
                Photo.visibility == Visibility.REMOVED,
                Photo.state != PhotoState.DELETED,
                Photo.removed_at < limit,
            )
        )
    )
