"""The life of a report over HTTP: believed, doubted, changed, ended, and what people see of it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide, decide_only, open_cases
from ugc.accounts.models import Member
from ugc.content.models import Version
from ugc.core.db import Session
from ugc.notifications.models import Notification
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.models import MemberPosition, Report, Vote
from ugc.reports.queries import life as reports_life_queries
from ugc.reports.queries import trust as reports_trust
from ugc.reports.rules import belief as reports_belief
from ugc.reports.rules.kinds import KINDS
from ugc.watches.queries import reading as watches_reading

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
YES, NO = {"still_there": "yes"}, {"still_there": "no"}
HERE = {"lat": "40.4", "lon": "-3.7"}
Browser = Callable[..., FlaskClient]


def only(session: Session) -> Report:
    session.expire_all()
    query = sa.select(Report).where(Report.kind == "jam").order_by(Report.id).limit(1)
    return session.scalars(query).one()


def test_the_numbers_can_be_folded_again_from_the_log(session: Session, known: Browser) -> None:
    address = known("mod", role="moderator").post("/reports", data=FORM).location
    for number, answer in enumerate((YES, YES, NO, YES)):
        known(f"m{number}").post(f"{address}/vote", data=answer)
    report = only(session)
    votes = reports_life_queries.casts(session, report.id, report.seen_at)
    assert len(votes) == 4
    folded = reports_belief.fold(report.prior, votes, report.seen_at, KINDS["jam"].span.half_life)
    assert report.believed == folded.expectation
    assert report.expires_at == reports_belief.expires_at(
        folded, votes, report.seen_at, KINDS["jam"].span
    )
    before = (report.believed, report.reacted, report.expires_at)
    reports_life_actions.recompute_reliability(session, report)
    assert (report.believed, report.reacted, report.expires_at) == before


def test_belief_is_computed_on_reading(
    client: FlaskClient, known: Browser, later: Callable[[str], None]
) -> None:
    address = known("mod", role="moderator").post("/reports", data=FORM).location
    assert "Reliability 7 of 10" in client.get(address).text
    later("60 minutes")
    assert "Reliability 3 of 10" in client.get(address).text
    later("400 days")
    assert "Reliability 0 of 10" in client.get(address).text


def test_the_page_says_why_in_both_languages(client: FlaskClient, known: Browser) -> None:
    address = known("mod", role="moderator").post("/reports", data=FORM).location
    known("ben").post(f"{address}/vote", data={**YES, **HERE})
    page = client.get(address).text
    assert "Why 8 of 10?" in page
    assert "has proved true 67 times of 100" in page
    assert "Confirmations weigh 0.37, denials 0.00" in page
    assert "belief halves every 1 hour" in page
    client.post("/language", data={"language": "es"})
    assert "¿Por qué 8 de 10?" in client.get(address).text
    assert "la mitad de la presencia se vuelve ausencia" in client.get("/about").text


def test_one_denial_does_not_end_it_but_two_trusted_ones_do(
    client: FlaskClient, session: Session, known: Browser, trusted: None
) -> None:
    address = known("mod", role="moderator").post("/reports", data=FORM).location
    known("ana").post(f"{address}/vote", data={**NO, **HERE})
    assert only(session).state == "open"
    known("ben").post(f"{address}/vote", data={**NO, **HERE})
    report = only(session)
    assert report.state == "closed"
    assert "Enough people said that it is not there" in client.get(address).text
    assert client.get("/map/features").get_json(force=True)["features"] == []


def test_new_accounts_together_do_not_end_a_report(session: Session, signed_in: Browser) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    for number in range(8):
        signed_in(f"new{number}").post(f"{address}/vote", data=NO)
    report = only(session)
    assert report.state == "open"
    assert report.denials == 8
    weights = session.scalars(sa.select(Vote.weight)).all()
    assert all(weight < 0.1 for weight in weights)
    assert "votes weigh less" in signed_in("ana").get(address).text


def test_accounts_that_always_move_together_count_as_one(session: Session, known: Browser) -> None:
    mod = known("mod", role="moderator")
    ana, ben = known("ana"), known("ben")
    for step in range(7):
        form = {**FORM, "lat": str(40 + step)}
        address = mod.post("/reports", data=form).location
        for browser in (ana, ben):
            browser.post(f"{address}/vote", data=YES)
    dampings = session.scalars(
        sa.select(Vote.dampings).order_by(Vote.report_id, Vote.voted_at, Vote.member_id)
    ).all()
    assert dampings[:10] == [["stranger", "no_position"]] * 10
    assert dampings[-1] == ["stranger", "together", "no_position"]


def test_impossible_positions_weigh_less_and_are_not_kept_exactly(
    session: Session, known: Browser
) -> None:
    mod = known("mod", role="moderator")
    ana = known("ana")
    near = mod.post("/reports", data=FORM).location
    ana.post(f"{near}/vote", data={**YES, "lat": "40.42123", "lon": "-3.70456"})
    far = mod.post("/reports", data={**FORM, "lat": "41.39", "lon": "2.17"}).location
    ana.post(f"{far}/vote", data={**YES, "lat": "41.39", "lon": "2.17"})  # 500 km in no time
    ana.post(f"{near}/vote", data={**NO, "lat": "41.39", "lon": "2.17"})
    dampings = {r[0]: r[1] for r in session.execute(sa.select(Vote.report_id, Vote.dampings))}
    assert sorted(dampings.values()) == [
        ["stranger", "far"],
        ["stranger", "too_fast"],
    ]
    position = session.scalars(sa.select(MemberPosition)).one()
    assert (position.lat, position.lon) == (41.4, 2.2)
    reports_life_actions.forget_positions(session)
    assert session.scalars(sa.select(MemberPosition)).all() == [position]


def test_a_record_makes_a_word_weigh_more(
    session: Session, known: Browser, established: Browser, later: Callable[[str], None]
) -> None:
    mod, ana, liar = known("mod", role="moderator"), known("ana"), known("liar")
    for step in range(4):
        later(f"{step * 2 + 1} hours")
        form = {**FORM, "lat": str(40 + step)}
        address = mod.post("/reports", data=form).location
        ana.post(f"{address}/vote", data=YES)
        liar.post(f"{address}/vote", data=NO)
        later(f"{step * 2 + 1} hours 5 minutes")
        for other in ("x", "y"):
            established(f"{other}{step}").post(f"{address}/vote", data=YES)
    ids = {r[0]: r[1] for r in session.execute(sa.select(Member.handle, Member.id))}
    new = reports_belief.trust(0, 0)
    assert (
        reports_trust.trust_of(session, ids["ana"])
        > new
        > reports_trust.trust_of(session, ids["liar"])
    )
    assert reports_trust.trust_of(session, ids["mod"]) > new


def test_what_faded_comes_back_when_somebody_says_so(
    client: FlaskClient,
    session: Session,
    known: Browser,
    later: Callable[[str], None],
    run_jobs: Callable[[], int],
) -> None:
    mod = known("mod", role="moderator")
    address = mod.post("/reports", data=FORM).location
    known("ben").post(f"{address}/vote", data=YES)
    later("5 hours")
    assert reports_life_actions.expire(session) == 1
    assert reports_life_actions.expire(session) == 0
    run_jobs()
    told = session.scalars(sa.select(Notification.kind).order_by(Notification.id)).all()
    assert told.count("still_there") == 2  # its author, and who confirmed
    assert "It is still there" in mod.get(address).text
    assert known("ana").post(f"{address}/vote", data=NO).status_code == 409
    assert mod.post(f"{address}/vote", data=YES).status_code == 303  # its author vouches anew
    report = only(session)
    assert (report.state, report.closed_at) == ("open", None)
    assert "it is back" in client.get(address).text
    later("40 hours")
    reports_life_actions.expire(session)
    later("80 hours")
    assert mod.post(f"{address}/vote", data=YES).status_code == 409


def test_a_word_that_weighs_nothing_brings_nothing_back(
    session: Session,
    known: Browser,
    established: Browser,
    later: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = known("mod", role="moderator").post("/reports", data=FORM).location
    liar = known("liar")
    later("5 hours")
    reports_life_actions.expire(session)
    asked = only(session).asked_at
    assert asked is not None
    monkeypatch.setattr(reports_trust, "record_of", lambda _session, _member: (0.0, 9.0))
    liar.post(f"{address}/vote", data=YES)
    report = only(session)
    assert (report.state, report.asked_at) == ("expired", asked)
    monkeypatch.undo()
    established("ana").post(f"{address}/vote", data=YES)
    report = only(session)
    # Back, and asked about only once whatever comes.
    assert (report.state, report.asked_at) == ("open", asked)


def test_reopening_needs_a_reason_and_a_right(
    client: FlaskClient, session: Session, known: Browser
) -> None:
    mod, ana = known("mod", role="moderator"), known("ana")
    address = mod.post("/reports", data=FORM).location
    assert ana.post(f"{address}/reopen", data={"note": "It is there."}).status_code == 403
    mod.post(f"{address}/close")
    assert ana.post(f"{address}/reopen", data={"note": "It is there."}).status_code == 403
    refused = mod.post(f"{address}/reopen", data={"note": "no"})
    assert refused.status_code == 422
    assert "5 to 500 characters" in refused.text
    mod.post("/language", data={"language": "es"})
    assert "entre 5 y 500 caracteres" in mod.post(f"{address}/reopen", data={"note": "no"}).text
    assert mod.post(f"{address}/reopen", data={"note": "It is back <b>"}).status_code == 303
    assert only(session).state == "open"
    page = client.get(address).text
    assert "It is back &lt;b&gt;" in page
    assert [m.what for m in reports_life_queries.time_line(session, only(session).id)] == [
        "posted",
        "closed_by_moderator" if only(session).author_id is None else "closed_by_author",
        "reopened",
    ]


def test_every_time_line_has_a_beginning(session: Session, known: Browser) -> None:
    """Reports that were posted before their state was logged, and imported ones, have one too."""
    known("mod", role="moderator").post("/reports", data=FORM)
    report = only(session)
    report.state = "closed"
    session.execute(sa.text("ALTER TABLE transitions DISABLE TRIGGER append_only"))
    session.execute(sa.text("DELETE FROM transitions"))
    session.execute(sa.text("ALTER TABLE transitions ENABLE TRIGGER append_only"))
    assert [m.what for m in reports_life_queries.time_line(session, report.id)] == ["posted"]


def test_official_answers_stay_on_the_time_line(
    client: FlaskClient, session: Session, known: Browser
) -> None:
    address = known("ana").post("/reports", data=FORM).location
    mod = known("mod", role="moderator")
    answer = {"answer": "A team is on its way."}
    assert known("ben").post(f"{address}/answer", data=answer).status_code == 404
    assert mod.post(f"{address}/answer", data=answer).status_code == 303
    assert only(session).state == "open"
    assert "A team is on its way." in client.get(address).text
    assert mod.post(f"{address}/answer", data={"answer": "Repaired.", "closes": "yes"})
    assert only(session).state == "closed"
    again = {"answer": "Repaired again.", "closes": "yes"}
    assert mod.post(f"{address}/answer", data=again).status_code == 409
    # Also when it is over, beside the form to reopen it.
    assert mod.post(f"{address}/answer", data={"answer": "no"}).status_code == 422
    assert mod.post(f"{address}/answer", data={"answer": "Done for good."}).status_code == 303
    page = mod.get(address).text
    assert "Done for good." in page
    assert 'name="answer"' in page
    assert 'name="note"' in page


def test_an_edit_keeps_what_was_said(client: FlaskClient, session: Session, known: Browser) -> None:
    mod = known("mod", role="moderator")
    address = mod.post("/reports", data=FORM).location
    assert known("ben").get(f"{address}/edit").status_code == 403
    edit = {"revision": "1", "text": "Slow from the bridge on."}
    assert mod.post(f"{address}/edit", data=edit).status_code == 303
    page = client.get(address).text
    assert "from the bridge on" in page
    assert "What it said before" in page
    assert "from the roundabout on" in page
    stale = mod.post(f"{address}/edit", data={"revision": "1", "text": "Mine"})
    assert stale.status_code == 409
    assert "Mine" in stale.text
    assert "from the bridge on" in stale.text
    too_long = mod.post(f"{address}/edit", data={"revision": "2", "text": "x" * 2001})
    assert too_long.status_code == 422
    assert len(session.scalars(sa.select(Version)).all()) == 1


def test_a_new_members_edit_waits_again(
    client: FlaskClient, session: Session, known: Browser
) -> None:
    ana, mod = known("ana"), known("mod", role="moderator")
    address = ana.post("/reports", data=FORM).location
    decide_only(mod, session)
    assert "from the roundabout" in client.get(address).text
    ana.post(f"{address}/edit", data={"revision": only(session).revision, "text": "Buy my pills"})
    page = client.get(address).text
    assert "pills" not in page
    assert only(session).visibility == "held"


def test_following_and_yes_this_one(session: Session, known: Browser) -> None:
    address = known("ana").post("/reports", data=FORM).location
    report_id = only(session).id
    assert watches_reading.following(session, None, report_id) == (False, 1)  # who posted
    ben = known("ben")
    assert ben.post(f"{address}/vote", data={**YES, "follow": "yes"}).status_code == 303
    assert watches_reading.following(session, None, report_id) == (False, 2)
    assert "Following" in ben.get(address).text
    ben.post(f"{address}/follow", data={"following": "no"})
    assert watches_reading.following(session, None, report_id) == (False, 1)


def test_merging_moves_everything_and_redirects(
    client: FlaskClient, session: Session, known: Browser, run_jobs: Callable[[], int]
) -> None:
    ana, ben = known("ana"), known("ben")
    one = ana.post("/reports", data=FORM).location
    two = ben.post("/reports", data={**FORM, "anyway": "yes"}).location
    for handle in ("c", "d"):
        known(handle).post(f"{two}/vote", data={**YES, "follow": "yes"})
    mod = known("mod", role="moderator")
    # What waits in the queue would be lost there: it is decided first.
    waits = mod.post(f"{two}/merge", data={"into": one})
    assert waits.status_code == 409
    assert "waits in the queue" in waits.text
    for case in open_cases(session):
        assert decide(mod, session, case=case) == 303
    run_jobs()
    points = session.execute(sa.text("SELECT count(*), sum(points) FROM point_entries")).one()
    assert "Merge into another report" in mod.get(two).text
    assert ana.post(f"{two}/merge", data={"into": one}).status_code == 404
    assert mod.post(f"{two}/merge", data={"into": "nothing"}).status_code == 422
    assert mod.post(f"{two}/merge", data={"into": two}).status_code == 422
    assert mod.post(f"{two}/merge", data={"into": one}).status_code == 303
    redirected = client.get(two)
    assert (redirected.status_code, redirected.location) == (301, one)
    report = only(session)
    assert report.confirmations == 3  # c, d, and ben who reported the other
    assert watches_reading.following(session, None, report.id) == (False, 4)
    assert len(client.get("/map/features").get_json(force=True)["features"]) == 1
    run_jobs()
    after = session.execute(sa.text("SELECT count(*), sum(points) FROM point_entries")).one()
    assert after == points
    assert mod.post(f"{two}/merge", data={"into": one}).status_code in (409, 422)


@pytest.mark.parametrize(("language", "words"), [("en", "so long ago"), ("es", "hace tanto")])
def test_a_late_report_keeps_its_own_time(
    session: Session, known: Browser, language: str, words: str
) -> None:
    ana = known("ana")
    ana.post("/language", data={"language": language})
    now = session.execute(sa.text("SELECT app_now()")).scalar_one()
    late = {
        **FORM,
        "occurred_at": (now - 30 * reports_life_actions.dt.timedelta(minutes=1)).isoformat(),
    }
    address = ana.post("/reports", data=late).location
    report = only(session)
    assert report.created_at - report.occurred_at == 30 * reports_life_actions.dt.timedelta(
        minutes=1
    )
    assert ("posted late" if language == "en" else "publicado tarde") in ana.get(address).text
    old = {
        **late,
        "lat": "41.2",
        "occurred_at": (now - reports_life_actions.dt.timedelta(days=3)).isoformat(),
    }
    refused = ana.post("/reports", data=old)
    assert refused.status_code == 422
    assert words in refused.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Report)) == 1
    history = ana.post("/reports", data={**old, "as_history": "yes"})
    assert history.status_code == 303
    states = session.scalars(sa.select(Report.state).order_by(Report.id)).all()
    assert states == ["open", "expired"]
    future = {
        **FORM,
        "lat": "42",
        "occurred_at": (now + reports_life_actions.dt.timedelta(hours=1)).isoformat(),
    }
    assert ana.post("/reports", data=future).status_code == 422
    assert ana.post("/reports", data={**FORM, "occurred_at": "yesterday"}).status_code == 422


def test_a_script_gets_an_answer_it_can_keep(known: Browser) -> None:
    ana = known("ana")
    headers = {"Accept": "application/json", "Idempotency-Key": "from-the-queue"}
    first = ana.post("/reports", data=FORM, headers=headers)
    assert first.status_code == 201
    again = ana.post("/reports", data=FORM, headers=headers)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    similar = ana.post("/reports", data=FORM, headers={"Accept": "application/json"})
    assert similar.status_code == 409
    problem = similar.get_json(force=True)
    assert problem["code"] == "similar_near"
    assert [row["id"] for row in problem["similar"]] == [first.get_json()["id"]]
    too_late = ana.post(
        "/reports",
        data={**FORM, "occurred_at": "2020-01-01T00:00:00Z", "anyway": "yes"},
        headers={"Accept": "application/json"},
    )
    assert too_late.get_json(force=True)["code"] == "too_late"
