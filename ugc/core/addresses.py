"""Addresses of visitors: which one a request comes from, and what counts as one visitor."""

from __future__ import annotations

import ipaddress


def network(address: str | None) -> str:
    """What one visitor may call their own: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


def visitor(peer: str, forwarded: str, hops: int) -> str:
    """The address that a request comes from: the peer's, or what the outermost of `hops` trusted
    proxies wrote into `forwarded` (X-Forwarded-For). Agrees with Werkzeug's ProxyFix."""
    told = forwarded.split(",")
    if hops and len(told) >= hops and told[-hops].strip():
        return told[-hops].strip()
    return peer
