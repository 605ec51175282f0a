"""The life of contributed content, the same for every kind that is declared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.spread.conftest import actor_of
from ugc import events
from ugc.accounts.models import Member
from ugc.brands.actions.editing import BRANDS, add_brand
from ugc.brands.models import Brand
from ugc.campaigns.actions import INVITATIONS
from ugc.campaigns.models import Invitation
from ugc.comments.actions import COMMENTS
from ugc.comments.models import Comment
from ugc.content import actions as content_actions
from ugc.content import rules as content_rules
from ugc.content.actions import ContentKind
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, Stale
from ugc.core.subjects import Subject, Visibility
from ugc.geography import geo
from ugc.media.models import Photo
from ugc.moderation import actions as moderation_actions
from ugc.moderation.models import Case, Moderated
from ugc.places.actions import editing as places_editing
from ugc.places.models import Place
from ugc.reports.actions.posting import REPORTS
from ugc.reports.models import Report
from ugc.reviews.actions import REVIEWS
from ugc.reviews.models import Review

KINDS: list[ContentKind[Any]] = [
    COMMENTS,
    REVIEWS,
    BRANDS,
    INVITATIONS,
    REPORTS,
    places_editing.PLACES,
]
all_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def newcomer(make_member: Callable[..., Member]) -> Actor:
    return Actor(ActorKind.MEMBER, id=make_member("nina").id, confirmed=True)


@pytest.fixture
def moderator(make_member: Callable[..., Member]) -> Actor:
    return actor_of(make_member("marta", role="moderator"))


@pytest.fixture
def row_of(session: Session, moderator: Actor) -> Callable[[ContentKind[Any]], Moderated]:
    """What a member could submit of a kind."""
    place = places_editing.add_place(
        session, moderator, name="Kiosk", category="shop", point=geo.Point(-3.7, 40.4)
    )
    brand = add_brand(session, moderator, name="Mora")
    moment = now(session)
    ids = {
        each: subjects.resolve(session, public_id).id
        for each, public_id in (("place", place), ("brand", brand))
    }
    rows: dict[str, Callable[[], Moderated]] = {
        COMMENTS.name: lambda: Comment(about_id=ids["place"], text="Closed on Mondays."),
        REVIEWS.name: lambda: Review(
            place_id=ids["place"], rating=4, subratings={}, title="", text="Good and quick."
        ),
        BRANDS.name: lambda: Brand(name="Nube", about="", website=""),
        REPORTS.name: lambda: Report(
            kind="hazard",
            geom=geo.Point(-3.7, 40.4).ewkt,
            text="A tree lies here.",
            seen_at=moment,
            occurred_at=moment,
            expires_at=moment + dt.timedelta(hours=2),
            prior=0.5,
            half_life_s=3600,
            believed=0.5,
            believed_at=moment,
            reacted=0.5,
        ),
        places_editing.PLACES.name: lambda: Place(
            name="Bakery",
            category="shop",
            geom=geo.Point(-3.7, 40.4).ewkt,
            timezone="Europe/Madrid",
        ),
        INVITATIONS.name: lambda: Invitation(
            brand_id=ids["brand"], text="Bring a friend.", thanks="Thank you!"
        ),
    }
    return lambda kind: rows[kind.name]()


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[events.Event]:
    """Events that the verbs emit, which go on to their listeners."""
    seen: list[events.Event] = []
    emit = events.emit

    def note(session: Session, *told: events.Event) -> None:
        seen.extend(told)
        emit(session, *told)

    monkeypatch.setattr(content_actions.events, "emit", note)
    return seen


def submitted(
    session: Session, actor: Actor, kind: ContentKind[Any], row: Moderated
) -> tuple[Moderated, Subject]:
    subject = subjects.resolve(session, content_actions.submit(session, actor, kind, row))
    return row, subject


def is_visible(session: Session, subject: Subject) -> bool:
    return bool(session.scalar(sa.select(Subject.visible).where(Subject.id == subject.id)))


def open_cases(session: Session, subject_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        Case.subject_id == subject_id, Case.decided_at.is_(None)
    )
    return session.scalar(query) or 0


@all_kinds
def test_what_needs_no_approval_is_published_and_said_so(
    session: Session, moderator: Actor, row_of: Any, emitted: list[events.Event],
    kind: ContentKind[Any],
) -> None:  # fmt: skip
    row, subject = submitted(session, moderator, kind, row_of(kind))
    assert (row.visibility, is_visible(session, subject)) == ("published", True)
    assert open_cases(session, row.id) == 0
    told = [type(each) for each in emitted]
    assert told[:2] == [events.ContentPosted, events.ContentApproved]


@all_kinds
def test_a_newcomers_waits_and_moves_as_moderators_decide(
    session: Session, newcomer: Actor, row_of: Any, emitted: list[events.Event],
    kind: ContentKind[Any],
) -> None:  # fmt: skip
    row, subject = submitted(session, newcomer, kind, row_of(kind))
    assert row.visibility == "held"
    assert is_visible(session, subject) == (Visibility.HELD in kind.shown)
    assert open_cases(session, row.id) == 1
    seen = []
    for visibility in (Visibility.PUBLISHED, Visibility.HIDDEN, Visibility.PUBLISHED):
        emitted.clear()
        content_actions.set_visibility(session, kind, row.id, visibility, "decision:1", "system")
        # The same decision again changes nothing.
        content_actions.set_visibility(session, kind, row.id, visibility, "decision:1", "system")
        told = [
            type(e) for e in emitted if isinstance(e, events.ContentApproved | events.ContentGone)
        ]
        seen.append((is_visible(session, subject), told))
    assert seen == [
        (True, [events.ContentApproved]),
        (False, [events.ContentGone]),
        (True, [events.ContentApproved]),
    ]


@all_kinds
def test_what_was_withdrawn_does_not_come_back(
    session: Session, newcomer: Actor, row_of: Any, kind: ContentKind[Any]
) -> None:
    row, subject = submitted(session, newcomer, kind, row_of(kind))
    content_actions.withdraw(session, newcomer, kind, row.id, lambda _actor, _row: True)
    assert (row.visibility, is_visible(session, subject)) == ("withdrawn", False)
    assert open_cases(session, row.id) == 0
    with pytest.raises(Conflict):
        content_actions.set_visibility(
            session, kind, row.id, Visibility.PUBLISHED, "decision:1", "system"
        )


@all_kinds
def test_others_cannot_edit_and_an_edit_counts_from_what_was_seen(
    session: Session, newcomer: Actor, moderator: Actor, row_of: Any, kind: ContentKind[Any]
) -> None:
    row, _ = submitted(session, newcomer, kind, row_of(kind))
    with (
        pytest.raises(Forbidden),
        content_actions.editing(session, moderator, kind, row.id, revision=1),
    ):
        raise AssertionError("another member's content is open")
    with pytest.raises(Stale), content_actions.editing(session, newcomer, kind, row.id, revision=7):
        raise AssertionError("an older text is open")
    content_actions.set_visibility(
        session, kind, row.id, Visibility.PUBLISHED, "decision:1", "system"
    )
    with content_actions.editing(session, newcomer, kind, row.id, revision=1) as edit:
        assert (edit.waits, edit.was_public) == (True, True)
    assert (row.visibility, row.revision, open_cases(session, row.id)) == ("held", 2, 1)


@all_kinds
@pytest.mark.parametrize("with_content", [True, False])
def test_erasing_parts_content_from_its_author(
    session: Session, newcomer: Actor, row_of: Any, kind: ContentKind[Any], with_content: bool
) -> None:
    row, _ = submitted(session, newcomer, kind, row_of(kind))
    assert newcomer.id is not None
    content_actions.erase(session, kind, newcomer.id, with_content=with_content)
    assert row.author_id is None
    assert row.visibility == ("withdrawn" if with_content else "held")
    assert open_cases(session, row.id) == (0 if with_content else 1)
    if with_content:
        assert all(getattr(row, name) == value for name, value in kind.texts.items())


def decided(session: Session, moderator: Actor, row: Moderated, action: str) -> int:
    """Decides the open case about `row` and returns the decision's id."""
    case = session.scalars(
        sa.select(Case).where(Case.subject_id == row.id, Case.decided_at.is_(None))
    ).one()
    rule = {"rule": "spam"} if action == "refuse" else {}
    return moderation_actions.perform(
        session, moderator, case.id, action, version=case.version, **rule
    ).id


@all_kinds
@pytest.mark.parametrize("action", ["approve", "refuse"])
def test_a_decision_is_undone(
    session: Session,
    newcomer: Actor,
    moderator: Actor,
    row_of: Any,
    kind: ContentKind[Any],
    action: str,
) -> None:
    """It waits as before; the second decision counts like the first would have."""
    row, _ = submitted(session, newcomer, kind, row_of(kind))
    decision = decided(session, moderator, row, action)
    assert row.visibility == ("published" if action == "approve" else "hidden")
    moderation_actions.undo(session, moderator, decision)
    assert (row.visibility, open_cases(session, row.id)) == ("held", 1)
    with pytest.raises(Conflict):
        moderation_actions.undo(session, moderator, decision)
    decided(session, moderator, row, "approve")
    assert row.visibility == "published"


PHOTOGRAPHED = [kind for kind in KINDS if kind.has_photos]


@pytest.mark.parametrize("kind", PHOTOGRAPHED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("action", ["approve", "refuse"])
def test_no_photo_shows_by_an_undone_decision(
    session: Session,
    newcomer: Actor,
    moderator: Actor,
    row_of: Any,
    kind: ContentKind[Any],
    action: str,
) -> None:
    """The text is public, photos added to it wait: a decision about them stands."""
    row, _ = submitted(session, newcomer, kind, row_of(kind))
    decided(session, moderator, row, "approve")
    photo = Photo(
        key="k" * 24,
        subject_id=row.id,
        member_id=newcomer.id,
        state="ready",
        visibility="held",
        width=9,
        height=9,
    )
    session.add(photo)
    session.flush()
    moderation_actions.open_case(session, row.id, "held")
    decision = decided(session, moderator, row, action)
    shown = photo.visibility
    with pytest.raises(Conflict):
        moderation_actions.undo(session, moderator, decision)
    assert photo.visibility == shown == ("published" if action == "approve" else "hidden")


def test_a_decision_stands_once_something_else_happened(
    session: Session, newcomer: Actor, moderator: Actor, row_of: Any
) -> None:
    row, _ = submitted(session, newcomer, COMMENTS, row_of(COMMENTS))
    decision = decided(session, moderator, row, "approve")
    with pytest.raises(Forbidden):
        moderation_actions.undo(session, newcomer, decision)
    content_actions.withdraw(session, newcomer, COMMENTS, row.id)
    with pytest.raises(Conflict):
        moderation_actions.undo(session, moderator, decision)
    assert row.visibility == "withdrawn"


def test_a_decision_stands_after_a_day(
    session: Session, newcomer: Actor, moderator: Actor, row_of: Any
) -> None:
    row, _ = submitted(session, newcomer, COMMENTS, row_of(COMMENTS))
    decision = decided(session, moderator, row, "approve")
    session.execute(sa.text("ALTER TABLE decisions DISABLE TRIGGER append_only"))
    session.execute(sa.text("UPDATE decisions SET decided_at = decided_at - interval '25 hours'"))
    session.execute(sa.text("ALTER TABLE decisions ENABLE TRIGGER append_only"))
    session.expire_all()
    with pytest.raises(Conflict):
        moderation_actions.undo(session, moderator, decision)
    assert row.visibility == "published"


def test_an_action_that_is_not_offered_is_refused(
    session: Session, newcomer: Actor, moderator: Actor, row_of: Any
) -> None:
    row, _ = submitted(session, newcomer, COMMENTS, row_of(COMMENTS))
    with pytest.raises(Invalid):
        decided(session, moderator, row, "find_false")
    assert (row.visibility, open_cases(session, row.id)) == ("held", 1)


def test_who_may_see_edit_and_withdraw() -> None:
    author, other = Actor(ActorKind.MEMBER, id=1), Actor(ActorKind.MEMBER, id=2)
    suspended = Actor(ActorKind.MEMBER, id=1, suspended=True)
    may: dict[str, tuple[bool, ...]] = {}
    for visibility in Visibility:
        may[visibility] = tuple(
            ask(actor, 1, visibility)
            for actor in (author, suspended, other)
            for ask in (content_rules.may_see, content_rules.may_edit, content_rules.may_withdraw)
        )
    standing = (True, True, True, True, False, True)
    assert may == {
        "published": (*standing, True, False, False),
        "held": (*standing, False, False, False),
        **dict.fromkeys(
            ("hidden", "removed", "withdrawn"),
            (True, False, False, True, False, False, False, False, False),
        ),
    }
    assert not content_rules.may_withdraw(Actor(ActorKind.ANONYMOUS), None, "published")


def test_kinds_of_these_tests_are_all_that_are_declared() -> None:
    assert {kind.name for kind in KINDS} == {kind.name for kind in content_actions.kinds()}
