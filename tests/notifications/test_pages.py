"""The inbox over HTTP: what is told, once, in the reader's words; and one's own contributions."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide
from ugc.core.db import Session
from ugc.moderation import queries as moderation_queries
from ugc.notifications import actions as notifications_actions
from ugc.notifications import queries as notifications_queries
from ugc.notifications import rules as notifications_rules
from ugc.notifications.models import Notification
from ugc.reputation.models import Badge

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}


@pytest.mark.parametrize(
    ("language", "said", "rule"),
    [
        ("en", "A moderator refused your report", "False or misleading"),
        ("es", "La moderación rechazó tu aviso: Atasco", "Falso o engañoso"),
    ],
)
def test_the_author_is_told_why(
    session: Session, signed_in: Browser, run_jobs: Run, language: str, said: str, rule: str
) -> None:
    ana = signed_in("ana", language=language)
    address = ana.post("/reports", data=REPORT).location
    assert (
        decide(signed_in("mod", role="moderator"), session, "refused", note="Nobody saw it.") == 303
    )
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
    assert decide(signed_in("mod", role="moderator"), session, "approved") == 303
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
    lines = [line for line in titles(ana.get("/inbox").text) if "confirmed" in line]
    assert lines == ["3 people confirmed your report: Traffic jam in Madrid"]


def titles(page: str) -> list[str]:
    """The lines of the inbox, newest first."""
    parts = page.split('class="item__title">')[1:]
    return [re.sub(r"^<label[^>]*>", "", part).split("<")[0].strip() for part in parts]


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        (
            "en",
            "1 person confirmed your report: Traffic jam in Zaragoza",
            "2 people confirmed your report: Traffic jam in Madrid",
        ),
        (
            "es",
            "1 persona confirmó tu aviso: Atasco en Zaragoza",
            "2 personas confirmaron tu aviso: Atasco en Madrid",
        ),
    ],
)
def test_lines_say_what_and_where_and_fold_only_what_is_alike(
    session: Session, signed_in: Browser, run_jobs: Run, language: str, one: str, many: str
) -> None:
    ana = signed_in("ana", role="moderator", language=language)
    madrid = ana.post("/reports", data=REPORT).location
    zaragoza = ana.post("/reports", data={**REPORT, "lat": "41.65", "lon": "-0.88"}).location
    for name in ("bea", "cai"):
        voter = signed_in(name)
        voter.post(f"{madrid}/vote", data={"still_there": "yes"})
        # Whoever changes their mind and back is told of once.
        voter.post(f"{madrid}/vote", data={"still_there": "no"})
        voter.post(f"{madrid}/vote", data={"still_there": "yes"})
    voter.post(f"{zaragoza}/vote", data={"still_there": "yes"})
    run_jobs()
    lines = [line for line in titles(ana.get("/inbox").text) if "confirm" in line]
    assert lines == [one, many]


def test_another_day_is_another_line_and_one_press_reads_a_line(
    session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana", role="moderator", timezone="Europe/Madrid")
    address = ana.post("/reports", data=REPORT).location
    for name in ("bea", "cai", "dan"):
        signed_in(name).post(f"{address}/vote", data={"still_there": "yes"})
    run_jobs()
    session.execute(sa.delete(Notification).where(Notification.kind != "confirmed"))
    rows = session.scalars(sa.select(Notification).order_by(Notification.id)).all()
    member_id = rows[0].member_id
    # 21:30 and 22:30 UTC are two days in Madrid.
    for row, at in zip(rows, ("20:00", "21:30", "22:30"), strict=True):
        row.created_at = sa.func.timestamptz(f"2026-07-01 {at}+00")  # type: ignore[assignment]
    session.commit()
    zone = "Europe/Madrid"
    lines, following = notifications_queries.inbox(session, member_id, None, zone)
    assert [len(line.ids) for line in lines] == [1, 2]
    assert following is None
    assert notifications_queries.unread_count(session, member_id, zone) == 2
    assert notifications_queries.unread_count(session, member_id, "UTC") == 1
    assert ana.get("/inbox").text.count('name="folded"') == 1
    form = {"next": address, "folded": list(lines[1].ids[1:])}
    assert ana.post(f"/inbox/{lines[1].id}", data=form).location == address
    session.expire_all()
    assert notifications_queries.unread_count(session, member_id, zone) == 1


def test_what_is_folded_is_ones_own(session: Session, signed_in: Browser, run_jobs: Run) -> None:
    for name in ("ana", "bea"):
        signed_in(name, role="moderator").post("/reports", data={**REPORT, "anyway": "1"})
    run_jobs()
    rows = session.scalars(sa.select(Notification).order_by(Notification.id)).all()
    mine, theirs = rows[0], next(row for row in rows if row.member_id != rows[0].member_id)
    bea = signed_in("cai")
    assert bea.post(f"/inbox/{mine.id}").status_code == 404
    notifications_actions.mark_read(session, mine.member_id, mine.id, [theirs.id])
    session.expire_all()
    assert mine.read_at is not None
    assert theirs.read_at is None


def test_a_page_ends_with_a_day(
    session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications_rules, "PAGE", 2)
    signed_in("ana")
    member_id = session.scalars(sa.text("SELECT id FROM members WHERE handle = 'ana'")).one()
    for number, day in enumerate((1, 2, 2, 2, 3)):
        notifications_actions.tell(
            session, member_id, "badge", f"badge:{number}", badge="first_report"
        )
        session.execute(
            sa.update(Notification)
            .where(Notification.cause == f"badge:{number}")
            .values(created_at=sa.func.timestamptz(f"2026-07-0{day} 12:00+00"))
        )
    first, following = notifications_queries.inbox(session, member_id)
    assert [line.text for line in first] == ["You earned a badge:", "You earned 3 badges:"]
    second, end = notifications_queries.inbox(session, member_id, following)
    assert [len(line.ids) for line in second] == [1]
    assert end is None


def test_firsts_earn_badges_once(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data=REPORT)
    ana.post("/reports", data={**REPORT, "lat": "41"})
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == ["first_report"]
    assert "First report" in client.get("/members/ana").text
    assert "You earned a badge:" in ana.get("/inbox").text


def test_held_points_earn_no_badge_yet(session: Session, signed_in: Browser, run_jobs: Run) -> None:
    signed_in("ana").post("/reports", data=REPORT)
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == []
    assert decide(signed_in("mod", role="moderator"), session, "approved") == 303
    run_jobs()
    assert session.scalars(sa.select(Badge.badge)).all() == ["first_report"]


def test_a_contact_is_told_and_earns_nothing_yet(
    app: object, client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Run
) -> None:
    ana = signed_in("ana")
    ana.post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    via = client.get(f"/r/{code}").location.rpartition("?")[2]
    form = {"handle": "newcomer", "email": "n@example.org", "password": "correct horse battery"}
    assert client.post(f"/join?{via}", data=form).status_code == 303
    run_jobs()
    page = ana.get("/inbox").text
    assert "newcomer joined through your link" in page
    # The points and the badge wait until the newcomer takes part (tests/rewards).
    assert session.scalars(sa.select(Badge.badge)).all() == []


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
    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data=REPORT)
    run_jobs()
    session.execute(sa.update(Notification).values(read_at=sa.text("now() - interval '91 days'")))
    notifications_actions.forget_old(session)
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
        assert decide(mod, session, "approved") == 303
    usual = moderation_queries.usual_wait(session)
    assert usual is not None
    assert round(usual.total_seconds() / 3600) == 3
