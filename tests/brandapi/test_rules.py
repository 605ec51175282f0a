"""Keys and cursors."""

import pytest

from ugc.brandapi import rules


def test_a_key_tells_its_own_typos() -> None:
    key = rules.new_key()
    assert key.startswith("boca_")
    assert len(key) == 41
    assert rules.is_well_formed(key)
    for place in range(5, len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not rules.is_well_formed(key[:place] + other + key[place + 1 :])
    for wrong in ("", "boca_", key[:-1], f"{key}a", key.upper(), "ghp_" + key[5:], f" {key}"):
        assert not rules.is_well_formed(wrong)
    assert rules.new_key() != key


def test_cursors_come_back_and_strange_ones_are_refused() -> None:
    text = rules.encode_cursor("c", "2026-11-24", 12)
    assert rules.decode_cursor(text, "c", 2) == ["2026-11-24", 12]
    for wrong in ("", "x", text + "!", text[:-2], rules.encode_cursor("s", 1, 2), "bnVsbA"):
        with pytest.raises(ValueError, match=r".*"):
            rules.decode_cursor(wrong, "c", 2)
