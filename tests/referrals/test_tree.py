"""The drawing of one's contacts."""

import itertools

from ugc.referrals import rules


def test_everybody_stands_beside_who_brought_them() -> None:
    drawing = rules.tree([(2, 1, 1, "ana"), (3, 1, 1, "bea"), (4, 2, 2, ""), (5, 4, 3, "dan")])
    places = {node.label: (node.x, node.y) for node in drawing.nodes}
    assert places["ana"][1] == places["dan"][1]
    assert places["bea"][1] > places["ana"][1]
    assert places["ana"][0] == places["bea"][0] < places[""][0] < places["dan"][0]
    assert {node.degree for node in drawing.nodes} == {1, 2, 3}


def test_nobody_stands_on_another_and_many_are_counted() -> None:
    drawing = rules.tree((n, 1, 1, f"m{n}") for n in range(2, 302))
    assert len(drawing.nodes) == rules.TREE_NODES
    assert drawing.left_out == 300 - rules.TREE_NODES
    spots = [(node.x, node.y) for node in drawing.nodes]
    assert all(one != other for one, other in itertools.combinations(spots, 2))
    assert all(0 < x < drawing.width and 0 < y < drawing.height for x, y in spots)


def test_nobody_yet() -> None:
    assert rules.tree([]).nodes == []
