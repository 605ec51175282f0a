"""What the worst input costs, by parser: `BENCH=bounds`. CPU seconds of one call."""

from __future__ import annotations

import time
from contextlib import suppress

from tests.core import worst
from tests.watches import shapes
from ugc.core.errors import Invalid
from ugc.watches.rules import geometry as watches_geometry


def geometry_costs() -> dict[str, float]:
    """Of ways and areas of every bad shape, at the most points that a file may hold."""
    found = {}
    for name, shape in shapes.SHAPES.items():
        line = shape(shapes.MANY)
        across = [(y, x) for x, y in line if abs(x) <= 90]
        for kind, build in (
            ("way", lambda line=line: watches_geometry.way([line], 100, "file")),
            ("area", lambda line=line: watches_geometry.area([[line]], "file")),
            (
                "two areas",
                lambda line=line, across=across: watches_geometry.area(
                    [[line[::2]], [across[::2] or line]], "file"
                ),
            ),
        ):
            before = time.process_time()
            with suppress(Invalid):
                build()
            found[f"{kind}: {name}"] = time.process_time() - before
    return found


def main() -> None:
    costs = geometry_costs()
    for name, (parser, most) in worst.PARSERS.items():
        costs[name] = worst.cost(parser, most)
    for name, seconds in sorted(costs.items(), key=lambda each: -each[1]):
        print(f"{seconds:8.3f} s  {name}")


if __name__ == "__main__":
    main()
