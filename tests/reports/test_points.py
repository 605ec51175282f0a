"""Points of votes: they wait, and come when what was said proves true."""

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide, open_cases
from tests.factories import content
from ugc import events
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import Referral
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.actions import points as reports_points
from ugc.reports.models import Report, Vote
from ugc.reports.rules import proof as reports_proof_rules
from ugc.reports.rules.proof import Bearing, Ending, Verdict
from ugc.reputation import actions as reputation_actions
from ugc.reputation import rules as reputation_rules
from ugc.reputation.queries import ledger as reputation_ledger

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
YES = {"still_there": "yes", "lat": "40.4", "lon": "-3.7"}
NO = {**YES, "still_there": "no"}
Browser = Callable[..., FlaskClient]
Jobs = Callable[[], int]
Later = Callable[[str], None]
SITE = Ending("closed_by_moderator")
MANY = Ending("denied_by_many")


@pytest.mark.parametrize(
    ("bearing", "ending", "verdict"),
    [
        (Bearing(True), None, Verdict.WAITS),
        (Bearing(False), None, Verdict.WAITS),
        (Bearing(True, answered=True), None, Verdict.PROVED),
        (Bearing(False, answered=False, joined=True), None, Verdict.PROVED),
        (Bearing(True, answered=False, opposed=True), None, Verdict.FORGOTTEN),
        (Bearing(False, answered=True, opposed=True), None, Verdict.FORGOTTEN),
        # The first word decides, whatever is said and done later.
        (Bearing(True, answered=True, opposed=True), SITE, Verdict.PROVED),
        (Bearing(False, answered=True, opposed=True, joined=True), MANY, Verdict.FORGOTTEN),
        # The end proves denials, by the site or by others who are independent.
        (Bearing(False), SITE, Verdict.PROVED),
        (Bearing(False), Ending("official_answer"), Verdict.PROVED),
        (Bearing(False, joined=True), MANY, Verdict.PROVED),
        (Bearing(False), MANY, Verdict.FORGOTTEN),
        (Bearing(False, opposed=True), SITE, Verdict.FORGOTTEN),
        (Bearing(False, opposed=True, joined=True), MANY, Verdict.FORGOTTEN),
        (Bearing(False), Ending("closed_by_moderator", by_voter=True), Verdict.FORGOTTEN),
        (Bearing(False), Ending("closed_by_author"), Verdict.FORGOTTEN),
        (Bearing(False), Ending("life_over"), Verdict.FORGOTTEN),
        # No end proves a confirmation.
        (Bearing(True), SITE, Verdict.FORGOTTEN),
        (Bearing(True), Ending("life_over"), Verdict.FORGOTTEN),
        (Bearing(True, joined=True), MANY, Verdict.FORGOTTEN),
    ],
)
def test_what_becomes_of_the_points_of_a_vote(
    bearing: Bearing, ending: Ending | None, verdict: Verdict
) -> None:
    assert reports_proof_rules.verdict(bearing, ending, published=True) is verdict
    # While a moderator has not approved the report, nothing is decided.
    assert reports_proof_rules.verdict(bearing, ending, published=False) is Verdict.WAITS


def balance(session: Session, handle: str) -> tuple[int, int]:
    """(available, held)"""
    member = session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()
    return reputation_ledger.balance(session, member)


def decide_all(moderator: FlaskClient, session: Session, outcome: str = "approved") -> None:
    for case in open_cases(session):
        assert decide(moderator, session, outcome, case=case, rule="spam") == 303


def test_a_confirmation_that_others_bear_out_is_paid_once(
    session: Session, known: Browser, established: Browser, later: Later, run_jobs: Jobs
) -> None:
    author, ben, eva = established("author"), known("ben"), established("eva")
    address = author.post("/reports", data=FORM).location
    ben.post(f"{address}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (0, 1)
    # Ben is not established: the author has the points of the report alone.
    assert balance(session, "author") == (6, 0)
    later("2 minutes")
    eva.post(f"{address}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (1, 0)
    assert balance(session, "author") == (8, 0)
    assert balance(session, "eva") == (0, 1)
    for minutes, vote in ((4, NO), (6, YES)):
        later(f"{minutes} minutes")
        ben.post(f"{address}/vote", data=vote)
        run_jobs()
    assert balance(session, "ben") == (1, 0)
    report_id = session.scalars(sa.select(Report.id).order_by(Report.id.desc()).limit(1)).one()
    reports_points.settle(session, report_id)
    assert balance(session, "ben") == (1, 0)
    # A confirmation that met no other proves nothing when its report fades.
    later("3 days")
    reports_life_actions.expire(session)
    session.commit()
    run_jobs()
    assert balance(session, "eva") == (0, 0)
    assert reputation_actions.recount_all(session) == []


def test_only_the_independent_bear_out(
    session: Session, known: Browser, established: Browser, later: Later, run_jobs: Jobs
) -> None:
    """Neither those who are not established, nor who brought the voter or the author."""
    boss, author, ben = established("boss"), established("author"), known("ben")
    ids = {r[0]: r[1] for r in session.execute(sa.select(Member.handle, Member.id))}
    link = referrals_linking.link_for(session, ids["boss"], ids["boss"])
    for handle in ("author", "ben"):
        session.add(Referral(member_id=ids[handle], parent_id=ids["boss"], link_id=link.id))
    session.commit()
    address = author.post("/reports", data=FORM).location
    ben.post(f"{address}/vote", data=YES)
    later("2 minutes")
    boss.post(f"{address}/vote", data=YES)
    known("stranger").post(f"{address}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (0, 1)
    assert balance(session, "author") == (6, 0)


def test_a_contradicted_vote_never_pays(
    session: Session, known: Browser, established: Browser, later: Later, run_jobs: Jobs
) -> None:
    address = established("author").post("/reports", data=FORM).location
    known("ben").post(f"{address}/vote", data=NO)
    eva = established("eva")
    later("2 minutes")
    eva.post(f"{address}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (0, 0)


@pytest.mark.parametrize(("by", "pays"), [("mod", 1), ("author", 0)])
def test_a_denial_is_borne_out_by_who_runs_the_site(
    session: Session, known: Browser, established: Browser, run_jobs: Jobs, by: str, pays: int
) -> None:
    people = {"mod": known("mod", role="moderator"), "author": established("author")}
    address = people["author"].post("/reports", data=FORM).location
    known("ben").post(f"{address}/vote", data=NO)
    run_jobs()
    assert balance(session, "ben") == (0, 1)
    assert people[by].post(f"{address}/close").status_code == 303
    run_jobs()
    assert balance(session, "ben") == (pays, 0)


@pytest.mark.parametrize(("outcome", "pays"), [("approved", 1), ("refused", 0)])
def test_votes_on_what_waits_are_paid_when_it_is_published(
    session: Session,
    known: Browser,
    established: Browser,
    later: Later,
    run_jobs: Jobs,
    outcome: str,
    pays: int,
) -> None:
    address = known("author").post("/reports", data=FORM).location
    known("ben").post(f"{address}/vote", data=YES)
    eva = established("eva")
    later("2 minutes")
    eva.post(f"{address}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (0, 1)
    assert balance(session, "author") == (0, 8)
    # It may be over by the time that it is approved.
    later("3 days")
    reports_life_actions.expire(session)
    session.commit()
    run_jobs()
    assert balance(session, "ben") == (0, 1)
    decide_all(known("mod", role="moderator"), session, outcome)
    run_jobs()
    assert balance(session, "ben") == (pays, 0)
    assert balance(session, "author") == (8 * pays, 0)


def test_a_flood_of_votes_earns_the_cap_at_most_and_nothing_at_once(
    session: Session, known: Browser, established: Browser, later: Later, run_jobs: Jobs
) -> None:
    """57 votes in 6 seconds; then all of them are borne out."""
    most = reputation_rules.ACTIONS["confirmation"].a_day
    assert most is not None
    ben, eva = known("ben"), established("eva")
    flood(session, "ben", 57)
    run_jobs()
    assert balance(session, "ben") == (0, most)
    entries = sa.text("SELECT points, count(*) FROM point_entries GROUP BY points ORDER BY points")
    assert session.execute(entries).all() == [(0, 57 - most), (1, most)]
    exported = ben.get("/settings/export").get_json(force=True)["points"]["ledger"]
    assert len(exported) == 57
    voter = session.scalars(sa.select(Member.id).where(Member.handle == "eva")).one()
    for vote in session.scalars(sa.select(Vote)).all():
        after = vote.voted_at + dt.timedelta(minutes=1)
        content.vote(session, vote.report_id, voter, established=True, voted_at=after)
    for report_id in session.scalars(sa.text("SELECT DISTINCT report_id FROM votes")).all():
        reports_points.settle(session, report_id)
    assert balance(session, "ben") == (most, 0)
    # The next day has room again, and what was capped stays so.
    later("24 hours")
    flood(session, "ben", 1)
    run_jobs()
    assert balance(session, "ben") == (most, 1)
    assert reputation_actions.recount_all(session) == []
    assert eva.get("/leaderboard").status_code == 200


def flood(session: Session, handle: str, many: int) -> None:
    """Votes of a member on so many published reports, as the page would make them."""
    member = session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()
    for _ in range(many):
        report_id = content.report(session, lon=0, lat=0).id
        content.vote(session, report_id, member)
        events.emit(session, events.ReportConfirmed(report_id, member, None, True))
    session.commit()


def test_a_ring_earns_nothing_by_confirming_what_waits(
    session: Session, client: FlaskClient, known: Browser, run_jobs: Jobs
) -> None:
    """Three unreviewed reports, confirmed by ten accounts, before and after they are approved."""
    author = known("author")
    ring = [known(f"ring{number}") for number in range(10)]
    for place in range(3):
        address = author.post("/reports", data={**FORM, "lat": str(41 + place)}).location
        for browser in ring:
            assert browser.post(f"{address}/vote", data={"still_there": "yes"}).status_code == 303
    run_jobs()
    available = sa.text("SELECT count(*) FROM point_entries WHERE account = 'available'")
    assert session.scalar(available) == 0
    assert "/members/" not in client.get("/leaderboard").text.split("<main")[1].split("</main")[0]
    assert balance(session, "author") == (0, 18)
    decide_all(known("mod", role="moderator"), session)
    run_jobs()
    assert balance(session, "author") == (18, 0)
    assert {balance(session, f"ring{number}") for number in range(10)} == {(0, 3)}


def test_points_wait_through_a_merge(
    session: Session, known: Browser, established: Browser, later: Later, run_jobs: Jobs
) -> None:
    one, two = (
        established(handle).post("/reports", data={**FORM, "anyway": "yes"}).location
        for handle in ("ana", "eva")
    )
    known("ben").post(f"{two}/vote", data=YES)
    run_jobs()
    mod = known("mod", role="moderator")
    assert mod.post(f"{two}/merge", data={"into": one}).status_code == 303
    run_jobs()
    carla = established("carla")
    later("2 minutes")
    carla.post(f"{one}/vote", data=YES)
    run_jobs()
    assert balance(session, "ben") == (1, 0)
