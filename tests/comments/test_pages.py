"""Talk under a report over HTTP."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide_only
from ugc.comments import actions as comments_actions
from ugc.comments.models import Comment
from ugc.core.db import Session
from ugc.notifications.models import Notification
from ugc.reports.actions import life as reports_life_actions
from ugc.reputation.models import PointEntry

REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
Browser = Callable[..., FlaskClient]


def comments(session: Session) -> list[Comment]:
    session.expire_all()
    return list(session.scalars(sa.select(Comment).order_by(Comment.id)))


def talk(address: str) -> str:
    return f"/comments/{address.rsplit('/', 1)[-1]}"


@pytest.fixture
def report(signed_in: Browser) -> str:
    return str(signed_in("mod", role="moderator").post("/reports", data=REPORT).location)


def test_a_new_members_comment_waits(
    client: FlaskClient, session: Session, signed_in: Browser, report: str
) -> None:
    ana = signed_in("ana")
    posted = ana.post(talk(report), data={"text": "Use the <bridge>."})
    assert posted.status_code == 303
    assert "waits for a moderator" in ana.get(report).text
    assert "bridge" not in client.get(report).text
    mod = signed_in("mod2", role="moderator")
    queue = mod.get("/moderation").text
    assert "Use the &lt;bridge&gt;." in queue
    decide_only(mod, session)
    assert "Use the &lt;bridge&gt;." in client.get(report).text
    assert "Use the &lt;bridge&gt;." in ana.get("/contributions").text


def test_followers_and_talkers_are_told_but_not_who_spoke(
    session: Session, signed_in: Browser, report: str, run_jobs: Callable[[], int]
) -> None:
    one, two = signed_in("one", role="moderator"), signed_in("two", role="moderator")
    one.post(talk(report), data={"text": "First."})
    run_jobs()
    two.post(talk(report), data={"text": "Second."})
    run_jobs()
    told = session.execute(
        sa.text(
            "SELECT m.handle, count(*) FROM notifications n JOIN members m ON m.id = n.member_id"
            " WHERE n.kind = 'comment' GROUP BY 1 ORDER BY 1"
        )
    ).all()
    # The author follows the report; "one" talked before "two" did.
    assert [tuple(row) for row in told] == [("mod", 2), ("one", 1)]
    assert session.scalars(sa.select(Notification.kind)).all().count("comment") == 3
    inbox = one.get("/inbox").text
    assert "two said something about" in inbox
    points = session.scalars(
        sa.select(PointEntry.points).where(PointEntry.action == "comment")
    ).all()
    assert points == [3, 3]


@pytest.mark.parametrize(
    ("text", "english", "spanish"),
    [
        ("", "2 to 1000 characters", "entre 2 y 1000 caracteres"),
        ("x" * 1001, "2 to 1000 characters", "entre 2 y 1000 caracteres"),
    ],
)
def test_refusals_keep_what_was_typed(
    session: Session, signed_in: Browser, report: str, text: str, english: str, spanish: str
) -> None:
    ana = signed_in("ana")
    for language, words in (("en", english), ("es", spanish)):
        ana.post("/language", data={"language": language})
        refused = ana.post(talk(report), data={"text": text})
        assert refused.status_code == 422
        assert words in refused.text
        assert text in refused.text
    assert comments(session) == []


def test_who_may_not(client: FlaskClient, signed_in: Browser, report: str) -> None:
    said = {"text": "Hello there."}
    assert client.post(talk(report), data=said).status_code == 401
    assert signed_in("new", confirmed=False).post(talk(report), data=said).status_code == 403
    assert signed_in("eva").post("/comments/nothing", data=said).status_code == 404


def test_withdrawing_is_the_authors_alone(
    client: FlaskClient, session: Session, signed_in: Browser, report: str
) -> None:
    one = signed_in("one", role="moderator")
    one.post(talk(report), data={"text": "A wrong thing."})
    [comment] = comments(session)
    public_id = session.scalar(
        sa.text("SELECT public_id FROM subjects WHERE id = :id"), {"id": comment.id}
    )
    address = f"/comments/{public_id}/withdraw"
    assert signed_in("ben").post(address).status_code == 403
    assert one.post(address).status_code == 303
    assert "A wrong thing." not in client.get(report).text


def test_a_comment_can_be_flagged_and_hidden(
    client: FlaskClient, session: Session, signed_in: Browser, report: str
) -> None:
    signed_in("one", role="moderator").post(talk(report), data={"text": "Nonsense and insults."})
    public_id = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'comment'"))
    ben = signed_in("ben")
    assert ben.post(f"/flag/{public_id}", data={"rule": "insult"}).status_code == 303
    decide_only(signed_in("mod2", role="moderator"), session, "refused", rule="insult")
    assert "Nonsense" not in client.get(report).text


def test_a_hidden_report_takes_its_talk_along(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana", role="moderator")
    address = ana.post("/reports", data=REPORT).location
    ana.post(f"{address}/withdraw")
    assert ana.post(talk(address), data={"text": "Still here?"}).status_code == 404


def test_erasing_a_person(session: Session, signed_in: Browser, report: str) -> None:
    one = signed_in("one", role="moderator")
    one.post(talk(report), data={"text": "Mine."})
    export = one.get("/settings/export")
    assert "Mine." in export.text
    member_id = comments(session)[0].author_id
    assert member_id is not None
    comments_actions.erase_member(session, member_id, False)
    session.flush()
    [comment] = comments(session)
    assert (comment.author_id, comment.text) == (None, "Mine.")


def test_merged_reports_talk_together(
    client: FlaskClient, session: Session, signed_in: Browser, report: str
) -> None:
    one = signed_in("one", role="moderator")
    other = one.post("/reports", data={**REPORT, "anyway": "yes"}).location
    one.post(talk(other), data={"text": "Said under the other."})
    one.post(f"{other}/merge", data={"into": report})
    assert "Said under the other." in client.get(report).text
    assert reports_life_actions.expire(session) == 0


def test_the_same_words_sent_twice_are_one_comment(
    session: Session, signed_in: Browser, report: str
) -> None:
    one, two = signed_in("one", role="moderator"), signed_in("two", role="moderator")
    first = one.post(talk(report), data={"text": "Use the bridge.", "idempotency_key": "a"})
    again = one.post(talk(report), data={"text": " Use the bridge. ", "idempotency_key": "b"})
    assert again.location == first.location
    two.post(talk(report), data={"text": "Use the bridge."})
    one.post(talk(report), data={"text": "Use the other bridge."})
    assert [each.text for each in comments(session)] == [
        "Use the bridge.",
        "Use the bridge.",
        "Use the other bridge.",
    ]
    # Taken back, it may be said again.
    first_comment = first.location.rsplit("#comment-", 1)[-1]
    one.post(f"/comments/{first_comment}/withdraw")
    assert one.post(talk(report), data={"text": "Use the bridge."}).location != first.location
