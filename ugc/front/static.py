"""Files of the build, answered from the event loop: precompressed, kept by browsers for a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ugc.front.refusals import Headers
from ugc.front.threads import Answer

AT_ONCE = 128 * 1024  # a file up to so long is read whole; a longer one in parts
CODINGS = {"br": ".br", "gzip": ".gz"}  # in the order in which they are preferred
TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".gz": b"application/gzip",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
}


@dataclass(frozen=True)
class Form:
    """One file as it lies there, in one coding."""

    path: Path
    size: int
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


Forms = dict[str, Form]  # by coding; "" is the file itself


class StaticFiles:
    """The files of one folder, whose names carry a hash of their content. Only addresses in the
    index are answered: no path of a visitor reaches the file system."""

    def __init__(self, folder: Path, route: str, headers: Headers) -> None:
        self.folder, self.route, self.headers = folder, route.rstrip("/") + "/", tuple(headers)
        self._stamp = 0
        self._index: dict[str, Forms] = {}

    def find(self, path: str) -> Forms | None:
        """The forms of the file at this address; None when there is none. A new build is noticed
        when an address of it is asked for."""
        if not path.startswith(self.route):
            return None
        found = self._index.get(path)
        if found is None and (stamp := self._changed_at()) != self._stamp:
            self._stamp, self._index = stamp, dict(self._files())
            found = self._index.get(path)
        return found

    def answer(self, forms: Forms, method: str, headers: dict[bytes, bytes]) -> Answer | None:
        """None when the file is gone since it was found."""
        if method not in ("GET", "HEAD"):
            refused: Headers = [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
            return Answer(405, [*refused, (b"connection", b"close"), *self.headers])
        form = forms[chosen(forms, headers.get(b"accept-encoding", b"").decode("latin-1"))]
        length = (b"content-length", b"%d" % form.size)
        if is_same(form.etag, headers.get(b"if-none-match", b"")):
            return Answer(304, list(form.headers))
        if method == "HEAD":
            return Answer(200, [*form.headers, length])
        try:
            body = form.path.read_bytes() if form.size <= AT_ONCE else form.path.open("rb")
        except FileNotFoundError:
            return None
        return Answer(200, [*form.headers, length], body)

    def _changed_at(self) -> int:
        try:
            return (self.folder / "manifest.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _files(self) -> Iterator[tuple[str, Forms]]:
        names = {path.name for path in self.folder.iterdir() if path.is_file()}
        for name in sorted(names - {"manifest.json"}):
            stem = name.rpartition(".")[0]
            compressed = name.endswith(tuple(CODINGS.values())) and stem in names
            if not (compressed or name.startswith(".") or name.endswith(".part")):
                yield self.route + name, self._forms(name, names)

    def _forms(self, name: str, names: set[str]) -> Forms:
        files = {"": name, **{c: name + s for c, s in CODINGS.items() if name + s in names}}
        return {coding: self._form(name, coding, file) for coding, file in files.items()}

    def _form(self, name: str, coding: str, file: str) -> Form:
        path = self.folder / file
        stat = path.stat()
        etag = b'"%x-%x"' % (stat.st_mtime_ns, stat.st_size)
        headers = [
            (b"content-type", TYPES.get(Path(name).suffix, b"application/octet-stream")),
            (b"etag", etag),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"vary", b"Accept-Encoding"),
            *self.headers,
        ]
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        return Form(path, stat.st_size, etag, tuple(headers))


def chosen(forms: Forms, accepted: str) -> str:
    """The coding of an Accept-Encoding header that is sent: the smallest one that is there."""
    wanted = set()
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.strip().removeprefix("q=").rstrip("0") not in ("0.", "") or not weight:
            wanted.add(coding.strip())
    return next((each for each in CODINGS if each in forms and each in wanted), "")


def is_same(etag: bytes, if_none_match: bytes) -> bool:
    """Whether the browser has it: the weak comparison of RFC 9110, 13.1.2."""
    known = [each.strip().removeprefix(b"W/") for each in if_none_match.split(b",")]
    return etag in known or known == [b"*"]
