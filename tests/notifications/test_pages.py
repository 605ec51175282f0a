"""The inbox over HTTP: what is told, once, in the reader's words; and one's own contributions."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.notifications.models import Notification
from ugc.reputation.models import Badge

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}


def decide(browser: FlaskClient, session: Session, outcome: str) -> None:
    case_id, version = session.execute(
        sa.text("SELECT id, version FROM cases WHERE decided_at IS NULL ORDER BY id LIMIT 1")
    ).one()
    form = {"version": version, "outcome": outcome, "rule": "false", "note": "Nobody saw it."}
    assert browser.post(f"/moderation/{case_id}", data=form).status_code == 303


@pytest.mark.parametrize(
    ("language", "said", "rule"),
    [
        ("en", "A moderator refused it", "False or misleading"),
        ("es", "La moderación lo rechazó: Atasco", "Falso o engañoso"),
    ],
)
def test_the_author_is_told_why(
    session: Session, signed_in: Browser, run_jobs: Run, language: str, said: str, rule: str
) -> None:
    ana = signed_in("ana", language=language)
    address = ana.post("/reports", data=REPORT).location
    decide(signed_in("mod", role="moderator"), session, "refused")
    run_jobs()
    page = ana.get("/inbox").text
    assert f'value="{address}"' in page  # its author still sees it, and is led there
    assert said in page
    assert rule in page
    assert "Nobody saw it." in page


def test_an_approval_leads_to_the_thing_and_is_read_once(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=REPORT).location
    decide(signed_in("mod", role="moderator"), session, "approved")
    run_jobs()
    first = session.scalars(sa.select(Notification).where(Notification.kind == "approved")).one()
    assert "unread" in ana.get("/").text
    answer = ana.post(f"/inbox/{first.id}", data={"next": address})
    assert answer.location == address
    away = ana.post(f"/inbox/{first.id}", data={"next": "https://evil.example"})
    assert away.location == "/inbox"
    session.refresh(first)
    assert first.read_at is not None
    assert ana.post("/inbox/read").status_code == 303
    assert "unread" not in ana.get("/").text


def test_many_confirmations_are_one_line(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana", role="moderator")
    address = ana.post("/reports", data=REPORT).location
    for name in ("bea", "cai", "dan"):
        signed_in(name).post(f"{address}/vote", data={"still_there": "yes"})
    run_jobs()
    kinds = session.scalars(
        sa.select(Notification.kind).where(Notification.kind == "confirmed")
    ).all()
    assert kinds == ["confirmed"]
    assert "still there: Traffic jam" in ana.get("/inbox").text


def test_firsts_earn_badges_once(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data=REPORT)
    ana.post("/reports", data={**REPORT, "lat": "41"})
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == ["first_report"]
    assert "First report" in client.get("/members/ana").text
    assert "You earned a badge" in ana.get("/inbox").text


def test_held_points_earn_no_badge_yet(session: Session, signed_in: Browser, run_jobs: Run) -> None:
    signed_in("ana").post("/reports", data=REPORT)
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == []
    decide(signed_in("mod", role="moderator"), session, "approved")
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == ["first_report"]


def test_a_contact_is_told_and_is_a_first(
    app: object, client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana")
    ana.post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    client.get(f"/r/{code}")
    form = {"handle": "newcomer", "email": "n@example.org", "password": "correct horse battery"}
    assert client.post("/join", data=form).status_code == 303
    run_jobs()
    page = ana.get("/inbox").text
    assert "newcomer joined through your link" in page
    assert session.scalars(sa.select(Badge.badge)).all() == ["first_contact"]


def test_the_inbox_is_ones_own(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    signed_in("ana", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    first = session.scalars(sa.select(Notification)).first()
    assert first is not None
    bea = signed_in("bea")
    assert bea.post(f"/inbox/{first.id}").status_code == 404
    assert "Nothing yet" in bea.get("/inbox").text
    assert client.get("/inbox").status_code == 401


def test_reading_leaves_nothing_old(session: Session, signed_in: Browser, run_jobs: Run) -> None:
    from ugc.notifications import actions

    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data=REPORT)
    run_jobs()
    session.execute(sa.update(Notification).values(read_at=sa.text("now() - interval '91 days'")))
    actions.forget_old(session)
    assert session.scalars(sa.select(Notification)).all() == []


@pytest.mark.parametrize(
    ("language", "wait", "free"),
    [("en", "no figure yet", "3 more approved"), ("es", "Aún no hay", "3 aportaciones aprobadas")],
)
def test_my_contributions_say_what_waits(
    signed_in: Browser, language: str, wait: str, free: str
) -> None:
    ana = signed_in("ana", language=language)
    ana.post("/reports", data=REPORT)
    page = ana.get("/contributions").text
    assert "Slow from the roundabout" in page
    assert wait in page
    assert free in page


def test_the_usual_wait_is_a_median(session: Session, signed_in: Browser) -> None:
    from ugc.moderation import queries

    mod = signed_in("mod", role="moderator")
    for number in range(5):
        ana = signed_in(f"ana{number}")
        ana.post("/reports", data={**REPORT, "lat": str(40 + number)})
        session.execute(
            sa.text(
                "UPDATE cases SET opened_at = now() - make_interval(hours => :hours)"
                " WHERE decided_at IS NULL"
            ),
            {"hours": number + 1},
        )
        decide(mod, session, "approved")
    usual = queries.usual_wait(session)
    assert usual is not None
    assert round(usual.total_seconds() / 3600) == 3
