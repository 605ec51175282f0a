"""A card as a picture of 1200 × 630: what it is on the left, the photo or the map on the right."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageDraw, ImageOps

from ugc.cards.rules.cards import HEIGHT, WIDTH, Card
from ugc.core import stars
from ugc.drawing import basemap, citymap, typeset
from ugc.drawing.basemap import Basemap, Palette, View
from ugc.drawing.citymap import City
from ugc.drawing.typeset import Pack, Style
from ugc.geography import geo

PAPER, INK, INK_2, INK_3 = "#fbf7f1", "#24161f", "#5b4c56", "#6f5f69"
BRAND, ACCENT, STAR, STAR_EMPTY = "#7a1f5c", "#ff6b57", "#bf7600", "#dccfc0"
GOOD, FAIR, POOR = "#1a7648", "#b7790a", "#b3231b"
# Of static/js/map-colours.mjs; a test compares them.
COLOURS = {
    "red": "#c0322b", "orange": "#d2601a", "amber": "#b7790a", "blue": "#2a6fb8",
    "violet": "#7b4bb3", "yellow": "#9a7b00", "teal": "#147d78", "green": "#2b7d43",
    "brown": "#86583a", "grey": "#6b6470",
}  # fmt: skip
LEFT, ROOM, PICTURE_LEFT = 64, 548, 660
PICTURE = (WIDTH - PICTURE_LEFT, HEIGHT)
SHARP = 4
EQUATOR_M = 40_075_016.7
AREA_SHADE, AREA_LEAST = 60, 30  # of 255; pixels, so that it shows round the point of the pin
# Zoom of the map round a thing: half again as large as the deepest tiles where they are deep; as
# large as they are elsewhere, so that there is something to know the region by; from afar where
# only ice is near.
CLOSER, DEEP, FROM_AFAR, ICE = 0.6, 8, 3.6, 78
AMONG_STREETS = 14.9  # zoom at which a house has its block round it
AREA_AT_MOST = 80  # pixels of the radius of an area
JPEG_QUALITY = 86
SHOWN, SHOWN_QUALITY = (800, 420), 80  # of a card on a page of ours


@dataclass(frozen=True)
class Frame:
    """What every card of this site has: its name, its host, its logo."""

    site: str
    host: str
    logo: Image.Image


def on_paper(logo: bytes) -> Image.Image:
    """A logo (PNG) without transparency."""
    with Image.open(io.BytesIO(logo), formats=("PNG",)) as opened:
        drawn = opened.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, PAPER)
    ground.alpha_composite(drawn)
    return ground.convert("RGB")


def _mix(one: str, other: str, share: float) -> str:
    """A colour `share` (0 to 1) of the way from one to the other."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rounded(size: tuple[int, int], radius: int, *, left_only: bool = False) -> Image.Image:
    """A mask of a box with round corners."""
    big = Image.new("L", (size[0] * SHARP, size[1] * SHARP), 0)
    ImageDraw.Draw(big).rounded_rectangle(
        (0, 0, big.width - 1, big.height - 1),
        radius * SHARP,
        fill=255,
        corners=(True, not left_only, not left_only, True),
    )
    return big.resize(size, Image.Resampling.BOX)


def _badge(image: Image.Image, pack: Pack, card: Card, box: tuple[int, int, int]) -> None:
    """The icon of its kind on a pale square: `box` is left, top and side."""
    left, top, side = box
    colour = COLOURS.get(card.colour, BRAND)
    image.paste(_mix(colour, "#ffffff", 0.85), (left, top), _rounded((side, side), side // 4))
    size = round(side * 0.6)
    at = (left + (side - size) // 2, top + (side - size) // 2)
    image.paste(colour, at, pack.icon(card.icon, size))


class Marked(Protocol):
    """What stands on a map: a card or a preview."""

    @property
    def icon(self) -> str: ...
    @property
    def colour(self) -> str: ...
    @property
    def lon(self) -> float | None: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def area_m(self) -> int | None: ...


def _pin(image: Image.Image, pack: Pack, thing: Marked, x: float, y: float) -> None:
    """A drop with the icon, its point at (x, y)."""
    colour = COLOURS.get(thing.colour, BRAND)
    across, high = 84, 104
    big = Image.new("L", (across * SHARP, high * SHARP), 0)
    draw = ImageDraw.Draw(big)

    def drop(inset: int) -> None:
        radius = across / 2 - inset
        middle = across / 2
        side = radius * 0.72
        for shape in (
            [(middle - side, middle + side * 0.92), (middle + side, middle + side * 0.92),
             (middle, high - 2 - inset * 1.7)],
        ):  # fmt: skip
            draw.polygon([(px * SHARP, py * SHARP) for px, py in shape], fill=255)
        draw.ellipse(
            ((middle - radius) * SHARP, (middle - radius) * SHARP,
             (middle + radius) * SHARP, (middle + radius) * SHARP), fill=255
        )  # fmt: skip

    left, top = round(x - across / 2), round(y - high + 2)
    drop(0)
    image.paste("#ffffff", (left, top), big.resize((across, high), Image.Resampling.BOX))
    draw.rectangle((0, 0, *big.size), fill=0)
    drop(5)
    image.paste(colour, (left, top), big.resize((across, high), Image.Resampling.BOX))
    icon = pack.icon(thing.icon, 42)
    image.paste("#ffffff", (left + 21, top + 21), icon)


def _circle(image: Image.Image, thing: Marked, view: View, x: float, y: float) -> None:
    """The area that a coarse report is in, as wide as it is on the map, and wide enough to be
    seen."""
    assert thing.area_m is not None
    assert thing.lat is not None
    metres_a_pixel = EQUATOR_M * math.cos(math.radians(thing.lat)) / view.world
    radius = max(AREA_LEAST * view.density, thing.area_m / metres_a_pixel)
    box = ((x - radius) * SHARP, (y - radius) * SHARP, (x + radius) * SHARP, (y + radius) * SHARP)
    mask = Image.new("L", (image.width * SHARP, image.height * SHARP), 0)
    ImageDraw.Draw(mask).ellipse(box, fill=AREA_SHADE, outline=255, width=3 * SHARP)
    colour = COLOURS.get(thing.colour, BRAND)
    image.paste(colour, (0, 0), mask.resize(image.size, Image.Resampling.BOX))


def _map(card: Card, base: Basemap, pack: Pack, city: City | None) -> Image.Image:
    width, height = PICTURE
    if card.lon is None or card.lat is None:
        lon, lat, zoom = geo.FIRST_LOOK
        return basemap.picture(base, pack, View(lon, lat, zoom, width, height), card.language, [])
    zoom = zoom_at(base, card.lon, card.lat, city, card.area_m)
    view = View(card.lon, card.lat, zoom, width, height)
    return map_round(card, base, pack, view, card.language, city=city)


def zoom_at(
    base: Basemap, lon: float, lat: float, city: City | None = None, area_m: int | None = None
) -> float:
    """The zoom of the map round a position, for what the archive has there: among the streets of a
    city, unless an area of so many metres is shown."""
    if city is not None:
        if area_m is None:
            return AMONG_STREETS
        metres_a_pixel = area_m / AREA_AT_MOST
        zoom = math.log2(EQUATOR_M * math.cos(math.radians(lat)) / (basemap.TILE * metres_a_pixel))
        return max(FROM_AFAR, min(AMONG_STREETS, zoom))
    deepest = base.depth_at(lon, lat)
    return deepest + CLOSER if deepest >= DEEP else FROM_AFAR if abs(lat) > ICE else deepest


def map_round(
    thing: Marked,
    base: Basemap,
    pack: Pack,
    view: View,
    language: str,
    palette: Palette = basemap.LIGHT,
    city: City | None = None,
) -> Image.Image:
    """The map of a view with the pin of a thing, and its area when it has one."""
    assert thing.lon is not None
    assert thing.lat is not None
    x, y = view.place(thing.lon, thing.lat)
    # At a pole the point of the pin would lie outside.
    x, y = min(max(x, 50), view.width - 50), min(max(y, 110), view.height - 32)
    taken = [(x - 50, y - 112, x + 50, y + 8)]
    colours = citymap.DARK if palette is basemap.DARK else citymap.LIGHT
    over = citymap.Painted(city, colours) if city is not None else None
    image = basemap.picture(base, pack, view, language, taken, palette, over)
    if thing.area_m is not None:
        _circle(image, thing, view, x, y)
    _pin(image, pack, thing, x, y)
    return image


def _emblem(card: Card, pack: Pack) -> Image.Image:
    """For what has neither photo nor position: its icon, large."""
    colour = COLOURS.get(card.colour, BRAND)
    image = Image.new("RGB", PICTURE, _mix(colour, "#ffffff", 0.86))
    for radius, share in ((420, 0.8), (300, 0.72), (190, 0.0)):
        big = Image.new("L", (radius * 4, radius * 4), 0)
        ImageDraw.Draw(big).ellipse((0, 0, radius * 4 - 1, radius * 4 - 1), fill=255)
        disc = big.resize((radius * 2, radius * 2), Image.Resampling.BOX)
        at = (PICTURE[0] // 2 - radius, PICTURE[1] // 2 - radius)
        image.paste(_mix(colour, "#ffffff", share), at, disc)
    if card.initials:
        letters = Style(150 if len(card.initials) > 1 else 190, 700)
        wide = typeset.width(pack, card.initials, letters, typeset.is_rtl(card.initials))
        at_line = ((PICTURE[0] - wide) / 2, PICTURE[1] / 2 + letters.size * 0.36)
        typeset.draw_line(
            ImageDraw.Draw(image), pack, at_line, card.initials, letters, "#ffffff",
            rtl=typeset.is_rtl(card.initials),
        )  # fmt: skip
        return image
    size = 190
    at = ((PICTURE[0] - size) // 2, (PICTURE[1] - size) // 2)
    image.paste("#ffffff", at, pack.icon(card.icon, size))
    return image


def _stars(image: Image.Image, pack: Pack, at: tuple[int, int], mean: float, size: int) -> int:
    """Five stars, the last one whole or half; returns where they end."""
    halves = stars.shown(mean)[1]
    mask = pack.icon("star-full", size)
    x, y = at
    for number in range(5):
        image.paste(STAR_EMPTY, (x, y), mask)
        # The drawing of a star leaves a twelfth of its square free on both sides.
        share = min(max(halves - 2 * number, 0), 2) / 2
        part = round(size * (1 / 12 + share * 10 / 12)) if share else 0
        if part:
            image.paste(STAR, (x, y), mask.crop((0, 0, part, size)))
        x += size + 4
    return x


def _meter(image: Image.Image, at: tuple[int, int], value: int) -> int:
    """Ten parts, `value` of them filled; returns where they end."""
    colour = GOOD if value >= 8 else FAIR if value >= 5 else POOR
    x, y = at
    mask = _rounded((18, 30), 6)
    for number in range(10):
        image.paste(colour if number < value else STAR_EMPTY, (x, y), mask)
        x += 23
    return x


def _fitting_title(pack: Pack, card: Card) -> tuple[typeset.Block, float]:
    """The title as large as it fits, and its leading."""
    tries = ((46, 2), (38, 3)) if card.quote else ((68, 2), (58, 3), (48, 4), (40, 5))
    for size, lines in tries:
        block = typeset.lay_out(pack, card.title, Style(size, 700), ROOM, lines)
        if not block.is_cut and not block.is_broken:
            break
    return block, block.style.size * 1.16


def draw(
    card: Card,
    frame: Frame,
    pack: Pack,
    base: Basemap,
    photo: bytes | None,
    city: City | None = None,
) -> bytes:
    """The picture: PNG, or JPEG when it has a photo. `photo` is one of the site's own clean copies;
    the map has the streets of `city`. Takes a sixth of a second; one at a time in a process."""
    with typeset.lock:
        image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        if photo is not None:
            with Image.open(io.BytesIO(photo), formats=("WEBP",)) as opened:
                side = ImageOps.fit(opened.convert("RGB"), PICTURE, Image.Resampling.LANCZOS)
        elif card.lon is None and card.kind != "site":
            side = _emblem(card, pack)
        else:
            side = _map(card, base, pack, city)
        image.paste(side, (PICTURE_LEFT, 0), _rounded(PICTURE, 48, left_only=True))
        _words(image, card, frame, pack)
        out = io.BytesIO()
        if photo is not None:
            image.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
        else:
            image.save(out, "PNG", compress_level=7)
        return out.getvalue()


def shown(drawn: bytes) -> bytes:
    """A drawn card as WebP of two thirds its width, which is sharp on a telephone."""
    with Image.open(io.BytesIO(drawn), formats=("PNG", "JPEG")) as opened:
        small = opened.convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=SHOWN_QUALITY, method=4)
    return out.getvalue()


def _one_line(
    draw: ImageDraw.ImageDraw,
    pack: Pack,
    place: tuple[float, float, float],
    text: str,
    style: Style,
    colour: str,
) -> None:
    """One line in (left, base line, room)."""
    x, y, room = place
    block = typeset.lay_out(pack, text, style, room, 1)
    for line in block.lines:
        typeset.draw_line(draw, pack, (x, y), line.text, style, colour, rtl=block.rtl)


def _words(image: Image.Image, card: Card, frame: Frame, pack: Pack) -> None:
    pencil = ImageDraw.Draw(image)
    _badge(image, pack, card, (LEFT, 54, 72))
    _one_line(pencil, pack, (LEFT + 92, 100, ROOM - 92), card.eyebrow, Style(27, 600), INK_2)
    title, leading = _fitting_title(pack, card)
    high = len(title.lines) * leading
    facts = 62 * (card.mean is not None) + 58 * (card.reliability is not None)
    facts += 50 * bool(card.stars_text and card.mean is None and not card.quote)
    room = 370 - high - facts
    quote = None
    if card.quote:
        quote = typeset.lay_out(
            pack, card.quote, Style(29, 450), ROOM, max(1, min(6, int(room // 41)))
        )
        room -= 41 * len(quote.lines)
    has_byline = bool(card.byline) and room > 50
    # What is short stands a little lower, not in the upper corner.
    y = 142 + max(0.0, room - 50 * has_byline) * 0.4
    y = typeset.draw_block(pencil, pack, (LEFT, y), title, ROOM, leading, INK) + 18
    if card.mean is not None:
        x = _stars(image, pack, (LEFT - 4, round(y)), card.mean, 42)
        _one_line(
            pencil, pack, (x + 10, y + 32, LEFT + ROOM - x - 10), card.stars_text,
            Style(28, 600), INK_2,
        )  # fmt: skip
        y += 62
    if card.reliability is not None:
        x = _meter(image, (LEFT, round(y) + 4), card.reliability)
        _one_line(
            pencil, pack, (x + 12, y + 30, LEFT + ROOM - x - 12), card.reliability_text,
            Style(26, 600), INK_2,
        )  # fmt: skip
        y += 58
    if quote:
        y = typeset.draw_block(pencil, pack, (LEFT, y), quote, ROOM, 41, INK) + 10
    elif card.stars_text and card.mean is None:
        _one_line(pencil, pack, (LEFT, y + 28, ROOM), card.stars_text, Style(27, 500), INK_3)
        y += 50
    if has_byline:
        _one_line(pencil, pack, (LEFT, y + 28, ROOM), card.byline, Style(26, 500), INK_3)
    image.paste(frame.logo.resize((64, 64), Image.Resampling.LANCZOS), (LEFT - 10, 533))
    end = typeset.draw_line(
        pencil, pack, (LEFT + 62, 576), typeset.clean(frame.site), Style(30, 700), INK
    )
    host = (end + 18, 575, LEFT + ROOM - end - 18)
    if host[2] > 80:
        _one_line(pencil, pack, host, frame.host, Style(22, 500), INK_3)
