"""What a newcomer looks for is found by the names of functions and classes.

The search is what a person does with an editor: all words of a question, in any form, in the
path and name of a definition."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from ugc.config import ROOT

# Words that say nothing of what is looked for.
EMPTY = frozenset({"a", "an", "the", "of", "in", "on", "to", "s"})
QUESTIONS = {
    "confirm a report": "ugc.reports.actions.votes.confirm_or_deny",
    "count a referral": "ugc.referrals.actions.counts.recount",
    "expire a report": "ugc.reports.actions.life.expire",
    "publish weekly figures": "ugc.spread.actions.publish_weekly_figures",
    "draw a card": "ugc.cards.rules.drawing.draw",
    "post a report": "ugc.reports.actions.posting.post_report",
    "post a review": "ugc.reviews.actions.post_review",
    "follow a brand": "ugc.brands.actions.following.follow",
    "suspend an account": "ugc.accounts.actions.suspending.suspend",
    "erase an account": "ugc.accounts.actions.erasing.erase",
    "load a city": "ugc.streets.jobs.load_city",
    "merge reports": "ugc.reports.actions.life.merge",
    "open a case": "ugc.moderation.actions.open_case",
}
MOST = 10  # definitions that a question may lead to


def words(text: str) -> list[str]:
    """The words of a name or sentence, without case and endings."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    return [stem(word) for word in re.split(r"[^A-Za-z]+", apart.lower()) if word]


def stem(word: str) -> str:
    """A word without its English ending: `voting`, `votes` and `vote` are one."""
    for ending, rest in (("ies", "y"), ("ing", ""), ("ers", ""), ("er", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + rest
            break
    return re.sub(r"(.)\1$", r"\1", word).rstrip("e")


@cache
def definitions() -> set[str]:
    """Every public function and class of the package, by its dotted name."""
    return {
        name
        for path in (ROOT / "ugc").rglob("*.py")
        for name in of_file(path.relative_to(ROOT).with_suffix("").parts, path.read_text("utf-8"))
    }


def of_file(parts: tuple[str, ...], text: str) -> Iterator[str]:
    module = ".".join(part for part in parts if part != "__init__")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_leads_to_its_answer(question: str) -> None:
    wanted = {word for word in words(question) if word not in EMPTY}
    found = [name for name in definitions() if wanted <= set(words(name))]
    assert QUESTIONS[question] in found
    assert len(found) <= MOST, found


def test_the_life_of_a_report_names_what_is_there() -> None:
    text = (ROOT / "docs/life-of-a-report.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)\(\)`", text))
    assert len(named) > 10
    assert named - {name.rsplit(".", 1)[1] for name in definitions()} == set()
