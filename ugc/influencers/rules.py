"""The score of prescriptores: what a member's sharing caused. Pure; docs/spread.md and `/spread`
explain it, with these numbers.

    score    = caused × response × reliability × focus
    caused   = Σ over branches  damped( Σ over their people  weight(person) · worth(person) )
    response = √( caused / (Σ weight(person) + 5) )
    weight   = δ^(degree − 1) · trust · independence

A branch is a contact of the 1st degree with all who came through them. The constants were tuned on
simulated spreading whose truth is known (benchmarks/spreaders.py); others than those tell how
good they are."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import rustworkx

from ugc.fraud.rules.score import DOUBTED

DELTA = 0.5  # a degree farther counts half
JOINED_WORTH, KNOWN_WORTH = 0.25, 0.1  # joined by it, or was a member before
CONTRIBUTION_WORTH = 2.0  # times ln(1 + what they published since)
RESPONSE_PRIOR = 5.0  # people without any worth that each response begins with
BRANCH_FULL = 20.0  # so much of one branch counts in full, more by its logarithm
# What an author's record weighs before there is one: four good of five.
PRIOR_GOOD, PRIOR_ALL = 4.0, 5.0
ZONE_WORTH, TOPIC_WORTH = 0.2, 0.2
DAMPING = 0.85  # of PageRank

# Spans in weeks back from now; None is everything.
SPANS: dict[str, int | None] = {"all": None, "52w": 52, "12w": 12, "4w": 4}


def span_for(since: dt.date | None, today: dt.date) -> str:
    """The shortest span that is scored and reaches back to `since`."""
    if since is None:
        return "all"
    days = (today - since).days
    fitting = [(weeks, code) for code, weeks in SPANS.items() if weeks and weeks * 7 >= days]
    return min(fitting)[1] if fitting else "all"


def trust(fraud: int) -> float:
    """The weight of a person under a fraud score (0 to 100): 1 to 0."""
    return max(0.0, 1 - fraud / DOUBTED)


def worth(joined: bool, contributions: int, fraud: int = 0) -> float:
    """One person, before their degree."""
    base = JOINED_WORTH if joined else KNOWN_WORTH
    return trust(fraud) * (base + CONTRIBUTION_WORTH * math.log1p(contributions))


def independence(of_mark: int, of_network: int) -> float:
    """The weight of the n-th of one sharer's people with the same browser or
    mailbox, and from the same network: homes and schools share one, so that weighs less."""
    return 1 / of_mark / math.sqrt(of_network)


def damped(branch: float) -> float:
    """Full up to `BRANCH_FULL`, then by its logarithm: one contact who brought
    thousands did not bring thousands."""
    if branch <= BRANCH_FULL:
        return branch
    return BRANCH_FULL * (1 + math.log(branch / BRANCH_FULL))


def concentration(counts: Iterable[int]) -> float:
    """How likely two different people of a group are of the same city (or came by the same topic):
    Σ n(n − 1) / N(N − 1), 0 to 1; 0 below two people."""
    known = list(counts)
    total = sum(known)
    if total < 2:
        return 0.0
    return sum(n * (n - 1) for n in known) / (total * (total - 1))


def reliability(good: int, bad: int) -> float:
    """The quality of a member's own content: published and not denied, against refused and
    denied."""
    return (good + PRIOR_GOOD) / (good + bad + PRIOR_ALL)


def focus(zone: float, topic: float) -> float:
    return 1 + ZONE_WORTH * zone + TOPIC_WORTH * topic


def caused(branches: Iterable[float]) -> float:
    return sum(damped(branch) for branch in branches)


def response(caused: float, people: float) -> float:
    """How much came of each of the people (`people` is the sum of their weights), by its root: who
    reached few that did much stands before who reached many that left. Another person who
    published anything since does not lower `caused × response` by as much as 1 %."""
    return math.sqrt(caused / (people + RESPONSE_PRIOR))


def simple_reach(first: int, second: int, third: int) -> float:
    """S = n1 + δ·n2 + δ²·n3, the first of the formulas that the field knows."""
    return first + DELTA * second + DELTA**2 * third


def pagerank(edges: Iterable[tuple[int, int]]) -> dict[int, float]:
    """PageRank (d = 0.85) of a graph of (who came, by whose link): PR = (1 − d)/N + d·Σ PR(j)/L(j);
    of dangling nodes, all get a part. Parallel edges count once; sums to 1."""
    numbers: dict[int, int] = {}
    pairs = set()
    for came, sharer in edges:
        pairs.add(
            (numbers.setdefault(came, len(numbers)), numbers.setdefault(sharer, len(numbers)))
        )
    if not numbers:
        return {}
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(len(numbers)))
    graph.add_edges_from_no_data(sorted(pairs))
    # The library stops when all nodes together move less than `tol` times their number.
    ranks = rustworkx.pagerank(graph, alpha=DAMPING, tol=1e-9 / len(numbers), max_iter=500)
    return {node: ranks[number] for node, number in numbers.items()}


# Who is shown how -------------------------------------------------------------------------

LEAST = 10  # people, of a city that a member is told of by, and of a reach that a brand sees


@dataclass(frozen=True)
class Shown:
    """How a member is listed: `name` '' is "a member of their city"."""

    name: str


def shown(handle: str | None, named: bool, of_city: int, reach: int) -> Shown | None:
    """Among prescriptores, for brands and the public. None is not listed: fewer than `LEAST` people
    were reached, or the name is not agreed to and fewer than `LEAST` live in the city."""
    if reach < LEAST:
        return None
    if handle and named:
        return Shown(handle)
    return Shown("") if of_city >= LEAST else None


def index(score: float, best: float) -> int:
    """0 to 100 of the best one, in steps of five: no person more or less shows."""
    return round(20 * score / best) * 5 if best > 0 else 0


def in_tens(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of people rounded down to tens; 0 stands for fewer than ten."""
    return {name: count // LEAST * LEAST for name, count in counts.items()}
