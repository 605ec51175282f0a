"""Writes of photos. Nothing here commits; files are deleted by a job, after the commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.actions import naming as accounts_naming_actions
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core import files, images, jobs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Subject, Visibility
from ugc.media import queries, rules
from ugc.media.models import Photo, PhotoState, Shape

KEY_LENGTH = 24  # 115 bits: the address of a photo cannot be guessed


@dataclass(frozen=True)
class Upload:
    """Raw bytes that lie in the quarantine under `key`; `name` is the file's, for messages."""

    key: str
    name: str
    description: str = ""


_on_change: list[Callable[[Session, int], None]] = []


def on_change(react: Callable[[Session, int], None]) -> None:
    """A higher capability says what must be true as soon as other photos of a subject can be seen:
    `react(session, subject_id)` runs in the same transaction."""
    _on_change.append(react)


def store_upload(raw: bytes, name: str, description: str = "") -> Upload:
    """Looks at a file and puts it into the quarantine, before any row names it: what no
    transaction adopts is swept up. Raises `images.Unreadable`, Unavailable."""
    images.inspect(raw)
    key = subjects.new_code(KEY_LENGTH)
    files.store().put(rules.raw_name(key), raw)
    return Upload(key, name, description)


def attach(
    session: Session,
    actor: Actor,
    subject_id: int,
    uploads: Sequence[Upload],
    *,
    held: bool,
    city_id: int | None,
    shape: Shape = Shape.WHOLE,
) -> None:
    """Makes uploads photos of a subject in a city. They are seen once a job has cleaned them and,
    when `held`, a moderator has approved (the caller opens the case). Callers that add to an older
    subject hold its row's lock. Raises Invalid on `photos`, Forbidden."""
    member_id = require_contributor(actor)
    if not uploads:
        return
    standing = queries.standing_count(session, subject_id, member_id)
    if len(uploads) > rules.MAX_PER_FORM or standing + len(uploads) > rules.MAX_PER_SUBJECT:
        raise too_many()
    if queries.known_keys(session, (u.key for u in uploads), *PhotoState):
        raise Conflict(lazy_gettext("These photos were sent already."))
    for upload in uploads:
        photo = Photo(
            key=upload.key,
            subject_id=subject_id,
            member_id=member_id,
            visibility=Visibility.HELD if held else Visibility.PUBLISHED,
            description=upload.description,
            shape=shape,
        )
        session.add(photo)
        session.flush()
        jobs.defer(session, "media.clean", key=photo.key)
        if shape is Shape.WHOLE:  # a picture of oneself earns nothing
            events.emit(session, events.PhotoUploaded(photo.id, subject_id, member_id, city_id))
    subjects.touch(session, subject_id)


def too_many() -> Invalid:
    return Invalid(
        fields={
            "photos": [
                lazy_gettext(
                    "At most %(form)d photos at once, and %(subject)d in all.",
                    form=rules.MAX_PER_FORM,
                    subject=rules.MAX_PER_SUBJECT,
                )
            ]
        }
    )


def settle(session: Session, key: str, copies: dict[str, images.Copy] | None) -> None:
    """What the job found: clean copies, which lie in their places, or None for a photo that could
    not be decoded. Nothing when another run was faster."""
    found = queries.by_key(session, key)
    if found.shape == Shape.SQUARE and found.member_id is not None:
        # As erasure does: the member before what is theirs.
        accounts_lookup.locked_member(session, found.member_id, beside_writes=True)
    # Cases are locked before photos, as by a moderator who decides.
    for react in _on_change:
        react(session, found.subject_id)
    photo = queries.locked(session, key)
    if photo.state == PhotoState.QUARANTINED:
        if copies is None:
            photo.state = PhotoState.REFUSED
            _gone(session, photo, "unreadable")
        else:
            photo.state = PhotoState.READY
            photo.variants = {name: [copy.width, copy.height] for name, copy in copies.items()}
            photo.width, photo.height = max(photo.variants.values())
            if photo.visibility == Visibility.PUBLISHED:
                _published(session, photo)
        _choose_picture(session, photo)
        subjects.touch(session, photo.subject_id)
    jobs.defer(session, "media.tidy", key=key)


def report_failure(session: Session, key: str) -> None:
    """The job that makes the clean copies gave up, for a reason of ours: the raw file stays in the
    quarantine, and the member is told."""
    photo = queries.by_key(session, key)
    if photo.state == PhotoState.QUARANTINED and photo.visibility not in rules.GONE:
        events.emit(session, events.PhotoFailed(photo.id, photo.subject_id, photo.member_id))


def follow(session: Session, subject_id: int, visibility: Visibility) -> None:
    """The photos of a subject become as visible as it is; a content package calls this wherever
    it moves. Raises Conflict when something would be published that is still being prepared,
    because it was never seen."""
    target, moving = rules.FOLLOWED[visibility]
    for photo in queries.locked_of(session, subject_id):
        if photo.visibility not in moving or photo.state == PhotoState.DELETED:
            continue
        if target is Visibility.PUBLISHED and photo.state == PhotoState.QUARANTINED:
            raise Conflict(
                lazy_gettext(
                    "A photo of it is still being prepared. Wait a moment, or remove that photo."
                )
            )
        _move(session, photo, target, str(visibility))


def move_photos(session: Session, old_id: int, new_id: int) -> None:
    """What was merged gives its photos to what it was merged into."""
    for photo in queries.locked_of(session, old_id):
        photo.subject_id = new_id
    session.flush()


def _move(session: Session, photo: Photo, visibility: Visibility, reason: str) -> None:
    before = photo.visibility
    photo.visibility = visibility
    session.flush()
    if visibility is Visibility.PUBLISHED:
        if photo.state == PhotoState.READY:
            _published(session, photo)
    elif visibility is not Visibility.HELD and before not in (Visibility.HIDDEN, *rules.GONE):
        _gone(session, photo, reason)
    if visibility is Visibility.WITHDRAWN:
        photo.description = ""
        jobs.defer(session, "media.tidy", key=photo.key)
    _choose_picture(session, photo)


def _choose_picture(session: Session, photo: Photo) -> None:
    """Shows as the member's picture the one that all may see now, or none."""
    if photo.shape == Shape.SQUARE and photo.member_id is not None:
        session.flush()
        key = queries.picture_key(session, photo.member_id)
        accounts_naming_actions.set_picture(session, photo.member_id, key)


def _published(session: Session, photo: Photo) -> None:
    if photo.shape == Shape.SQUARE:
        return
    events.emit(session, events.PhotoPublished(photo.id, photo.subject_id, photo.member_id))


def _gone(session: Session, photo: Photo, reason: str) -> None:
    session.flush()
    remaining = queries.standing_count(session, photo.subject_id, photo.member_id)
    events.emit(
        session,
        events.PhotoGone(photo.id, photo.subject_id, photo.member_id, reason, remaining),
    )


def withdraw(session: Session, actor: Actor, key: str) -> int:
    """The author takes one photo back, for good; returns its subject. Raises NotFound,
    Forbidden."""
    photo = queries.locked(session, key)
    if not rules.may_withdraw(actor, photo.member_id, photo.visibility):
        raise Forbidden()
    _log(session, photo, Visibility.WITHDRAWN, "withdrawn", actor.reference)
    _move(session, photo, Visibility.WITHDRAWN, "withdrawn")
    subjects.touch(session, photo.subject_id)
    return photo.subject_id


def withdraw_pictures(session: Session, actor: Actor) -> int:
    """The member takes the picture back, for good, in whatever state it is; returns how many were
    standing. Callers hold the case's lock."""
    standing = [
        photo
        for photo in queries.locked_pictures(session, actor.id)
        if rules.may_withdraw(actor, photo.member_id, photo.visibility)
    ]
    for photo in standing:
        _log(session, photo, Visibility.WITHDRAWN, "withdrawn", actor.reference)
        _move(session, photo, Visibility.WITHDRAWN, "withdrawn")
        subjects.touch(session, photo.subject_id)
    return len(standing)


def remove(session: Session, photo: Photo, *, rule: str, who: str) -> None:
    """A moderator removes one (locked) photo; `rule` is the code that its author is shown. The
    files go after `rules.REMOVED_DAYS`. Raises Conflict when it is gone already."""
    if photo.visibility in rules.GONE:
        raise Conflict(lazy_gettext("This photo is gone already."))
    _log(session, photo, Visibility.REMOVED, rule, who)
    photo.removed_at, photo.removed_reason = now(session), rule
    _move(session, photo, Visibility.REMOVED, "removed")
    subjects.touch(session, photo.subject_id)


def _log(session: Session, photo: Photo, new: Visibility, reason: str, who: str) -> None:
    subjects.log_transition(
        session, photo.subject_id, f"photo:{photo.id}", photo.visibility, new,
        reason=reason, actor=who,
    )  # fmt: skip


def tidy(session: Session, key: str) -> None:
    """Deletes the files that a row does not need any more: the raw ones of a settled photo, all
    of a withdrawn one and of one that was removed long ago."""
    photo = queries.locked(session, key)
    kept_until = now(session) - dt.timedelta(days=rules.REMOVED_DAYS)
    overdue = photo.removed_at is not None and photo.removed_at < kept_until
    if photo.visibility == Visibility.WITHDRAWN or overdue:
        photo.state = PhotoState.DELETED
        photo.variants = {}
        photo.description = ""
        for variant in (*images.VARIANTS, *images.SQUARES):
            files.store().delete(rules.file_name(key, variant))
    if photo.state != PhotoState.QUARANTINED:
        files.store().delete(rules.raw_name(key))


def sweep(session: Session) -> int:
    """Deletes the files that no row names: raw ones whose transaction was rolled back, and copies
    that a restored backup does not know; returns how many."""
    store = files.store()
    swept = 0
    for prefix, part, states in (
        ("quarantine", 1, (PhotoState.QUARANTINED,)),
        ("photos", 2, (PhotoState.QUARANTINED, PhotoState.READY)),
    ):
        for batch in _batches(store.older_than(prefix, rules.ORPHAN_SECONDS)):
            keys = {name: name.split("/")[part] for name in batch}
            known = queries.known_keys(session, keys.values(), *states)
            for name, key in keys.items():
                if key not in known:
                    store.delete(name)
                    swept += 1
    for key in queries.overdue_removals(session):
        jobs.defer(session, "media.tidy", key=key)
    return swept


def _batches(names: Iterable[str], size: int = 1000) -> Iterable[list[str]]:
    batch: list[str] = []
    for name in names:
        batch.append(name)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The member's photos, with the addresses of their files."""
    rows = session.execute(
        sa.select(Photo, Subject.public_id)
        .join(Subject, Subject.id == Photo.subject_id)
        .where(Photo.member_id == member_id, Photo.state != PhotoState.DELETED)
        .order_by(Photo.id)
    )
    return [
        {
            "id": photo.key,
            "of": public_id,
            "shape": photo.shape,
            "description": photo.description,
            "state": photo.state,
            "visibility": photo.visibility,
            "files": [f"/photos/{photo.key}/{name}.webp" for name in photo.variants],
            "created_at": photo.created_at.isoformat(),
        }
        for photo, public_id in rows
    ]


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Photos go with their files, or stay without their author; a member's picture goes."""
    for photo in session.scalars(
        sa.select(Photo)
        .where(Photo.member_id == member_id)
        .order_by(Photo.id)
        .with_for_update(key_share=True)
    ).all():
        goes = with_content or photo.shape == Shape.SQUARE
        if goes and photo.visibility != Visibility.WITHDRAWN:
            _log(session, photo, Visibility.WITHDRAWN, "erasure", "system")
            _move(session, photo, Visibility.WITHDRAWN, "withdrawn")
        subjects.touch(session, photo.subject_id)
        photo.member_id = None
