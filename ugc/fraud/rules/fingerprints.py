"""Fingerprints of how a member joined: keyed hashes that cannot be read back. Pure.

The key is derived from the installation's SECRET_KEY (HMAC-SHA-256 of a fixed label), so that a
copy of the table alone tells neither networks nor addresses, and another key makes all of them
strangers."""

from __future__ import annotations

import hmac
import ipaddress

from disposable_email_domains import blocklist

from ugc.core.identity import mailbox

KEPT_DAYS = 90
LENGTH = 16  # bytes of the hash that are kept


def key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"boca: marks of joining, 1", "sha256").digest()


def hashed(secret_key: bytes, kind: str, text: str) -> bytes:
    """The fingerprint of `text` as a `kind`: the same text of another kind has another."""
    return hmac.new(secret_key, f"{kind}|{text}".encode(), "sha256").digest()[:LENGTH]


def network(address: str | None) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; '' for what is no address."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = 24 if isinstance(parsed, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


def is_disposable(email: str) -> bool:
    """Whether the domain, or one above it, is on the list of throw-away mail
    (`disposable-email-domains`)."""
    parts = email.strip().lower().rpartition("@")[2].split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def of_request(
    secret_key: bytes, *, address: str | None, agent: str, accepts: str, email: str
) -> dict[str, bytes]:
    """The fingerprints of a member who joins or signs in, by kind. `agent` is the User-Agent,
    `accepts` what the browser says of languages and formats."""
    found = {"mailbox": hashed(secret_key, "mailbox", mailbox(email))}
    if is_disposable(email):
        domain = email.strip().lower().rpartition("@")[2]
        found["disposable"] = hashed(secret_key, "disposable", domain)
    if place := network(address):
        found["network"] = hashed(secret_key, "network", place)
        if agent:
            found["browser"] = hashed(secret_key, "browser", f"{place}|{agent}|{accepts}")
    return found
