"""Built files: which form is sent, conditions, and that only what is in the build is an address."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from ugc.front.static import StaticFiles, chosen, is_same

TEXT = b"let answer = 42;\n" * 100
GZIP = gzip.compress(TEXT, mtime=0)


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    folder = tmp_path / "build"
    folder.mkdir()
    for name, content in {
        "manifest.json": b"{}", ".inputs": b"x", "half.js.part": b"x",
        "app-1.js": TEXT, "app-1.js.br": b"brotli", "app-1.js.gz": GZIP,
        "table-2.gz": b"data", "large-3.pack": b"p" * 300_000,
    }.items():  # fmt: skip
        (folder / name).write_bytes(content)
    (tmp_path / "secret.js").write_bytes(b"secret")
    return StaticFiles(folder, "/static/build", [(b"x-content-type-options", b"nosniff")])


def get(files: StaticFiles, name: str, method: str = "GET", **headers: str) -> tuple:
    found = files.find(f"/static/build/{name}")
    assert found is not None
    sent = {n.replace("_", "-").encode(): v.encode() for n, v in headers.items()}
    answer = files.answer(found, method, sent)
    assert answer is not None
    return answer.status, dict(answer.headers), answer.body


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("", None, TEXT),
        ("identity", None, TEXT),
        ("gzip, deflate, br", b"br", b"brotli"),
        ("GZIP", b"gzip", GZIP),
        ("gzip;q=0.5, br;q=0", b"gzip", GZIP),
        ("br; q=0.000, gzip;q=0.", None, TEXT),
    ],
)
def test_the_form_is_the_smallest_one_that_is_accepted(
    files: StaticFiles, accepted: str, coding: bytes | None, body: bytes
) -> None:
    status, headers, sent = get(files, "app-1.js", accept_encoding=accepted)
    assert (status, sent, headers.get(b"content-encoding")) == (200, body, coding)
    assert headers[b"content-length"] == b"%d" % len(body)
    assert headers[b"content-type"] == b"text/javascript; charset=utf-8"
    assert headers[b"vary"] == b"Accept-Encoding"
    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_head_and_conditions_send_no_body(files: StaticFiles) -> None:
    _, headers, _ = get(files, "app-1.js", accept_encoding="br")
    etag = headers[b"etag"].decode()
    status, same, body = get(files, "app-1.js", "HEAD", accept_encoding="br")
    assert (status, same, body) == (200, headers, b"")
    for condition in (etag, f'"x", W/{etag}', "*"):
        status, told, body = get(files, "app-1.js", accept_encoding="br", if_none_match=condition)
        assert (status, body, b"content-length" in told) == (304, b"", False)
        assert told[b"etag"] == etag.encode()
    # A tag is of one form: what is compressed is no match for what is not.
    assert get(files, "app-1.js", if_none_match=etag)[0] == 200
    status, told, _ = get(files, "app-1.js", "POST")
    assert (status, told[b"allow"]) == (405, b"GET, HEAD")


def test_a_compressed_file_of_its_own_and_a_large_one(files: StaticFiles) -> None:
    _, headers, body = get(files, "table-2.gz", accept_encoding="gzip")
    assert (body, headers[b"content-type"]) == (b"data", b"application/gzip")
    assert b"content-encoding" not in headers
    _, headers, body = get(files, "large-3.pack")
    with body as file:
        assert len(file.read()) == 300_000
    assert headers[b"content-type"] == b"application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "/static/build/../secret.js", "/static/build/../../etc/passwd", "/static/build//app-1.js",
        "/static/build/./app-1.js", "/static/build/app-1.js.br", "/static/build/manifest.json",
        "/static/build/.inputs", "/static/build/half.js.part", "/static/build/", "/static/build",
        "/static/build/app-1.js\0", "/static/buildapp-1.js", "/app-1.js", "",
    ],
)  # fmt: skip
def test_only_files_of_the_build_have_an_address(files: StaticFiles, path: str) -> None:
    assert files.find(path) is None


def test_a_new_build_is_noticed_and_a_file_that_went_is_told(files: StaticFiles) -> None:
    old = files.find("/static/build/app-1.js")
    assert old is not None
    (files.folder / "app-4.js").write_bytes(b"new")
    assert files.find("/static/build/app-4.js") is None  # it is not finished
    os.utime(files.folder / "manifest.json", (1, 1))
    assert get(files, "app-4.js")[2] == b"new"
    (files.folder / "app-1.js").unlink()
    assert files.answer(old, "GET", {}) is None


def test_choosing_and_comparing() -> None:
    assert chosen({"": None}, "br, gzip") == ""  # type: ignore[dict-item]
    assert not is_same(b'"a"', b"")
    assert not is_same(b'"a"', b'"ab", "b"')
