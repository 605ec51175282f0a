"""A profile's words: who may write them, who reads them, and how they are moderated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient

from tests.conftest import MODERATOR
from tests.deciding import decide_only
from tests.factories import content, past
from tests.migrating import CONFIG, empty_database, migrate
from tests.profiles.steps import public_id, reasons
from tests.reading import words
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.models import Member
from ugc.core.access import SYSTEM, Actor, ActorKind
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.moderation.models import Case
from ugc.profiles import queries as profiles_queries
from ugc.profiles import rules as profiles_rules
from ugc.profiles.actions import writing as profiles_writing

Browser = Callable[..., FlaskClient]
WORDS = "Zz I walk the city with my dog."
NOINDEX = '<meta name="robots" content="noindex">'


def say(browser: FlaskClient, text: str) -> int:
    return browser.post("/settings/profile", data={"about": text}).status_code


def test_a_newcomers_words_wait_for_a_moderator(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana, moderator = signed_in("ana", language="en"), signed_in("mod", role="moderator")
    assert NOINDEX not in client.get("/members/ana").text
    assert say(ana, WORDS) == 303
    assert reasons(session) == ["held"]
    page = client.get("/members/ana").text
    assert WORDS not in page
    assert NOINDEX in page
    assert WORDS in ana.get("/members/ana").text
    assert "Only you see this text until a moderator has looked at it." in ana.get("/settings").text
    queue = moderator.get("/moderation").text
    assert WORDS in queue
    assert "Profile of ana" in queue
    assert "/members/ana/suspensions" in queue
    decide_only(moderator, session, "approved")
    page = client.get("/members/ana").text
    assert WORDS in page
    assert NOINDEX not in page
    # A newcomer's change waits again, and what was approved is not shown meanwhile.
    assert say(ana, "Zz BUY PILLS") == 303
    assert reasons(session) == ["held"]
    assert "Zz" not in words(client.get("/members/ana").text)
    # Taking it away leaves nothing to decide.
    assert say(ana, "") == 303
    assert reasons(session) == []


def test_who_has_stood_the_test_is_public_at_once(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    assert say(signed_in("mod", role="moderator"), WORDS) == 303
    assert reasons(session) == []
    assert WORDS in client.get("/members/mod").text


def test_an_unconfirmed_account_says_nothing(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana", confirmed=False)
    answer = ana.post("/settings/profile", data={"about": WORDS})
    assert answer.status_code == 403
    assert f"{WORDS}</textarea>" in answer.text
    page = client.get("/members/ana").text
    assert WORDS not in page
    assert NOINDEX in page
    # The old way in is closed.
    form = {"about": WORDS, "language": "en", "timezone": "UTC"}
    assert ana.post("/settings", data=form).status_code == 422


def test_a_suspended_members_words_are_not_shown(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    browser = signed_in("mod", role="moderator")
    say(browser, WORDS)
    member = session.scalars(sa.select(Member).where(Member.handle == "mod")).one()
    accounts_suspending.suspend(session, SYSTEM, member.id, reason="spam", days=7)
    session.commit()
    page = client.get("/members/mod").text
    assert WORDS not in page
    assert NOINDEX in page
    answer = browser.post("/settings/profile", data={"about": "Zz something else"})
    assert answer.status_code == 403
    assert "Zz something else</textarea>" in answer.text
    settings = {"language": "es", "timezone": "UTC", "shown_to_far_contacts": ""}
    assert browser.post("/settings", data=settings).status_code == 303
    accounts_suspending.reinstate(session, SYSTEM, member.id)
    session.commit()
    assert WORDS in client.get("/members/mod").text


@pytest.mark.parametrize("text", [WORDS, ""])
def test_a_profile_is_flagged_refused_mended_and_approved(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Callable[[], int],
    text: str,
) -> None:  # fmt: skip
    """With words and, for its name alone, without."""
    author = signed_in("mod", role="moderator", language="en")
    ben, judge = signed_in("ben", language="en"), signed_in("judge", role="moderator")
    say(author, text)
    address = f"/flag/{public_id(session, 'mod')}"
    assert address in ben.get("/members/mod").text
    assert address not in author.get("/members/mod").text
    assert "Poses as another person or as an organisation" in ben.get(address).text
    flag = {"rule": "impersonation", "note": "Zz that is my company"}
    assert author.post(address, data=flag).status_code == 403
    assert client.post(address, data=flag).status_code == 401
    assert ben.post(address, data=flag).status_code == 303
    assert ben.post(address, data=flag).status_code == 409
    queue = judge.get("/moderation").text
    assert "Poses as another person or as an organisation" in queue
    assert "Zz that is my company" in queue
    decide_only(judge, session, "refused", rule="impersonation", note="Zz because.")
    assert WORDS not in client.get("/members/mod").text
    run_jobs()
    inbox = author.get("/inbox").text
    assert "A moderator refused what your profile says" in inbox
    assert "Poses as another person" in inbox
    assert "Zz because." in inbox
    if text:
        assert "A moderator refused this text" in author.get("/settings").text
    # A member who is free else waits for a moderator now.
    assert say(author, "Zz mended words") == 303
    assert reasons(session) == ["held"]
    assert "Zz mended words" not in client.get("/members/mod").text
    decide_only(judge, session, "approved")
    assert "Zz mended words" in client.get("/members/mod").text


def test_what_is_flagged_stays_a_question_when_the_words_go(
    session: Session, signed_in: Browser
) -> None:
    author, ben = signed_in("mod", role="moderator"), signed_in("ben")
    say(author, WORDS)
    ben.post(f"/flag/{public_id(session, 'mod')}", data={"rule": "spam"})
    before = session.scalars(sa.select(Case.version)).one()
    say(author, "")
    assert reasons(session) == ["flagged"]
    assert session.scalars(sa.select(Case.version)).one() > before


def test_too_long(session: Session, signed_in: Browser) -> None:
    answer = signed_in("ana").post("/settings/profile", data={"about": "x" * 501})
    assert answer.status_code == 422
    assert 'id="about-error"' in answer.text


@pytest.mark.parametrize(
    ("now", "held", "waits", "after"),
    [
        (None, False, False, Visibility.PUBLISHED),
        (None, True, False, Visibility.HELD),
        (Visibility.PUBLISHED, False, False, Visibility.PUBLISHED),
        (Visibility.PUBLISHED, True, False, Visibility.HELD),
        (Visibility.HELD, False, True, Visibility.HELD),
        (Visibility.HELD, False, False, Visibility.PUBLISHED),
        (Visibility.HIDDEN, False, False, Visibility.HELD),
        (Visibility.REMOVED, False, False, Visibility.HELD),
    ],
)
def test_where_a_changed_text_stands(
    now: Visibility | None, held: bool, waits: bool, after: Visibility
) -> None:
    assert profiles_rules.next_visibility(now, held=held, waits=waits) is after


def test_what_was_written_before_is_asked_when_saved_again(
    session: Session, make_member: Callable[..., Member]
) -> None:
    ana = make_member("ana")
    content.profile(session, ana.id, text="Zz old", visibility="held")
    actor = Actor(ActorKind.MEMBER, id=ana.id, confirmed=True)
    assert not profiles_queries.profile(session, ana.id).shown
    assert profiles_writing.write(session, actor, "Zz old") is Visibility.HELD
    assert reasons(session) == ["held"]
    # Saved a third time nothing changes.
    version = session.scalars(sa.select(Case.version)).one()
    assert profiles_writing.write(session, actor, "Zz old") is Visibility.HELD
    assert session.scalars(sa.select(Case.version)).one() == version
    experienced = Actor(ActorKind.MEMBER, id=ana.id, confirmed=True, grants=MODERATOR)
    assert profiles_writing.write(session, experienced, "Zz new") is Visibility.HELD


def test_the_migration_moves_words_by_their_authors_standing(worker_id: str) -> None:
    scripts = ScriptDirectory.from_config(Config(toml_file=CONFIG)).walk_revisions()
    revision = next(each for each in scripts if each.path.endswith("_profiles.py"))
    with empty_database(f"test_profiles_{worker_id}") as engine:
        migrate(engine, str(revision.down_revision))
        with engine.begin() as connection:
            for number in range(1, 5):
                handle, about = f"m{number}", "" if number == 4 else "Zz"
                made = past.subject(connection, "member", handle)
                past.row(connection, "members", id=made, handle=handle, about=about)
                # Of m1 three reports are public, of m2 two and one that waits.
                for each in range(3 if number < 3 else 0):
                    state = "held" if (number, each) == (2, 2) else "published"
                    past.report(connection, f"{handle}-{each}", author_id=made, visibility=state)
        migrate(engine, revision.revision)
        with engine.connect() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT handle, visibility, text FROM profiles p"
                    " JOIN members m ON m.id = author_id ORDER BY handle"
                )
            ).all()
        assert [tuple(row) for row in rows] == [
            ("m1", "published", "Zz"), ("m2", "held", "Zz"), ("m3", "held", "Zz"),
        ]  # fmt: skip
