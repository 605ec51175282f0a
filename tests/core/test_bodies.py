"""Ten kinds of unsafe body, at every address that reads one: each is answered 4xx with a text."""

import gzip
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ugc.core import bodies
from ugc.core.db import SAFE_METHODS

Browser = Callable[..., FlaskClient]
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=x"
JSON = "application/json"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n'
FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n'

# name → (content type, body, further headers, statuses that are right)
BODIES: dict[str, tuple[str, bytes, dict[str, str], set[int]]] = {
    "deep JSON": (JSON, b"[" * 200_000 + b"]" * 200_000, {}, {400, 413, 415}),
    "deep JSON that is small": (JSON, b"[" * 20_000 + b"]" * 20_000, {}, {400, 415}),
    "huge number": (JSON, b'{"endpoint": ' + b"9" * 50_000 + b"}", {}, {400, 415, 422}),
    "no number": (JSON, b'{"endpoint": NaN}', {}, {400, 415}),
    "JSON that is no UTF-8": (JSON, b'{"endpoint": "\xff"}', {}, {400, 415}),
    "JSON with a lone surrogate": (JSON, b'{"endpoint": "\\ud800"}', {}, {400, 415}),
    "JSON with NUL": (JSON, b'{"endpoint": "\\u0000"}', {}, {400, 415}),
    "JSON in another encoding": (f"{JSON}; charset=utf-16", b"\xff\xfe{\0}\0", {}, {415}),
    "form that is no UTF-8": (FORM, b"a=%FF", {}, {400, 415}),
    "form with bytes that are none": (FORM, b"a=\xff\xfe", {}, {400, 415}),
    "form with a lone surrogate": (FORM, b"a=%ED%A0%80", {}, {400, 415}),
    "form with NUL": (FORM, b"a=%00", {}, {400, 415}),
    "form in another encoding": (f"{FORM}; charset=utf-16", b"a=b", {}, {415}),
    "compressed form": (FORM, gzip.compress(b"a=b"), {"Content-Encoding": "gzip"}, {415}),
    "compressed twice": (FORM, b"a=b", {"Content-Encoding": "gzip, br"}, {415}),
    "100,000 fields": (FORM, b"&".join(b"a%d=1" % n for n in range(100_000)), {}, {413, 415}),
    "501 fields": (FORM, b"&".join(b"a%d=1" % n for n in range(501)), {}, {413, 415}),
    "a long field": (FORM, b"a=" + b"x" * 600_000, {}, {413, 415}),
    "100,000 parts": (BOUNDARY, PART % b"1" * 100_000 + b"--x--\r\n", {}, {413, 415}),
    "10,000 files": (BOUNDARY, FILE * 10_000 + b"--x--\r\n", {}, {413, 415}),
    "a long part": (BOUNDARY, PART % (b"x" * 600_000) + b"--x--\r\n", {}, {413, 415}),
    "part that is no UTF-8": (BOUNDARY, PART % b"\xff" + b"--x--\r\n", {}, {400, 415}),
    "parts that end midway": (BOUNDARY, PART % b"1" + PART[:30], {}, {400, 415}),
    "file that ends midway": (BOUNDARY, PART % b"1" + FILE[:-3], {}, {400, 415}),
    "parts without a boundary": ("multipart/form-data", PART % b"1", {}, {400, 415}),
    "no boundary in it": (BOUNDARY, b"a=b", {}, {400, 415}),
    "text": ("text/plain", b"a=b", {}, {415}),
    "XML": ("application/xml", b"<a/>", {}, {415}),
    "no type": ("", b"a=b", {}, {415}),
}


# Public, a member's, one of JSON, one with a file, and one without a token.
TRIED_WITH_ALL = ("/sign-in", "/settings", "/browsers", "/reports", "/unsubscribe/abc")
STRIDE = 6


def addresses(app: Flask) -> list[str]:
    """Every address that takes a body, with arguments of the right form."""
    found = set()
    for rule in app.url_map.iter_rules():
        if (rule.methods or set()) - SAFE_METHODS:
            found.add(re.sub(r"<int:[^>]*>", "1", rule.rule))
    return sorted(re.sub(r"<[^>]*>", "abc", each) for each in found)


def test_every_unsafe_body_is_refused_everywhere(app: Flask, signed_in: Browser) -> None:
    """Bodies are read before a view is: every body at five addresses, every address with five
    bodies."""
    ana = signed_in("ana")
    wrong = []
    known = addresses(app)
    assert len(known) > 60
    assert set(known) >= set(TRIED_WITH_ALL)
    for name, (content_type, body, headers, right) in BODIES.items():
        offset = list(BODIES).index(name) % STRIDE
        for address in {*TRIED_WITH_ALL, *known[offset::STRIDE]}:
            sent = {**headers, "Accept": "application/json"}
            answer = ana.post(address, data=body, content_type=content_type, headers=sent)
            told = answer.json or {}
            if answer.status_code not in right or not (told.get("title") and told.get("code")):
                wrong.append((name, address, answer.status_code, told))
    assert wrong == []


@pytest.mark.parametrize("name", ["deep JSON", "100,000 fields", "form that is no UTF-8"])
def test_people_get_a_page(client: FlaskClient, name: str) -> None:
    content_type, body, headers, _right = BODIES[name]
    answer = client.post("/sign-in", data=body, content_type=content_type, headers=headers)
    assert answer.content_type.startswith("text/html")
    assert 400 <= answer.status_code < 500


def test_what_is_right_is_taken(signed_in: Browser) -> None:
    ana = signed_in("ana")
    form = {"theme": "dark", "next": "/search?q=Ñandú 👋🏽 \\u0000"}
    assert ana.post("/theme", data=form).status_code == 303
    encoded = f"{FORM}; charset=UTF-8"
    assert ana.post("/theme", data=b"theme=dark", content_type=encoded).status_code == 303
    parts = {"theme": "dark", "file": (io.BytesIO(b"\xff"), "f")}
    assert ana.post("/theme", data=parts).status_code == 303
    assert ana.post("/sign-out").status_code == 303


def test_json_is_read_strictly(app: Flask) -> None:
    read = bodies.StrictJson(app).loads
    assert read('{"a": [1, "\\ud83d\\ude00"]}') == {"a": [1, "😀"]}
    for text in ("NaN", "[Infinity]", '"\\ud800"', b'"\xff"', "[" * 5000, "{'a': 1}", ""):
        with pytest.raises(ValueError, match="column"):
            read(text)
