"""What is taken, and what is left of it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from tests.media import pictures
from ugc.core import images
from ugc.core.images import Problem

JPEG = pictures.saved(pictures.scene())
PNG = pictures.saved(pictures.scene(), "PNG")
WEBP = pictures.saved(pictures.scene(), "WEBP")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"


@pytest.mark.parametrize("raw", [JPEG, PNG, WEBP], ids=["jpeg", "png", "webp"])
def test_what_is_taken(raw: bytes) -> None:
    assert images.inspect(raw) == (640, 480)


def test_a_telephones_two_pictures_in_one_jpeg_are_taken() -> None:
    second = pictures.scene(64, 48)
    raw = pictures.saved(pictures.scene(), "MPO", save_all=True, append_images=[second])
    assert images.inspect(raw) == (640, 480)
    assert images.clean(raw)["large"].width == 640


NOISE = Image.effect_noise((600, 400), 60).convert("RGB")
ENCODINGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "not-subsampled": {"subsampling": 0, "quality": 95},
    "thumbnail": {"exif": b"Exif\0\0" + JPEG[:9_000]},
}


@pytest.mark.parametrize("options", ENCODINGS.values(), ids=ENCODINGS)
def test_a_jpeg_without_its_end_mark_is_taken_unless_pixels_are_missing(
    options: dict[str, object],
) -> None:
    whole = pictures.saved(NOISE, **options)
    assert whole.endswith(images.END_MARK)
    assert images.inspect(whole[:-2]) == images.inspect(whole)
    for cut in (len(whole) // 2, len(whole) - 30):
        with pytest.raises(images.Unreadable) as refused:
            images.inspect(whole[:cut])
        assert refused.value.problem is Problem.DAMAGED


def test_the_copies_of_a_jpeg_without_its_end_mark_are_those_of_the_whole() -> None:
    assert images.clean(JPEG[:-2]) == images.clean(JPEG)
    with pytest.raises(images.Unreadable):
        images.clean(JPEG[: len(JPEG) // 2])


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", Problem.EMPTY),
        (pictures.saved(pictures.scene(20_000, 1)), Problem.NARROW),
        (pictures.saved(pictures.scene(2_100, 100)), Problem.NARROW),
        (pictures.saved(pictures.scene(1, 2_000), "PNG"), Problem.NARROW),
        (pictures.saved(pictures.scene(21, 1), "WEBP"), Problem.NARROW),
        (JPEG + b"\0" * images.MAX_BYTES, Problem.BYTES),
        (pictures.png_header(30_000, 30_000), Problem.PIXELS),
        (pictures.png_header(8_000, 6_251), Problem.PIXELS),
        (pictures.webp_header(16_000, 16_000), Problem.PIXELS),
        (pictures.saved(pictures.scene(), "GIF"), Problem.FORMAT),
        (pictures.animated("GIF"), Problem.FORMAT),
        (pictures.saved(pictures.scene(), "TIFF"), Problem.FORMAT),
        (pictures.saved(pictures.scene(), "EPS"), Problem.FORMAT),
        (SVG, Problem.FORMAT),
        (b"<html><script>alert(1)</script></html>", Problem.FORMAT),
        (b"GIF89a" + JPEG, Problem.FORMAT),
        (HEIC, Problem.HEIC),
        (pictures.animated("WEBP"), Problem.ANIMATED),
        (pictures.animated("PNG"), Problem.ANIMATED),
        (JPEG[: len(JPEG) // 2], Problem.DAMAGED),
        (JPEG[:-20], Problem.DAMAGED),
        (JPEG[:100], Problem.DAMAGED),
        (pictures.with_everything()[:-200], Problem.DAMAGED),
        (PNG[: len(PNG) // 2], Problem.DAMAGED),
        (PNG[:-20], Problem.DAMAGED),
        (PNG[:60] + b"x" + PNG[61:], Problem.DAMAGED),
        (WEBP[: len(WEBP) // 2], Problem.DAMAGED),
        (WEBP[:20], Problem.DAMAGED),
    ],
)
def test_what_is_not_taken(raw: bytes, problem: Problem) -> None:
    with pytest.raises(images.Unreadable) as refused:
        images.inspect(raw)
    assert refused.value.problem is problem


def opened(copy: images.Copy) -> Image.Image:
    picture = Image.open(io.BytesIO(copy.content))
    assert picture.format == "WEBP"
    assert picture.size == (copy.width, copy.height)
    return picture.convert("RGB")


def near(picture: Image.Image, at: tuple[float, float], colour: tuple[int, int, int]) -> bool:
    """Whether the picture has a colour at a place given in parts of its sides."""
    pixel = picture.getpixel((int(at[0] * picture.width), int(at[1] * picture.height)))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


GREEN, RED, BLUE = (20, 180, 40), (200, 30, 30), (30, 30, 200)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright_whatever_the_camera_says(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    held = pictures.scene()
    if orientation in undo:
        held = held.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    copy = images.clean(pictures.saved(held, exif=exif))["large"]
    assert (copy.width, copy.height) == (640, 480)
    picture = opened(copy)
    assert near(picture, (0.1, 0.1), GREEN)
    assert near(picture, (0.9, 0.1), RED)
    assert near(picture, (0.5, 0.9), BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_the_file_is_left_but_its_pixels(kind: str) -> None:
    raw = pictures.with_everything(kind=kind)
    html = b"<html><script>alert('polyglot')</script></html>"
    assert b"SecretCamera" in raw
    assert b"secret of the editor" in raw
    copies = images.clean(raw + (html if kind == "JPEG" else b""))
    assert set(copies) == set(images.VARIANTS)
    for copy in copies.values():
        for trace in (
            b"SecretCamera",
            b"secret of",
            b"comment",
            b"polyglot",
            b"EXIF",
            b"XMP ",
            b"ICCP",
        ):
            assert trace not in copy.content
        # A plain lossy WebP: header, one chunk of pixels, nothing behind it.
        assert copy.content[12:16] == b"VP8 "
        length = int.from_bytes(copy.content[4:8], "little") + 8
        assert length == len(copy.content)
        with Image.open(io.BytesIO(copy.content)) as picture:
            assert dict(picture.getexif()) == {}
            assert not {"exif", "xmp", "icc_profile", "comment"} & set(picture.info)


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (pictures.saved(pictures.scene(mode="CMYK")), (640, 480)),
        (pictures.saved(pictures.scene(mode="L")), (640, 480)),
        (pictures.saved(pictures.scene(mode="1"), "PNG"), (640, 480)),
        (pictures.saved(pictures.scene(mode="P"), "PNG"), (640, 480)),
        (pictures.saved(pictures.scene(mode="RGBA"), "PNG"), (640, 480)),
        (pictures.saved(pictures.scene(mode="LA"), "PNG"), (640, 480)),
        (pictures.saved(pictures.scene(4000, 1000)), (1920, 480)),
        (pictures.saved(pictures.scene(5000, 7000), progressive=True), (1371, 1920)),
        (pictures.saved(pictures.scene(3, 5000), "PNG"), (1, 1920)),
        (pictures.saved(pictures.scene(1, 1), "PNG"), (1, 1)),
    ],
    ids=["cmyk", "grey", "bits", "palette", "rgba", "la", "wide", "progressive", "thin", "dot"],
)
def test_every_kind_of_pixels(raw: bytes, size: tuple[int, int]) -> None:
    copies = images.clean(raw)
    assert (copies["large"].width, copies["large"].height) == size
    for name, side in images.VARIANTS.items():
        assert max(copies[name].width, copies[name].height) <= side
        opened(copies[name])


def test_cmyk_keeps_its_colours() -> None:
    assert near(
        opened(images.clean(pictures.saved(pictures.scene(mode="CMYK")))["large"]), (0.9, 0.1), RED
    )


def test_sixteen_bits_of_grey_are_scaled_not_cut_off() -> None:
    raw = pictures.saved(Image.new("I;16", (60, 40), 0x8000), "PNG")
    assert near(opened(images.clean(raw)["large"]), (0.5, 0.5), (128, 128, 128))


def test_transparency_becomes_white() -> None:
    clear = Image.new("P", (60, 40), 0)
    clear.putpalette([10, 10, 10] * 256)
    raw = pictures.saved(clear, "PNG", transparency=0)
    assert near(opened(images.clean(raw)["large"]), (0.5, 0.5), (255, 255, 255))


def test_another_profile_is_converted_to_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = images.clean(pictures.saved(pictures.scene()))["large"]
    # A profile for other kinds of pixels does not count; the picture is still taken.
    odd = images.clean(pictures.saved(pictures.scene(), icc_profile=profile))["large"]
    assert near(opened(odd), (0.9, 0.1), RED)
    assert b"ICCP" not in odd.content
    broken = images.clean(pictures.saved(pictures.scene(), icc_profile=b"no profile"))["large"]
    assert broken.content == plain.content


def test_damage_inside_is_found_when_it_is_decoded() -> None:
    middle = len(PNG) // 2
    with pytest.raises(images.Unreadable):
        images.clean(PNG[:middle])
    with pytest.raises(images.Unreadable):
        images.clean(pictures.png_header(30_000, 30_000))
    with pytest.raises(images.Unreadable):
        images.clean(SVG)


def test_a_size_that_is_allowed_but_whose_rows_are_not_there() -> None:
    with pytest.raises(images.Unreadable):
        images.clean(pictures.png_header(7_000, 7_000))


def test_the_process_of_its_own_has_little_of_everything(tmp_path: Path) -> None:
    """The real script, with one line that tries what a broken decoder would."""
    source = Path(images.__file__).read_text(encoding="utf-8")
    for attempt in (
        "bytearray(2 * 1024**3)",
        "open('boca-escape', 'wb', buffering=0).write(b'x')",
    ):
        hostile = source.replace(
            "    _limit()\n    try:\n", f"    _limit()\n    try:\n        {attempt}\n"
        )
        assert hostile != source
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", hostile], input=JPEG, capture_output=True, env={},
            check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == images.UNREADABLE_EXIT, attempt
        assert done.stdout == b""
