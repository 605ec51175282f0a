"""Letters on pictures that the server draws, in the scripts that people write: bundled fonts
(`static/build/cards.pack`, made by frontend/card-pack.mjs), a font for each letter, right-to-left
lines, lines that break and end with an ellipsis.

Arabic joins and Indic syllables form when Pillow has raqm and finds libfribidi on the system;
without them letters stand alone, right-to-left text still runs from the right, and the log says so
once."""

from __future__ import annotations

import bisect
import functools
import io
import itertools
import json
import logging
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

log = logging.getLogger(__name__)
LONGEST = 400  # characters of a text that are looked at
# FreeType's faces are not for several threads at once: measuring and drawing hold this lock.
lock = threading.RLock()
_HANGUL_AND_HAN = ((0x1100, 0x11FF), (0x2E80, 0xA4CF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
                   (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))  # fmt: skip
# Never first in a line (kinsoku, the commonest).
_NOT_FIRST = (
    "、。，．・：；？！」』）］｝〉》】ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%)]}.,:;!?’”»"
)


@dataclass(frozen=True)
class Slice:
    """A part of a family: the letters that it has, and where its file is in the pack."""

    family: str
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    offset: int
    length: int

    def has(self, code: int) -> bool:
        at = bisect.bisect_right(self.firsts, code) - 1
        return at >= 0 and code <= self.lasts[at]


class Pack:
    """Fonts and icons of a pack. Raises OSError when the front end was not built."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            index_length = int.from_bytes(file.read(4), "little")
            index = json.loads(file.read(index_length))
        self.start = 4 + index_length
        self.icons = index["icons"]
        self.slices: list[Slice] = []
        for font in index["fonts"]:
            ranges = sorted((first, last) for first, last in font["ranges"])
            self.slices.append(
                Slice(
                    font["family"],
                    tuple(first for first, _ in ranges),
                    tuple(last for _, last in ranges),
                    font["offset"],
                    font["length"],
                )
            )
        self.slice_of = functools.lru_cache(maxsize=4096)(self._slice_of)
        self.font = functools.lru_cache(maxsize=96)(self._font)
        self.icon_sheet = functools.cache(self._icon_sheet)
        self.shapes = _can_shape()

    def _read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.start + offset)
            return file.read(length)

    def _slice_of(self, code: int) -> int:
        """Number of the first slice that has a letter; the first of all when none has."""
        for number, piece in enumerate(self.slices):
            # Some slices of the other families have Latin among their letters.
            if piece.has(code) and (piece.family == "inter" or code > 0x2FF):
                return number
        return next((n for n, piece in enumerate(self.slices) if piece.has(0x41)), 0)

    def _font(self, number: int, size: int, weight: int) -> ImageFont.FreeTypeFont:
        piece = self.slices[number]
        font = ImageFont.truetype(
            io.BytesIO(self._read(piece.offset, piece.length)),
            size,
            layout_engine=ImageFont.Layout.RAQM if self.shapes else ImageFont.Layout.BASIC,
        )
        axes = font.get_variation_axes()
        highest, lowest = int(axes[0]["maximum"] or 0), int(axes[0]["minimum"] or 0)
        font.set_variation_by_axes([min(highest, max(lowest, weight))])
        return font

    def _icon_sheet(self) -> Image.Image:
        content = self._read(self.icons["offset"], self.icons["length"])
        with Image.open(io.BytesIO(content), formats=("PNG",)) as sheet:
            return sheet.convert("RGBA").getchannel("A")

    def icon(self, name: str, size: int) -> Image.Image:
        """A mask (mode L) of `size` pixels. Raises ValueError for a name that is not in the
        sprite."""
        at, side = self.icons["names"].index(name), self.icons["side"]
        row, column = divmod(at, self.icons["columns"])
        box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
        return self.icon_sheet().crop(box).resize((size, size), Image.Resampling.LANCZOS)


def _can_shape() -> bool:
    able = bool(features.check("raqm") and features.check("fribidi"))
    if not able:
        log.warning(
            "libfribidi is missing: letters of Arabic and Indic names do not join on the pictures"
            " of shared things (install the system's package libfribidi0)"
        )
    return able


@functools.lru_cache(maxsize=2)
def pack(path: Path) -> Pack:
    return Pack(path)


def clean(text: str) -> str:
    """One line without control characters or marks that turn the direction of what follows."""
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text[: 4 * LONGEST])
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")
        if not 0x202A <= ord(char) <= 0x202E and not 0x2066 <= ord(char) <= 0x2069
    )
    return " ".join("".join(kept).split())[:LONGEST]


def is_rtl(text: str) -> bool:
    """Whether the first letter with a direction runs from the right."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def _clusters(text: str) -> list[str]:
    """What people take for one letter: with its marks, its joiners and the variants of emoji."""
    found: list[str] = []
    joined = False
    for char in text:
        code = ord(char)
        follows = (
            unicodedata.category(char) in ("Mn", "Mc", "Me")
            or code in (0x200C, 0x200D, 0xFE0E, 0xFE0F)
            or 0x1F3FB <= code <= 0x1F3FF
        )
        if found and (follows or joined):
            found[-1] += char
        else:
            found.append(char)
        joined = code == 0x200D
    return found


def _is_dense(cluster: str) -> bool:
    """Whether a line may break beside it: Han, kana and hangul."""
    code = ord(cluster[0])
    return any(first <= code <= last for first, last in _HANGUL_AND_HAN)


@dataclass(frozen=True)
class Style:
    """`size` in pixels, `weight` 100 to 900."""

    size: int
    weight: int = 500


@dataclass(frozen=True)
class Run:
    text: str
    font: int
    rtl: bool


def _directed(text: str, base_rtl: bool) -> list[tuple[str, str]]:
    """(text, R, L or N) from left to right: the bidirectional algorithm (UAX #9) of one line,
    without embeddings. Numbers run from the left, beside right-to-left letters as parts of their
    own; neutral signs between two of one direction take it, others that of the line."""
    base = "R" if base_rtl else "L"
    parts: list[tuple[str, str]] = []
    for char, kind in zip(text, _resolved(_kinds(text, base), base), strict=True):
        if parts and parts[-1][1] == kind:
            parts[-1] = (parts[-1][0] + char, kind)
        else:
            parts.append((char, kind))
    if base_rtl:
        return parts[::-1]
    # What runs from the right stands in its own order, the numbers in it too.
    ordered: list[tuple[str, str]] = []
    for is_left, group in itertools.groupby(parts, key=lambda part: part[1] == "L"):
        there = list(group)
        ordered += there if is_left else reversed(there)
    return ordered


def _kinds(text: str, strong: str) -> list[str]:
    """The kind of each character after the direction `strong`: R, L, N (a number among
    right-to-left letters) or "" (neutral)."""
    kinds: list[str] = []
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL", "L"):
            strong = "L" if kind == "L" else "R"
            kinds.append(strong)
        elif kind in ("EN", "AN"):
            kinds.append("L" if strong == "L" and kind == "EN" else "N")
        elif kind == "NSM":
            kinds.append(kinds[-1] if kinds else "")
        else:
            kinds.append("")
    return kinds


def _resolved(kinds: list[str], base: str) -> list[str]:
    """The kinds, neutral ones by their neighbours where those agree, else `base`."""
    following, after = base, [base] * len(kinds)
    for at in range(len(kinds) - 1, -1, -1):
        after[at] = following
        if kinds[at]:
            following = "L" if kinds[at] == "L" else "R"
    resolved: list[str] = []
    before = base
    for kind, next_kind in zip(kinds, after, strict=True):
        if kind:
            before = "L" if kind == "L" else "R"
        resolved.append(kind or (before if before == next_kind else base))
    return resolved


def _runs(pack: Pack, text: str, base_rtl: bool) -> list[Run]:
    """What is drawn with one font in one direction, as it stands from left to right."""
    found: list[Run] = []
    for part, direction in _directed(text, base_rtl):
        rtl = direction == "R"
        runs: list[Run] = []
        for cluster in _clusters(part):
            number = pack.slice_of(ord(cluster[0]))
            neutral = unicodedata.category(cluster[0]) in ("Zs", "Po", "Pd", "Ps", "Pe")
            if runs and neutral and pack.slices[runs[-1].font].has(ord(cluster[0])):
                number = runs[-1].font
            if runs and runs[-1].font == number:
                runs[-1] = Run(runs[-1].text + cluster, number, rtl)
            else:
                runs.append(Run(cluster, number, rtl))
        found += reversed(runs) if rtl else runs
    return found


def _as_drawn(pack: Pack, run: Run) -> tuple[str, str | None]:
    """The text and direction that Pillow is given."""
    if pack.shapes:
        return run.text, "rtl" if run.rtl else "ltr"
    return ("".join(reversed(_clusters(run.text))) if run.rtl else run.text), None


def width(pack: Pack, text: str, style: Style, base_rtl: bool = False) -> float:
    """In pixels."""
    total = 0.0
    for run in _runs(pack, text, base_rtl):
        drawn, direction = _as_drawn(pack, run)
        total += pack.font(run.font, style.size, style.weight).getlength(drawn, direction=direction)
    return total


@dataclass
class Line:
    text: str
    width: float


@dataclass
class Block:
    """A laid out text; `rtl` is the direction of its lines."""

    style: Style
    rtl: bool
    lines: list[Line] = field(default_factory=list)
    is_cut: bool = False  # an ellipsis stands for what did not fit
    is_broken: bool = False  # a word goes on in the next line


def _tokens(text: str) -> Iterator[str]:
    """What does not break: words with the blank after them, and single dense letters."""
    token = ""
    for cluster in _clusters(text):
        dense = _is_dense(cluster)
        if (token and dense and cluster not in _NOT_FIRST) or (
            token and not dense and _is_dense(token[-1]) and cluster not in _NOT_FIRST + " "
        ):
            yield token
            token = ""
        token += cluster
        if cluster in " -–—/":
            yield token
            token = ""
    if token:
        yield token


def lay_out(pack: Pack, text: str, style: Style, room: float, most_lines: int) -> Block:
    """Breaks a text into at most `most_lines` lines of `room` pixels; what does not fit ends with
    an ellipsis. Words that are wider than a line break anywhere."""
    text = clean(text)
    block = Block(style, is_rtl(text))

    def wide(part: str) -> float:
        return width(pack, part.rstrip(), style, block.rtl)

    lines: list[str] = []
    line = ""
    for token in _tokens(text):
        if not line or wide(line + token) <= room:
            line += token
        else:
            lines.append(line)
            line = token
        while wide(line) > room:
            clusters = _clusters(line)
            fits = max(1, _fitting(pack, clusters, style, room, block.rtl))
            if fits >= len(clusters):
                break
            block.is_broken = True
            lines.append("".join(clusters[:fits]))
            line = "".join(clusters[fits:])
        if len(lines) > most_lines:
            break
    if line:
        lines.append(line)
    if len(lines) > most_lines:
        block.is_cut = True
        rest = _clusters(lines[most_lines - 1].rstrip())
        while rest and wide("".join(rest).rstrip(" .,;:-–—") + "…") > room:
            rest.pop()
        lines = [*lines[: most_lines - 1], "".join(rest).rstrip(" .,;:-–—") + "…"]
    block.lines = [Line(part.rstrip(), wide(part)) for part in lines]
    return block


def _fitting(pack: Pack, clusters: list[str], style: Style, room: float, rtl: bool) -> int:
    """How many clusters fit into `room`: by halving."""
    low, high = 0, len(clusters)
    while low < high:
        middle = (low + high + 1) // 2
        if width(pack, "".join(clusters[:middle]), style, rtl) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def draw_line(
    canvas: ImageDraw.ImageDraw,
    pack: Pack,
    at: tuple[float, float],
    text: str,
    style: Style,
    colour: str,
    *,
    rtl: bool = False,
    halo: str | None = None,
) -> float:
    """Draws one line whose base line begins at the left at `at`; returns where it ends. `halo` is a
    colour round the letters."""
    x, y = at
    for run in _runs(pack, text, rtl):
        font = pack.font(run.font, style.size, style.weight)
        drawn, direction = _as_drawn(pack, run)
        canvas.text(
            (x, y), drawn, font=font, fill=colour, anchor="ls", direction=direction,
            stroke_width=2 if halo else 0, stroke_fill=halo,
        )  # fmt: skip
        x += font.getlength(drawn, direction=direction)
    return x


def draw_block(
    canvas: ImageDraw.ImageDraw,
    pack: Pack,
    at: tuple[float, float],
    block: Block,
    room: float,
    leading: float,
    colour: str,
) -> float:
    """Draws lines `leading` pixels apart below `at` (left, top); lines from the right end at
    `room`. Returns the bottom."""
    x, y = at
    for line in block.lines:
        y += leading
        start = x + (room - line.width if block.rtl else 0)
        base = y - (leading - block.style.size * 0.73) / 2
        draw_line(canvas, pack, (start, base), line.text, block.style, colour, rtl=block.rtl)
    return y
