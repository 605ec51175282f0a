"""What a name may be made of, what is seen of a text, and which names look the same."""

import pytest

from ugc.core import names, reserved

HIDDEN = {
    "zero width space": "Mo\u200bra",
    "zero width joiner": "Mo\u200dra",
    "non-joiner at the end": "Mora\u200c",
    "soft hyphen": "Mo\u00adra",
    "right-to-left override": "Mora \u202eoficial",
    "direction isolate": "\u2067Mora\u2069",
    "left-to-right mark": "Mora\u200e",
    "line break": "Mora\nCentro",
    "control": "Mora\u0007",
    "byte order mark": "\ufeffMora",
    "combining grapheme joiner": "Mo\u034fra",
    "Hangul filler": "Mora\u3164",
    "Braille blank": "Mora\u2800x",
    "tag": "Mora\U000e0041",
    "selector behind a letter": "Mora\ufe0f",
    "line separator": "Mora\u2028Centro",
    "private use": "Mora\ue000",
    "joiner between two scripts": "م\u200cx",
}
NOTHING = ["\u2800", "\u200b\u200b", "\u3164", "\u0301\u0301", "\ufe0f", "\U000e0041", "\u00a0"]
HONEST = [
    "Café Mora",
    "می‌خواهم",
    "क्‍ष",
    "র‍্যাব",
    "ශ්‍රී ලංකා",
    "👨‍👩‍👧 Café",
    "❤️‍🔥",
    "1️⃣ Bar",
    "葛\U000e0100城",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Pub",
    "Ca l'Àngel & Cía. – nº 1",
    "ร้านกาแฟ",
]


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_hidden_and_control_characters_are_in_no_name(text: str) -> None:
    with pytest.raises(names.BadName):
        names.normal_name(text)
    assert names.cleaned_name(text).isprintable()


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
def test_nothing_is_seen_of_blanks_and_fillers(text: str) -> None:
    assert not names.is_seen(text * 60)
    assert names.seen_length(text * 60) == 0
    assert names.cleaned_name(text) == ""


@pytest.mark.parametrize("text", HONEST)
def test_joiners_and_selectors_stand_where_scripts_and_emoji_need_them(text: str) -> None:
    assert names.normal_name(text) == text
    assert names.is_seen(text)


def test_names_are_composed_and_blanks_are_one() -> None:
    assert names.normal_name(" Cafe\u0301\u00a0\u3000Mora ") == "Café Mora"


def test_padding_does_not_make_a_text_longer() -> None:
    assert names.seen_length("Good." + "\u200b\u2800 " * 30) == 5


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("Mora", "Моrа", True),  # Cyrillic М and а
        ("ITALIA", "ITАLIA", True),
        ("Italia", "ITАLIA", True),
        ("Mora", "rnora", True),
        ("Claro", "CIaro", True),
        ("Google", "G00gle", True),
        ("Paypal", "Ρaypal", True),  # Greek Ρ
        ("Café Mora", "cafe-mora", True),
        ("Mora", "ｍｏｒａ", True),
        ("Mora", "Mara", False),
        ("Mora", "Mora Centro", False),
        ("मोरा", "मोरी", False),
    ],
)
def test_names_are_compared_by_what_they_look_like(name: str, other: str, same: bool) -> None:
    assert names.look_alike(name, other) is same


def test_the_skeleton_is_that_of_uts_39() -> None:
    """The example of the report, and that a skeleton of a skeleton is the same."""
    assert names.skeleton("paypal") == names.skeleton("ρ⍺у𝓅𝒂ן")
    assert names.skeleton(names.skeleton("Øresund ½")) == names.skeleton("Øresund ½")


@pytest.mark.parametrize(
    "handle",
    [
        "moderator1", "Boca-Soporte", "m0derator", "adm1n", "soporte24", "BocaSoporte",
        "bocasupport", "boca", "b0ca", "adrnin", "off1cial", "oficial_madrid", "team-boca",
        "5taff", "SUPPORT", "moderador", "1admin", "mod_maria", "ad-min", "seguridad", "me",
        "El_Administrador", "equipo-boca", "ayuda",
    ],
)  # fmt: skip
def test_reserved_words_are_found_by_part(handle: str) -> None:
    assert reserved.reserved_part(handle, "Boca")


@pytest.mark.parametrize(
    "handle",
    [
        "modesto", "camilo", "modelo", "modernist", "helpless", "officially", "teamster",
        "supporter", "stafford", "maria", "modest0", "embocadura", "helper", "13", "abc123",
        "personalizado", "lamoda", "la-mora", "some-one",
    ],
)  # fmt: skip
def test_words_that_only_contain_them_are_free(handle: str) -> None:
    assert reserved.reserved_part(handle, "Boca") is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Boca Soporte", True),
        ("Моderator", True),
        ("BOCA", True),
        ("Café Boca", False),
        ("Team Nube", False),
        ("…", False),
    ],
)
def test_a_name_that_says_nothing_else_is_the_sites(name: str, kept: bool) -> None:
    assert reserved.is_reserved_name(name, "Boca") is kept
