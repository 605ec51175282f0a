"""Writes of flags, cases and decisions. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.core import inputs
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound
from ugc.core.subjects import Subject, Visibility
from ugc.media import actions as media_actions
from ugc.media import queries as media_queries
from ugc.moderation import queries, rules
from ugc.moderation.models import Case, Decision, DecisionNote, Flag, Moderated, UndoneDecision


@dataclass(frozen=True)
class Performance:
    """An action under way. `details` are what its form gives beside rule and note."""

    actor: Actor
    case: Case
    decision: Decision
    note: str
    details: Any = None

    @property
    def subject_id(self) -> int:
        return self.case.subject_id

    @property
    def cause(self) -> str:
        """What the logs and ledgers call it."""
        return f"decision:{self.decision.id}"


@dataclass(frozen=True)
class Action:
    """What a moderator may do about a case. The decision is stored with the `outcome`: `refused`
    names a rule, `approved` none. `undo` takes back what `do` did; without it a decision stands."""

    code: str
    outcome: str
    label: Any
    do: Callable[[Session, Performance], None]
    undo: Callable[[Session, Performance], None] | None = None


@dataclass(frozen=True)
class Reviewable:
    """How cases about a kind are decided. `barred` are members who may not decide, whatever their
    role; `rules` those that a refusal may name. `lock` comes before the case. Contributed content
    has a `table`, and its published rows may count (`counts`) towards freedom from approval."""

    actions: Sequence[Action]
    author_of: Callable[[Session, int], int | None] = lambda _session, _id: None
    rules: Mapping[str, Any] = field(default_factory=lambda: rules.RULES)
    barred: Callable[[Session, int], Collection[int]] = lambda _session, _id: ()
    lock: Callable[[Session], None] = lambda _session: None
    table: type[Moderated] | None = None
    counts: bool = False


SetVisibility = Callable[[Session, int, Visibility, str, str], None]


def approve_or_refuse(move: SetVisibility, *, can_undo: bool = False) -> tuple[Action, Action]:
    """The two actions about content: published, or hidden with a rule.
    `move(session, subject_id, visibility, reason, actor_reference)` changes the visibility."""

    def moving(visibility: Visibility) -> Callable[[Session, Performance], None]:
        def do(session: Session, it: Performance) -> None:
            move(session, it.subject_id, visibility, it.cause, it.actor.reference)

        return do

    def undo(session: Session, it: Performance) -> None:
        before = queries.visibility_before(session, it.subject_id, it.cause)
        waited = before is Visibility.HELD and it.decision.outcome == "approved"
        if not waited and media_queries.locked_of(session, it.subject_id):
            # What each photo showed before is not stored: none may show that no one approved.
            raise Conflict(lazy_gettext("It has photos, which cannot be as before: decide again."))
        if before is not None:
            move(session, it.subject_id, before, f"undone:{it.cause}", it.actor.reference)

    back = undo if can_undo else None
    return (
        Action("approve", "approved", lazy_gettext("Approve"), moving(Visibility.PUBLISHED), back),
        Action("refuse", "refused", lazy_gettext("Refuse"), moving(Visibility.HIDDEN), back),
    )


_reviewables: dict[str, Reviewable] = {}


def register(kind: str, reviewable: Reviewable) -> None:
    """Makes cases about things of this kind possible."""
    _reviewables[kind] = reviewable


def reviewables() -> dict[str, Reviewable]:
    """What cases can be about, by kind."""
    return dict(_reviewables)


def actions_for(kind: str) -> Sequence[Action]:
    """The actions that an open case about this kind offers."""
    return _reviewables[kind].actions


def is_moderated(kind: str) -> bool:
    """Whether cases may be opened about things of this kind."""
    return kind in _reviewables


def rules_of(kind: str) -> Mapping[str, Any]:
    """The rules that a refusal of this kind may name: code and text."""
    return _reviewables[kind].rules


def rule_text(code: str | None) -> Any:
    """What a code says, whichever kind it belongs to; '' for none."""
    known = {**rules.RULES}
    for content in _reviewables.values():
        known |= content.rules
    return known.get(code or "", "")


def counted_tables() -> list[type[Moderated]]:
    """Tables whose published rows count as contributions."""
    return [each.table for each in _reviewables.values() if each.counts and each.table is not None]


def tables() -> dict[str, type[Moderated]]:
    """Tables of content by kind."""
    return {kind: each.table for kind, each in _reviewables.items() if each.table is not None}


def check_covered(session: Session, actor: Actor, subject_id: int) -> None:
    """Raises Forbidden unless one of the actor's roles covers the subject."""
    if not queries.is_covered(session, subject_id, actor.grants_for("moderate"), tables()):
        raise Forbidden(
            lazy_gettext("Your role does not cover this: a moderator of its area decides it."),
            code="outside_role",
        )


def published_by(session: Session, member_id: int | None) -> int:
    """How many contributions of a member are published, of every kind."""
    if member_id is None:
        return 0
    return queries.published_by(session, member_id, counted_tables())


def records_of(session: Session, ids: Iterable[int | None]) -> dict[int, queries.Record]:
    """The records of authors over every kind of content, by member."""
    authors = {each for each in ids if each is not None}
    return queries.records_of(session, authors, tables().values())


def must_be_held(session: Session, actor: Actor) -> bool:
    """Whether what `actor` contributes now waits for a moderator."""
    if actor.is_moderator:
        return rules.must_be_held(actor, 0)
    return rules.must_be_held(actor, published_by(session, actor.id))


def is_graduated(session: Session, member_id: int) -> bool:
    """Whether a member has so many approved contributions that the next need no approval."""
    return published_by(session, member_id) >= rules.APPROVED_BEFORE_FREE


def open_case(session: Session, subject_id: int, reason: str) -> None:
    """Opens the question; `reason` is a code of `rules.REASONS`. One that is open already has
    changed: no moderator decides it by an older view."""
    _alone(session, subject_id)
    session.execute(
        insert(Case)
        .values(subject_id=subject_id, reason=reason)
        .on_conflict_do_update(
            index_elements=["subject_id"],
            index_where=sa.text("decided_at IS NULL"),
            set_={"version": Case.version + 1},
        )
    )


def open_first_case(session: Session, subject_id: int, reason: str = "held") -> None:
    """As `open_case`, of what this transaction made: no other one can know it yet, so there is none
    to wait for."""
    session.execute(insert(Case).values(subject_id=subject_id, reason=reason))


def _alone(session: Session, subject_id: int) -> None:
    """Serialises opening and closing the case of a subject: a case that is
    being opened is no row yet that one could lock."""
    key = sa.func.hashtextextended(f"case:{subject_id}", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def content_changed(session: Session, subject_id: int) -> None:
    """There is more to see than when the open case, if any, was last shown."""
    session.execute(
        sa.update(Case)
        .where(Case.subject_id == subject_id, Case.decided_at.is_(None))
        .values(version=Case.version + 1)
    )


media_actions.on_change(content_changed)


def remove_photo(session: Session, actor: Actor, key: str, *, rule: str) -> None:
    """Removes one photo and leaves what it belongs to. Raises Conflict, Forbidden, Invalid."""
    if rule not in rules.RULES:
        raise Invalid(fields={"rule": [lazy_gettext("A refusal names the rule.")]})
    photo = media_queries.locked(session, key)
    if not rules.may_decide(actor, photo.member_id):
        raise Forbidden(lazy_gettext("Your own content is decided by others."))
    check_covered(session, actor, photo.subject_id)
    media_actions.remove(session, photo, rule=rule, who=actor.reference)


def author_of(session: Session, subject: Subject) -> int | None:
    """The member who made it; None for what has no author or is not moderated."""
    content = _reviewables.get(subject.kind)
    return content.author_of(session, subject.id) if content else None


def flag(session: Session, actor: Actor, subject: Subject, *, rule: str, note: str = "") -> None:
    """A member says that content breaks a rule; folds into the open case. Raises Forbidden,
    Invalid, Conflict when they said so before."""
    member_id = require_contributor(actor)
    if rule not in rules_of(subject.kind):
        raise Invalid(fields={"rule": [lazy_gettext("Choose one of the rules.")]})
    note = inputs.checked_text(note, most=rules.NOTE_MAX, field="note")
    # Cases are locked before content, as by a moderator who decides.
    open_case(session, subject.id, "flagged")
    if not rules.may_flag(actor, _reviewables[subject.kind].author_of(session, subject.id)):
        raise Forbidden(lazy_gettext("This is yours: withdraw it instead."))
    if not session.scalar(sa.select(Subject.visible).where(Subject.id == subject.id)):
        # Its author took it back a moment ago: a case about it could never be decided.
        raise NotFound()
    flag_id = session.scalar(
        insert(Flag)
        .values(subject_id=subject.id, member_id=member_id, rule=rule, note=note)
        .on_conflict_do_nothing()
        .returning(Flag.id)
    )
    if flag_id is None:
        raise Conflict(lazy_gettext("You flagged this before; a moderator looks at it."))
    session.execute(
        sa.update(Case)
        .where(Case.subject_id == subject.id, Case.decided_at.is_(None))
        .values(flags=Case.flags + 1, version=Case.version + 1)
    )


def perform(
    session: Session,
    actor: Actor,
    case_id: int,
    action: str,
    *,
    version: int,
    rule: str | None = None,
    note: str = "",
    details: Any = None,
) -> Decision:
    """Decides an open case by one of the actions that its kind offers. The row lock and `version`
    let only one moderator decide, and only on what they saw. Raises Conflict, Forbidden, Invalid,
    NotFound."""
    subject = queries.subject_of_case(session, case_id)
    reviewable = _reviewables[subject.kind]
    reviewable.lock(session)
    case = queries.locked_case(session, case_id)
    if case.decided_at is not None:
        raise Conflict(lazy_gettext("Another moderator decided this case a moment ago."))
    if case.version != version:
        raise Conflict(lazy_gettext("This case changed meanwhile. Reload and look again."))
    chosen = next((each for each in reviewable.actions if each.code == action), None)
    if chosen is None:
        raise Invalid(fields={"action": [lazy_gettext("Choose one of the buttons.")]})
    if chosen.outcome == "refused" and rule not in reviewable.rules:
        raise Invalid(fields={"rule": [lazy_gettext("A refusal names the rule.")]})
    note = inputs.checked_text(note, most=rules.NOTE_MAX, field="note")
    author_id = _check_may_decide(session, actor, subject)
    case.decided_at = now(session)
    case.version += 1
    decision = Decision(
        case_id=case.id,
        moderator_id=actor.id,
        outcome=chosen.outcome,
        rule=rule if chosen.outcome == "refused" else None,
    )
    session.add(decision)
    session.flush()
    if note:
        session.add(DecisionNote(decision_id=decision.id, note=note))
    photos = case.reason == "held" and queries.is_published(session, reviewable.table, subject.id)
    chosen.do(session, Performance(actor, case, decision, note, details))
    events.emit(
        session,
        events.CaseDecided(
            case.id,
            decision.id,
            subject.id,
            subject.kind,
            author_id,
            decision.outcome,
            decision.rule,
            photos,
        ),
    )
    return decision


def _check_may_decide(session: Session, actor: Actor, subject: Subject) -> int | None:
    """The author of what is decided. Raises Forbidden for an actor who may not decide it."""
    reviewable = _reviewables[subject.kind]
    author_id = reviewable.author_of(session, subject.id)
    if not rules.may_decide(actor, author_id):
        raise Forbidden(lazy_gettext("Your own content is decided by others."))
    check_covered(session, actor, subject.id)
    if actor.id in reviewable.barred(session, subject.id):
        raise Forbidden(lazy_gettext("You had a part in this: another moderator decides it."))
    return author_id


def undo_action(kind: str, outcome: str) -> Action | None:
    """The action of a decision, when it can be undone."""
    offered = _reviewables[kind].actions if kind in _reviewables else ()
    return next((each for each in offered if each.outcome == outcome and each.undo), None)


def undo(session: Session, actor: Actor, decision_id: int) -> None:
    """Takes a decision back: what it decided is as before, in a new case. Possible for
    `rules.UNDO_WITHIN` while nothing else has happened to it. Raises Conflict, Forbidden,
    NotFound."""
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise NotFound()
    subject = queries.subject_of_case(session, decision.case_id)
    lock_case(session, subject.id)
    case = queries.locked_case(session, decision.case_id)
    action = undo_action(subject.kind, decision.outcome)
    _check_may_decide(session, actor, subject)
    if action is None or action.undo is None:
        raise Conflict(lazy_gettext("This decision cannot be undone."))
    if now(session) - decision.decided_at > rules.UNDO_WITHIN:
        raise Conflict(lazy_gettext("This was decided too long ago to be undone."))
    if queries.moved_on(session, subject.id, decision):
        raise Conflict(lazy_gettext("Something else has happened to it since: decide it again."))
    session.add(UndoneDecision(decision_id=decision.id, member_id=actor.id))
    session.flush()
    action.undo(session, Performance(actor, case, decision, ""))
    open_case(session, subject.id, case.reason)
    session.execute(
        sa.update(Case)
        .where(Case.subject_id == subject.id, Case.decided_at.is_(None))
        .values(flags=case.flags)
    )


def lock_case(session: Session, subject_id: int) -> None:
    """Cases are locked before their content, as by a moderator who decides. A caller that moves
    content without knowing yet what becomes of its case says so first."""
    _alone(session, subject_id)
    session.execute(
        sa.select(Case.id)
        .where(Case.subject_id == subject_id, Case.decided_at.is_(None))
        .with_for_update(key_share=True)
    )


def close_case(session: Session, subject_id: int) -> None:
    """Its content went away by its author: there is nothing left to decide."""
    _alone(session, subject_id)
    session.execute(
        sa.update(Case)
        .where(Case.subject_id == subject_id, Case.decided_at.is_(None))
        .values(decided_at=now(session), version=Case.version + 1)
    )


def forget_texts(session: Session, subject_id: int, *, with_flags: bool) -> None:
    """The author of a subject is erased: what moderators wrote to them goes, and with the content
    also what others wrote when they flagged it."""
    decided = sa.select(Decision.id).join(Case).where(Case.subject_id == subject_id)
    session.execute(sa.delete(DecisionNote).where(DecisionNote.decision_id.in_(decided)))
    if with_flags:
        session.execute(sa.update(Flag).where(Flag.subject_id == subject_id).values(note=""))


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The flags that a member raised and, for a moderator, the decisions."""
    return {
        "flags": queries.flags_of(session, member_id),
        "decisions": queries.decisions_of(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Flags stay as counts; what the member wrote with them goes."""
    session.execute(sa.update(Flag).where(Flag.member_id == member_id).values(note=""))
