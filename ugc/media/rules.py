"""How many photos, what is said about a file that is not taken, who sees which. Pure."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from ugc.core.access import Actor
from ugc.core.images import ASPECT_MAX, MAX_BYTES, MAX_PIXELS, Problem
from ugc.core.subjects import Visibility

MAX_PER_FORM = 4
# Of one member on one subject, over the years.
MAX_PER_SUBJECT = 12
DESCRIPTION_MAX = 300
MEGABYTES = MAX_BYTES // 1024**2
MEGAPIXELS = MAX_PIXELS // 1_000_000
# A form that was refused keeps its photos this long; raw files that no row names go after it.
KEEP_SECONDS = 2 * 3600
ORPHAN_SECONDS = 3 * 3600
# A moderator's removal can be undone in the database for this long; then the files go.
REMOVED_DAYS = 30

# Seconds after which a page asks again for a photo that is being prepared: ten minutes in all, more
# seldom as it takes longer.
ASK_AGAIN_S = (1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 180, 180)

# What the visibility of a subject makes of its photos'; what is not named stays as it is.
# A photo that was removed or withdrawn on its own never comes back with its subject.
FOLLOWED: dict[Visibility, tuple[Visibility, frozenset[Visibility]]] = {
    Visibility.PUBLISHED: (
        Visibility.PUBLISHED,
        frozenset({Visibility.HELD, Visibility.HIDDEN}),
    ),
    Visibility.HELD: (Visibility.HELD, frozenset({Visibility.PUBLISHED})),
    # A removed subject may come back by an appeal, with its photos.
    Visibility.HIDDEN: (
        Visibility.HIDDEN,
        frozenset({Visibility.HELD, Visibility.PUBLISHED}),
    ),
    Visibility.REMOVED: (
        Visibility.HIDDEN,
        frozenset({Visibility.HELD, Visibility.PUBLISHED}),
    ),
    Visibility.WITHDRAWN: (
        Visibility.WITHDRAWN,
        frozenset(Visibility) - {Visibility.WITHDRAWN},
    ),
}
GONE = (Visibility.REMOVED, Visibility.WITHDRAWN)


def file_name(key: str, variant: str) -> str:
    """Where a copy lies; two letters of the key spread the folders."""
    return f"photos/{key[:2]}/{key}/{variant}.webp"


def raw_name(key: str) -> str:
    return f"quarantine/{key}"


def is_public(visibility: str, subject_visible: bool) -> bool:
    return visibility == Visibility.PUBLISHED and subject_visible


def may_see(actor: Actor, member_id: int | None, visibility: str, subject_visible: bool) -> bool:
    """Public ones are seen by all; held and hidden ones by their author and by moderators; removed
    ones by moderators; withdrawn ones by none."""
    if is_public(visibility, subject_visible):
        return True
    if visibility == Visibility.WITHDRAWN:
        return False
    return actor.is_moderator or (visibility != Visibility.REMOVED and is_mine(actor, member_id))


def is_mine(actor: Actor, member_id: int | None) -> bool:
    return actor.is_member and actor.id is not None and actor.id == member_id


def may_withdraw(actor: Actor, member_id: int | None, visibility: str) -> bool:
    return is_mine(actor, member_id) and visibility not in GONE


def problem_text(problem: Problem, name: str) -> Any:
    """What is said about the file `name`, and what to do."""
    values = {"name": name, "megabytes": MEGABYTES, "megapixels": MEGAPIXELS}
    texts = {
        Problem.EMPTY: lazy_gettext("“%(name)s” is empty. Choose it again.", **values),
        Problem.BYTES: lazy_gettext(
            "“%(name)s” has more than %(megabytes)d MB. Send a smaller copy of it.", **values
        ),
        Problem.PIXELS: lazy_gettext(
            "“%(name)s” has more than %(megapixels)d megapixels. Send a smaller copy of it.",
            **values,
        ),
        Problem.FORMAT: lazy_gettext("“%(name)s” is not a JPEG, PNG or WebP photo.", **values),
        Problem.HEIC: lazy_gettext(
            "“%(name)s” is a HEIC photo, which not every browser can show. Send it as JPEG: on an"
            " iPhone choose Settings, Camera, Formats, Most Compatible; or send a screenshot.",
            **values,
        ),
        Problem.ANIMATED: lazy_gettext("“%(name)s” moves. Only still photos are taken.", **values),
        Problem.NARROW: lazy_gettext(
            "“%(name)s” is too narrow: one side is more than %(times)d times the other. Cut it.",
            name=name,
            times=ASPECT_MAX,
        ),
        Problem.DAMAGED: lazy_gettext(
            "“%(name)s” is damaged or cut off. Open it, save it again and choose the new file.",
            **values,
        ),
    }
    return texts[problem]
