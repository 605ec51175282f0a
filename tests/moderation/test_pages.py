"""Held and flagged content over HTTP: queue in, decision out."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import ACTION_OF
from ugc.core.db import Session

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
Browser = Callable[..., FlaskClient]


def first_case(moderator: FlaskClient) -> tuple[str, str]:
    """(address, version) of the first case of the queue page."""
    text = moderator.get("/moderation").text
    address = re.search(r'action="(/moderation/\d+)"', text)
    version = re.search(r'name="version" value="(\d+)"', text)
    assert address is not None
    assert version is not None
    return address[1], version[1]


def test_an_approved_report_shows_its_text(client: FlaskClient, signed_in: Browser) -> None:
    address = signed_in("ana").post("/reports", data=FORM).location
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    done = moderator.post(case, data={"version": version, "action": "approve"})
    assert done.status_code == 303
    page = client.get(address).text
    assert "Slow from" in page
    assert "unconfirmed" not in page
    assert "Nothing waits" in moderator.get("/moderation").text


def test_the_queue_offers_to_undo_what_was_just_decided(
    client: FlaskClient, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    queue = moderator.post(case, data={"version": version, "action": "approve"}).location
    undo = re.search(r'action="(/moderation/decisions/\d+/undo)"', moderator.get(queue).text)
    assert undo is not None
    assert undo[1] not in moderator.get("/moderation").text
    assert ana.post(undo[1]).status_code == 404
    assert moderator.post(undo[1]).status_code == 303
    assert "Slow from" not in client.get(address).text
    assert first_case(moderator)[0] != case
    again = moderator.post(undo[1])
    assert again.status_code == 409
    assert "decide it again" in again.text


def test_a_refusal_without_a_rule_keeps_the_note(signed_in: Browser) -> None:
    ana = signed_in("ana")
    for kind in ("jam", "accident"):
        ana.post("/reports", data=FORM | {"kind": kind})
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    answer = moderator.post(
        case, data={"version": version, "action": "refuse", "note": "No jam on camera."}
    )
    assert answer.status_code == 422
    form = answer.text.split(f'action="{case}"')[1].split("</form>")[0]
    assert "A refusal names the rule." in form
    assert "No jam on camera." in form
    assert answer.text.count("No jam on camera.") == 1


def test_a_refused_report_tells_its_author_why(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    refusal = {
        "version": version,
        "action": "refuse",
        "rule": "false",
        "note": "No jam on camera.",
    }
    assert moderator.post(case, data=refusal).status_code == 303
    assert client.get(address).status_code == 404
    assert client.get("/map/features").get_json(force=True)["features"] == []
    told = ana.get(address).text
    assert "False or misleading" in told
    assert "No jam on camera." in told
    query = "SELECT new FROM transitions WHERE field = 'visibility' ORDER BY id"
    moves = session.execute(sa.text(query)).scalars().all()
    assert moves == ["held", "hidden"]


def test_two_moderators_cannot_decide_the_same_case(session: Session, signed_in: Browser) -> None:
    signed_in("ana").post("/reports", data=FORM)
    first, second = signed_in("mod", role="moderator"), signed_in("mod2", role="moderator")
    case, version = first_case(first)
    assert first_case(second) == (case, version)
    assert first.post(case, data={"version": version, "action": "approve"}).status_code == 303
    late = {"version": version, "action": "refuse", "rule": "spam"}
    for language, text in (("en", "Another moderator"), ("es", "Otra persona")):
        second.post("/language", data={"language": language})
        refused = second.post(case, data=late)
        assert refused.status_code == 409
        assert text in refused.text
    assert session.scalar(sa.text("SELECT count(*) FROM decisions")) == 1
    assert session.scalar(sa.text("SELECT visibility FROM reports")) == "published"


def test_a_case_that_changed_is_looked_at_again(signed_in: Browser) -> None:
    address = signed_in("ana").post("/reports", data=FORM).location
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    flagged = signed_in("ben").post(address.replace("/reports/", "/flag/"), data={"rule": "spam"})
    assert flagged.status_code == 303
    stale = moderator.post(case, data={"version": version, "action": "approve"})
    assert stale.status_code == 409


@pytest.mark.parametrize(
    "form",
    [{"action": "refuse"}, {"action": "refuse", "rule": "x"}, {"action": "x"}, {}],
)
def test_bad_decisions_decide_nothing(
    session: Session, signed_in: Browser, form: dict[str, str]
) -> None:
    signed_in("ana").post("/reports", data=FORM)
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    assert moderator.post(case, data={"version": version, **form}).status_code == 422
    assert session.scalar(sa.text("SELECT count(*) FROM decisions")) == 0


def test_members_do_not_see_the_queue(client: FlaskClient, signed_in: Browser) -> None:
    assert client.get("/moderation").status_code == 401
    ana = signed_in("ana")
    assert ana.get("/moderation").status_code == 404
    assert ana.post("/moderation/1", data={"version": "1"}).status_code == 404


def test_a_flag_folds_into_one_case(session: Session, signed_in: Browser) -> None:
    author = signed_in("mod", role="moderator")
    address = author.post("/reports", data=FORM).location
    flag = address.replace("/reports/", "/flag/")
    assert author.post(flag, data={"rule": "spam"}).status_code == 403
    ben = signed_in("ben")
    assert ben.get(flag).status_code == 200
    assert ben.post(flag, data={"rule": "x"}).status_code == 422
    assert ben.post(flag, data={"rule": "spam", "note": "It sells tyres."}).status_code == 303
    assert ben.post(flag, data={"rule": "spam"}).status_code == 409
    assert signed_in("eva").post(flag, data={"rule": "insult"}).status_code == 303
    assert session.execute(sa.text("SELECT reason, flags FROM cases")).all() == [("flagged", 2)]
    text = signed_in("mod2", role="moderator").get("/moderation").text
    assert "It sells tyres." in text
    assert author.get("/moderation").status_code == 200
    case, version = first_case(author)
    own = author.post(case, data={"version": version, "action": "approve"})
    assert own.status_code == 403


def test_three_approved_reports_set_a_member_free(session: Session, signed_in: Browser) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    for step in range(4):
        ana.post("/reports", data={**FORM, "lat": str(40 + step)})
        if step < 3:
            case, version = first_case(moderator)
            moderator.post(case, data={"version": version, "action": "approve"})
    states = session.execute(sa.text("SELECT visibility FROM reports ORDER BY id")).scalars().all()
    assert states == ["published"] * 4
    assert session.scalar(sa.text("SELECT count(*) FROM decisions")) == 3


def test_a_withdrawn_report_leaves_the_queue(signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    ana.post(f"{address}/withdraw")
    assert "Nothing waits" in signed_in("mod", role="moderator").get("/moderation").text


def test_the_queue_shows_the_whole_text_and_the_authors_record(
    session: Session, signed_in: Browser
) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    for step, outcome in enumerate(("approved", "approved", "refused")):
        ana.post("/reports", data={**FORM, "lat": str(40 + step)})
        case, version = first_case(moderator)
        decision = {"version": version, "action": ACTION_OF[outcome], "rule": "spam"}
        assert moderator.post(case, data=decision).status_code == 303
    long = "Slow. " * 60 + "And here is what the end says."
    ana.post("/reports", data={**FORM, "lat": "50", "text": long})
    ana.post("/brands", data={"name": "Mora", "about": "Coffee. " * 20 + "Buy pills."})
    for language, record in (
        ("en", ("2 published", "1 refused", "2 wait")),
        ("es", ("2 publicadas", "1 rechazada", "2 en espera")),
    ):
        moderator.post("/language", data={"language": language})
        page = moderator.get("/moderation").text
        # Nobody approves what they could not read.
        assert "And here is what the end says." in page
        assert "Buy pills." in page
        assert all(text in page for text in record)


def test_a_refused_decision_keeps_the_note(signed_in: Browser) -> None:
    address = signed_in("ana").post("/reports", data=FORM).location
    moderator = signed_in("mod", role="moderator")
    case, version = first_case(moderator)
    note = {"note": "Seen on the camera.", "rule": "false"}
    signed_in("ben").post(address.replace("/reports/", "/flag/"), data={"rule": "spam"})
    for language, words in (("en", "This case changed"), ("es", "Este caso ha cambiado")):
        moderator.post("/language", data={"language": language})
        stale = moderator.post(case, data={**note, "version": version, "action": "refuse"})
        assert stale.status_code == 409
        assert words in stale.text
        assert ">Seen on the camera.</textarea>" in stale.text
        assert '<option value="false" selected>' in stale.text
    for language, words in (("en", "At most 1000"), ("es", "Como mucho 1000")):
        moderator.post("/language", data={"language": language})
        case, version = first_case(moderator)
        form = {"version": version, "action": "approve", "note": "x" * 1001}
        long = moderator.post(case, data=form)
        assert long.status_code == 422
        assert words in long.text


def test_a_refused_flag_says_why_and_keeps_the_note(signed_in: Browser, session: Session) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    flag = address.replace("/reports/", "/flag/")
    ben = signed_in("ben")
    for language, none, long, again in (
        ("en", "Choose one of the rules", "At most 1000", "You flagged this before"),
        ("es", "Elige una de las normas", "Como mucho 1000", "Ya lo denunciaste"),
    ):
        ben.post("/language", data={"language": language})
        refused = ben.post(flag, data={"note": "It sells tyres."})
        assert refused.status_code == 422
        assert none in refused.text
        assert ">It sells tyres.</textarea>" in refused.text
        refused = ben.post(flag, data={"rule": "spam", "note": "x" * 1001})
        assert refused.status_code == 422
        assert long in refused.text
        assert 'value="spam" required checked' in refused.text
        if language == "en":
            assert ben.post(flag, data={"rule": "spam"}).status_code == 303
        refused = ben.post(flag, data={"rule": "spam"})
        assert refused.status_code == 409
        assert again in refused.text or language == "en"
    assert session.scalar(sa.text("SELECT count(*) FROM flags")) == 1


def test_flagged_and_refused_takes_the_content_and_its_points(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    voter = signed_in("ben", role="moderator")
    session.execute(sa.text("DELETE FROM fingerprints"))  # they are different people
    session.commit()
    voter.post(f"{address}/vote", data={"still_there": "yes"})
    run_jobs()
    # The points of the vote itself wait until it proves true.
    assert session.scalar(sa.text("SELECT sum(points) FROM point_totals")) == 6 + 2
    voter.post(address.replace("/reports/", "/flag/"), data={"rule": "false"})
    other = signed_in("mod2", role="moderator")
    case, version = first_case(other)
    other.post(case, data={"version": version, "action": "refuse", "rule": "false"})
    run_jobs()
    assert client.get(address).status_code == 404
    # Nobody keeps anything of it, or two people could post, confirm and withdraw for points.
    points = session.execute(
        sa.text(
            "SELECT handle, points FROM point_totals JOIN members m ON m.id = member_id ORDER BY 1"
        )
    ).all()
    assert points == [("ben", 0), ("mod", 0)]


def test_only_what_has_cases_is_flagged(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    assert ana.get("/flag/site").status_code == 404
    assert ana.post("/flag/site", data={"rule": "spam"}).status_code == 404
