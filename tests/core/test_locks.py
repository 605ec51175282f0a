"""Two requests of one member at once wait for each other in turn, never in a circle."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.at_once import own_app
from tests.factories.members import PASSWORD, member
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.config import ROOT
from ugc.core import limits
from ugc.core.db import Session, transaction

HERE = {"lat": "40", "lon": "-3", "place_name": ""}
POLYGON = "[[0,0],[0.1,0],[0.1,0.1]]"
# Every unsafe view of a member that takes no id, and locks or changes rows; what is sent is taken
# by the first request, and by the second where that makes sense.
FORMS: dict[str, dict[str, str]] = {
    "/watching": {"name": "Home", "shape": "area", "how": "drawn", "drawn": POLYGON},
    "/settings/erase": {"password": PASSWORD, "content": "remove"},
    "/settings/profile": {"about": "Hello"},
    "/settings": {"language": "es", "timezone": "UTC"},
    "/settings/password": {"old_password": PASSWORD, "password": "another correct horse"},
    "/settings/watching": {
        "delivery": "daily", "hour": "8", "weekday": "1", "quiet_from": "22", "quiet_until": "7",
    },
    "/reports": {"kind": "jam", "text": "Slow.", **HERE},
    "/places": {"name": "Bar", "category": "cafe", **HERE},
    "/brands": {"name": "Mora"},
    "/sign-out": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def site(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A database of its own, because here transactions commit."""
    with own_app(
        f"test_locks_{worker_id}", tmp_path_factory.mktemp("locks"), WTF_CSRF_ENABLED=False
    ) as app:
        yield app


def browsers(app: Flask, count: int) -> list[FlaskClient]:
    """Browsers of one new member, all signed in."""

    def make(session: Session) -> list[str]:
        member_id = member(session).id
        return [accounts_signing_in.open_session(session, member_id, "test") for _ in range(count)]

    with app.app_context(), transaction() as session:
        tokens = make(session)
    clients = []
    for token in tokens:
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        clients.append(client)
    return clients


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> threading.Barrier:
    """Requests go on from their rate limit together: each knows its member by then. One that waits
    for the other's lock never comes there; the other goes on without it."""
    barrier = threading.Barrier(2)

    def meet(*_arguments: object, **_options: object) -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(0.7)

    monkeypatch.setattr(limits, "hit", meet)
    return barrier


@pytest.mark.parametrize("address", FORMS)
def test_two_at_once_are_both_answered(
    site: Flask, together: threading.Barrier, address: str
) -> None:
    def send(client: FlaskClient) -> int:
        return client.post(address, data=FORMS[address]).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, browsers(site, 2)))
    assert answers[0] in (200, 303), answers
    assert answers[1] in (200, 303, 401, 409, 422), answers


def lock_statements() -> list[str]:
    found: list[str] = []
    root = ROOT / "ugc"
    strong: Callable[[str], list[str]] = re.compile(
        r"with_for_update\((?![^)]*key_share=True)[^)]*\)|\bFOR UPDATE\b(?![^\"]*SKIP LOCKED)"
    ).findall
    for path in sorted(root.rglob("*.py")):
        found += [path.relative_to(root).as_posix() for _ in strong(path.read_text())]
    return found


def test_rows_are_locked_without_their_key() -> None:
    """A row that refers to another shares the lock of its key: FOR NO KEY UPDATE goes beside that,
    FOR UPDATE waits for it. Erasure alone needs the whole row, from the request's beginning."""
    assert lock_statements() == ["accounts/queries/lookup.py", "accounts/queries/sessions.py"]
