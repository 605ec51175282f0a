"""Which addresses the server may be sent to: IANA's special-purpose registries, row by row, and
every way to write an IPv4 address inside an IPv6 one."""

import ipaddress
import socket
from typing import Any

import pytest

from ugc.core import guarded

# https://www.iana.org/assignments/iana-ipv4-special-registry: block, public?
IPV4 = {
    "0.0.0.0/8": False, "0.0.0.0/32": False, "10.0.0.0/8": False, "100.64.0.0/10": False,
    "127.0.0.0/8": False, "169.254.0.0/16": False, "172.16.0.0/12": False, "192.0.0.0/24": False,
    "192.0.0.0/29": False, "192.0.0.8/32": False, "192.0.0.9/32": False, "192.0.0.10/32": False,
    "192.0.0.170/32": False, "192.0.0.171/32": False, "192.0.2.0/24": False,
    "192.31.196.0/24": True, "192.52.193.0/24": True, "192.88.99.0/24": False,
    "192.88.99.2/32": False, "192.168.0.0/16": False, "192.175.48.0/24": True,
    "198.18.0.0/15": False, "198.51.100.0/24": False, "203.0.113.0/24": False,
    "240.0.0.0/4": False, "255.255.255.255/32": False, "224.0.0.0/4": False, "239.0.0.0/8": False,
}  # fmt: skip
# https://www.iana.org/assignments/iana-ipv6-special-registry, and what is no unicast at all.
IPV6 = {
    "::1/128": False, "::/128": False, "::/96": False, "64:ff9b:1::/48": False, "100::/64": False,
    "100:0:0:1::/64": False, "2001::/23": False, "2001::/32": False, "2001:1::1/128": False,
    "2001:1::2/128": False, "2001:1::3/128": False, "2001:2::/48": False, "2001:3::/32": False,
    "2001:4:112::/48": False, "2001:10::/28": False, "2001:20::/28": False, "2001:30::/28": False,
    "2001:db8::/32": False, "2002::/16": False, "2620:4f:8000::/48": True, "3fff::/20": False,
    "5f00::/16": False, "fc00::/7": False, "fd00::/8": False, "fe80::/10": False,
    "fec0::/10": False, "ff00::/8": False, "ff02::1/128": False, "::ffff:0:0:0/96": False,
    "4000::/3": False, "2606:4700::/32": True, "2a00::/12": True,
}  # fmt: skip


@pytest.mark.parametrize(("block", "public"), [*IPV4.items(), *IPV6.items()])
def test_the_registries(block: str, public: bool) -> None:
    network = ipaddress.ip_network(block)
    for address in (network[0], network[network.num_addresses // 2], network[-1]):
        assert guarded.is_public(str(address)) is public, address


INSIDE = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "224.0.0.1")
OUTSIDE = ("93.184.216.34", "8.8.8.8")


def spellings(ipv4: str) -> list[tuple[str, bool]]:
    """An IPv4 address inside IPv6 ones, and whether that is a way to a public one."""
    number = int(ipaddress.IPv4Address(ipv4))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    return [
        (f"::ffff:{ipv4}", True),
        (f"::ffff:{high}:{low}", True),
        (f"0:0:0:0:0:FFFF:{high}:{low}", True),
        (f"64:ff9b::{ipv4}", True),
        (f"64:ff9b::{high}:{low}", True),
        (f"64:ff9b:1::{ipv4}", False),
        (f"64:ff9b:1:{high}:{low[:2]}:{low[2:] or 0}00::", False),
        (f"::{ipv4}", False),
        (f"::ffff:0:{ipv4}", False),
        (f"2002:{high}:{low}::", False),
        (f"2002:{high}:{low}::1", False),
        (f"2001:0:{high}:{low}::1", False),
        (f"2001:0:4136:e378::{number >> 16 ^ 0xFFFF:x}:{number & 0xFFFF ^ 0xFFFF:x}", False),
        (f"fe80::5efe:{ipv4}", False),
    ]  # fmt: skip


@pytest.mark.parametrize("ipv4", INSIDE)
def test_no_inner_address_is_reached_by_any_spelling(ipv4: str) -> None:
    assert [text for text, _ in spellings(ipv4) if guarded.is_public(text)] == []
    assert guarded.is_public(ipv4) is False


@pytest.mark.parametrize("ipv4", OUTSIDE)
def test_public_ones_are_reached_by_what_routes_there(ipv4: str) -> None:
    for text, way in spellings(ipv4):
        assert guarded.is_public(text) is way, text


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["2606:4700::1", "::1"], [],
        ["fe80::1%eth0"], ["64:ff9b:1::1"],
    ],
)  # fmt: skip
def test_each_address_of_a_name_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    answers = [(0, 0, 0, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers)
    with pytest.raises(guarded.BlockedAddress):
        guarded.public_address("push.example.org", 443)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that answers otherwise the second time is not asked a second time."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    reached: list[Any] = []

    def resolve(*_arguments: object, **_options: object) -> list[Any]:
        return [(0, 0, 0, "", (next(answers), 443))]

    def connect(address: tuple[str, int], *_arguments: object, **_options: object) -> None:
        reached.append(address)
        raise OSError("as far as this test goes")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(guarded, "create_connection", connect)
    with pytest.raises(OSError, match="as far as"):
        guarded.session().get("https://push.example.org/", timeout=1)
    assert reached == [("93.184.216.34", 443)]


@pytest.mark.parametrize("port", [22, 80, 5432, 6379, 8443])
def test_only_the_port_of_https_is_reached(port: int) -> None:
    with pytest.raises(guarded.BlockedAddress):
        guarded.session().get(f"https://93.184.216.34:{port}/", timeout=1)


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f.1", "017700000001", "[::1]", "[::ffff:7f00:1]", "localhost"],
)
def test_other_spellings_of_this_machine_are_blocked(host: str) -> None:
    with pytest.raises((guarded.BlockedAddress, OSError)):
        guarded.session().get(f"https://{host}/", timeout=1)
