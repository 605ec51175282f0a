"""All that can happen. An event is a frozen dataclass of primitives that says what its
subscribers need; `emit()` enqueues one job per subscriber in the same transaction.

`docs/events.md` lists them; a test keeps the list complete. Names are past tense; `version`
rises when a field changes its meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from ugc.core import jobs
from ugc.core.db import Session


@dataclass(frozen=True)
class Event:
    version: ClassVar[int] = 1

    @classmethod
    def name(cls) -> str:
        """`ReportPosted` is `report.posted`."""
        words = re.findall(r"[A-Z][a-z0-9]*", cls.__name__)
        return ".".join(("_".join(words[:-1]).lower(), words[-1].lower()))


# accounts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemberJoined(Event):
    member_id: int


@dataclass(frozen=True)
class MemberConfirmed(Event):
    """The e-mail address was confirmed."""

    member_id: int


@dataclass(frozen=True)
class MessageFailed(Event):
    """A message to the member could not be sent, in any attempt; `what` is `confirm`, `reset`,
    `mail_change`, `notice`, `suspension`, `news` or `push`."""

    member_id: int
    what: str


@dataclass(frozen=True)
class MemberSuspended(Event):
    """From now on the member can only read, export and erase; why and until when is read from the
    suspension."""

    member_id: int
    suspension_id: int


@dataclass(frozen=True)
class NameTaken(Event):
    """A moderator took away the name that the member had beside the handle; `rule` is the code."""

    member_id: int
    change_id: int
    rule: str


@dataclass(frozen=True)
class MemberReinstated(Event):
    """No suspension stands any more: lifted `before_time`, or at its end."""

    member_id: int
    suspension_id: int
    before_time: bool


@dataclass(frozen=True)
class RoleGiven(Event):
    """`subject_id` is the brand that the role is over, None the site; `by_id` gave it (None: the
    operator); `told` is the member, when they are told of it, and `others` those who are told that
    the member has it."""

    grant_id: int
    member_id: int
    role: str
    subject_id: int | None
    by_id: int | None
    told: list[int]
    others: list[int]


@dataclass(frozen=True)
class RoleEnded(Event):
    """A role was taken or given up; fields as of `role.given`."""

    grant_id: int
    member_id: int
    role: str
    subject_id: int | None
    by_id: int | None
    told: list[int]
    others: list[int]


# content ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContentEvent(Event):
    """`kind` is the subject's kind; `author_id` is None for imported content; `city_id` is
    GeoNames' or None."""

    subject_id: int
    kind: str
    author_id: int | None
    city_id: int | None = None


@dataclass(frozen=True)
class ContentPosted(ContentEvent):
    """Something was contributed; `held` when it waits for a moderator."""

    held: bool = False


@dataclass(frozen=True)
class ContentApproved(ContentEvent):
    """Visible to all from now on: a moderator approved it, or it needed no approval."""


@dataclass(frozen=True)
class ContentGone(ContentEvent):
    """Not visible any more; `reason` is `refused`, `hidden`, `removed` or `withdrawn`."""

    reason: str = "removed"


@dataclass(frozen=True)
class PlaceChanged(Event):
    """Its facts, its brand or its visibility: what is told together with it changed too."""

    place_id: int


@dataclass(frozen=True)
class ReportConfirmed(Event):
    """`still_there` False is a denial."""

    report_id: int
    member_id: int
    author_id: int | None
    still_there: bool
    city_id: int | None = None


@dataclass(frozen=True)
class ReportChanged(Event):
    """Something happened to a public report; `what` is posted, approved, confirmed,
    denied, edited, corrected, answered, closed, reopened, merged, expired or withdrawn; `actor_id`
    did it (None: the system); degrees, WGS 84; `reliability` 0 to 10 at that moment; `held` while
    its text waits for a moderator; `at` is when, ISO 8601."""

    report_id: int
    what: str
    kind: str
    author_id: int | None
    actor_id: int | None
    lon: float
    lat: float
    city_id: int | None
    reliability: int
    held: bool = False
    at: str = ""


@dataclass(frozen=True)
class VoteProved(Event):
    """What a member said of a report proved true, and the points that waited for it came."""

    report_id: int
    member_id: int


@dataclass(frozen=True)
class StillThereAsked(Event):
    """A report faded: its author and those who confirmed it may know whether it is over."""

    report_id: int
    member_ids: list[int]


@dataclass(frozen=True)
class ReviewFoundHelpful(Event):
    review_id: int
    member_id: int
    author_id: int | None
    helpful: bool
    city_id: int | None = None


@dataclass(frozen=True)
class CommentPublished(Event):
    """It is public from now on; `about_id` is the subject it stands under."""

    comment_id: int
    about_id: int
    author_id: int | None


@dataclass(frozen=True)
class PhotoEvent(Event):
    photo_id: int
    subject_id: int
    member_id: int | None


@dataclass(frozen=True)
class PhotoUploaded(PhotoEvent):
    """It was not shown yet: it waits for the job and, when held, for a moderator."""

    city_id: int | None = None


@dataclass(frozen=True)
class PhotoPublished(PhotoEvent):
    """Cleaned, and visible to all from now on."""


@dataclass(frozen=True)
class PhotoFailed(PhotoEvent):
    """Its copies could not be made, in any attempt; the file is kept for the operator."""


@dataclass(frozen=True)
class PhotoGone(PhotoEvent):
    """Not visible any more; `reason` is `unreadable`, `hidden`, `removed` or `withdrawn`;
    `remaining` photos of the same member stand on the same subject."""

    reason: str = "removed"
    remaining: int = 0


# moderation ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseDecided(Event):
    """`outcome` is `approved` or `refused`; `rule` is a code of the rules; the note is read from
    the decision. `photos`: the content showed already, and photos added to it were decided."""

    case_id: int
    decision_id: int
    subject_id: int
    kind: str
    author_id: int | None
    outcome: str
    rule: str | None
    photos: bool = False


# referrals, rewards, reputation, brands -----------------------------------------------------


@dataclass(frozen=True)
class ReferralMade(Event):
    """`member_id` joined through a link of `parent_id`."""

    member_id: int
    parent_id: int
    link_id: int


@dataclass(frozen=True)
class RingDecided(Event):
    """A moderator decided about doubted members; `outcome` is `false` or `cleared`, `rule` a code
    of the rules of rings or None."""

    ring_id: int
    decision_id: int
    member_ids: list[int]
    outcome: str
    rule: str | None


@dataclass(frozen=True)
class LevelReached(Event):
    member_id: int
    level: int


@dataclass(frozen=True)
class BadgeAwarded(Event):
    member_id: int
    badge: str


@dataclass(frozen=True)
class TeamInvited(Event):
    """`by_id` asked `member_id` into the team of the brand, in `role`."""

    invitation_id: int
    brand_id: int
    member_id: int
    role: str
    by_id: int


@dataclass(frozen=True)
class BrandClaimDecided(Event):
    brand_id: int
    member_id: int
    approved: bool


# -------------------------------------------------------------------------------------------

# The field that names the thing an event is about.
_ABOUT = ("subject_id", "report_id", "review_id", "place_id", "brand_id")
_subscribers: dict[type[Event], list[str]] = {}


def emit(session: Session, *events: Event) -> None:
    """Enqueues each event for each of its subscribers, in the session's transaction and in one
    statement. What happened to one thing reaches a subscriber's capability in the order in which it
    happened."""
    jobs.defer_all(session, (job for event in events for job in _jobs_of(event)))


def _jobs_of(event: Event) -> Iterator[jobs.Waiting]:
    facts = asdict(event)
    about = next((facts[name] for name in _ABOUT if name in facts), None)
    for name in _subscribers.get(type(event), []):
        order = f"{name.partition('.')[0]}:{about}" if about is not None else None
        yield jobs.Waiting(name, {"version": event.version, **facts}, order)


def on(event_type: type[Event], name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Subscribes `react(session, event)`; `name` is `capability.what`, unique and stable,
    because jobs with that name may wait while a new release starts."""

    def subscribe(react: Callable[..., None]) -> Callable[..., None]:
        known = {field.name for field in fields(event_type)}

        def run(session: Session, **payload: Any) -> None:
            react(session, event_type(**{k: v for k, v in payload.items() if k in known}))

        # The operator runs a failed one again, and then all that follows from the event is there.
        jobs.task(name, priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)(run)
        _subscribers.setdefault(event_type, []).append(name)
        return react

    return subscribe


def subscribers() -> dict[str, list[str]]:
    """Event name → job names, for the documentation and its test."""
    return {event.name(): list(names) for event, names in _subscribers.items()}
