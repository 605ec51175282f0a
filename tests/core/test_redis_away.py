"""Without Redis: nobody waits for it, and the limits stay."""

from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from ugc.core import cache, limits


@pytest.fixture
def tries(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every connection to Redis fails from now on, and is listed."""
    made: list[str] = []

    def refuse(self: Any, *_args: Any, **_options: Any) -> None:
        made.append(type(self).__name__)
        raise redis.ConnectionError("away")

    for name in ("UnixDomainSocketConnection", "Connection"):
        monkeypatch.setattr(getattr(redis.connection, name), "_connect", refuse)
    fresh = limits._Limiter("redis://127.0.0.1:1/0", {"search": "2 per minute"})
    monkeypatch.setitem(app.extensions, limits.EXTENSION, fresh)
    monkeypatch.setitem(app.config, "READERS_PER_ADDRESS", 1)
    client = redis.Redis(retry=cache.ONCE_MORE)
    monkeypatch.setitem(app.extensions, cache.EXTENSION, client)
    return made


def test_limits_stay_and_it_is_asked_once_more_only(client: FlaskClient, tries: list[str]) -> None:
    answers = [client.get("/map/features").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    # The first request tried twice; the others know that it is away.
    assert len(tries) == 2


def test_the_cache_is_empty(app: Flask, tries: list[str]) -> None:
    with app.app_context():
        cache.put("a", b"1", 60)
        assert cache.get("a") is None
    assert len(tries) == 4
