"""Redis or Valkey: caches, rate limits, live fan-out. It holds nothing whose loss matters, so
every use has an answer for its absence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
T = TypeVar("T")
EXTENSION = "boca_redis"
OF_LATE = "boca_of_late"
PREFIX = "kept:"  # of all that `put` writes; other keys are marks and limits of their own
# Once more, for a connection that the server closed meanwhile; redis-py's own ten tries take
# seconds that a reader waits.
ONCE_MORE = Retry(NoBackoff(), 1)


def init_app(app: Flask) -> None:
    url = str(app.config["REDIS_URL"])
    app.extensions[EXTENSION] = (
        redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=ONCE_MORE)
        if url
        else None
    )


def of_late(name: str, seconds: float, make: Callable[[], T]) -> T:
    """What `make` gave in this process within the last `seconds`: a figure of the whole site that
    every reader sees alike. With the setting KEEPS_OF_LATE off (tests, whose rows are rolled back)
    it is made each time."""
    if not current_app.config.get("KEEPS_OF_LATE", True):
        return make()
    kept: dict[str, tuple[float, Any]] = current_app.extensions.setdefault(OF_LATE, {})
    until, value = kept.get(name, (0.0, None))
    if time.monotonic() >= until:
        value = make()
        kept[name] = time.monotonic() + seconds, value
    return cast("T", value)


def client() -> redis.Redis | None:
    return cast("redis.Redis | None", current_app.extensions.get(EXTENSION))


def get(key: str) -> bytes | None:
    """The cached value; None when absent or when Redis is away."""
    store = client()
    if store is None:
        return None
    try:
        return cast("bytes | None", store.get(PREFIX + key))
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)
        return None


def put(key: str, value: bytes, seconds: int) -> None:
    """Keeps a value for `seconds`; does nothing when Redis is away."""
    store = client()
    if store is None:
        return
    try:
        store.set(PREFIX + key, value, ex=seconds)
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)


def get_many(keys: Sequence[str]) -> list[bytes | None]:
    """As `get`, of several in one question."""
    store = client()
    if store is None:
        return [None] * len(keys)
    try:
        return cast("list[bytes | None]", store.mget([PREFIX + key for key in keys]))
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)
        return [None] * len(keys)


def put_many(values: Mapping[str, bytes], seconds: int) -> None:
    """As `put`, of several."""
    store = client()
    if store is None:
        return
    try:
        with store.pipeline(transaction=False) as pipe:
            for key, value in values.items():
                pipe.set(PREFIX + key, value, ex=seconds)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)


def forget_all() -> None:
    """Drops every kept value, as after a restore; they lapse by themselves when Redis is away."""
    store = client()
    if store is None:
        return
    try:
        for key in store.scan_iter(f"{PREFIX}*", count=1000):
            store.unlink(key)
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)
