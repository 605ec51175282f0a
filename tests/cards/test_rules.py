"""What is said of a shared thing, and how."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from ugc.cards.rules import cards as cards_cards
from ugc.cards.rules import drawing as cards_drawing
from ugc.cards.rules import linked as cards_linked
from ugc.cards.rules.cards import Card
from ugc.config import ROOT
from ugc.places.rules.categories import CATEGORIES

CARD = Card("place", "bcd", "/places/bcd", "en", "Bar", "Bar · Madrid", "A bar.", "beer", "amber")
ADDRESS = "https://boca.example.org/r/bcdfghjk"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("one  two\nthree", 20, "one two three"),
        ("one two three", 9, "one two…"),
        ("one two, three", 10, "one two…"),
        ("x" * 30, 10, "x" * 9 + "…"),
        ("", 10, ""),
    ],
)
def test_excerpts_are_cut_between_words(text: str, most: int, short: str) -> None:
    assert cards_cards.excerpt(text, most) == short
    assert len(cards_cards.excerpt(text, most)) <= most


def test_a_version_is_of_what_is_drawn_only() -> None:
    assert CARD.version("a") == replace(CARD, description="Other.", path="/x").version("a")
    for other in (
        replace(CARD, title="Baz"), replace(CARD, mean=4.5), replace(CARD, photo="k"),
        replace(CARD, language="es"), replace(CARD, lon=1.0),
    ):  # fmt: skip
        assert other.version("a") != CARD.version("a")
    assert CARD.version("a") != CARD.version("b")


@pytest.mark.parametrize("text", ["Do you know «Órbita»?", "100 % & more #1\nsecond line", "مقهى"])
def test_direct_addresses_carry_text_link_and_channel(text: str) -> None:
    found = {
        place.channel: target for place, target in cards_cards.hand_overs(ADDRESS, "A & B", text)
    }
    assert list(found) == ["whatsapp", "telegram", "mail", "x", "facebook", "mastodon"]
    for channel, target in found.items():
        parts = urlsplit(target)
        said = parse_qs(parts.query or parts.fragment, strict_parsing=True)
        link = f"{ADDRESS}?by={channel}"
        values = [value for values in said.values() for value in values]
        assert any(value == link or value.endswith(f"\n{link}") for value in values), channel
        if channel != "facebook":
            assert any(value.startswith(text) for value in values), channel
    assert "subject=A%20%26%20B" in found["mail"]
    assert "+" not in found["mail"]  # mail programs would show it


def test_without_a_text_the_link_goes_alone() -> None:
    found = {place.channel: target for place, target in cards_cards.hand_overs(ADDRESS, "A", "")}
    assert parse_qs(urlsplit(found["whatsapp"]).query)["text"] == [f"{ADDRESS}?by=whatsapp"]


@pytest.mark.parametrize(
    ("asked", "size"),
    [(None, 512), ("", 512), ("x", 512), ("1", 128), ("-5", 128), ("640", 640), ("9" * 30, 2048)],
)
def test_qr_sizes_are_bounded(asked: str | None, size: int) -> None:
    assert cards_cards.qr_size(asked) == size


@pytest.mark.parametrize(
    ("title", "name"),
    [("Café Ñandú", "qr-boca-caf-and"), ("مقهى", "qr-boca"), ("x" * 99, f"qr-boca-{'x' * 55}")],
)
def test_names_of_downloads_are_plain(title: str, name: str) -> None:
    assert cards_cards.file_name("Boca", title) == name


def test_colours_are_those_of_the_map() -> None:
    script = (ROOT / "static" / "js" / "map-colours.mjs").read_text(encoding="utf-8")
    assert dict(re.findall(r"(\w+): '(#[0-9a-f]{6})'", script)) == cards_drawing.COLOURS


def test_every_category_of_its_own_type_exists() -> None:
    assert set(cards_linked.BUSINESSES) | set(cards_linked.PLACES) <= set(CATEGORIES)
    assert cards_linked.type_of("other") == "Place"


def test_json_ld_cannot_leave_its_element() -> None:
    evil = '</script><!-- "x" \\" \\\\" & \u2028'
    text = cards_linked.as_text(cards_linked.brand(evil, "https://x.example/b", evil, ""))
    assert not set("<>&\u2028") & set(text)
    assert '\\"' not in text
    assert json.loads(text)["name"] == evil
