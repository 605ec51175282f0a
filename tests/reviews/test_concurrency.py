"""Many at once, each in a transaction of its own: totals stay right and nobody waits for ever."""

import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.at_once import at_once, in_transaction
from tests.factories.members import PASSWORD
from ugc.accounts.actions import erasing as accounts_erasing
from ugc.accounts.actions import links as accounts_links
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.queries import sessions as accounts_sessions
from ugc.core import subjects
from ugc.core.access import Actor
from ugc.core.db import Session, transaction
from ugc.core.errors import Conflict, DomainError, Forbidden, NotFound
from ugc.moderation import actions as moderation_actions
from ugc.moderation.models import Case, Decision
from ugc.places.models import KIND as PLACE
from ugc.places.models import Place
from ugc.reviews import actions as reviews_actions
from ugc.reviews import queries as reviews_queries
from ugc.reviews.models import Review

PEOPLE = 8


@pytest.fixture
def place_id(own_site: Flask) -> int:
    def make(session: Session) -> int:
        subject = subjects.create(session, PLACE)
        geom = "SRID=4326;POINT(-3.7 40.4)"
        session.add(Place(id=subject.id, name="Café", category="cafe", geom=geom))
        return subject.id

    made = in_transaction(own_site, make)
    assert isinstance(made, int)
    return made


def posting(actor: Actor, place_id: int, rating: int) -> Callable[[Session], object]:
    opinion = reviews_actions.Opinion(rating=rating, text="x" * 60)
    return lambda session: reviews_actions.post_review(session, actor, place_id, opinion)


def editing(actor: Actor, review_id: int, rating: int) -> Callable[[Session], object]:
    opinion = reviews_actions.Opinion(rating=rating, text="y" * 60)
    return lambda session: reviews_actions.edit_review(
        session, actor, review_id, revision=1, opinion=opinion
    )


def withdrawing(actor: Actor, review_id: int) -> Callable[[Session], object]:
    return lambda session: reviews_actions.withdraw(session, actor, review_id)


def stored(app: Flask, place_id: int) -> tuple[tuple[int, int], tuple[int, int], list[int]]:
    """(totals of the place, totals of its reviews, ids of its reviews)."""
    with app.app_context(), transaction() as session:
        place = session.get_one(Place, place_id)
        ids = session.scalars(
            sa.select(Review.id).where(Review.place_id == place_id).order_by(Review.id)
        ).all()
        told = (place.rating_count, place.rating_sum)
        return told, reviews_queries.totals(session, place_id), list(ids)


def test_reviews_of_many_at_once_are_all_counted(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    answers = at_once(
        own_site, *(posting(p, place_id, 1 + n % 5) for n, p in enumerate(moderators))
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    told, counted, _ids = stored(own_site, place_id)
    assert told == counted == (PEOPLE, sum(1 + n % 5 for n in range(PEOPLE)))


def test_two_reviews_of_one_member_at_once_are_one(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    answers = at_once(own_site, *(posting(moderators[0], place_id, 5) for _ in range(4)))
    assert sum(isinstance(answer, Conflict) for answer in answers) == 3
    told, counted, ids = stored(own_site, place_id)
    assert told == counted == (1, 5)
    assert len(ids) == 1


def test_edits_withdrawals_and_posts_at_once_leave_right_totals(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    for person in moderators[:4]:
        in_transaction(own_site, posting(person, place_id, 5))
    ids = stored(own_site, place_id)[2]
    answers = at_once(
        own_site,
        editing(moderators[0], ids[0], 1),
        editing(moderators[0], ids[0], 1),
        withdrawing(moderators[1], ids[1]),
        lambda s: moderation_actions.open_case(s, ids[2], "flagged"),
        *(posting(person, place_id, 3) for person in moderators[4:]),
    )
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(each).__name__ for each in refused] == ["Stale"]
    told, counted, _ids = stored(own_site, place_id)
    assert told == counted == (7, 1 + 5 + 5 + 4 * 3)


def test_helpful_votes_at_once_are_all_counted(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    in_transaction(own_site, posting(moderators[0], place_id, 5))
    [review_id] = stored(own_site, place_id)[2]
    answers = at_once(
        own_site,
        *(
            lambda s, person=person: reviews_actions.vote_helpful(
                s, person, review_id, helpful=True
            )
            for person in [*moderators[1:], moderators[1]]
        ),
        lambda s: reviews_actions.vote_helpful(s, moderators[0], review_id, helpful=True),
    )
    assert sum(isinstance(answer, Forbidden) for answer in answers) == 1
    with own_site.app_context(), transaction() as session:
        assert session.get_one(Review, review_id).helpful == PEOPLE - 1


def test_a_decision_and_its_author_never_wait_for_each_other(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    """Both lock the case first: the one that comes second is refused or finds it done, and no
    deadlock (an OperationalError) is raised."""
    for round_ in range(6):
        author, moderator = moderators[round_], moderators[(round_ + 1) % PEOPLE]
        in_transaction(own_site, posting(author, place_id, 2))
        review_id = stored(own_site, place_id)[2][-1]
        in_transaction(
            own_site, lambda s, r=review_id: moderation_actions.open_case(s, r, "flagged")
        )
        with own_site.app_context(), transaction() as session:
            case = session.scalars(
                sa.select(Case).where(Case.subject_id == review_id, Case.decided_at.is_(None))
            ).one()
            case_id, version = case.id, case.version
        works: list[Callable[[Session], object]] = [
            lambda s, c=case_id, v=version, m=moderator: moderation_actions.perform(
                s, m, c, "refuse", version=v, rule="spam"
            ),
            withdrawing(author, review_id) if round_ % 2 else editing(author, review_id, 4),
        ]
        answers = at_once(own_site, *works)
        assert all(isinstance(answer, DomainError | Decision | None) for answer in answers)
        told, counted, _ids = stored(own_site, place_id)
        assert told == counted


def later(work: Callable[[Session], object]) -> Callable[[Session], object]:
    def wait(session: Session) -> object:
        time.sleep(0.3)
        return work(session)

    return wait


def slowly(work: Callable[[Session], object]) -> Callable[[Session], object]:
    """Commits only when the others wait for it already."""

    def linger(session: Session) -> object:
        answer = work(session)
        session.flush()
        time.sleep(0.8)
        return answer

    return linger


def flagging(actor: Actor, review_id: int) -> Callable[[Session], object]:
    return lambda session: moderation_actions.flag(
        session, actor, session.get_one(subjects.Subject, review_id), rule="spam"
    )


@pytest.mark.parametrize("flag_first", [True, False])
def test_what_is_withdrawn_while_it_is_flagged_leaves_no_case(
    own_site: Flask, moderators: list[Actor], place_id: int, *, flag_first: bool
) -> None:
    in_transaction(own_site, posting(moderators[0], place_id, 2))
    [review_id] = stored(own_site, place_id)[2]
    flag, withdraw = flagging(moderators[1], review_id), withdrawing(moderators[0], review_id)
    if flag_first:
        assert at_once(own_site, slowly(flag), later(withdraw)) == [None, None]
    else:
        withdrawn, flagged = at_once(own_site, slowly(withdraw), later(flag))
        assert withdrawn is None
        assert isinstance(flagged, NotFound)
    with own_site.app_context(), transaction() as session:
        open_cases = sa.select(sa.func.count()).where(
            Case.subject_id == review_id, Case.decided_at.is_(None)
        )
        assert session.scalar(open_cases) == 0


def test_what_is_written_while_its_author_is_erased_goes_too(
    own_site: Flask, moderators: list[Actor], place_id: int
) -> None:
    author_id = moderators[0].id or 0
    token = in_transaction(
        own_site, lambda s: accounts_signing_in.open_session(s, author_id, "a browser")
    )
    digest = accounts_links.digest(str(token))

    def write(session: Session) -> object:
        assert accounts_sessions.session_member(session, digest, keep=True)
        return posting(moderators[0], place_id, 5)(session)

    def erase(session: Session) -> object:
        return accounts_erasing.erase(session, author_id, with_content=True, password=PASSWORD)

    _, erased = at_once(own_site, slowly(write), later(erase))
    assert erased is None
    with own_site.app_context(), transaction() as session:
        [review] = session.scalars(sa.select(Review).where(Review.place_id == place_id))
        assert (review.visibility, review.author_id, review.text) == ("withdrawn", None, "")
        assert accounts_sessions.session_member(session, digest) is None
