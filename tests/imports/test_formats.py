"""Files as streams of records."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ugc.imports.rules import formats as imports_formats
from ugc.imports.rules.formats import Bad, BrokenFile, Item, Record


def read(data: bytes, form: str, **how: str) -> list[Item]:
    return list(imports_formats.read(io.BufferedReader(io.BytesIO(data)), form, **how))  # type: ignore[arg-type]


def data(items: list[Item]) -> list[object]:
    return [item.data if isinstance(item, Record) else item.reason for item in items]


def test_csv_knows_the_lines_a_record_spans() -> None:
    items = read(b'a,b\r\n1,"two\r\nlines"\r\n\r\n3,4\r\n', "csv")
    assert data(items) == [{"a": "1", "b": "two\r\nlines"}, {"a": "3", "b": "4"}]
    assert [(item.line, item.end) for item in items] == [(2, 3), (5, 5)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3\n", "3 fields, and the header has 2"),
        (b"1,\xff\n", "not utf-8"),
        (b"1," + b"x" * 10_000_000 + b"\n", "longer than 1 MiB"),
        (b"1," + b"x" * 200_000 + b"\n", "field larger"),
    ],
)
def test_csv_goes_on_after_a_line_that_cannot_be_read(line: bytes, reason: str) -> None:
    first, bad, last = read(b"a,b\n0,0\n" + line + b"9,9\n", "csv")
    assert isinstance(bad, Bad)
    assert reason in bad.reason
    assert (bad.line, bad.end) == (3, 3)
    assert data([first, last]) == [{"a": "0", "b": "0"}, {"a": "9", "b": "9"}]
    assert last.line == 4


def test_csv_in_another_encoding_and_with_another_delimiter() -> None:
    text = "código;sitio\n1;Peñalver\n".encode("cp1252")
    assert data(read(text, "csv", encoding="cp1252", delimiter=";")) == [
        {"código": "1", "sitio": "Peñalver"}
    ]
    assert data(read(b"\xef\xbb\xbfa\n1\n", "csv")) == [{"a": "1"}]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    rows = b'a,b\n1,"open\n' + b"2,3\n" * 60_000
    items = read(rows, "csv")
    assert sum(isinstance(item, Record) for item in items) > 20_000
    assert any(isinstance(item, Bad) and "field larger" in item.reason for item in items)


def test_ndjson() -> None:
    items = read(b'{"a":1}\n\n[1]\nnonsense\n{"a":NaN}\n{"a":"\xff"}\n{"a":2}', "ndjson")
    assert [item.line for item in items] == [1, 3, 4, 5, 6, 7]
    kinds = [isinstance(item, Record) for item in items]
    assert kinds == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("text", "form", "items"),
    [
        (b'[{"a":1},{"a":2}]', "json", ""),
        (b' [ {"a":1} , {"a":2} ] ', "json", ""),
        (b'{"crs":{"x":[1]},"features":[{"a":1},{"a":2}],"n":3}', "geojson", ""),
        (b'{"result":{"n":2,"records":[{"a":1},{"a":2}]}}', "json", "result.records"),
        (b'[{"a":1},{"a":2}]', "json", "result.records"),
    ],
)
def test_json_lists(text: bytes, form: str, items: str) -> None:
    assert data(read(text, form, items=items)) == [{"a": 1}, {"a": 2}]


def test_json_records_may_be_cut_anywhere_by_the_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[{"a":"ñandú €"},{"b":[1,{"c":-12.5e3}]},7]'.encode()
    for size in range(1, 20):
        monkeypatch.setattr(imports_formats, "CHUNK", size)
        assert data(read(text, "json")) == [
            {"a": "ñandú €"}, {"b": [1, {"c": -12500.0}]}, "not a JSON object"
        ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        b'[{"a":1},{"a":',
        b'[{"a":1} {"a":2}]',
        b'[{"a":1},\xff]',
        b'[{"a":1},' + b"[" * 100_000,
        b'[{"a":1},{"a":"' + b"x" * 3_000_000 + b'"}]',
    ],
)
def test_broken_json_gives_what_came_before(text: bytes) -> None:
    found = imports_formats.read(io.BytesIO(text), "json")
    assert data([next(found)]) == [{"a": 1}]
    with pytest.raises(BrokenFile, match="after record 1"):
        list(found)


def test_open311_xml() -> None:
    text = (
        b'<?xml version="1.0" encoding="ISO-8859-1"?><service_requests><request>'
        b"<service_request_id>7</service_request_id><status_notes/>"
        b"<description>Ni\xf1os &lt;b&gt;</description></request><request/></service_requests>"
    )
    assert data(read(text, "xml")) == [
        {"service_request_id": "7", "status_notes": "", "description": "Niños <b>"},
        "an empty record",
    ]


def test_xml_with_entities_of_its_own_is_refused() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>'
    with pytest.raises(BrokenFile, match="document type"):
        read(bomb, "xml")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b"<requests/>", "xml"),
        (b"[]", "json"),
        (b'{"a":1}\n{"a":2}', "ndjson"),
        (b'{"type":"FeatureCollection",\n"features":[]}', "geojson"),
        (b"a,b\n", "csv"),
    ],
)
def test_the_format_is_known_by_how_the_file_begins(text: bytes, form: str) -> None:
    stream = io.BufferedReader(io.BytesIO(text))  # type: ignore[arg-type]
    assert imports_formats.sniff(stream, ("csv", "ndjson", "json", "geojson", "xml")) == form  # type: ignore[arg-type]


def test_gzip_and_zip_are_unpacked(tmp_path: Path) -> None:
    packed, archive, two = tmp_path / "a.gz", tmp_path / "a.zip", tmp_path / "b.zip"
    packed.write_bytes(gzip.compress(b"[1]"))
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.json", "[1]")
    with zipfile.ZipFile(two, "w") as file:
        file.writestr("a", "1")
        file.writestr("b", "2")
    for path in (packed, archive):
        with imports_formats.opened(path) as source:
            assert source.stream.read() == b"[1]"
            assert 0 < source.share <= 1
    with pytest.raises(BrokenFile, match="holds 2 files"), imports_formats.opened(two):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        ("a,b\n1,2\n".encode("utf-16"), "iconv"),
        (b"a\0b\0\n", "iconv"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    ],
)
def test_what_is_no_data_at_all_is_told_with_what_to_do(
    tmp_path: Path, text: bytes, told: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    for among in (("csv",), ("json", "ndjson")):
        with pytest.raises(BrokenFile, match=told), imports_formats.opened(path) as source:
            imports_formats.sniff(source.stream, among)


def test_a_torn_gzip_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n' * 1000)[:-20])
    with pytest.raises(BrokenFile, match="damaged"), imports_formats.opened(path) as source:
        list(imports_formats.read(source.stream, "ndjson"))


class Endless(io.RawIOBase):
    """A big file that is never in memory: `rows` times the same record."""

    def __init__(self, head: bytes, row: bytes, rows: int, tail: bytes) -> None:
        self._parts = self._generate(head, row, rows, tail)
        self._left = b""

    @staticmethod
    def _generate(head: bytes, row: bytes, rows: int, tail: bytes) -> Iterator[bytes]:
        if head:
            yield head
        for _ in range(rows // 100):
            yield row * 100
        yield tail

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, memoryview)
        if not self._left:
            self._left = next(self._parts, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


@pytest.mark.parametrize(
    ("form", "head", "row", "tail"),
    [
        ("csv", b"a,b\n", b"1," + b"x" * 500 + b"\n", b""),
        ("ndjson", b"", b'{"a":"' + b"x" * 500 + b'"}\n', b""),
        ("json", b"[", b'{"a":"' + b"x" * 500 + b'"},', b"{}]"),
        ("geojson", b'{"features":[', b'{"a":"' + b"x" * 500 + b'"},', b"{}]}"),
        ("xml", b"<r>", b"<request><a>" + b"x" * 500 + b"</a></request>", b"</r>"),
    ],
)
def test_memory_does_not_grow_with_the_file(
    form: str, head: bytes, row: bytes, tail: bytes
) -> None:
    rows = 100_000  # 50 MB
    tracemalloc.start()
    stream = io.BufferedReader(Endless(head, row, rows, tail))
    count = sum(1 for _ in imports_formats.read(stream, form))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count >= rows
    assert peak < 4_000_000
