"""What the length of a compressed answer may not tell (docs/decisions/0032)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ugc.config import ROOT
from ugc.core import security

Browser = FlaskClient
PAGES = ["/", "/about", "/places", "/search?q=a", "/brands"]
VISITORS = ["/join", "/sign-in"]
MEMBERS = [
    "/reports/new",
    "/settings",
    "/inbox",
    "/contacts",
    "/watching",
    "/contributions",
    "/session",
]
ELSEWHERE = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}]
OURS = [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]


def may_be_packed(browser: Browser, path: str, headers: dict[str, str]) -> bool:
    answer = browser.get(path, headers=headers)
    assert answer.status_code == 200, path
    return "no-transform" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize("length", [0, 1, 94])
def test_a_mask_comes_off_and_is_another_each_time(length: int) -> None:
    secret = "x.y-Z_"[:length].ljust(length, "q")
    one, other = security.masked(secret), security.masked(secret)
    assert security.unmasked(one) == security.unmasked(other) == secret
    assert length == 0 or one != other


@pytest.mark.parametrize("sent", ["", "a.b.c", "é", "====", "abc", "AAA=", "_-8=", "x" * 5000])
def test_what_was_never_masked_is_no_error(sent: str) -> None:
    assert isinstance(security.unmasked(sent), str)


@pytest.mark.parametrize("path", [*PAGES, *MEMBERS])
def test_no_page_holds_the_token_itself(signed_in: Callable[..., Browser], path: str) -> None:
    """Neither what the session keeps nor its signed form, and it looks otherwise each time."""
    browser = signed_in("ana")
    tokens = []
    for _ in range(2):
        page = browser.get(path).text
        found = re.search(r'name="csrf_token" value="([^"]+)"|"csrf":\s*"([^"]+)"', page)
        assert found is not None
        token = found[1] or found[2]
        tokens.append(token)
        signed = security.unmasked(token)
        assert signed.count(".") == 2, "it is the signed token that is masked"
        assert signed not in page
        assert signed.partition(".")[0] not in page
        with browser.session_transaction() as session:
            assert session["csrf_token"] not in page
    assert tokens[0] != tokens[1]


def test_only_one_module_makes_tokens() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "ugc").rglob("*.py"))
        if "generate_csrf" in path.read_text("utf-8")
    ]
    assert makers == [str(Path("ugc/core/security.py"))]


@pytest.mark.parametrize("path", [*PAGES, *VISITORS])
def test_visitors_pages_are_compressed_wherever_they_come_from(client: Browser, path: str) -> None:
    assert all(may_be_packed(client, path, headers) for headers in [*ELSEWHERE, *OURS])


@pytest.mark.parametrize("path", [*PAGES, *MEMBERS])
def test_members_pages_are_not_for_another_site_to_measure(
    signed_in: Callable[..., Browser], path: str
) -> None:
    browser = signed_in("ana")
    assert all(may_be_packed(browser, path, headers) for headers in OURS)
    assert not any(may_be_packed(browser, path, headers) for headers in ELSEWHERE)
