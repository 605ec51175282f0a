"""What other sites, previewers and search engines read."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.cards.conftest import SAID, World, hide
from tests.cards.steps import link_on, opened, share
from tests.conftest import counted_queries
from tests.factories import content
from ugc.brands.models import Brand
from ugc.cards import queries as cards_queries
from ugc.core import cache
from ugc.core.db import Session
from ugc.places.models import Place

OEMBED = "/oembed?url=http%3A%2F%2Flocalhost"
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


class Head(HTMLParser):
    """Tags of a page: metas by name or property, links by rel, JSON-LD."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.metas: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self.data: list[Any] = []
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        values = dict(attrs)
        if tag == "meta" and "content" in values:
            name = values.get("property") or values.get("name")
            if name:
                assert name == "theme-color" or name not in self.metas, name
                self.metas[name] = values["content"]
        if tag == "link":
            self.links.append(values)
        self._in_data = tag == "script" and values.get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data.append(json.loads(data))
            self._in_data = False

    def link(self, **wanted: str) -> str:
        [found] = [e for e in self.links if all(e.get(k) == v for k, v in wanted.items())]
        return found["href"]


def head(browser: FlaskClient, path: str, **headers: str) -> Head:
    answer = browser.get(path, headers=headers)
    assert answer.status_code == 200, answer.status_code
    return Head(answer.text)


PUBLIC = (
    "/", "/places", "/brands", "/leaderboard", "/about", "/map/history", "/api", "/api/errors",
    "/join", "/sign-in", "/search?q=x", "/password/forgotten",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_public_page_has_a_preview(client: FlaskClient, world: World, language: str) -> None:
    things = [
        f"/places/{world.place}", f"/reviews/{world.review}", f"/reports/{world.report}",
        f"/brands/{world.brand}", "/members/mod",
    ]  # fmt: skip
    seen: dict[str, str] = {}
    for path in (*PUBLIC, *things):
        found = head(client, path, **{"Accept-Language": language})
        for name in (
            "description", "og:title", "og:description", "og:url", "og:type", "og:site_name",
            "og:image", "og:image:alt", "twitter:card", "twitter:title", "twitter:image",
            "twitter:image:alt", "twitter:description",
        ):  # fmt: skip
            assert found.metas.get(name), (path, name)
        assert found.metas["og:locale"] == {"en": "en_GB", "es": "es_ES"}[language]
        assert found.metas["og:locale:alternate"] == {"es": "en_GB", "en": "es_ES"}[language]
        assert (found.metas["og:image:width"], found.metas["og:image:height"]) == ("1200", "630")
        assert found.metas["twitter:card"] == "summary_large_image"
        image = client.get(found.metas["og:image"].removeprefix("http://localhost"))
        assert image.content_type == found.metas["og:image:type"]
        assert opened(image.data).size == (1200, 630)
        if path in things:
            seen[path] = found.metas["og:title"] + found.metas["og:description"]
    assert len(set(seen.values())) == len(things)
    place = seen[f"/places/{world.place}"]
    assert 'Café <Órbita> & "Sol"' in place
    assert ("1 review" in place) is (language == "en")
    assert ("1 reseña" in place) is (language == "es")


def test_canonical_addresses_are_clean(client: FlaskClient, world: World) -> None:
    path = f"/places/{world.place}"
    junk = "?via=x&utm_source=y&by=qr&reviews=newest&fbclid=1"
    found = head(client, path + junk)
    assert found.link(rel="canonical") == f"http://localhost{path}"
    assert found.metas["og:url"] == f"http://localhost{path}"
    assert found.link(hreflang="x-default") == f"http://localhost{path}"
    spanish = head(client, f"{path}{junk}&lang=es")
    # The page in a language that was asked for is one of its own, as its pair says.
    assert spanish.link(rel="canonical") == f"http://localhost{path}?lang=es"
    for language in ("es", "en"):
        for each in (found, spanish):
            assert each.link(hreflang=language) == f"http://localhost{path}?lang={language}"
    assert head(client, f"{path}?lang=xx").link(rel="canonical") == f"http://localhost{path}"


def test_an_address_can_ask_for_a_language(client: FlaskClient) -> None:
    assert '<html lang="es"' in client.get("/about?lang=es", headers={"Accept-Language": "en"}).text
    # Choosing another one by the button is not undone by the address.
    answer = client.post("/language", data={"language": "en", "next": "/about?lang=es&x=1"})
    assert answer.location == "/about?x=1"
    assert '<html lang="en"' in client.get(answer.location).text


@pytest.mark.parametrize("path", ["/password/reset?token=secret", "/nothing", "/settings"])
def test_secrets_and_errors_are_in_no_tag(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    found = Head(page)
    assert not any("secret" in value for value in found.metas.values())
    assert not any("secret" in link.get("href", "") for link in found.links)
    if "password" not in path:
        assert "og:image" not in found.metas
        assert found.metas["robots"] == "noindex"


def test_a_held_report_has_no_preview_of_its_own(
    client: FlaskClient, session: Session, world: World
) -> None:
    hide(session, "reports", world.report, "held")
    found = head(client, f"/reports/{world.report}")
    assert "/cards/site-" in found.metas["og:image"]
    assert found.metas["og:title"] == "Boca"
    assert found.link(rel="canonical") == "http://localhost/"
    assert found.metas["robots"] == "noindex"
    assert found.data == []
    assert world.mod.get(f"/share/{world.report}").status_code == 200
    assert "no preview of its own" in world.mod.get(f"/share/{world.report}").text


def test_json_ld_of_a_place(client: FlaskClient, world: World) -> None:
    [node] = head(client, f"/places/{world.place}").data
    assert node["@context"] == "https://schema.org"
    assert node["@type"] == "CafeOrCoffeeShop"
    assert node["name"] == 'Café <Órbita> & "Sol"'
    assert node["address"]["streetAddress"] == "Calle Mayor, 1"
    assert node["geo"]["latitude"] == pytest.approx(40.4123)
    rating = node["aggregateRating"]
    assert (rating["ratingValue"], rating["ratingCount"]) == (4, 1)
    assert (rating["bestRating"], rating["worstRating"]) == (5, 1)
    [review] = node["review"]
    assert review["reviewBody"] == SAID
    assert review["author"] == {"@type": "Person", "name": "mod"}
    assert review["reviewRating"]["ratingValue"] == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", review["datePublished"])
    assert node["image"].startswith("http://localhost/cards/")


def test_json_ld_of_others(client: FlaskClient, world: World) -> None:
    [review] = head(client, f"/reviews/{world.review}").data
    assert review["@type"] == "Review"
    assert review["itemReviewed"]["name"].startswith("Café")
    assert review["itemReviewed"]["@type"] == "CafeOrCoffeeShop"
    [brand] = head(client, f"/brands/{world.brand}").data
    assert (brand["@type"], brand["name"]) == ("Organization", "Marca Órbita")
    [site] = head(client, "/").data
    assert site["@type"] == "WebSite"
    assert "{search_term_string}" in site["potentialAction"]["target"]["urlTemplate"]
    # A passer-by's report is neither an authority's announcement nor an event.
    assert head(client, f"/reports/{world.report}").data == []
    assert head(client, "/members/mod").data == []


def test_a_place_without_ratings_claims_none(
    client: FlaskClient, session: Session, world: World
) -> None:
    hide(session, "reviews", world.review)
    session.execute(sa.text("UPDATE places SET rating_count = 0, rating_sum = 0"))
    session.commit()
    [node] = head(client, f"/places/{world.place}").data
    assert "aggregateRating" not in node
    assert "review" not in node


def oembed(browser: FlaskClient, path: str, more: str = "") -> Any:
    return browser.get(f"{OEMBED}{quote(path, safe='')}{more}")


@pytest.mark.parametrize("kind", ["place", "review", "report", "brand"])
def test_oembed_answers_as_the_page_says(client: FlaskClient, world: World, kind: str) -> None:
    path = f"/{kind}s/{world.all[kind]}"
    found = head(client, path)
    by_json = client.get(
        found.link(type="application/json+oembed").removeprefix("http://localhost")
    )
    assert by_json.content_type == "application/json"
    answer = by_json.json
    assert answer is not None
    assert (answer["version"], answer["type"]) == ("1.0", "rich")
    assert answer["provider_name"] == "Boca"
    assert isinstance(answer["width"], int)
    assert isinstance(answer["height"], int)
    assert f'src="http://localhost/embed/{world.all[kind]}' in answer["html"]
    assert answer["thumbnail_width"] == 1200
    by_xml = client.get(found.link(type="text/xml+oembed").removeprefix("http://localhost"))
    assert by_xml.content_type.startswith("text/xml")
    root = ElementTree.fromstring(by_xml.data)
    assert root.tag == "oembed"
    assert {child.tag: child.text for child in root} == {k: str(v) for k, v in answer.items()}


def test_oembed_of_a_short_link_keeps_the_link(client: FlaskClient, world: World) -> None:
    link = link_on(share(world.mod, world.place)).removeprefix("http://localhost")
    answer = oembed(client, link).json
    code = link.rsplit("/", 1)[-1]
    assert f"link={code}" in answer["html"]
    embed = re.search(r'src="http://localhost([^"]+)"', answer["html"])
    assert embed is not None
    page = client.get(embed[1].replace("&amp;", "&")).text
    assert f'href="http://localhost/r/{code}?by=embed"' in page


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ("", (480, 330)), ("&maxwidth=300", (300, 236)), ("&maxheight=120", (480, 120)),
        ("&maxwidth=9999&maxheight=9999", (480, 330)), ("&maxwidth=1200&maxheight=629", (480, 330)),
    ],
)  # fmt: skip
def test_oembed_keeps_to_the_room_that_there_is(
    client: FlaskClient, world: World, asked: str, size: tuple[int, int]
) -> None:
    answer = oembed(client, f"/places/{world.place}", asked).json
    assert (answer["width"], answer["height"]) == size
    assert f'width="{size[0]}" height="{size[1]}"' in answer["html"]
    assert ("thumbnail_url" in answer) is (asked in ("", "&maxwidth=9999&maxheight=9999"))


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/oembed", 404),
        ("/oembed?url=nonsense", 404),
        ("/oembed?url=http%3A%2F%2Felsewhere.example%2Fplaces%2Fx", 404),
        ("/oembed?url=javascript%3Aalert(1)", 404),
        ("/oembed?url=http%3A%2F%2F%5B", 404),
        (f"{OEMBED}%2Fplaces%2Fnothing", 404),
        (f"{OEMBED}%2Fmembers%2Fnobody", 404),
        (f"{OEMBED}%2Fr%2Fnothing", 404),
        (f"{OEMBED}%2Fplaces&format=yaml", 501),
        (f"{OEMBED}%2Fshare%2Fsite", 404),
        (f"{OEMBED}%2Fsettings", 401),
        (f"{OEMBED}%2F&maxwidth=x", 422),
        (f"{OEMBED}%2F&maxwidth=-1", 422),
        (f"{OEMBED}%2F&maxheight=0", 422),
        (f"{OEMBED}%2F&maxheight=%D9%A3", 422),
    ],
)
def test_oembed_refuses_as_the_standard_says(
    client: FlaskClient, address: str, status: int
) -> None:
    for language, words in (("en", "n"), ("es", "ó")):
        answer = client.get(address, headers={"Accept-Language": language})
        assert answer.status_code == status
        assert f'<html lang="{language}"' in answer.text
        assert words in answer.text


@pytest.mark.parametrize(
    "kind", ["site", "place", "review", "report", "brand", "comment", "member"]
)
def test_embeds_may_be_framed_and_set_no_cookie(
    client: FlaskClient, world: World, kind: str
) -> None:
    for browser in (client, world.mod):
        answer = browser.get(f"/embed/{world.all[kind]}?lang=es")
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors *" in policy
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "X-Frame-Options" not in answer.headers
        assert "<script" not in answer.text
        assert "Verlo en Boca" in answer.text
        assert "csrf" not in answer.text
    # A member's other pages go on renewing their cookie, and may not be framed.
    other = world.mod.get("/about")
    assert "Set-Cookie" in other.headers
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]


def test_an_embed_takes_no_link_of_another_thing(client: FlaskClient, world: World) -> None:
    other = link_on(share(world.mod, world.brand)).rsplit("/", 1)[-1]
    for code in (other, "nothing", "../x", '"><script>', "\x00"):
        answer = client.get(f"/embed/{world.place}?link={quote(code)}")
        if answer.status_code == 200:
            assert f'href="http://localhost/places/{world.place}"' in answer.text
            assert "/r/" not in answer.text
        else:
            assert answer.status_code == 400


def test_the_snippet_carries_the_members_link(world: World) -> None:
    page = share(world.mod, world.place)
    code = link_on(page).rsplit("/", 1)[-1]
    snippet = re.search(r'id="snippet"[^>]*>([^<]+)<', page)
    assert snippet is not None
    assert f"link={code}" in snippet[1]


def test_robots_leave_short_links_to_previewers(client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.content_type.startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    for agent in ("Googlebot", "GPTBot"):
        assert not rules.can_fetch(agent, "/r/abc")
        assert not rules.can_fetch(agent, "/share/abc")
        assert rules.can_fetch(agent, "/places/abc")
        assert rules.can_fetch(agent, "/cards/abc.png")
    for agent in ("Twitterbot", "facebookexternalhit", "TelegramBot"):
        assert rules.can_fetch(agent, "/r/abc")
        assert rules.can_fetch(agent, "/cards/abc.png")
        assert not rules.can_fetch(agent, "/share/abc")
    assert rules.site_maps() == ["http://localhost/sitemap.xml"]


def sitemap(client: FlaskClient, path: str) -> list[tuple[str, str | None]]:
    answer = client.get(path, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/xml")
    root = ElementTree.fromstring(answer.data)
    return [
        (str(entry.findtext(f"{MAPS}loc")).removeprefix("http://localhost"),
         entry.findtext(f"{MAPS}lastmod"))
        for entry in root
    ]  # fmt: skip


def everything(client: FlaskClient) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for file, _changed in sitemap(client, "/sitemap.xml"):
        found |= dict(sitemap(client, file))
    return found


def test_the_sitemap_lists_what_all_may_see(
    app: Flask, client: FlaskClient, session: Session, world: World
) -> None:
    found = everything(client)
    for path in (
        "/", "/places", f"/places/{world.place}", f"/reviews/{world.review}",
        f"/reports/{world.report}", f"/brands/{world.brand}",
    ):  # fmt: skip
        assert path in found
        assert client.get(path).status_code == 200
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", str(found[f"/places/{world.place}"])
    )
    assert not any("/members/" in path for path in found)
    for table in ("reviews", "reports", "brands"):
        hide(session, table, world.all[table[:-1]])
    session.execute(sa.text("UPDATE places SET visibility = 'held'"))
    session.commit()
    store = cache.client()
    assert store is not None
    store.flushdb()
    left = everything(client)
    assert not {path for path in left if path.count("/") > 1 and path != "/map/history"}


def test_pages_of_the_sitemap_go_on_where_the_last_one_ended(
    session: Session, world: World
) -> None:
    for number in range(6):
        where = {"lat": str(41 + number), "lon": "2", "place_name": ""}
        data = {"name": f"Place {number}", "category": "bar", "anyway": "yes", **where}
        assert world.mod.post("/places", data=data).status_code == 303
    starts = cards_queries.sitemap_starts(session, "places", size=3)
    pages = [cards_queries.sitemap_page(session, "places", start, size=3) for start in starts]
    assert [len(page) for page in pages] == [3, 3, 1]
    paths = [path for page in pages for path, _changed in page]
    assert len(set(paths)) == 7
    assert cards_queries.sitemap_starts(session, "places", size=7) == starts[:1]


def test_odd_sitemaps_are_not_there(client: FlaskClient, world: World) -> None:
    for path in (
        "/sitemaps/places/nothing.xml", "/sitemaps/members/x.xml", "/sitemaps/places/..xml",
        f"/sitemaps/places/{world.brand}.xml",
    ):  # fmt: skip
        assert client.get(path).status_code == 404


def test_a_page_of_a_place_reads_its_card_once(
    client: FlaskClient, world: World, signed_in: Callable[..., FlaskClient]
) -> None:
    with counted_queries() as seen:
        client.get("/about")
    about = [statement for statement in seen if "FROM" in statement]
    assert len(about) <= 1, about  # what the page itself asks: the usual rating
    with counted_queries() as seen:
        client.get(f"/places/{world.place}")
    assert len(seen) <= 40


@pytest.mark.parametrize("kind", ["brand", "place", "review", "report"])
def test_the_author_is_who_speaks_not_who_once_suggested(
    client: FlaskClient, session: Session, world: World, kind: str
) -> None:
    path = f"/{kind}s/{world.all[kind]}"
    answer = oembed(client, path).json
    if kind == "brand":
        assert answer["author_name"] == "Marca Órbita"
        assert answer["author_url"] == f"http://localhost{path}"
        assert all("author" not in node for node in head(client, path).data)
    elif kind == "place":
        assert "author_name" not in answer
        content.run_place(
            session, content.the_only(session, Place), content.the_only(session, Brand)
        )
        session.commit()
        assert oembed(client, path).json["author_name"] == "Marca Órbita"
    else:
        assert answer["author_name"] == "mod"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "ana invites you to Boca"), ("es", "ana te invita a Boca")]
)
def test_an_invitation_says_who_invites(
    client: FlaskClient,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    language: str,
    words: str,
) -> None:
    ana = signed_in("ana", language=language)
    ana.post("/share/site")
    link = link_on(ana.get("/share/site").text).removeprefix("http://localhost")
    # The member sees what others will see.
    assert words in ana.get("/share/site").text
    previewer = {"User-Agent": "WhatsApp/2.23.20.0", "Accept-Language": language}
    page = client.get(link, headers=previewer)
    assert page.status_code == 200
    for tag in ("og:title", "twitter:title"):
        assert f'"{tag}" content="{words}"' in page.text
    assert f'"og:url" content="http://localhost{link}"' in page.text
    [picture] = re.findall(r'"og:image" content="http://localhost([^"]+)"', page.text)
    drawn = client.get(picture)
    assert drawn.content_type == "image/png"
    assert opened(drawn.data).size == (1200, 630)
    assert client.get(picture.replace(link.rsplit("/", 1)[-1], "zzzz")).status_code == 404
    # A person is led to the map, and an old picture to that of now.
    person = client.get(link, headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/130.0"})
    assert person.status_code == 302
    old = re.sub(r"-[0-9a-f]{16}\.png", "-0123456789abcdef.png", picture)
    assert client.get(old).location == picture


def test_previewers_count_as_no_visit(client: FlaskClient, session: Session, world: World) -> None:
    world.mod.post("/share/site")
    link = link_on(world.mod.get("/share/site").text).removeprefix("http://localhost")
    client.get(link, headers={"User-Agent": "WhatsApp/2.23.20.0"})
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 0
