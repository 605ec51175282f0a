"""Requests to addresses that a person typed. What a name resolves to is checked when connecting,
and the connection goes to the address that was checked: no name can lead into the operator's own
network, not even one that changes between the check and the connection."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

PORTS = frozenset({443})


def _networks(*texts: str) -> list[Any]:
    return [ipaddress.ip_network(text) for text in texts]


# IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast and the reserved rest; the three
# blocks there that are ordinary hosts of the Internet (AS112, AMT) are left out.
_NOT_PUBLIC_4 = _networks(
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
# Of IPv6 only 2000::/3 is given to hosts of the Internet, without what the registry keeps there:
# protocol assignments (Teredo, ORCHID, benchmarking), documentation, 6to4.
_PUBLIC_6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC_6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
# Their last 32 bits are an IPv4 address, which counts: mapped (RFC 4291), NAT64 (RFC 6052). Where
# DNS64 serves a network of IPv6 alone, every IPv4 host of the Internet has an address of NAT64.
_EMBEDDING = _networks("::ffff:0:0/96", "64:ff9b::/96")


class BlockedAddress(Exception):
    """The address leads where people outside may not send the server."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of a host of the public Internet. Raises ValueError for text
    that is no address."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if not any(ip in network for network in _EMBEDDING):
            return ip in _PUBLIC_6 and not any(ip in network for network in _NOT_PUBLIC_6)
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return not any(ip in network for network in _NOT_PUBLIC_4)


def public_address(host: str, port: int) -> str:
    """One address of `host`, all of which are public. Raises BlockedAddress, OSError."""
    if port not in PORTS:
        raise BlockedAddress(f"{host}:{port}")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise BlockedAddress(host)
    return addresses[0]


class _Connection(HTTPSConnection):
    """TLS still checks the certificate against the name."""

    def _new_conn(self) -> socket.socket:
        try:
            address = public_address(self.host, self.port or 443)
            return create_connection(
                (address, self.port or 443), self.timeout, socket_options=self.socket_options
            )
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}


class _Session(requests.Session):
    """Without redirects, and without what the environment says of proxies and passwords."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False
        return super().request(*args, **kwargs)


def session(*, unguarded: bool = False) -> requests.Session:
    """For https only; `unguarded`, for tests, goes anywhere. Requests raise BlockedAddress or
    `requests.RequestException`."""
    made = _Session()
    if not unguarded:
        made.adapters.clear()
        made.mount("https://", _Adapter())
    return made
