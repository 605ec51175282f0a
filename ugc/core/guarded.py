"""Requests to addresses that somebody typed. What a name resolves to is looked at when connecting,
and the connection goes to the address that was looked at: no name can lead into the operator's own
network, not even one that changes between the look and the connection."""

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

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class BlockedAddress(Exception):
    """The address leads where nobody outside may send us."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour
        if hidden is None and ip in _NAT64:
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if hidden is not None:
            return is_public(str(hidden))
        if ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast


def public_address(host: str, port: int) -> str:
    """One address of `host`, all of which are public. Raises BlockedAddress, OSError."""
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
