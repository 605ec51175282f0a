"""What is hidden and has no author is described to nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import content
from ugc.core import subjects
from ugc.core.db import Session
from ugc.core.subjects import Subject

MAKERS: dict[str, Callable[[Session, int, str], Subject]] = {
    "report": lambda session, _place, state: content.report(session, state),
    "place": lambda session, _place, state: content.place(session, state),
    "brand": lambda session, _place, state: content.brand(session, state),
    "review": lambda session, place, state: content.review(session, place, state),
    "comment": lambda session, place, state: content.comment(session, place, state),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("visibility", "described"),
    [("published", True), ("hidden", False), ("removed", False), ("withdrawn", False)],
)
def test_hidden_things_without_an_author(
    session: Session, kind: str, visibility: str, described: bool
) -> None:
    subject = MAKERS[kind](session, content.place(session).id, visibility)
    assert (subject.id in subjects.describe(session, [subject.id])) is described
    assert (subject.id in subjects.describe(session, [subject.id], author_id=1)) is described
