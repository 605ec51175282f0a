"""Files as streams of records, in memory that does not grow with the file.

A record that cannot be read is a `Bad` in its place, so that the rest goes on; a document whose
syntax is broken (JSON, XML) raises `BrokenFile`, since nothing after it can be trusted."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

import orjson

FORMATS = ("csv", "ndjson", "json", "geojson", "xml")
RECORD_MAX = 1 << 20  # bytes; a longer record is rejected unread
FIELD_MAX = 131_072  # characters of one CSV field
CHUNK = 1 << 16
SHOWN_MAX = 2_000  # how much of a rejected record is kept


class BrokenFile(Exception):
    """The file cannot be read on; the text says where, and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """`line` and `end` are the lines of the file it begins and ends on, from 1 (CSV, NDJSON), or
    its ordinal (JSON, GeoJSON, XML); `size` in bytes, about."""

    line: int
    end: int
    size: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    line: int
    end: int
    reason: str
    raw: str
    size: int = 0


Item = Record | Bad


class Compressed:
    """The bytes of a file, unpacked when it is gzip or a zip archive of one file. `share` is
    of the file itself."""

    def __init__(self, path: Path) -> None:
        self.total = path.stat().st_size
        self._file = path.open("rb")
        magic = self._file.read(4)
        self._file.seek(0)
        self.stream: BinaryIO
        if magic[:2] == b"\x1f\x8b":
            self.stream = io.BufferedReader(gzip.GzipFile(fileobj=self._file), CHUNK)
        elif magic == b"PK\x03\x04":
            self.stream = io.BufferedReader(self._only_member(path), CHUNK)  # type: ignore[type-var]
        else:
            self.stream = self._file

    def _only_member(self, path: Path) -> Any:
        archive = zipfile.ZipFile(self._file)
        names = [i.filename for i in archive.infolist() if not i.is_dir()]
        if len(names) != 1:
            self.close()
            raise BrokenFile(f"it holds {len(names)} files; unpack it and import them one by one.")
        return archive.open(names[0])

    @property
    def share(self) -> float:
        """Of the file, how much was read: 0 to 1."""
        return min(self._file.tell() / max(1, self.total), 1.0)

    def close(self) -> None:
        self._file.close()


@contextmanager
def opened(path: Path) -> Iterator[Compressed]:
    """Raises BrokenFile, also for what goes wrong with the compression while it is read."""
    try:
        source = Compressed(path)
    except zipfile.BadZipFile as error:
        raise BrokenFile(f"it is a broken zip archive ({error}); get it again.") from None
    try:
        yield source
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise BrokenFile(f"it ends early or is damaged ({error}); get it again.") from None
    finally:
        source.close()


def sniff(stream: BinaryIO, among: Sequence[str]) -> str:
    """Which of several formats a stream (with `peek`) is in, by how it begins. Raises BrokenFile
    for what is none of them, such as the page of an error that was saved as the file."""
    head: bytes = stream.peek(CHUNK)[:CHUNK].lstrip(b"\xef\xbb\xbf \t\r\n")  # type: ignore[attr-defined]
    if not head:
        raise BrokenFile("the file is empty; get it again.")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" in head[:1000]:
        raise BrokenFile(
            "it is UTF-16 or no text at all. Text becomes UTF-8 by: iconv -f UTF-16 -t UTF-8"
            " FILE > NEW_FILE"
        )
    if head[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise BrokenFile("it is a web page; download the file that the page leads to.")
    if len(among) == 1:
        return among[0]
    found = _looks_like(head, among)
    if found not in among:
        raise BrokenFile(
            f"the file looks like {found}, and the mapping takes {', '.join(among)}."
            " Is it the right mapping, and the right kind?"
        )
    return found


def _looks_like(head: bytes, among: Sequence[str]) -> str:
    """The format that a text begins like."""
    if head.startswith(b"<"):
        return "xml"
    if head.startswith(b"["):
        return "json"
    if not head.startswith(b"{"):
        return "csv"
    document = "geojson" if "geojson" in among else "json"
    try:
        first = orjson.loads(head.split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        return document
    return document if isinstance(first.get("features"), list) else "ndjson"


def read(
    stream: BinaryIO,
    form: str,
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    items: str = "",
    check_header: Callable[[Sequence[str]], None] = lambda _names: None,
) -> Iterator[Item]:
    """The records of a stream. `items` is the path of the list in a JSON document, or the name of a
    record's element in XML. Raises BrokenFile."""
    if form == "csv":
        return _csv(stream, encoding, delimiter, check_header)
    if form == "ndjson":
        return _ndjson(stream, encoding)
    if form == "xml":
        return _xml(stream, items or "request")
    return _json(stream, encoding, items or ("features" if form == "geojson" else ""))


# lines ---------------------------------------------------------------------------------------


class _BadLine(Exception):
    def __init__(self, reason: str, raw: str) -> None:
        super().__init__(reason)
        self.reason, self.raw = reason, raw


class _Lines:
    """Decoded lines with their ends. A line that is too long or not in the encoding raises
    _BadLine once and can be passed over: the iteration goes on after it."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._encoding = stream, encoding
        self.number = 0
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(RECORD_MAX + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.number == 1 and line.startswith(codecs.BOM_UTF8):
            line = line[3:]
        if len(line) > RECORD_MAX:
            shown = line[:SHOWN_MAX].decode(self._encoding, "replace")
            while line and not line.endswith(b"\n"):
                line = self._stream.readline(RECORD_MAX)
            raise _BadLine(f"the line is longer than {RECORD_MAX >> 20} MiB", shown)
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            raise _BadLine(
                f"the line is not {self._encoding}; does the mapping name the file's encoding?",
                line[:SHOWN_MAX].decode("utf-8", "backslashreplace"),
            ) from None


def _ndjson(stream: BinaryIO, encoding: str) -> Iterator[Item]:
    lines = _Lines(stream, encoding)
    while True:
        lines.size = 0
        try:
            line = next(lines)
        except StopIteration:
            return
        except _BadLine as bad:
            yield Bad(lines.number, lines.number, bad.reason, bad.raw)
            continue
        if not line.strip():
            continue
        try:
            data = orjson.loads(line)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            yield Bad(lines.number, lines.number, f"not JSON: {error}", line[:SHOWN_MAX])
            continue
        if not isinstance(data, dict):
            yield Bad(lines.number, lines.number, "not a JSON object", line[:SHOWN_MAX])
            continue
        yield Record(lines.number, lines.number, lines.size, data)


def _csv(
    stream: BinaryIO,
    encoding: str,
    delimiter: str,
    check_header: Callable[[Sequence[str]], None],
) -> Iterator[Item]:
    lines = _Lines(stream, encoding)
    csv.field_size_limit(FIELD_MAX)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration:
        raise BrokenFile(
            "the file is empty; a CSV file begins with the names of its columns."
        ) from None
    except _BadLine as error:
        raise BrokenFile(f"the first line cannot be read: {error}") from None
    except csv.Error as error:
        raise BrokenFile(
            f"the first line cannot be read ({error}). Its lines must end with LF or CRLF."
        ) from None
    check_header(header)
    while True:
        first = lines.number + 1
        lines.size = 0
        try:
            row = next(reader)
        except StopIteration:
            return
        except _BadLine as bad:
            yield Bad(first, lines.number, bad.reason, bad.raw)
            continue
        except csv.Error as error:
            yield Bad(first, lines.number, f"not CSV: {error}", "")
            continue
        if not row:
            continue
        if len(row) != len(header):
            reason = f"{len(row)} fields, and the header has {len(header)}"
            yield Bad(first, lines.number, reason, delimiter.join(row)[:SHOWN_MAX])
            continue
        yield Record(first, lines.number, lines.size, dict(zip(header, row, strict=True)))


# documents -----------------------------------------------------------------------------------


class _Buffer:
    """Decoded text, read on as it is needed; `at` is the next character."""

    _space = frozenset(" \t\r\n")

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        name = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
        self._decoder = codecs.getincrementaldecoder(name)("strict")
        self._scan = json.JSONDecoder(strict=False).raw_decode
        self.encoding = encoding
        self._undecodable = False
        self.text, self.at, self.ended, self.count = "", 0, False, 0

    def fill(self) -> None:
        if self._undecodable:
            raise BrokenFile(
                f"not {self.encoding} after record {self.count}; "
                "does the mapping name the file's encoding?"
            )
        data = self._stream.read(CHUNK)
        self.ended = not data
        try:
            more = self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            # What came before it is still good.
            more = error.object[: error.start].decode(self.encoding)
            self._undecodable, self.ended = True, False
        self.text = self.text[self.at :] + more
        self.at = 0

    def peek(self) -> str:
        """The next character that is no white space; '' at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in self._space:
                    return self.text[self.at]
                self.at += 1
            if self.ended:
                return ""
            self.fill()

    def take(self, expected: str) -> str:
        found = self.peek()
        if not found or found not in expected:
            wanted = " or ".join(expected)
            raise BrokenFile(
                f"not JSON after record {self.count}: {wanted} expected, "
                f"{found or 'the end'} found."
            )
        self.at += 1
        return found

    def value(self) -> tuple[Any, int]:
        """The next value and its length. A number at the very end of what was read may go on."""
        self.peek()
        while True:
            try:
                found, end = self._scan(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if self.ended or len(self.text) - self.at > RECORD_MAX:
                    raise BrokenFile(
                        f"not JSON, or a record of more than {RECORD_MAX >> 20} MiB, "
                        f"after record {self.count}: {str(error)[:200]}."
                    ) from None
            else:
                if end < len(self.text) or self.ended:
                    size = end - self.at
                    self.at = end
                    return found, size
            before = len(self.text) - self.at
            self.fill()
            # Each attempt scans from the start again: read as much again before the next.
            while not self.ended and len(self.text) < 2 * before:
                self.fill()


def _skip_to(buffer: _Buffer, key: str, items: str) -> None:
    """Reads on to the value of `key` in the object that begins here. Raises BrokenFile."""
    buffer.take("{")
    while True:
        if buffer.peek() == "}":
            raise BrokenFile(f"the document has no list “{items}”.")
        name, _ = buffer.value()
        buffer.take(":")
        if name == key:
            return
        buffer.value()
        if buffer.peek() == ",":
            buffer.take(",")


def _json(stream: BinaryIO, encoding: str, items: str) -> Iterator[Item]:
    buffer = _Buffer(stream, encoding)
    for key in items.split(".") if items else []:
        # A plain list where an object with the list inside was expected is taken as the list.
        if buffer.peek() == "[":
            break
        _skip_to(buffer, key, items)
    if not items and buffer.peek() == "{":
        raise BrokenFile(
            "it is one object, and a list was expected. Is it the right mapping, and the right"
            " kind? Where the list is inside of the object, `items` in the mapping says where."
        )
    buffer.take("[")
    if buffer.peek() == "]":
        return
    while True:
        data, size = buffer.value()
        buffer.count += 1
        if isinstance(data, dict):
            yield Record(buffer.count, buffer.count, size, data)
        else:
            yield Bad(buffer.count, buffer.count, "not a JSON object", str(data)[:SHOWN_MAX])
        if buffer.take(",]") == "]":
            return


class _Xml:
    """expat's events as nested dicts of one element's children; documents with a DTD are refused,
    and so are its entities."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.done: list[Item] = []
        self.count = 0
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._size = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, *_args: Any) -> None:
        raise BrokenFile("XML with a document type is not taken; remove the <!DOCTYPE …>.")

    def _start(self, name: str, _attributes: Any) -> None:
        if self._open or name == self.element:
            self._open.append((name, {}, []))

    def _text(self, text: str) -> None:
        if not self._open:
            return
        self._size += len(text)
        if self._size <= RECORD_MAX:
            self._open[-1][2].append(text)

    def _end(self, _name: str) -> None:
        if not self._open:
            return
        name, children, texts = self._open.pop()
        value: Any = children or "".join(texts).strip()
        if self._open:
            self._open[-1][1][name] = value
            return
        self.count += 1
        if self._size > RECORD_MAX:
            reason = f"the record is longer than {RECORD_MAX >> 20} MiB"
            self.done.append(Bad(self.count, self.count, reason, ""))
        elif isinstance(value, dict):
            self.done.append(Record(self.count, self.count, self._size, value))
        else:
            self.done.append(Bad(self.count, self.count, "an empty record", value[:SHOWN_MAX]))
        self._size = 0


def _xml(stream: BinaryIO, element: str) -> Iterator[Item]:
    xml = _Xml(element)
    ended = False
    while not ended:
        data = stream.read(CHUNK)
        ended = not data
        try:
            xml.parser.Parse(data, ended)
        except expat.ExpatError as error:
            yield from xml.done
            raise BrokenFile(f"not XML after record {xml.count}: {error}.") from None
        yield from xml.done
        xml.done.clear()
