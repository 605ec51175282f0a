"""Keys and cursors."""

import pytest

from ugc.brandapi import rules as brandapi_rules


def test_a_key_tells_its_own_typos() -> None:
    key = brandapi_rules.new_key()
    assert key.startswith("boca_")
    assert len(key) == 41
    assert brandapi_rules.is_well_formed(key)
    for place in range(5, len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not brandapi_rules.is_well_formed(key[:place] + other + key[place + 1 :])
    for wrong in ("", "boca_", key[:-1], f"{key}a", key.upper(), "ghp_" + key[5:], f" {key}"):
        assert not brandapi_rules.is_well_formed(wrong)
    assert brandapi_rules.new_key() != key


def test_cursors_come_back_and_strange_ones_are_refused() -> None:
    text = brandapi_rules.encode_cursor("c", "2026-11-24", 12)
    assert brandapi_rules.decode_cursor(text, "c", 2) == ["2026-11-24", 12]
    for wrong in (
        "",
        "x",
        text + "!",
        text[:-2],
        brandapi_rules.encode_cursor("s", 1, 2),
        "bnVsbA",
    ):
        with pytest.raises(ValueError, match=r".*"):
            brandapi_rules.decode_cursor(wrong, "c", 2)
