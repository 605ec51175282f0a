"""Which click counts, and who is whose contact. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

ATTRIBUTION_DAYS = 90
CODE_LENGTH = 8
# Machines that open links without a person; they are answered but not counted.
MACHINES = re.compile(
    r"bot|crawl|spider|preview|facebookexternalhit|whatsapp|telegram|slack|discord|curl|wget|"
    r"python-requests|headlesschrome-lighthouse",
    re.IGNORECASE,
)


# What browsers say of pages that they fetch before anybody asks for them.
AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
AHEAD_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


def is_machine(user_agent: str, purpose: str) -> bool:
    """Whether a GET comes from a bot, a link previewer or a prefetch; `purpose` is what the
    `AHEAD_HEADERS` say."""
    return not user_agent or bool(MACHINES.search(user_agent) or AHEAD.search(purpose))


def counts(clicked_at: dt.datetime, joined_at: dt.datetime) -> bool:
    """Whether a click is recent enough to make a referral; the last one always wins."""
    age = joined_at - clicked_at
    return dt.timedelta(0) <= age <= dt.timedelta(days=ATTRIBUTION_DAYS)


def ancestors(
    parent_id: int, parent: tuple[int, int | None] | None
) -> tuple[int, int | None, int | None]:
    """(1st, 2nd, 3rd) degree ancestors of a newcomer; `parent` are the parent's first two."""
    if parent is None:
        return parent_id, None, None
    return parent_id, parent[0], parent[1]


@dataclass(frozen=True)
class Node:
    """A person of the drawing: `x` and `y` in units of the drawing, `label` '' for who is not
    named; the line to the person who brought them starts at (`from_x`, `from_y`)."""

    x: int
    y: int
    degree: int
    label: str
    from_x: int
    from_y: int


@dataclass(frozen=True)
class Tree:
    width: int
    height: int
    nodes: list[Node]
    left_out: int


TREE_WIDTH, COLUMN, ROW, MARGIN, TREE_NODES = 320, 88, 30, 22, 60


def tree(contacts: Iterable[tuple[int, int, int, str]]) -> Tree:
    """A small drawing of (id, via id, degree, label), one column a degree, the reader on the left.

    Everybody stands beside who brought them; after `TREE_NODES` people the rest is counted."""
    people = list(contacts)
    shown = people[:TREE_NODES]
    below: dict[int, list[tuple[int, int, int, str]]] = {}
    known = {person[0] for person in shown}
    for person in shown:
        below.setdefault(person[1] if person[1] in known else 0, []).append(person)
    nodes: list[Node] = []
    row = 0

    def place(parent: int, from_x: int, from_y: int) -> None:
        nonlocal row
        for number, (member, _via, degree, label) in enumerate(below.get(parent, [])):
            if number:
                row += 1
            x, y = MARGIN + COLUMN * degree, MARGIN + ROW * row
            nodes.append(Node(x, y, degree, label, from_x, from_y))
            place(member, x, y)

    place(0, MARGIN, MARGIN)
    return Tree(TREE_WIDTH, 2 * MARGIN + ROW * row, nodes, len(people) - len(shown))
