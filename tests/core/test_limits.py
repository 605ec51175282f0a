"""Whom a limit counts."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ugc.core import limits
from ugc.core.db import Session


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:0:a::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("a socket", "a socket"),
    ],
)
def test_a_network_is_one_however_it_is_written(address: str | None, network: str) -> None:
    assert limits.network(address) == network


READ = {
    "live": ("/map/list?bbox=-4,40,-3,41", "/map/changes?bbox=-4,40,-3,41"),
    "search": ("/search?q=x", "/map/features?bbox=-4,40,-3,41", "/places?q=x", "/brands?q=x"),
    "geocode": ("/geo/search?q=x",),
    "history": ("/map/history/list?bbox=-4,40,-3,41",),
    "tile": ("/map/tiles/reports/3/{n}/3",),
}


@pytest.mark.parametrize(("limit", "page"), [(name, page) for name in READ for page in READ[name]])
def test_an_address_of_visitors_reads_for_many(
    app: Flask,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    page: str,
) -> None:
    monkeypatch.setitem(app.extensions[limits.EXTENSION].rates, limit, "1 per hour")
    monkeypatch.setitem(app.config, "READERS_PER_ADDRESS", 3)

    def statuses(browsers: list[FlaskClient]) -> list[int]:
        return [one.get(page.format(n=n)).status_code for n, one in enumerate(browsers)]

    phones = [app.test_client() for _ in range(4)]
    assert statuses(phones) == [200, 200, 200, 429]
    # A member is counted alone, wherever they are.
    assert statuses([signed_in("ana")] * 2)[0] == 200


def test_what_writes_has_no_such_room(app: Flask) -> None:
    with app.test_request_context("/"):
        roomy = {name for name in limits.LIMITS if limits.room(name) > 1}
    assert roomy == limits.READING == set(READ)
