"""Pictures: the map, letters of many scripts, and who may see what on a card."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageChops, ImageDraw

from tests.cards.conftest import World, hide
from tests.cards.steps import opened
from tests.media import pictures
from ugc.cards.pages import pictures as cards_pictures
from ugc.cards.rules import drawing as cards_drawing
from ugc.cards.rules.cards import HEIGHT, WIDTH, Card
from ugc.core import render
from ugc.core.db import Session
from ugc.drawing import basemap, typeset
from ugc.drawing.basemap import Basemap, View
from ugc.drawing.typeset import Pack, Style

ANONYMOUS = {"User-Agent": "WhatsApp/2.23"}


@pytest.fixture(scope="session")
def pack() -> Pack:
    return typeset.pack(render.BUILD / Path(render.asset("cards.pack")).name)


@pytest.fixture(scope="session")
def base() -> Basemap:
    return basemap.basemap(render.BUILD / Path(render.asset("basemap.pmtiles")).name)


@pytest.fixture(scope="session")
def frame() -> cards_drawing.Frame:
    logo = render.BUILD / Path(render.asset("app-icon-512.png")).name
    return cards_drawing.Frame(
        "Boca", "boca.example.org", cards_drawing.on_paper(logo.read_bytes())
    )


def card(**values: object) -> Card:
    usual: dict[str, object] = {
        "kind": "place", "public_id": "bcd", "path": "/places/bcd", "language": "en",
        "title": "Bar", "eyebrow": "Bar · Madrid", "description": "", "icon": "beer",
        "colour": "amber", "lon": -3.7, "lat": 40.41,
    }  # fmt: skip
    return Card(**{**usual, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Café Ñandú", "inter"), ("Ελληνικά", "inter"), ("Кафе", "inter"),
        ("مقهى", "noto-sans-arabic"), ("חוף", "noto-sans-hebrew"), ("東京", "noto-sans-jp"),
        ("ラーメン", "noto-sans-jp"), ("서울", "noto-sans-kr"), ("हिन्दी", "noto-sans-devanagari"),
        ("ร้าน", "noto-sans-thai"), ("ქართული", "noto-sans-georgian"), ("🏝️", "noto-emoji"),
    ],
)  # fmt: skip
def test_each_script_has_a_font(pack: Pack, text: str, family: str) -> None:
    """And the font has the letters: none of them is drawn as the box of what is missing."""
    for char in text:
        if char in "️ ":
            continue
        number = pack.slice_of(ord(char))
        assert pack.slices[number].family == family
        font = pack.font(number, 40, 500)
        mask = bytes(font.getmask(char))
        assert mask != bytes(font.getmask("\U000e0fff"))


def test_lines_break_and_end_with_an_ellipsis(pack: Pack) -> None:
    style = Style(40, 700)
    short = typeset.lay_out(pack, "Bar", style, 500, 2)
    assert [line.text for line in short.lines] == ["Bar"]
    long = typeset.lay_out(pack, "Gran Cafetería y Pastelería " * 8, style, 500, 3)
    assert len(long.lines) == 3
    assert long.is_cut
    assert long.lines[-1].text.endswith("…")
    assert all(line.width <= 500 for line in long.lines)
    word = typeset.lay_out(pack, "x" * 120, style, 500, 3)
    assert word.is_broken
    assert all(line.width <= 500 for line in word.lines)
    dense = typeset.lay_out(pack, "東京都立中央図書館、ラーメン横丁の店", style, 300, 4)
    assert not dense.is_cut
    assert "".join(line.text for line in dense.lines) == "東京都立中央図書館、ラーメン横丁の店"
    assert not any(line.text.startswith(("、", "ー")) for line in dense.lines)


def test_lines_run_from_the_right_where_they_do(pack: Pack) -> None:
    assert typeset.lay_out(pack, "مقهى 24 Café", Style(40), 500, 1).rtl
    assert not typeset.lay_out(pack, "Café مقهى", Style(40), 500, 1).rtl


@pytest.mark.parametrize(
    ("text", "rtl", "from_left"),
    [
        ("مقهى 24 Café", True, ["Café", "24", "مقهى"]),
        ("مقهى Café 24", True, ["Café 24", "مقهى"]),
        ("Bar مقهى 24 بحر x", False, ["Bar", "بحر", "24", "مقهى", "x"]),
        ("Café · القاهرة", False, ["Café ·", "القاهرة"]),
        ("24 بحر", False, ["24", "بحر"]),
    ],
)
def test_words_of_both_directions_stand_as_they_are_read(
    text: str, rtl: bool, from_left: list[str]
) -> None:
    """As UAX #9 orders them."""
    parts = typeset._directed(text, rtl)
    assert [part.strip() for part, _ in parts if part.strip()] == from_left


def test_marks_that_turn_the_text_are_left_out() -> None:
    assert typeset.clean("a\u202eb\u2066c\x00\n d") == "abc d"


@pytest.mark.skipif(not typeset._can_shape(), reason="libfribidi is not installed")
def test_arabic_letters_join(pack: Pack) -> None:
    whole = typeset.width(pack, "مقهى", Style(60), True)
    apart = sum(typeset.width(pack, char, Style(60), True) for char in "مقهى")
    assert whole < 0.9 * apart


def test_without_libfribidi_nothing_breaks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(typeset.features, "check", lambda name: name != "fribidi")
    plain = Pack(render.BUILD / Path(render.asset("cards.pack")).name)
    assert "libfribidi" in caplog.text
    canvas = ImageDraw.Draw(Image.new("RGB", (400, 100)))
    assert typeset.draw_line(canvas, plain, (10, 60), "مقهى Café", Style(40), "#fff", rtl=True) > 60


@pytest.mark.parametrize(
    ("lon", "lat", "zoom"),
    [(-3.7, 40.4, 8.6), (179.99, -16.5, 6), (-179.99, -16.5, 6), (0, 90, 3.6), (0, -90, 3.6)],
)
def test_the_map_is_drawn_everywhere(
    base: Basemap, pack: Pack, lon: float, lat: float, zoom: float
) -> None:
    view = View(lon, lat, zoom, 540, 630)
    image = basemap.picture(base, pack, view, "es", [])
    assert image.size == (540, 630)
    x, y = view.place(lon, lat)
    assert x == pytest.approx(270)
    assert -1 <= y <= 631


def test_land_and_water_are_where_they_are(base: Basemap, pack: Pack) -> None:
    def colour_at(lon: float, lat: float) -> object:
        view = View(-2.0, 39.5, 6.0, 540, 630)
        x, y = view.place(lon, lat)
        return basemap.picture(base, pack, view, "es", [(0, 0, 540, 630)]).getpixel(
            (round(x), round(y))
        )

    assert colour_at(-2.6, 39.9) == (0xF6, 0xF1, 0xE9)  # Cuenca
    assert colour_at(0.9, 39.3) == (0xD4, 0xE2, 0xEA)  # between Valencia and Ibiza


def test_the_two_sides_of_the_antimeridian_meet(base: Basemap, pack: Pack) -> None:
    """Fiji lies on both: the picture round +179.99 is that round -179.99, moved by a few pixels."""
    boxes = [(0, 0, 540, 630)]
    east = basemap.picture(base, pack, View(179.999, -16.8, 6, 540, 630), "en", boxes)
    west = basemap.picture(base, pack, View(-179.999, -16.8, 6, 540, 630), "en", boxes)
    difference = ImageChops.difference(east, west).convert("L").point(lambda v: 255 * (v > 40))
    assert sum(1 for value in difference.tobytes() if value) < 0.01 * 540 * 630


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"title": "Gran Cafetería y Heladería Artesana de Nuestra Señora " * 3},
        {"title": "x" * 120, "mean": 4.3, "stars_text": "4.3 · 27 reviews", "byline": "run by B"},
        {"title": "مقهى البحر الأبيض المتوسط", "eyebrow": "مقهى · القاهرة"},
        {"title": "東京都立中央図書館", "lon": 139.7, "lat": 35.7},
        {"kind": "report", "reliability": 7, "reliability_text": "7 of 10", "quote": "Deep. " * 60},
        {"kind": "brand", "lon": None, "lat": None, "icon": "store", "stars_text": "3 fans"},
        {"kind": "site", "lon": None, "lat": None, "title": "Boca", "quote": "A community."},
        {"lon": 180.0, "lat": 16.0},
        {"lon": 0.0, "lat": -90.0},
        {"title": ""},
    ],
)
def test_every_card_can_be_drawn(
    pack: Pack, base: Basemap, frame: cards_drawing.Frame, values: dict[str, object]
) -> None:
    content = cards_drawing.draw(card(**values), frame, pack, base, None)
    assert content.startswith(b"\x89PNG")
    assert len(content) < 300_000  # WhatsApp shows no larger ones
    image = opened(content)
    assert image.size == (WIDTH, HEIGHT)
    # The words stay on their side.
    gap = image.crop(
        (cards_drawing.LEFT + cards_drawing.ROOM + 4, 130, cards_drawing.PICTURE_LEFT - 2, 520)
    )
    assert gap.getcolors() == [(gap.width * gap.height, (0xFB, 0xF7, 0xF1))]


def test_a_photo_takes_the_place_of_the_map(
    pack: Pack, base: Basemap, frame: cards_drawing.Frame
) -> None:
    photo = pictures.saved(pictures.scene(1920, 1280), "WEBP")
    image = opened(cards_drawing.draw(card(photo="k"), frame, pack, base, photo))
    red, green, blue = image.getpixel((1100, 200))  # type: ignore[misc]
    assert red > 150 > green + blue


def picture_of(browser: FlaskClient, path: str) -> str:
    page = browser.get(path, headers=ANONYMOUS)
    found = re.search(r'property="og:image" content="http://localhost(/cards/[^"]+)"', page.text)
    assert found is not None, page.text[:2000]
    return found[1]


def test_a_picture_is_served_kept_and_not_sent_twice(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards_pictures._kept_here.clear()
    drawn: list[Card] = []
    draw = cards_drawing.draw
    monkeypatch.setattr(
        cards_drawing, "draw", lambda card, *rest: (drawn.append(card), draw(card, *rest))[1]
    )
    path = picture_of(client, f"/places/{world.place}")
    first = client.get(path)
    assert first.status_code == 200
    assert first.content_type == "image/png"
    assert first.headers["Cache-Control"] == "public, max-age=86400"
    assert opened(first.data).size == (WIDTH, HEIGHT)
    assert client.get(path).data == first.data
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert len(drawn) == 1
    assert client.head(path).status_code == 200
    # Pages of ours show it smaller, and a quarter as heavy.
    shown = client.get(path.replace(".png", ".webp"))
    assert shown.content_type == "image/webp"
    assert opened(shown.data).size == (800, 420)
    assert len(shown.data) < len(first.data) / 4
    # An older address leads to what it looks like now.
    old = re.sub(r"[0-9a-f]{16}", "0" * 16, path)
    assert client.get(old).location == path
    assert client.get("/cards/nonsense.png").status_code == 404
    assert client.get(path.replace(".png", ".gif")).status_code == 404


def test_a_card_that_many_want_is_drawn_once(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards_pictures._kept_here.clear()
    count = []
    monkeypatch.setattr(
        cards_pictures, "_drawn", lambda card: (count.append(1), b"\x89PNG drawn")[1]
    )
    found: list[bytes] = []

    def ask() -> None:
        with app.test_request_context("/"):
            found.append(
                cards_pictures.kept_or_drawn("card:same", lambda: cards_pictures._drawn(card()))
            )

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"\x89PNG drawn"] * 6
    assert count == [1]


def test_drawing_is_limited_and_what_is_kept_is_free(
    app: Flask, client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards_pictures._kept_here.clear()
    monkeypatch.setattr(cards_pictures, "_drawn", lambda card: b"\x89PNG drawn")
    monkeypatch.setitem(app.extensions["boca_limits"].rates, "card", "1 per minute")
    monkeypatch.setitem(app.config, "READERS_PER_ADDRESS", 1)
    place = picture_of(client, f"/places/{world.place}")
    report = picture_of(client, f"/reports/{world.report}")
    assert client.get(place).status_code == 200
    assert client.get(report).status_code == 429
    assert client.get(place).status_code == 200


@pytest.mark.parametrize(
    ("kind", "table"),
    [("place", "places"), ("review", "reviews"), ("report", "reports"), ("brand", "brands")],
)
@pytest.mark.parametrize("visibility", ["held", "hidden", "removed", "withdrawn"])
def test_what_is_not_public_has_no_picture(
    client: FlaskClient, session: Session, world: World, kind: str, table: str, visibility: str
) -> None:
    path = f"/{table}/{world.all[kind]}"
    picture = picture_of(client, path)
    hide(session, table, world.all[kind], visibility)
    assert client.get(picture).status_code == 404
    for browser in (client, world.mod):
        page = browser.get(path)
        if page.status_code == 200:
            # Of the site, not of the thing.
            assert f"/cards/{world.all[kind]}" not in page.text
            assert 'property="og:title" content="Boca"' in page.text
            assert 'name="robots" content="noindex"' in page.text
            assert "ld+json" not in page.text
    embed = client.get(f"/embed/{world.all[kind]}")
    assert embed.status_code == 404
    assert "Órbita" not in embed.text
    assert client.get(f"/oembed?url=http://localhost{path}").status_code == 404


def test_a_card_changes_with_its_ratings_and_says_no_exact_position(
    client: FlaskClient, session: Session, world: World, signed_in: Callable[..., FlaskClient]
) -> None:
    before = picture_of(client, f"/places/{world.place}")
    session.execute(sa.text("UPDATE places SET rating_count = 2, rating_sum = 10"))
    session.commit()
    assert picture_of(client, f"/places/{world.place}") != before
    report = picture_of(client, f"/reports/{world.report}")
    # A hundred metres away: not a pixel is another.
    session.execute(
        sa.text("UPDATE reports SET geom = ST_SetSRID(ST_MakePoint(-3.7039, 40.4113), 4326)")
    )
    session.commit()
    assert picture_of(client, f"/reports/{world.report}") == report


def test_both_languages_have_a_picture_of_their_own(client: FlaskClient, world: World) -> None:
    english = picture_of(client, f"/reports/{world.report}?lang=en")
    spanish = picture_of(client, f"/reports/{world.report}?lang=es")
    assert "-en-" in english
    assert "-es-" in spanish
    assert client.get(english).data != client.get(spanish).data
