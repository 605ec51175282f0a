"""Pictures that strangers send: what they are, told from their headers alone, and clean copies of
them, made in a process of its own that may use little memory and time and write no files.

Nothing here decodes in the process that asks: `inspect()` reads headers, and `clean()` starts this
file as a script (so it imports only Pillow), which reads the picture from its standard input."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import io
import json
import resource
import signal
import struct
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 12 * 1024 * 1024
# 8160 × 6120, what telephones of 50 megapixels make. Cleaning a picture of 12 megapixels was
# measured to take 100 MB, the largest JPEG 460 MB, PNG 500 MB, WebP 870 MB.
MAX_PIXELS = 50_000_000
# A panorama is some eight times as wide as high; beyond this a copy would be a line.
ASPECT_MAX = 20
# Longest side of each copy, in pixels; smaller pictures are not blown up.
VARIANTS = {"thumb": 320, "medium": 960, "large": 1920}
# Sides of the copies of a member's picture (`people.SMALL_PX`, `LARGE_PX`), cut from the middle.
SQUARES = {"face96": 96, "face192": 192}
# Measured on two photographs: 80 has an SSIM of 0.98 at two thirds of the bytes of 90 (0.99), and
# is a fifth smaller than JPEG of the same SSIM.
QUALITY = 80
MEMORY_BYTES, CPU_SECONDS, WALL_SECONDS = 1024**3, 30, 60
WHOLE_SECONDS = 20
UNREADABLE_EXIT = 3
WHOLE_ONLY = "whole-only"
SQUARED = "squared"
END_MARK = b"\xff\xd9"
TAIL = bytes(range(1, 255)) * 4  # bits of pixels that no encoder wrote

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow only warns up to twice the limit; here the limit is the limit.
warnings.simplefilter("error", Image.DecompressionBombWarning)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What Pillow raises for damaged input.
DAMAGES = (OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError, IndexError,
           KeyError, TypeError, ImageCms.PyCMSError)  # fmt: skip


class Problem(enum.StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    BYTES = "bytes"
    PIXELS = "pixels"
    FORMAT = "format"
    HEIC = "heic"
    ANIMATED = "animated"
    DAMAGED = "damaged"
    NARROW = "narrow"


class Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True)
class Copy:
    """One clean WebP; sizes in pixels."""

    width: int
    height: int
    content: bytes


def inspect(raw: bytes) -> tuple[int, int]:
    """(width, height) in pixels, as stored (before the camera's orientation is applied).

    The format is what the bytes are, not what a name says. Raises Unreadable for anything but one
    whole, still JPEG, PNG or WebP of at most `MAX_BYTES` and `MAX_PIXELS`. Decodes nothing in this
    process; a JPEG without its end mark is decoded in another, to see whether its pixels are
    whole."""
    _check_bytes(raw)
    kind, size = _opened(raw)
    if min(size) < 1:
        raise Unreadable(Problem.DAMAGED)
    if max(size) > ASPECT_MAX * min(size):
        raise Unreadable(Problem.NARROW)
    if kind == "JPEG" and not _has_end_mark(raw):
        _run(raw, WHOLE_ONLY, WHOLE_SECONDS)
    return size


def _check_bytes(raw: bytes) -> None:
    """Raises Unreadable for what must not be opened at all."""
    if not raw:
        raise Unreadable(Problem.EMPTY)
    if len(raw) > MAX_BYTES:
        raise Unreadable(Problem.BYTES)
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC_BRANDS:
        raise Unreadable(Problem.HEIC)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        # Pillow's WebP reader reserves memory for the canvas as soon as it opens a file.
        width, height = _webp_size(raw)
        if width * height > MAX_PIXELS:
            raise Unreadable(Problem.PIXELS)


def _opened(raw: bytes) -> tuple[str | None, tuple[int, int]]:
    """The format and the size in pixels that a picture's own header states. Raises Unreadable."""
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            # Telephones put a second picture (depth, brightness) behind a JPEG: format MPO.
            kind = "JPEG" if picture.format == "MPO" else picture.format
            size = picture.size
            if kind != "JPEG" and getattr(picture, "n_frames", 1) > 1:
                raise Unreadable(Problem.ANIMATED)
            if kind == "PNG":
                picture.verify()
    except BOMBS:
        raise Unreadable(Problem.PIXELS) from None
    except UnidentifiedImageError:
        known = raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF"))
        raise Unreadable(Problem.DAMAGED if known else Problem.FORMAT) from None
    except DAMAGES:
        raise Unreadable(Problem.DAMAGED) from None
    return kind, size


_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def _webp_size(raw: bytes) -> tuple[int, int]:
    """From the header of a WebP (RFC 9649). Raises Unreadable when it is cut off."""
    if len(raw) < 30 or int.from_bytes(raw[4:8], "little") + 8 > len(raw):
        raise Unreadable(Problem.DAMAGED)
    chunk = raw[12:16]
    if chunk == b"VP8X":
        return (
            int.from_bytes(raw[24:27], "little") + 1,
            int.from_bytes(raw[27:30], "little") + 1,
        )
    if chunk == b"VP8L":
        bits = int.from_bytes(raw[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return (
        int.from_bytes(raw[26:28], "little") & 0x3FFF,
        int.from_bytes(raw[28:30], "little") & 0x3FFF,
    )


def _has_end_mark(raw: bytes) -> bool:
    """Whether the first picture of a JPEG has its end mark. Inside a scan 0xFF is always escaped,
    so the mark cannot be there by chance; segments before the scan (thumbnails) are skipped. Raises
    Unreadable when there is no scan."""
    at = 2
    while at + 4 <= len(raw):
        marker = raw[at + 1]
        if raw[at] != 0xFF or marker in (0x00, 0xFF):
            at += 1
        elif marker == 0xDA:
            return raw.find(END_MARK, at) >= 0
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    raise Unreadable(Problem.DAMAGED)


# One at a time in each worker: two large pictures at once would take twice the memory.
_cleaning = threading.BoundedSemaphore(1)


def clean(raw: bytes, *, square: bool = False) -> dict[str, Copy]:
    """Copies by the names of `VARIANTS`, or of `SQUARES` when `square`: upright, sRGB, on white,
    and with nothing of the file but its pixels. Raises Unreadable; RuntimeError when the process
    was killed from outside."""
    with _cleaning:
        output = _run(raw, SQUARED if square else "", WALL_SECONDS)
    head, _, rest = output.partition(b"\n")
    copies = {}
    for name, (width, height, length) in json.loads(head).items():
        copies[name] = Copy(width, height, rest[:length])
        rest = rest[length:]
    return copies


def _run(raw: bytes, mode: str, seconds: float) -> bytes:
    """What this file prints as a script. Raises as `clean`."""
    # No environment: the secrets of the application are out of reach of a broken decoder.
    command = [sys.executable, "-I", "-B", str(Path(__file__).resolve()), mode]
    try:
        done = subprocess.run(
            command, input=raw, capture_output=True, env={}, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(Problem.DAMAGED) from None
    if done.returncode in (-signal.SIGKILL, -signal.SIGTERM) or done.returncode in (1, 2):
        raise RuntimeError(f"cleaning ended with {done.returncode}: {done.stderr[-500:]!r}")
    if done.returncode != 0:
        raise Unreadable(Problem.DAMAGED)
    return done.stdout


# What follows runs in the process of its own.


def _with_end_mark(raw: bytes) -> bytes:
    """A JPEG that lacks its end mark, with one; all else as it is. Decoders show what is missing of
    a scan as grey and say nothing, so the picture is decoded with two different tails: only where
    no pixel is missing, the tail changes none. Raises ValueError for one that is cut off."""
    if not raw.startswith(b"\xff\xd8") or _has_end_mark(raw):
        return raw
    if _digest(raw + END_MARK) != _digest(raw + TAIL + END_MARK):
        raise ValueError("the scan is cut off")
    return raw + END_MARK


def _digest(raw: bytes) -> bytes:
    with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
        return hashlib.sha256(picture.tobytes()).digest()


def _copies(raw: bytes, square: bool) -> dict[str, Copy]:
    with Image.open(io.BytesIO(_with_end_mark(raw)), formats=FORMATS) as opened:
        picture: Image.Image = opened
        profile = picture.info.get("icc_profile")
        if picture.mode.startswith(("I", "F")):
            # 16 bits of grey; a plain conversion would cut off instead of scaling.
            picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        elif picture.mode in ("1", "P", "PA"):
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        largest = max(VARIANTS.values())
        # A large JPEG is decoded at a half, a quarter or an eighth, still twice as large as wanted.
        enough = 2 * largest / max(picture.size)
        if enough < 1:
            picture.draft(None, (int(picture.width * enough), int(picture.height * enough)))
        picture.thumbnail((largest, largest), Image.Resampling.LANCZOS)
        picture.load()
        with contextlib.suppress(*DAMAGES):  # an unreadable orientation is none
            ImageOps.exif_transpose(picture, in_place=True)
        picture = _in_srgb(_on_white(picture), profile)
    copies = {}
    for name, side in (SQUARES if square else VARIANTS).items():
        if square:
            copy = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        else:
            copy = picture.copy()
            copy.thumbnail((side, side), Image.Resampling.LANCZOS)
        # From bare pixels: nothing that a file said can come along.
        bare = Image.frombytes("RGB", copy.size, copy.tobytes())
        out = io.BytesIO()
        bare.save(out, "WEBP", quality=QUALITY, method=5)
        copies[name] = Copy(*bare.size, out.getvalue())
    return copies


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts from the embedded profile; a profile that is damaged or for other kinds of pixels
    does not count."""
    spaces = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
    if profile and picture.mode in spaces:
        with contextlib.suppress(*DAMAGES):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space.strip() == spaces[picture.mode]:
                converted = ImageCms.profileToProfile(
                    picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
                if converted is not None:
                    return converted
    return picture.convert("RGB")


def _limit() -> None:
    """Little memory, little time, no files. Systems without such limits (macOS) go without."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            continue


def _main() -> None:
    _limit()
    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        if sys.argv[1:] == [WHOLE_ONLY]:
            _with_end_mark(raw)
            return
        copies = _copies(raw, square=sys.argv[1:] == [SQUARED])
    except (*BOMBS, *DAMAGES, MemoryError, Unreadable):
        sys.exit(UNREADABLE_EXIT)
    head = {name: (copy.width, copy.height, len(copy.content)) for name, copy in copies.items()}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for copy in copies.values():
        sys.stdout.buffer.write(copy.content)


if __name__ == "__main__":
    _main()
