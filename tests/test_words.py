"""Words of the code and the glossary: each term once, and retired ones do not come back."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ugc.config import ROOT

# docs/decisions/0049: names that a standard term replaced.
RETIRED = (
    "tell_week", "tell_all", "suspended_judgement", "refold", "said_via", "carry_on", "unseal",
    "ToldWeek", "ToldFigure", "log_move", "MoveNote", "MapFold", "UsageMark", "ReportVersion",
    "ReviewVersion", "BrandVersion",
)  # fmt: skip


def code() -> list[Path]:
    return [path for name in ("ugc", "tests", "benchmarks") for path in (ROOT / name).rglob("*.py")]


def test_retired_names_stay_away() -> None:
    # Names of jobs stand in rows: those in quotes are kept.
    found = re.compile(rf"(?<![\w.\"'])(?:\w+\.)?\b(?:{'|'.join(RETIRED)})\b(?!\")")
    here = Path(__file__)
    again = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in code()
        if path != here
        for match in found.finditer(path.read_text(encoding="utf-8"))
    ]
    assert again == []


def terms() -> list[str]:
    """What docs/glossary.md defines: the bold words of its entries."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    return [
        term.strip() for bold in re.findall(r"\*\*(.+?)\*\*", text) for term in bold.split(" / ")
    ]


def test_a_term_is_defined_once() -> None:
    twice = [term for term, count in Counter(terms()).items() if count > 1]
    assert twice == []


# Who is meant stands in the sentence: a member, a reader, another process, none of them.
VAGUE = re.compile(r"\b(?:nobody|somebody|everybody|whoever|whom|anew)\b", re.IGNORECASE)


def test_sentences_name_their_subject() -> None:
    """At most five vague words in 10,000 lines; what people read on the site may have some."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder, ending in (("ugc", "*.py"), ("docs", "*.md"))
        for path in (ROOT / folder).rglob(ending)
    ]
    found = sum(len(VAGUE.findall(text)) for text in texts)
    lines = sum(text.count("\n") for text in texts)
    assert found / lines * 10_000 <= 5
