"""Pictures as people and attackers send them, made here."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

COMMENT = b"a comment of the camera"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>secret of the editor</x:xmpmeta>"


def scene(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Red above, blue below, with a green corner at the top left: its orientation can be told."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height // 2, width, height), fill=(30, 30, 200))
    draw.rectangle((0, 0, width // 4, height // 4), fill=(20, 180, 40))
    return picture.convert(mode)


def saved(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_everything(orientation: int = 1, kind: str = "JPEG") -> bytes:
    """EXIF with a position, a serial number and an orientation; XMP; a comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    degrees = (IFDRational(40), IFDRational(25), IFDRational(0))
    exif.get_ifd(0x8825).update({1: "N", 2: degrees, 3: "W", 4: degrees})
    options: dict[str, object] = {"exif": exif, "xmp": XMP}
    if kind == "JPEG":
        options |= {"comment": COMMENT, "quality": 95}
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = info
    return saved(scene(), kind, **options)


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims to be large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def webp_header(width: int, height: int) -> bytes:
    """A WebP that only claims to be large."""
    flags = b"\x10\0\0\0"
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + flags + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animated(kind: str) -> bytes:
    frames = [scene(64, 48), scene(64, 48).rotate(180)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
