"""Accounts that lie together, and authors who bring back what is not there."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.core.subjects import Subject
from ugc.referrals.models import Referral, ReferralLink
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.models import Report, Vote
from ugc.reports.queries import trust as reports_trust
from ugc.reports.rules import belief as reports_belief

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
HERE = {"lat": "40.4", "lon": "-3.7"}
YES, NO = {"still_there": "yes", **HERE}, {"still_there": "no", **HERE}
Browser = Callable[..., FlaskClient]


def report_at(session: Session, address: str) -> Report:
    session.expire_all()
    query = sa.select(Report).join_from(Report, Subject)
    return session.scalars(query.where(Subject.public_id == address.rsplit("/", 1)[-1])).one()


def told(browser: FlaskClient, address: str, data: dict[str, str]) -> dict[str, str]:
    """What the voter is told: {outcome, message}."""
    answer = browser.post(f"{address}/vote", data=data, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.get_json(force=True)


@pytest.fixture
def ring(known: Browser) -> list[FlaskClient]:
    """Ten accounts over a day old, which agreed on five reports of their own before."""
    browsers = [known(f"ring{number}") for number in range(10)]
    for step in range(5):
        form = {**FORM, "lat": str(41 + step)}
        address = browsers[step].post("/reports", data=form).location
        for number, browser in enumerate(browsers):
            # One in ten is left out in turn, so that none always votes with another.
            if number != step and (number + step) % 10:
                browser.post(f"{address}/vote", data={"still_there": "yes"})
    return browsers


@pytest.fixture
def trio(established: Browser, session: Session, later: Callable[[str], None]) -> list[FlaskClient]:
    """Three established members whose words proved true."""
    browsers = [established(f"trio{number}") for number in range(3)]
    witnesses = [established(f"witness{number}") for number in range(6)]
    for step in range(6):
        later(f"{step} hours")
        place = {**FORM, "lat": str(50 + step)}
        there = {"still_there": "yes", "lat": str(50 + step), "lon": "-3.7"}
        address = witnesses[step].post("/reports", data=place).location
        for number, browser in enumerate(browsers):
            # One is left out in turn, so that none always votes with another.
            if number != step % 3:
                browser.post(f"{address}/vote", data=there)
        later(f"{step} hours 1 minute")
        for number, witness in enumerate(witnesses):
            if number != step:
                witness.post(f"{address}/vote", data=there)
    # Those votes are long over, and say nothing of who moves together.
    session.execute(sa.text("DELETE FROM member_positions"))
    session.commit()
    later("8 hours")
    return browsers


def test_ten_accounts_that_agree_with_one_another_end_no_true_report(
    session: Session, ring: list[FlaskClient], established: Browser
) -> None:
    address = established("ana").post("/reports", data=FORM).location
    for handle in ("ben", "carla"):
        established(handle).post(f"{address}/vote", data=YES)
    before = report_at(session, address).believed
    for browser in ring:
        assert told(browser, address, NO)["outcome"] in ("less", "nothing")
    report = report_at(session, address)
    assert (report.state, report.denials) == ("open", 10)
    assert report.believed > before / 2
    ids = session.scalars(sa.select(Member.id).where(Member.handle.like("ring%"))).all()
    assert {reports_trust.trust_of(session, each) for each in ids} == {reports_belief.trust(0, 0)}


def test_ten_accounts_that_agree_with_one_another_keep_no_false_report(
    session: Session, ring: list[FlaskClient], trio: list[FlaskClient]
) -> None:
    address = ring[0].post("/reports", data=FORM).location
    for browser in ring[1:]:
        told(browser, address, YES)
    assert report_at(session, address).believed < 0.8
    for browser, friend in zip(trio[:2], ring[1:], strict=False):
        # A friend who confirms it again meanwhile does not begin the count again.
        friend.post(f"{address}/vote", data=YES)
        told(browser, address, NO)
    assert report_at(session, address).state == "closed"


def test_friends_and_people_of_one_link_prove_nothing_of_each_other(
    session: Session, known: Browser, established: Browser, later: Callable[[str], None]
) -> None:
    boss = established("boss")  # first: who brings somebody is older
    mod, friend = known("mod", role="moderator"), known("friend")
    address = mod.post("/reports", data=FORM).location
    assert friend.post(f"{address}/vote", data=YES).status_code == 303
    later("5 minutes")
    assert boss.post(f"{address}/vote", data=YES).status_code == 303
    ids = {r[0]: r[1] for r in session.execute(sa.select(Member.handle, Member.id))}
    alone = reports_trust.trust_of(session, ids["friend"])
    assert alone > reports_belief.trust(0, 0)
    link = ReferralLink(code="of-boss", owner_id=ids["boss"], subject_id=ids["boss"])
    session.add(link)
    session.flush()
    session.add(Referral(member_id=ids["friend"], parent_id=ids["boss"], link_id=link.id))
    session.flush()
    assert reports_trust.trust_of(session, ids["friend"]) == reports_belief.trust(0, 0)


def test_what_ends_after_an_author_opened_it_again_ends_again(
    session: Session, known: Browser, trio: list[FlaskClient], later: Callable[[str], None]
) -> None:
    """The author ends it first and opens it again, so that the denials are of before."""
    liar = known("liar")
    address = liar.post("/reports", data=FORM).location
    told(trio[0], address, NO)
    assert liar.post(f"{address}/close").status_code == 303
    assert liar.post(f"{address}/reopen", data={"note": "It is there."}).status_code == 303
    outcomes = [told(browser, address, NO)["outcome"] for browser in trio[:2]]
    assert outcomes[-1] == "ended"
    assert report_at(session, address).state == "closed"
    # Many ended it: the author does not open it again, with or without a standing of their own.
    refused = liar.post(f"{address}/reopen", data={"note": "It is there."})
    assert refused.status_code == 403
    assert "by a moderator" in refused.text
    assert trio[2].post(f"{address}/reopen", data={"note": "Really."}).status_code == 403
    mod = known("mod", role="moderator")
    later("8 hours 1 minute")
    assert mod.post(f"{address}/reopen", data={"note": "Seen."}).status_code == 303
    later("8 hours 2 minutes")
    # And the same three may end it once more.
    assert [told(b, address, NO)["outcome"] for b in trio[:2]][-1] == "ended"


ENDS = ("close", "answer", "deny")


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("who", ["author", "other", "moderating author"])
def test_what_moderators_or_many_ended_stays_ended(
    how: str, who: str, session: Session, known: Browser, established: Browser, trusted: None
) -> None:
    role = {"role": "moderator"} if who == "moderating author" else {}
    author = established("author", **role)
    other = established("other")
    address = author.post("/reports", data=FORM).location
    mod = known("mod", role="moderator")
    if how == "close":
        mod.post(f"{address}/close")
    elif how == "answer":
        mod.post(f"{address}/answer", data={"answer": "It was mended.", "closes": "yes"})
    else:
        for number in range(2):
            established(f"d{number}").post(f"{address}/vote", data=NO)
    assert report_at(session, address).state == "closed"
    browser = other if who == "other" else author
    assert browser.post(f"{address}/reopen", data={"note": "It is there."}).status_code == 403
    assert browser.post(f"{address}/vote", data=YES).status_code == 409  # "still there" neither
    assert 'name="note"' not in browser.get(address).text
    assert report_at(session, address).state == "closed"
    assert mod.post(f"{address}/reopen", data={"note": "It is there."}).status_code == 303


@pytest.mark.parametrize("way", ["reopen", "renew", "revive"])
def test_nothing_comes_back_without_end(
    way: str, session: Session, known: Browser, later: Callable[[str], None]
) -> None:
    """Closed and opened by its author; faded and renewed by its author, with or without the job
    that logs the end; faded and confirmed by an account that is not established."""
    author, other = known("author"), known("other")
    address = author.post("/reports", data=FORM).location
    answers = []
    for step in range(1, 5):
        if way == "reopen":
            author.post(f"{address}/close")
            answers.append(author.post(f"{address}/reopen", data={"note": "Still."}).status_code)
        else:
            # Within the ceiling, after which an account that is not established revives nothing.
            later(f"{step * 5} hours" if way == "renew" else f"{2 + step / 2} hours")
            if step % 2:
                reports_life_actions.expire(session)
                session.commit()
            browser = author if way == "renew" else other
            answers.append(browser.post(f"{address}/vote", data=YES).status_code)
    session.expire_all()
    back = [
        m.what
        for m in reports_life_actions.life_queries.time_line(
            session, report_at(session, address).id
        )
    ]
    assert 1 <= back.count("reopened") + back.count("still_there") <= 2
    if way != "revive":
        assert answers == [303, 303, *[answers[2]] * 2]
        assert answers[2] in (403, 409)
    # In a day it is two reports for one member, whichever they are.
    second = author.post("/reports", data={**FORM, "lat": "44"}).location
    author.post(f"{second}/close")
    status = author.post(f"{second}/reopen", data={"note": "Still."}).status_code
    assert status == (303 if way == "revive" else 403)


def test_a_vote_says_what_became_of_it(
    session: Session,
    known: Browser,
    signed_in: Browser,
    established: Browser,
) -> None:
    address = established("ana").post("/reports", data=FORM).location
    ben = established("ben")
    assert told(ben, address, YES)["outcome"] == "counts"
    again = told(ben, address, YES)
    assert again["outcome"] == "said"
    assert "counts." not in again["message"]
    first = told(signed_in("new"), address, {"still_there": "yes"})
    assert first["outcome"] == "less"
    assert "less than a day ago" in first["message"]
    assert "no position" in first["message"]
    # The room of accounts that are not established fills up.
    outcomes = [told(known(f"k{n}"), address, YES)["outcome"] for n in range(4)]
    assert outcomes[0] == "less"
    assert outcomes[-1] == "nothing"
    held = known("dora").post("/reports", data={**FORM, "lat": "40.44"}).location
    assert "5 of 10 at most" in told(ben, held, YES)["message"]


def test_a_vote_without_a_position_weighs_half_and_may_be_said_again_with_one(
    session: Session, established: Browser, client: FlaskClient
) -> None:
    address = established("ana").post("/reports", data=FORM).location
    ben = established("ben")
    page = ben.get(address).text
    assert page.count("weighs half without your position") == 1
    assert "Send my position with my vote" in page
    told(ben, address, {"still_there": "yes"})
    half = session.scalars(sa.select(Vote.weight)).one()
    answer = told(ben, address, YES)
    assert answer["outcome"] == "counts", answer
    session.expire_all()
    assert session.scalars(sa.select(Vote.weight)).one() == pytest.approx(2 * half)
    page = ben.get(address).text
    assert "weighs half without your position" not in page
    assert "Your position went with your vote" in page
    # A city can be typed where no script runs.
    carla = established("carla")
    wrong = carla.post(f"{address}/vote", data={"still_there": "yes", "vote_place": "Xyzzyx"})
    assert wrong.status_code == 422
    assert 'name="vote_place"' in wrong.text
    typed = {"still_there": "yes", "vote_place": "40.42, -3.70"}
    assert told(carla, address, typed)["outcome"] == "counts"
    carla.post("/language", data={"language": "es"})
    dora = established("dora")
    dora.post("/language", data={"language": "es"})
    spanish = dora.get(address).text
    assert len(re.findall("pesa la mitad sin tu posición", spanish)) == 1


def test_a_contradicted_word_counts_again(
    session: Session, established: Browser, later: Callable[[str], None]
) -> None:
    address = established("ana").post("/reports", data=FORM).location
    ben, carla = established("ben"), established("carla")
    told(ben, address, NO)
    later("1 minute")
    assert told(ben, address, NO)["outcome"] == "said"
    told(carla, address, YES)
    later("2 minutes")
    assert told(ben, address, NO)["outcome"] == "counts"
    assert report_at(session, address).denials == 1
