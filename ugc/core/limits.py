"""Rate limits. Counted in Redis; when it is away each process counts in its own memory, so the
limits stay (times the number of processes). Sign-in and reset limits live in PostgreSQL
(`accounts`).

Hundreds of visitors share the one address of their carrier: what they read is counted for all of
them, with the room of `READERS_PER_ADDRESS` readers."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache

import limits as limits_library
from flask import Flask, Response, current_app, g, request
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import (
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)
from redis import RedisError

from ugc.core.access import ActorKind, current_actor
from ugc.core.addresses import network
from ugc.core.cache import ONCE_MORE
from ugc.core.errors import TooFast

EXTENSION = "boca_limits"
SKEW_S = 30  # between the clocks of machines that share Redis

# Per actor (member, brand of a key, or address of an anonymous visitor; for `READING` see `room`).
# What several capabilities share stands here, `api` is the setting API_LIMIT; the others are
# declared where they are counted.
LIMITS = {"write": "60 per minute", "search": "120 per minute"}

# What people only read; everything else writes, asks for something to be sent, or draws.
READING = {"search"}


def declare(name: str, rate: str, *, reading: bool = False) -> None:
    """Makes a limit known, such as `12 per 10 minutes`. Raises ValueError for a name that has
    another rate."""
    if LIMITS.setdefault(name, rate) != rate:
        raise ValueError(f"{name} is limited to {LIMITS[name]} elsewhere")
    if reading:
        READING.add(name)


@lru_cache(maxsize=64)
def _parsed(rate: str, times: int = 1) -> limits_library.RateLimitItem:
    """`rate` such as `60 per minute`, `times` over."""
    item = limits_library.parse(rate)
    return type(item)(item.amount * times, item.multiples, item.namespace)


@dataclass(frozen=True)
class Standing:
    """Where a caller stands: `reset` is seconds until the window has room again."""

    limit: int
    remaining: int
    reset: int


class _Limiter:
    def __init__(self, url: str, rates: MutableMapping[str, str]) -> None:
        self.rates = rates
        memory = MemoryStorage()
        self.fallback: RateLimiter = MovingWindowRateLimiter(memory)
        self.fallback_of_many: RateLimiter = SlidingWindowCounterRateLimiter(memory)
        self.shared: RateLimiter | None = None
        self.shared_of_many: RateLimiter | None = None
        if url:
            scheme = "redis+unix://" if url.startswith("unix://") else ""
            address = scheme + url.removeprefix("unix://") if scheme else url
            storage = storage_from_string(
                address,
                socket_timeout=0.3,
                socket_connect_timeout=0.3,
                retry=ONCE_MORE,  # type: ignore[arg-type]
            )
            self.shared = MovingWindowRateLimiter(storage)
            self.shared_of_many = SlidingWindowCounterRateLimiter(storage)
        self.away_until = 0.0

    def hit(self, name: str, who: str, readers: int = 1) -> tuple[bool, Standing]:
        """Counts one use. The limit of many `readers` is counted by two numbers, whatever its size:
        a moving window keeps the time of each use."""
        many = readers > 1
        shared = self.shared_of_many if many else self.shared
        if shared is not None and time.monotonic() >= self.away_until:
            try:
                return self._hit(shared, name, who, readers)
            except RedisError:
                # Ask again in five seconds rather than waiting for a time-out each request.
                self.away_until = time.monotonic() + 5
        fallback = self.fallback_of_many if many else self.fallback
        return self._hit(fallback, name, who, readers)

    def _hit(
        self, limiter: RateLimiter, name: str, who: str, readers: int = 1
    ) -> tuple[bool, Standing]:
        item = _parsed(self.rates[name], readers)
        window = item.get_expiry()
        allowed = limiter.hit(item, name, who)
        stats = limiter.get_window_stats(item, name, who)
        if not allowed and stats.reset_time - time.time() > window + SKEW_S:
            # What was counted is dated in the future: the clock was set back since.
            limiter.clear(item, name, who)
            allowed = limiter.hit(item, name, who)
            stats = limiter.get_window_stats(item, name, who)
        reset = min(window, max(1, round(stats.reset_time - time.time())))
        return allowed, Standing(item.amount, stats.remaining, reset)


def caller() -> str:
    """Members by id, keys by their brand; others by network: the whole address of IPv4, /64 of
    IPv6."""
    actor = current_actor()
    if actor.kind is ActorKind.API_KEY:
        # Keys of a brand share its limit: more keys give no more room.
        return "brand:" + ",".join(map(str, sorted(actor.brand_ids)))
    if actor.kind is not ActorKind.ANONYMOUS:
        return actor.reference
    return f"address:{network(request.remote_addr)}"


def room(name: str) -> int:
    """For how many readers the limit of this caller is: an address of visitors has the room of
    several, for what is only read."""
    if name not in READING or current_actor().kind is not ActorKind.ANONYMOUS:
        return 1
    return int(current_app.config["READERS_PER_ADDRESS"])


def hit(name: str, who: str | None = None) -> Standing:
    """Counts one use of `LIMITS[name]`, by `who` or the caller. Raises TooFast with the seconds to
    wait."""
    limiter: _Limiter = current_app.extensions[EXTENSION]
    if who is None:
        allowed, standing = limiter.hit(name, caller(), room(name))
    else:
        allowed, standing = limiter.hit(name, who)
    if not allowed:
        show(standing)
        raise TooFast(retry_after=standing.reset)
    return standing


def allows(name: str, who: str) -> bool:
    """Counts one use and says whether it is within the limit, for what goes on without counting."""
    limiter: _Limiter = current_app.extensions[EXTENSION]
    return limiter.hit(name, who)[0]


def show(standing: Standing) -> None:
    """Puts the standing into this response's headers (IETF draft and the older X- names)."""
    g.rate_standing = standing


def init_app(app: Flask) -> None:
    app.extensions[EXTENSION] = _Limiter(
        str(app.config["REDIS_URL"]), ChainMap({"api": str(app.config["API_LIMIT"])}, LIMITS)
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        standing: Standing | None = g.get("rate_standing")
        if standing is not None:
            for name, value in (
                ("Limit", standing.limit),
                ("Remaining", standing.remaining),
                ("Reset", standing.reset),
            ):
                response.headers[f"RateLimit-{name}"] = str(value)
                response.headers[f"X-RateLimit-{name}"] = str(value)
        return response
