"""The area that hides a place. Pure."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass

from ugc.geography.geo import Point

MOST = 5  # places that one member may name
NAME_MAX = 40
RADIUS_LEAST, RADIUS_MOST = 300, 500  # metres
CELL = 0.001  # degrees of latitude: 111 m; a cell is about square, half its diagonal 79 m
CELL_REACH = 79
OFF_LEAST = 100  # metres from the middle of the cell: the place itself is never the middle
EDGE = 20  # metres that the place lies inside of the circle at least
METRES_A_DEGREE = 111_195


@dataclass(frozen=True)
class Area:
    """A circle: its middle, rounded to a metre, and its radius in metres."""

    middle: Point
    radius_m: int

    def holds(self, point: Point) -> bool:
        return self.middle.metres_to(point) <= self.radius_m


def area_of(key: bytes, member_id: int, point: Point) -> Area:
    """The area of a member's place: the same for every point of a cell of 111 m, so that naming the
    place again, a little aside, gives no second circle to compare with the first. Radius and middle
    are drawn by HMAC-SHA-256 with `key`, evenly over the area that keeps the place inside."""
    row = math.floor(point.lat / CELL)
    lat = (row + 0.5) * CELL
    width = CELL / max(0.01, math.cos(math.radians(lat)))
    column = math.floor(point.lon / width)
    mac = hmac.new(key, f"{member_id}/{row}/{column}".encode(), hashlib.sha256).digest()
    drawn = [int.from_bytes(mac[at : at + 8], "big") / 2**64 for at in (0, 8, 16)]
    radius = RADIUS_LEAST + math.floor(drawn[0] * (RADIUS_MOST - RADIUS_LEAST + 1))
    farthest = radius - CELL_REACH - EDGE
    off = math.sqrt(OFF_LEAST**2 + drawn[1] * (farthest**2 - OFF_LEAST**2)) / METRES_A_DEGREE
    angle = drawn[2] * 2 * math.pi
    middle = Point.wrapped(
        (column + 0.5) * width + off * math.sin(angle) * width / CELL,
        min(90.0, max(-90.0, lat + off * math.cos(angle))),
    )
    return Area(middle.public, radius)
