"""Addresses in words, in the reader's language. An address is kept as parts; this is the one place
that makes a sentence of them."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext


@dataclass(frozen=True)
class Address:
    """Where a point is. `number` stands only where a house of the point's side of the street is at
    most 25 m away; `corner` where a crossing is at most 20 m away; `before` and `after` are the
    streets that cross on both sides. Each is "" when it is not known."""

    street: str = ""
    number: str = ""
    corner: str = ""
    before: str = ""
    after: str = ""
    quarter: str = ""
    town: str = ""

    def __bool__(self) -> bool:
        return bool(self.street or self.quarter or self.town)


def street_line(address: Address) -> str:
    """The street with what tells where on it, as it begins a line; "" without a street."""
    spot = _spot(address)
    return spot[:1].upper() + spot[1:] if _is_corner(address) else spot


def _is_corner(address: Address) -> bool:
    return bool(address.corner and not address.number)


def _spot(address: Address) -> str:
    """The street with its number, else its corner, else the streets between which it is, as it
    stands inside of a sentence."""
    if not address.street:
        return ""
    if address.number:
        # Number after the name, as it is written where Spanish is spoken; English readers of a
        # Spanish city read it as it stands on its houses.
        return f"{address.street} {address.number}"
    if _is_corner(address):
        return gettext("corner of %(one)s and %(other)s", one=address.street, other=address.corner)
    if address.before and address.after and address.before != address.after:
        return gettext(
            "%(street)s, between %(one)s and %(other)s",
            street=address.street,
            one=address.before,
            other=address.after,
        )
    if address.before or address.after:
        return gettext(
            "%(street)s, near %(other)s",
            street=address.street,
            other=address.before or address.after,
        )
    return address.street


def area_line(address: Address) -> str:
    """The quarter and the town, each once."""
    parts = [address.quarter, address.town]
    if address.quarter == address.town:
        parts = [address.town]
    return ", ".join(filter(None, parts))


def short_line(address: Address) -> str:
    """The street with what tells where on it, then the town, for titles, lists and sentences; the
    quarter where there is no street."""
    if not address.street:
        return area_line(address)
    return ", ".join(filter(None, (_spot(address), address.town or address.quarter)))


def whole_line(address: Address) -> str:
    """Street, quarter and town, for pages."""
    return ", ".join(filter(None, (street_line(address), area_line(address))))


def postal_line(address: Address) -> str:
    """The street, with its number where it is known: as machines are told it."""
    return f"{address.street} {address.number}".strip()


def where(address: Address | None, city: str | None) -> str:
    """Where something is, in titles, lists and sentences: its address, else its city; "" when
    neither is known."""
    return short_line(address) if address else city or ""
