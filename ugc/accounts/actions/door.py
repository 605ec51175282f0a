"""Signing in: who may try, and what a failure leaves behind. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import lazy_gettext

from ugc.accounts.actions.passwords import is_password, renew_hash
from ugc.accounts.models import Member, SignInAttempt
from ugc.accounts.queries import lookup
from ugc.accounts.rules import credentials
from ugc.core import audit, keyed
from ugc.core.db import Session, record
from ugc.core.errors import Invalid, TooFast


def attempt_key(*parts: str) -> str:
    """A keyed hash of what is counted, so that the list of failures names no one."""
    return keyed.digest("sign-in attempts", *(part.lower().encode() for part in parts))[:32]


@dataclass(frozen=True)
class Caller:
    """Who tries to sign in. `account` is the key of the address that was typed, `network` of where
    the request comes from, `pair` of both; `devices` are the keys of this browser at the members
    (ids) that signed in with it before."""

    account: str
    network: str
    pair: str
    devices: Mapping[int, str] = field(default_factory=dict)

    @property
    def unknown(self) -> tuple[str, str, str]:
        return self.account, self.network, self.pair


def caller(email: str, network: str, devices: Mapping[int, str] | None = None) -> Caller:
    """`email` is normalised already (`core.identity`)."""
    return Caller(
        account=attempt_key("account", email),
        network=attempt_key("network", network),
        pair=attempt_key("pair", email, network),
        devices={member: attempt_key("device", nonce) for member, nonce in (devices or {}).items()},
    )


def wait_of_unknown(session: Session, who: Caller) -> int:
    """Seconds until a browser that is not known may try this account."""
    window, day = credentials.ATTEMPT_WINDOW_MINUTES, credentials.ATTEMPT_MEMORY_HOURS * 60
    last = lookup.failures(session, who.account, day)
    return credentials.wait_of_unknown(
        pair=lookup.failures(session, who.pair, window).count,
        network=lookup.failures(session, who.network, window).count,
        account=last.count,
        since_last_s=last.since_last_s,
    )


def wait_of_known(session: Session, device: str) -> int:
    """Seconds until a known browser may try again: failures elsewhere do not count."""
    count = lookup.failures(session, device, credentials.ATTEMPT_WINDOW_MINUTES).count
    return credentials.wait_of_known(count)


def record_failure(*keys: str) -> None:
    for who in keys:
        record(SignInAttempt.__table__, {"who": who})  # type: ignore[arg-type]


def sign_in(session: Session, *, email: str, password: str, who: Caller) -> Member:
    """The member. An address may stand in one confirmed account and in others that never confirmed
    it: the confirmed one and the newest other are tried. A refusal takes the time of two hashes,
    however many there are. Failures are kept although the request is refused. Raises TooFast,
    Invalid."""
    found = lookup.members_of_address(session, email)
    unknown = wait_of_unknown(session, who)
    devices = [who.devices.get(member.id) if member else None for member in found]
    waits = [wait_of_known(session, device) if device else unknown for device in devices]
    if all(waits):
        audit.note_now("sign_in", outcome="locked", account=who.account[:12])
        raise TooFast(
            lazy_gettext("Too many wrong passwords. Wait a while, or reset the password."),
            retry_after=min(waits),
        )
    for member, wait in zip(found, waits, strict=True):
        open_hash = member.password_hash if member is not None and not wait else None
        if is_password(password, open_hash) and member is not None:
            renew_hash(member, password)
            return member
    keys = [device for device, wait in zip(devices, waits, strict=True) if device and not wait]
    strange = [member for member, device in zip(found, devices, strict=True) if not device]
    if not unknown and (any(strange) or not keys):
        keys += who.unknown
    record_failure(*keys)
    audit.note_now("sign_in", outcome="failed", account=who.account[:12], network=who.network[:12])
    raise Invalid(
        lazy_gettext("E-mail and password do not match. Try again, or reset the password."),
        code="wrong_credentials",
    )
