"""People write from right to left too: their texts and names keep their own direction and language
in every template, and turn nothing beside them."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from jinja2 import Environment, nodes

from tests.forms import BRAND, PLACE, REPORT, REVIEW, WATCH
from ugc.config import ROOT
from ugc.core import render, subjects, texts
from ugc.core.db import Session
from ugc.notifications import rules as notifications_rules

Browser = Callable[..., FlaskClient]
# What people write, as attributes of what templates are given.
WRITTEN = {"name", "title", "text", "about", "note", "message", "thanks", "address", "old_name"}
WRITTEN |= {"description", "end_reason", "opening_hours", "watch"}
# Things of the house with a name, a title or a text: dates, codes, labels, parts of a form; and
# rows and dots of members, whose handles are ASCII.
OF_THE_HOUSE = {
    *("error", "e", "limits", "bar", "tick", "near", "week", "op", "p", "answer", "schema"),
    *("room", "item", "values", "typed", "request", "dot", "row"),
}
# Lines that are sentences of ours, whose names are isolated where they are made.
SENTENCES = {("emails/watches_news.html", "each.text"), ("emails/watches_news.txt", "each.text")}
# A brand of a tool of sharing: "WhatsApp".
LABELS = {("cards/share.html", "place.name"), ("profiles/_settings.html", "profile.text")}
FILTERS = {"paragraphs", "bdi", "said", "isolated", "length", "tojson", "map"}
ARABIC, HEBREW = "مقهى الحرية", "קפה השלום"


def source(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{source(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return source(node.node)
    return node.name if isinstance(node, nodes.Name) else type(node).__name__


def bare(node: nodes.Node) -> Iterator[str]:
    """People's texts in an expression that no filter isolates."""
    if isinstance(node, nodes.Filter) and node.name in FILTERS:
        return
    if isinstance(node, nodes.Compare):
        return
    if isinstance(node, nodes.Getattr):
        name = source(node)
        if node.attr in WRITTEN and name.split(".")[0] not in OF_THE_HOUSE:
            yield name
        return
    children = list(node.iter_child_nodes())
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        children.remove(node.node)  # a method: `kind.name(locale)`
    if isinstance(node, nodes.CondExpr):
        children.remove(node.test)
    for child in children:
        yield from bare(child)


def is_isolated_by_its_element(before: str) -> bool:
    element = before[before.rfind("<") :]
    held = element.endswith((">", 'value="'))
    return element.startswith("<bdi") or ('dir="auto"' in element and held)


def test_every_text_of_people_has_its_own_direction_in_every_template() -> None:
    folder, found = ROOT / "templates", []
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted(folder.rglob("*.*")):
        name = path.relative_to(folder).as_posix()
        for output in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Output):
            before = ""
            for node in output.nodes:
                if isinstance(node, nodes.TemplateData):
                    before += node.data
                    continue
                if not is_isolated_by_its_element(before):
                    found += [(name, text, node.lineno) for text in bare(node)]
                before += "…"
    assert [each for each in found if each[:2] not in SENTENCES | LABELS] == []


# A whole tag, over as many lines as it takes: what Jinja writes in it may hold a ">".
TAG = re.compile(r'<(?:textarea|input)\b(?:\{\{.*?\}\}|\{%.*?%\}|"[^"]*"|[^>"])*>', re.DOTALL)


def test_every_field_of_a_form_has_the_direction_of_what_is_typed() -> None:
    wrong = [
        (path.name, tag[:80])
        for path in (ROOT / "templates").rglob("*.html")
        for tag in TAG.findall(path.read_text(encoding="utf-8"))
        if (tag.startswith("<textarea") or "maxlength" in tag) and 'dir="auto"' not in tag
        if "readonly" not in tag
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "language", "lang"),
    [
        ("Muy bueno", "es", "es"),
        ("Muy bueno", "und", ""),
        ("مكان جميل", "en", ""),
        ("Café ☕ mañana", "es", "es"),
        ("مكان جميل", "ar", "ar"),
        ("Best مقهى in town", "en", "en"),
        ("", "en", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str, lang: str) -> None:
    assert texts.language_of(text, language) == lang


def test_texts_and_names_in_pages() -> None:
    assert render.paragraphs(f"{ARABIC}\n\n<b>", "es") == (
        f'<p dir="auto" lang="">{ARABIC}</p><p dir="auto" lang="">&lt;b&gt;</p>'
    )
    assert render.paragraphs("Bueno", "es") == '<p dir="auto" lang="es">Bueno</p>'
    assert render.bdi(f"<{ARABIC}>") == f"<bdi>&lt;{ARABIC}&gt;</bdi>"
    assert render.bdi("Café & co") == "Café &amp; co"
    assert texts.isolated(HEBREW) == f"\u2068{HEBREW}\u2069"
    assert texts.isolated("Café 24") == "Café 24"


def test_sentences_isolate_the_names_in_them() -> None:
    info = subjects.SubjectInfo(1, "place", "x", ARABIC, "/x", HEBREW)
    inside = f"\u2068{ARABIC}\u2069"
    assert info.named == f"{inside} in \u2068{HEBREW}\u2069"
    wrong = [
        code
        for code, kind in notifications_rules.KINDS.items()
        for said in [kind.say(notifications_rules.Told(title=inside, who=("ana",)))]
        if ARABIC in said and inside not in said
    ]
    assert wrong == []


def test_pages_of_what_is_written_from_right_to_left(signed_in: Browser, session: Session) -> None:
    mod = signed_in("ana", role="moderator")
    text = "المكان جميل والقهوة طيبة جدا والناس هنا لطفاء مع الجميع في كل وقت."
    place = mod.post("/places", data={**PLACE, "name": ARABIC, "address": HEBREW}).location
    mod.post(f"{place}/review", data={**REVIEW, "title": ARABIC, "text": text})
    brand = mod.post("/brands", data={**BRAND, "name": HEBREW, "about": text}).location
    report = mod.post("/reports", data={**REPORT, "text": text}).location
    mod.post(f"/comments/{report.rsplit('/', 1)[-1]}", data={"text": text})
    watch = mod.post("/watching", data={**WATCH, "name": HEBREW}).location
    mod.post("/settings/profile", data={"about": text})
    review = session.execute(
        sa.text("SELECT public_id FROM subjects WHERE kind = 'review'")
    ).scalar_one()
    for address in (
        place,
        brand,
        report,
        f"/reviews/{review}",
        "/members/ana",
        "/places",
        "/brands",
    ):
        page = mod.get(address).text
        for found in re.finditer(re.escape(text[:40]), page.partition("<main")[2]):
            before = page.partition("<main")[2][: found.start()]
            assert 'dir="auto" lang="">' in before[-60:], (address, before[-120:])
    for address, name in ((place, ARABIC), (brand, HEBREW), (watch, HEBREW)):
        assert f"<title>\u2068{name}\u2069" in mod.get(address).text
    assert f"<bdi>{HEBREW}</bdi>" in mod.get("/watching").text
    assert f"<bdi>{HEBREW}</bdi>" in mod.get(place).text
