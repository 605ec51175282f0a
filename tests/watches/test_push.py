"""Web push against a push service of our own, which decrypts as a browser does."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from pywebpush import WebPushException

from tests.factories import streets as made
from tests.watches.conftest import NOON, REPORT, Browser, Clock, Service, only_watch
from ugc.core import guarded, jobs, push
from ugc.core.db import Session
from ugc.watches.models import News, PushSubscription
from ugc.watches.rules import choices as watches_choices

Run = Callable[[], int]
pytestmark = pytest.mark.usefixtures("pushes_on")


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("en", "New where you watch: Traffic jam in Madrid"),
        ("es", "Nuevo donde vigilas: Atasco en Madrid"),
    ],
)
def test_a_browser_is_pushed_in_its_language(
    app: Flask, pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run,
    session: Session, language: str, body: str,
) -> None:  # fmt: skip
    pushed("ana", language=language)
    address = signed_in("mod", role="moderator").post("/reports", data=REPORT).location
    run_jobs()
    assert service.payloads == [
        {
            "title": "Round my home",
            "body": body,
            "url": address,
            "tag": address.rsplit("/", 1)[1],
            "lang": language,
        }
    ]
    (headers,) = service.headers
    assert headers["authorization"].startswith("vapid t=")
    assert f"k={push.public_key(app.config['VAPID_PRIVATE_KEY'])}" in headers["authorization"]
    assert headers["topic"] == address.rsplit("/", 1)[1]
    assert int(headers["ttl"]) > 0
    run_jobs()
    assert len(service.payloads) == 1
    assert session.scalars(sa.select(PushSubscription.delivered_at)).one() is not None


def test_in_a_loaded_city_it_says_the_street(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run, session: Session
) -> None:
    made.load_city(session)
    pushed("ana", language="es")
    lon, lat = map(str, made.AT_A_CORNER)
    signed_in("mod", role="moderator").post("/reports", data={**REPORT, "lon": lon, "lat": lat})
    run_jobs()
    (payload,) = service.payloads
    assert payload["body"].endswith("Atasco en esquina de Calle Mayor y Calle Sol, Villa Prueba")


def test_held_reports_and_quiet_hours_push_nothing(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run, session: Session,
    at: Clock,
) -> None:  # fmt: skip
    ana = pushed("ana", timezone="UTC")
    address = signed_in("new").post("/reports", data=REPORT).location
    ana.post(f"{address}/follow")
    signed_in("bea").post(f"{address}/vote", data={"still_there": "yes"})
    run_jobs()
    assert service.payloads == []
    assert [tuple(r) for r in session.execute(sa.select(News.what, News.push))] == [
        ("votes", False)
    ]
    at(NOON.replace(hour=23))
    signed_in("mod", role="moderator").post("/reports", data={**REPORT, "kind": "roadworks"})
    run_jobs()
    assert service.payloads == []
    at(NOON.replace(day=10, hour=7))
    jobs.registry["watches.hand_over"].run(session)
    run_jobs()
    assert [p["title"] for p in service.payloads] == ["Round my home"]


def test_many_at_once_are_one(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run
) -> None:
    pushed("ana")
    mod = signed_in("mod", role="moderator")
    for number in range(4):
        mod.post("/reports", data={**REPORT, "lat": f"{40.40 + number / 100:.2f}"})
    run_jobs()
    assert [(p["body"], p["url"]) for p in service.payloads] == [
        ("4 things happened in Madrid", "/inbox")
    ]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run, session: Session,
    status: int,
) -> None:  # fmt: skip
    pushed("ana")
    service.status = status
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert session.scalars(sa.select(PushSubscription)).all() == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_is_asked_again(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run, session: Session,
    status: int,
) -> None:  # fmt: skip
    pushed("ana")
    service.status = status
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    with pytest.raises(WebPushException):
        run_jobs()
    service.status = 201
    run_jobs()
    assert len(service.payloads) == 2
    assert service.payloads[0]["tag"] == service.payloads[1]["tag"]


@pytest.mark.parametrize("status", [302, 400, 413])
def test_a_refusal_is_not_repeated_and_a_redirect_not_followed(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run, session: Session,
    status: int,
) -> None:  # fmt: skip
    pushed("ana")
    service.status = status
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert len(service.payloads) == 1
    assert len(session.scalars(sa.select(PushSubscription)).all()) == 1


def test_a_browser_that_signed_out_is_not_pushed_to(
    pushed: Browser, signed_in: Browser, service: Service, run_jobs: Run
) -> None:
    ana = pushed("ana")
    ana.post("/sign-out")
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert service.payloads == []


def test_a_browser_belongs_to_whoever_signed_in_last(
    pushed: Browser, signed_in: Browser, service: Service, session: Session, run_jobs: Run
) -> None:
    pushed("ana")
    bea = signed_in("bea")
    assert bea.post("/browsers", json=service.subscription()).status_code == 201
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert service.payloads == []
    assert len(session.scalars(sa.select(PushSubscription)).all()) == 1


def test_a_browser_is_listed_and_removed_by_its_owner(
    pushed: Browser, signed_in: Browser, session: Session
) -> None:
    ana = pushed("ana")
    one = session.scalars(sa.select(PushSubscription.id)).one()
    assert f"/browsers/{one}/remove" in ana.get("/watching").text
    page = ana.get(f"/watching/{only_watch(session).public_id}").text
    assert f"/browsers/{one}/remove" in page
    assert signed_in("bea").post(f"/browsers/{one}/remove").status_code == 404
    away = ana.post(f"/browsers/{one}/remove", data={"next": "https://evil.example"})
    assert away.location == "/watching"
    assert session.scalars(sa.select(PushSubscription)).all() == []


# whom we do not send to ---------------------------------------------------------------------


@pytest.mark.parametrize(("language", "said"), [("en", "push service"), ("es", "notificaciones")])
def test_other_addresses_are_refused(
    signed_in: Browser, service: Service, session: Session, language: str, said: str
) -> None:
    ana = signed_in("ana", language=language)
    good = service.subscription()
    for sent in (
        good,  # http, and a private address
        {**good, "endpoint": "https://169.254.169.254/latest"},
        {**good, "endpoint": "https://localhost/1"},
        {**good, "keys": "none"},
        {"endpoint": "https://push.example.org/1"},
        [],
        None,
    ):
        answer = ana.post("/browsers", json=sent, headers={"Accept": "application/json"})
        assert answer.status_code == 422, sent
        assert said in answer.json["title"]
    assert session.scalars(sa.select(PushSubscription)).all() == []


def test_a_name_that_leads_inside_is_not_reached(
    watcher: Browser, signed_in: Browser, service: Service, session: Session, run_jobs: Run,
    at: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The name looked good when it was stored; it is looked up when sending, and the socket goes
    to what was looked at."""
    at(NOON)
    ana = watcher("ana")
    sent = {**service.subscription(), "endpoint": "https://push.example.org/1"}
    assert ana.post("/browsers", json=sent).status_code == 201
    asked: list[str] = []

    def resolve(host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(guarded.socket, "getaddrinfo", resolve)
    signed_in("mod", role="moderator").post("/reports", data=REPORT)
    run_jobs()
    assert asked == ["push.example.org"]
    assert service.payloads == []
    assert session.scalars(sa.select(PushSubscription)).all() == []


def test_the_socket_goes_to_what_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_arguments: object, **_options: object) -> None:
        went.append(address)
        raise OSError("enough")

    monkeypatch.setattr(guarded, "public_address", lambda _host, _port: "93.184.216.34")
    monkeypatch.setattr(guarded, "create_connection", connect)
    with pytest.raises(guarded.requests.ConnectionError):
        guarded.session().get("https://push.example.org/1")
    assert went
    assert set(went) == {("93.184.216.34", 443)}


def test_only_https_is_asked() -> None:
    with pytest.raises(guarded.requests.exceptions.InvalidSchema):
        guarded.session().get("http://push.example.org/1")


def test_without_a_key_there_are_no_pushes(
    app: Flask, watcher: Browser, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "VAPID_PRIVATE_KEY", "")
    ana = watcher("ana")
    assert "data-push" not in ana.get("/watching").text
    assert ana.post("/browsers", json=service.subscription()).status_code == 404
    assert app.test_client().post("/browsers", json=service.subscription()).status_code == 401


def test_the_most_browsers(
    pushed: Browser, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_choices, "BROWSERS_MAX", 1)
    ana = pushed("ana")
    assert ana.post("/browsers", json=service.subscription()).status_code == 201
    refused = ana.post("/browsers", json=service.subscription("/push/2"))
    assert refused.status_code == 409
