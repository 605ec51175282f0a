"""Strange input is refused with a page, never with a fault of ours."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from ugc.core import render

Browser = Callable[..., FlaskClient]
HUGE = 10**30


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/reports/a%00b", 404),
        ("/members/%00", 404),
        ("/static/%00", 404),
        ("/search?q=a%00b", 400),
        ("/places?near=%00", 400),
        ("/leaderboard?city=%00", 400),
        (f"/inbox?before={HUGE}", 422),
    ],
)
def test_reading(signed_in: Browser, address: str, status: int) -> None:
    assert signed_in("ana").get(address).status_code == status


@pytest.mark.parametrize(
    ("address", "form", "status"),
    [
        ("/settings", {"about": "a\0b", "language": "en", "timezone": "UTC"}, 400),
        ("/theme", {"idempotency_key": "\0"}, 400),
        ("/settings", {"about": "no language, no zone"}, 422),
        (f"/settings/sessions/{HUGE}/end", {}, 404),
        (f"/inbox/{HUGE}", {}, 404),
        ("/brands", {"name": "Mora", "website": "https://["}, 422),
        ("/theme", {"theme": "dark", "next": "/\r\nX-Made-Up: 1"}, 303),
    ],
)
def test_writing(signed_in: Browser, address: str, form: dict[str, str], status: int) -> None:
    assert signed_in("ana").post(address, data=form).status_code == status


def test_who_joins_may_claim_any_time_zone(client: FlaskClient) -> None:
    form = {"handle": "ana", "email": "ana@example.org", "password": "correct horse battery"}
    assert client.post("/join", data={**form, "timezone": "x" * 5000}).status_code == 303


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\t/[::", "/\r\nX: y", "https:/x"],
)
def test_only_addresses_of_this_site_are_gone_on_to(target: str) -> None:
    assert render.safe_next(target, "/here") == "/here"


def test_a_refused_form_is_not_shown_to_whom_it_does_not_belong(signed_in: Browser) -> None:
    address = signed_in("mod", role="moderator").post("/brands", data={"name": "Mora"}).location
    stranger = signed_in("ana")
    assert stranger.post(f"{address}/edit", data={"name": ""}).status_code == 403


def test_a_database_that_is_away_is_no_fault_of_ours(
    signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = signed_in("ana")

    def away(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    monkeypatch.setattr("ugc.accounts.queries.sessions.session_member", away)
    monkeypatch.setattr("ugc.notifications.queries.unread_count", away)
    answer = ana.get("/inbox")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert ana.post("/reports", data={"kind": "jam"}).status_code == 503
    monkeypatch.undo()
    monkeypatch.setattr("ugc.notifications.queries.inbox", away)
    monkeypatch.setattr("ugc.notifications.queries.unread_count", away)
    assert ana.get("/inbox").status_code == 503
