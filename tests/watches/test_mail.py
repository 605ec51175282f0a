"""News by mail: at once, in digests, never in quiet hours, never twice; and the end of it."""

import datetime as dt
import re
import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import streets as made
from tests.watches.conftest import NOON, REPORT, Clock, Letters, member, report, told
from ugc.core import mail
from ugc.core.db import Session
from ugc.watches.actions import delivery as watches_delivery
from ugc.watches.models import Delivery, MailAttempt, MailChoice, News

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
MADRID = "Europe/Madrid"


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("language", "subject", "greeting", "stop"),
    [
        ("en", "New where you watch: Roadworks in Madrid", "Hello ana", "No more of these mails"),
        ("es", "Nuevo donde vigilas: Obras en Madrid", "Hola, ana", "No recibir más estos correos"),
    ],
)
def test_news_is_mailed_at_once(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, letters: Letters,
    at: Clock, language: str, subject: str, greeting: str, stop: str,
) -> None:  # fmt: skip
    at(NOON)
    watcher("ana", watch={"delivery": "now"}, language=language, timezone=MADRID)
    address = report(signed_in("mod", role="moderator"), 1)
    run_jobs()
    (letter,) = letters()
    assert letter["Subject"] == subject
    assert letter["To"] == "ana@example.org"
    for kind in ("plain", "html"):
        body = text_of(letter, kind)
        assert greeting in body
        assert f"http://localhost{address}" in body
        assert "Round my home" in body
        assert stop in body
    assert "12:00" in text_of(letter)  # as it was in Madrid
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    run_jobs()
    assert letters() == []


@pytest.mark.parametrize(
    ("language", "where"),
    [
        ("en", "at Calle Mayor, between Calle Sol and Calle Luna, Villa Prueba"),
        ("es", "en Calle Mayor, entre Calle Sol y Calle Luna, Villa Prueba"),
    ],
)
def test_in_a_loaded_city_it_says_the_street_and_a_digest_the_cities(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, letters: Letters,
    run: Callable[[str], None], at: Clock, language: str, where: str,
) -> None:  # fmt: skip
    at(NOON)
    made.load_city(session)
    watcher("ana", watch={"delivery": "now"}, language=language, timezone=MADRID)
    watcher("bea", watch={"delivery": "daily"}, language=language, timezone=MADRID)
    lon, lat = map(str, made.ACROSS_THE_STREET)
    mod = signed_in("mod", role="moderator")
    for kind in ("roadworks", "jam"):
        mod.post("/reports", data={**REPORT, "kind": kind, "lon": lon, "lat": lat})
        run_jobs()
    first, *_rest = letters()
    assert str(first["Subject"]).endswith(where)
    for kind in ("plain", "html"):
        assert where in text_of(first, kind)
    at(NOON + dt.timedelta(days=1))
    run("watches.begin_digests")
    (digest,) = letters()
    assert str(digest["Subject"]).endswith(" Madrid")
    assert text_of(digest).count(where) == 2


def test_no_mail_without_a_choice_or_a_confirmed_address(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, letters: Letters,
    at: Clock,
) -> None:  # fmt: skip
    at(NOON)
    watcher("ana")
    watcher("bea", watch={"delivery": "now"})
    session.execute(sa.text("UPDATE members SET email_confirmed_at = NULL WHERE handle = 'bea'"))
    report(signed_in("mod", role="moderator"), 1)
    run_jobs()
    assert letters() == []
    assert told(session, "ana") == told(session, "bea") == ["posted"]


def test_quiet_hours_hold_mail_back(
    session: Session, signed_in: Browser, watcher: Browser, run: Callable[[str], None],
    run_jobs: Run, letters: Letters, at: Clock,
) -> None:  # fmt: skip
    at(NOON)
    mod = signed_in("mod", role="moderator")
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    watcher("bob", watch={"delivery": "now"}, timezone="America/New_York")
    at(NOON.replace(hour=22))  # midnight in Madrid, 18:00 in New York
    report(mod, 1)
    report(mod, 2)
    run_jobs()
    assert {m["To"] for m in letters()} == {"bob@example.org"}
    at(NOON + dt.timedelta(hours=18, minutes=59))  # 06:59 in Madrid
    run("watches.hand_over")
    assert letters() == []
    at(NOON + dt.timedelta(hours=19))
    run("watches.hand_over")
    (letter,) = letters()
    assert letter["To"] == "ana@example.org"
    assert letter["Subject"] == "2 things happened in Madrid"
    run("watches.hand_over")
    assert letters() == []


@pytest.mark.parametrize("days", [0, 1, 14])
def test_a_worker_that_was_away_disturbs_no_quiet_hours(
    session: Session, signed_in: Browser, watcher: Browser, run: Callable[[str], None],
    run_jobs: Run, letters: Letters, at: Clock, days: int,
) -> None:  # fmt: skip
    """What came due at 07:00 and is found at 23:30, of the same day or of weeks later, waits."""
    at(NOON)
    mod = signed_in("mod", role="moderator")
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    at(NOON.replace(hour=22))
    report(mod, 1)
    run_jobs()
    late = NOON + dt.timedelta(days=1 + days, hours=11, minutes=30)  # 23:30 in Madrid
    at(late)
    run("watches.hand_over")
    assert letters() == []
    at(late + dt.timedelta(hours=7, minutes=30))
    run("watches.hand_over")
    assert len(letters()) == 1


def test_a_digest_comes_at_the_readers_hour_once(
    session: Session, signed_in: Browser, watcher: Browser, run: Callable[[str], None],
    run_jobs: Run, letters: Letters, at: Clock,
) -> None:  # fmt: skip
    at(NOON)
    mod = signed_in("mod", role="moderator")
    watcher("ana", watch={"delivery": "daily"}, timezone=MADRID)
    watcher("eva", watch={"delivery": "weekly"}, timezone=MADRID, language="es")
    first, second = report(mod, 1), report(mod, 2)
    run_jobs()
    run("watches.begin_digests")
    assert letters() == []
    at(NOON.replace(day=10, hour=5, minute=59))
    run("watches.begin_digests")
    assert letters() == []
    at(NOON.replace(day=10, hour=6))  # 08:00 on Thursday
    run("watches.begin_digests")
    (letter,) = letters()
    assert letter["To"] == "ana@example.org"
    assert letter["Subject"] == "Your digest: 2 things happened in Madrid"
    assert all(f"http://localhost{address}" in text_of(letter) for address in (first, second))
    run("watches.begin_digests")
    at(NOON.replace(day=11, hour=6))
    run("watches.begin_digests")  # nothing new: no mail
    assert letters() == []
    at(NOON.replace(day=14, hour=6))  # Monday
    run("watches.begin_digests")
    (letter,) = letters()
    assert letter["To"] == "eva@example.org"
    assert letter["Subject"] == "Tu resumen: han pasado 2 cosas en Madrid"


def test_a_digest_keeps_its_hour_when_the_clocks_change(
    session: Session, signed_in: Browser, watcher: Browser, at: Clock, run: Callable[[str], None]
) -> None:
    at(dt.datetime(2027, 3, 27, 12, tzinfo=dt.UTC))
    watcher("ana", watch={"delivery": "daily"}, timezone=MADRID)
    due = session.scalar(sa.select(MailChoice.digest_due_at))
    assert due == dt.datetime(2027, 3, 28, 6, tzinfo=dt.UTC)  # summer time began that night
    at(dt.datetime(2027, 10, 30, 12, tzinfo=dt.UTC))
    run("watches.begin_digests")
    session.expire_all()
    due = session.scalar(sa.select(MailChoice.digest_due_at))
    assert due == dt.datetime(2027, 10, 31, 7, tzinfo=dt.UTC)


def test_a_digest_leaves_out_what_was_mailed(
    session: Session, signed_in: Browser, watcher: Browser, run: Callable[[str], None],
    run_jobs: Run, letters: Letters, at: Clock,
) -> None:  # fmt: skip
    at(NOON)
    mod = signed_in("mod", role="moderator")
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    first = report(mod, 1)
    run_jobs()
    assert len(letters()) == 1
    at(NOON.replace(hour=21))  # quiet: it waits, and then ana wants a digest
    second = report(mod, 2)
    run_jobs()
    watches_delivery.choose_delivery(session, member(session, "ana").id, delivery=Delivery.DAILY)
    run("watches.hand_over")
    assert letters() == []
    at(NOON.replace(day=10, hour=6))
    run("watches.begin_digests")
    (letter,) = letters()
    assert first not in text_of(letter)
    assert second in text_of(letter)


def test_nothing_is_mailed_of_what_is_hidden_meanwhile(
    session: Session, signed_in: Browser, watcher: Browser, run: Callable[[str], None],
    run_jobs: Run, letters: Letters, at: Clock,
) -> None:  # fmt: skip
    at(NOON)
    mod = signed_in("mod", role="moderator")
    watcher("ana", watch={"delivery": "daily"}, timezone=MADRID)
    address = report(mod, 1)
    run_jobs()
    mod.post(f"{address}/withdraw")
    at(NOON.replace(day=10, hour=6))
    run("watches.begin_digests")
    assert letters() == []


# once ---------------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_is_asked_again(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, letters: Letters,
    at: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at(NOON)
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    report(signed_in("mod", role="moderator"), 1)
    with monkeypatch.context() as patch:

        def refuse(_message: EmailMessage) -> None:
            raise smtplib.SMTPServerDisconnected("away")

        patch.setattr(mail, "send", refuse)
        for _ in range(2):
            with pytest.raises(smtplib.SMTPServerDisconnected):
                run_jobs()
    assert letters() == []
    run_jobs()
    assert len(letters()) == 1
    outcomes = session.execute(
        sa.select(MailAttempt.number, MailAttempt.outcome).order_by(
            MailAttempt.number, MailAttempt.outcome
        )
    )
    assert [tuple(row) for row in outcomes] == [
        (0, "begun"), (0, "refused"), (1, "begun"), (1, "refused"), (2, "begun"),
    ]  # fmt: skip


def test_a_worker_killed_while_sending_does_not_send_twice(
    session: Session, signed_in: Browser, watcher: Browser, run_jobs: Run, letters: Letters,
    at: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at(NOON)
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    report(signed_in("mod", role="moderator"), 1)
    send = mail.send

    class Killed(BaseException):
        pass

    def send_and_die(message: EmailMessage) -> None:
        send(message)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(mail, "send", send_and_die)
        with pytest.raises(Killed):
            run_jobs()
    assert len(letters()) == 1
    # The job is still there, as a job whose worker died is; it runs again and sends nothing.
    run_jobs()
    assert letters() == []


# the end of it ------------------------------------------------------------------------------


def link_of(letter: EmailMessage) -> str:
    found = re.fullmatch(r"<http://localhost(/unsubscribe/\S+)>", letter["List-Unsubscribe"])
    assert found, letter["List-Unsubscribe"]
    return found[1]


@pytest.mark.parametrize(
    ("language", "button"), [("en", "Stop this mail"), ("es", "Dejar de recibirlo")]
)
def test_a_link_ends_a_kind_of_mail_without_signing_in(
    app: Flask, client: FlaskClient, session: Session, signed_in: Browser, watcher: Browser,
    run_jobs: Run, letters: Letters, at: Clock, language: str, button: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at(NOON)
    watcher("ana", watch={"delivery": "now"}, timezone=MADRID)
    mod = signed_in("mod", role="moderator")
    report(mod, 1)
    run_jobs()
    link = link_of(letters()[0])
    # Opening it, as mail scanners do, changes nothing.
    page = client.get(link, headers={"Accept-Language": language})
    assert button in page.text
    chosen = session.get_one(MailChoice, member(session, "ana").id)
    assert chosen.delivery == "now"
    # As mail programs send it (RFC 8058): no cookie, no token of a form.
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    answer = app.test_client().post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    session.expire_all()
    assert session.get_one(MailChoice, member(session, "ana").id).delivery == "site"
    assert app.test_client().post(link).status_code == 200  # again is no error
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    report(mod, 2)
    run_jobs()
    assert letters() == []
    assert told(session, "ana") == ["posted", "posted"]


def test_a_link_ends_its_own_kind_only(
    app: Flask, session: Session, make_member: Callable[..., object], client: FlaskClient
) -> None:
    make_member("ana")
    me = member(session, "ana")
    public_id = session.scalar(
        sa.text("SELECT public_id FROM subjects WHERE id = :id"), {"id": me.id}
    )
    watches_delivery.choose_delivery(session, me.id, delivery=Delivery.DAILY)
    for kind, delivery, still_there in (
        ("now", "daily", True),
        ("still_there", "daily", False),
        ("digest", "site", False),
    ):
        token = mail.unsubscribe_token(public_id, kind)
        assert client.post(f"/unsubscribe/{token}").status_code == 200
        session.expire_all()
        chosen = session.get_one(MailChoice, me.id)
        assert (chosen.delivery, chosen.still_there) == (delivery, still_there)


def test_a_link_that_we_did_not_sign_is_nothing(
    client: FlaskClient, make_member: Callable[..., object], session: Session
) -> None:
    make_member("ana")
    good = mail.unsubscribe_token("nobody", "now")
    for token in (good, good[:-2] + "xx", "x", mail.unsubscribe_token("nobody", "all")):
        assert client.get(f"/unsubscribe/{token}").status_code == 404
        assert client.post(f"/unsubscribe/{token}").status_code == 404


# still there? -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Is it still there? Roadworks in Madrid"), ("es", "¿Sigue ahí? Obras en Madrid")],
)
def test_whether_it_is_still_there_is_asked_by_mail_once(
    session: Session, signed_in: Browser, run: Callable[[str], None], run_jobs: Run,
    letters: Letters, at: Clock, language: str, said: str,
) -> None:  # fmt: skip
    at(NOON)
    ana = signed_in("ana", role="moderator", language=language, timezone="UTC")
    address = report(ana, 1)
    signed_in("bea", timezone="UTC").post(f"{address}/vote", data={"still_there": "yes"})
    watches_delivery.choose_delivery(
        session, member(session, "bea").id, delivery=Delivery.NOW, still_there=False
    )
    run_jobs()
    letters()
    at(NOON + dt.timedelta(days=90))
    run("reports.expire")
    run("reports.expire")
    (letter,) = letters()
    assert letter["To"] == "ana@example.org"
    assert letter["Subject"] == said
    assert f"http://localhost{address}" in text_of(letter)
    assert f"http://localhost{address}" in text_of(letter, "html")
    assert "/unsubscribe/" in letter["List-Unsubscribe"]
    asked = session.execute(
        sa.select(News.member_id, News.mail).where(News.what == "still_there").order_by(News.id)
    )
    assert [tuple(row) for row in asked] == [
        (member(session, "ana").id, "still_there"),
        (member(session, "bea").id, None),
    ]
