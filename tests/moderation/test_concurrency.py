"""Moderators at once, each in a transaction of its own on a connection of its own."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from tests.at_once import at_once, in_transaction
from tests.deciding import ACTION_OF
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session, db, transaction
from ugc.core.errors import Conflict
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.moderation import actions as moderation_actions
from ugc.moderation.models import Case, Decision
from ugc.reports.actions import posting as reports_posting_actions


def held_report(own_site: Flask, author: Actor) -> tuple[int, int]:
    """(case, version) of a report that waits for a moderator."""
    newcomer = Actor(ActorKind.MEMBER, id=author.id, confirmed=True)

    def post(session: Session) -> tuple[int, int]:
        reports_posting_actions.post_report(
            session, newcomer, kind="jam", point=geo.Point(-3.7, 40.4)
        )
        case = session.scalars(sa.select(Case).order_by(Case.id.desc()).limit(1)).one()
        return case.id, case.version

    made = in_transaction(own_site, post)
    assert isinstance(made, tuple)
    return made


def deciding(actor: Actor, case: tuple[int, int], outcome: str) -> Callable[[Session], object]:
    return lambda session: moderation_actions.perform(
        session, actor, case[0], ACTION_OF[outcome], version=case[1], rule="spam"
    )


def test_only_one_of_many_moderators_decides(own_site: Flask, moderators: list[Actor]) -> None:
    # Another author each time: after three approved ones nothing of theirs waits any more.
    for author in moderators[:5]:
        case = held_report(own_site, author)
        deciders = [person for person in moderators if person is not author]
        answers = at_once(
            own_site,
            *(
                deciding(person, case, "approved" if number % 2 else "refused")
                for number, person in enumerate(deciders)
            ),
        )
        assert sum(isinstance(answer, Decision) for answer in answers) == 1
        assert sum(isinstance(answer, Conflict) for answer in answers) == len(deciders) - 1
        with own_site.app_context(), transaction() as session:
            outcome, visibility, moves = session.execute(
                sa.text(
                    "SELECT d.outcome, r.visibility, (SELECT count(*) FROM transitions m"
                    " WHERE m.subject_id = r.id AND m.reason = 'decision:' || d.id)"
                    " FROM decisions d JOIN cases c ON c.id = d.case_id"
                    " JOIN reports r ON r.id = c.subject_id WHERE c.id = :case"
                ),
                {"case": case[0]},
            ).one()
            assert visibility == ("published" if outcome == "approved" else "hidden")
            assert moves == 1
            db.session.remove()


def test_flags_of_many_at_once_fold_into_one_case(own_site: Flask, moderators: list[Actor]) -> None:
    case = held_report(own_site, moderators[0])
    subject_id = in_transaction(own_site, lambda s: s.get_one(Case, case[0]).subject_id)

    def flagging(person: Actor) -> Callable[[Session], object]:
        return lambda session: moderation_actions.flag(
            session, person, session.get_one(Subject, subject_id), rule="spam"
        )

    works = [flagging(person) for person in [*moderators[1:], moderators[1]]]
    answers = at_once(own_site, *works)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    with own_site.app_context(), transaction() as session:
        rows = session.execute(
            sa.select(Case.flags).where(Case.subject_id == subject_id, Case.decided_at.is_(None))
        ).all()
        assert rows == [(len(moderators) - 1,)]
