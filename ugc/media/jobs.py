"""Cleaning photos, and deleting files that nothing needs."""

from __future__ import annotations

from ugc.core import files, images, jobs
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.media import actions, queries, rules
from ugc.media.models import PhotoState, Shape


def could_not_clean(session: Session, *, key: str) -> None:
    actions.report_failure(session, key)


@jobs.task("media.clean", priority=jobs.Priority.PREPARE, tells=could_not_clean)
def clean(session: Session, *, key: str) -> None:
    """Makes the clean copies of a photo. No row is locked meanwhile, and a second run writes the
    same files again; a photo whose raw file is missing ends in the dead list."""
    photo = queries.by_key(session, key)
    if photo.state != PhotoState.QUARANTINED or photo.visibility == Visibility.WITHDRAWN:
        jobs.defer(session, "media.tidy", key=key)
        return
    store = files.store()
    raw = store.read(rules.raw_name(key))
    try:
        copies = images.clean(raw, square=photo.shape == Shape.SQUARE)
    except images.Unreadable:
        actions.settle(session, key, None)
        return
    for name, copy in copies.items():
        store.put(rules.file_name(key, name), copy.content)
    actions.settle(session, key, copies)


@jobs.task("media.tidy", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)
def tidy(session: Session, *, key: str) -> None:
    actions.tidy(session, key)


@jobs.task("media.sweep", cron="41 * * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only)
def sweep(session: Session) -> None:
    actions.sweep(session)
