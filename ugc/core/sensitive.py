"""Names of fields whose values are secrets. They are declared here once: no request that carries
one is remembered (`idempotency`), and no log line holds one."""

from __future__ import annotations

from collections.abc import Iterable

# Every name that contains one of these words, except the token that each form carries.
SECRET_WORDS = ("password", "token", "secret")
NOT_SECRET = frozenset({"csrf_token"})


def is_secret(name: str) -> bool:
    return name not in NOT_SECRET and any(word in name.lower() for word in SECRET_WORDS)


def any_secret(names: Iterable[str]) -> bool:
    return any(map(is_secret, names))


def is_kept_back(name: str) -> bool:
    """Whether a page that shows a person what they typed leaves the field out: secrets, and what no
    person typed (the form's token and key)."""
    return is_secret(name) or name in NOT_SECRET or name == "idempotency_key"
