"""The share page: links, texts, QR codes, the sheet to print."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import sqlalchemy as sa
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient

from tests.cards.conftest import World, hide
from tests.cards.steps import link_on, opened, share
from tests.factories.members import join_team
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]


@pytest.mark.parametrize(
    "kind", ["site", "place", "review", "report", "brand", "comment", "member"]
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_anything_can_be_shared_once(
    session: Session, signed_in: Browser, world: World, kind: str, language: str
) -> None:
    ana = signed_in("ana", language=language)
    address = f"/share/{world.all[kind]}"
    before = ana.get(address)
    assert before.status_code == 200
    assert 'id="link"' not in before.text
    page = share(ana, world.all[kind])
    assert link_on(page) == link_on(share(ana, world.all[kind]))
    links = sa.text("SELECT count(*) FROM referral_links l JOIN members m ON m.id = l.owner_id"
                    " WHERE m.handle = 'ana'")  # fmt: skip
    assert session.execute(links).scalar_one() == 1
    assert ("Your link" in page) is (language == "en")
    assert ("Tu enlace" in page) is (language == "es")
    # Another member has a link of their own.
    assert link_on(share(world.mod, world.all[kind])) != link_on(page)


def test_the_link_leads_to_what_it_shares(client: FlaskClient, world: World) -> None:
    paths = {
        "site": "/", "place": f"/places/{world.place}", "review": f"/reviews/{world.review}",
        "report": f"/reports/{world.report}", "brand": f"/brands/{world.brand}",
        "comment": f"/reports/{world.report}#comment-{world.comment}", "member": "/members/mod",
    }  # fmt: skip
    for kind, path in paths.items():
        link = link_on(share(world.mod, world.all[kind])).removeprefix("http://localhost")
        # What travels with a person is no part of where they come.
        there = urlsplit(client.get(link).location)
        assert there._replace(query="").geturl() == path
        # A previewer follows it, by HEAD or GET, and finds the thing's own tags.
        for ask in (client.head, client.get):
            answer = ask(link, headers={"User-Agent": "WhatsApp/2.23"}, follow_redirects=True)
            assert answer.status_code == 200
            # A link to the site tells previewers itself who invites.
            assert answer.request.path == (link if kind == "site" else path.split("#")[0])
        if kind not in ("site", "comment"):
            assert f"/cards/{world.all[kind]}-" in answer.text


def test_the_text_is_in_the_language_that_was_chosen_and_can_be_changed(
    signed_in: Browser, world: World
) -> None:
    ana = signed_in("ana", language="es")
    page = share(ana, world.report)
    assert "Cuidado: Obras en Madrid." in page
    english = ana.get(f"/share/{world.report}?text_in=en").text
    assert "Careful: Roadworks in Madrid." in english
    assert '<html lang="es"' in english  # the page stays as it was
    own = ana.get(f"/share/{world.report}", query_string={"text": "Mind <b>this</b> & that"}).text
    assert "<b>this" not in own
    found = dict(re.findall(r'href="([^"]+)"[^>]+data-place="(\w+)"', own))
    addresses = {channel: unescape(target) for target, channel in found.items()}
    assert set(addresses) == {"whatsapp", "telegram", "mail", "x", "facebook", "mastodon"}
    text = parse_qs(urlsplit(addresses["whatsapp"]).query)["text"][0]
    assert text == f"Mind <b>this</b> & that\n{link_on(own)}?by=whatsapp"
    long = ana.get(f"/share/{world.report}", query_string={"text": "x" * 5000}).text
    assert f">{'x' * 500}</textarea>" in long


@pytest.mark.parametrize(
    "kind", ["site", "place", "review", "report", "brand", "comment", "member"]
)
def test_each_kind_has_a_text_of_its_own_in_both_languages(world: World, kind: str) -> None:
    texts = []
    share(world.mod, world.all[kind])
    for language in ("en", "es"):
        page = world.mod.get(f"/share/{world.all[kind]}?text_in={language}").text
        found = re.search(r'<textarea[^>]+id="text"[^>]*>([^<]+)</textarea>', page)
        assert found is not None
        texts.append(found[1])
        assert "Boca" in found[1]
    assert texts[0] != texts[1]


def test_what_is_not_public_cannot_be_shared(
    session: Session, signed_in: Browser, world: World
) -> None:
    ana = signed_in("ana")
    share(ana, world.place)
    hide(session, "places", world.place)
    hide(session, "brands", world.brand, "held")
    for public_id in (world.place, world.brand, "nothing"):
        assert ana.get(f"/share/{public_id}").status_code == 404
        assert ana.post(f"/share/{public_id}").status_code == 404
        assert ana.get(f"/share/{public_id}/qr.png").status_code == 404
        assert ana.get(f"/share/{public_id}/poster").status_code == 404


def test_who_may_not_contribute_makes_no_link(
    client: FlaskClient, signed_in: Browser, world: World
) -> None:
    assert client.post(f"/share/{world.place}").status_code == 401
    unconfirmed = signed_in("eva", confirmed=False)
    page = unconfirmed.get(f"/share/{world.place}").text
    assert f'value="http://localhost/places/{world.place}"' in page
    assert "Once your e-mail address is confirmed" in page
    assert unconfirmed.post(f"/share/{world.place}").status_code == 403


@pytest.mark.parametrize(
    "kind", ["site", "place", "review", "report", "brand", "comment", "member"]
)
@pytest.mark.parametrize(("language", "words"), [("en", "The address"), ("es", "La dirección")])
def test_a_visitor_shares_the_bare_address(
    client: FlaskClient, session: Session, world: World, kind: str, language: str, words: str
) -> None:
    share_page = f"/share/{world.all[kind]}"
    page = client.get(f"{share_page}?lang={language}")
    assert page.status_code == 200
    [address] = re.findall(r'id="link" readonly value="([^"]+)"', page.text)
    assert words in page.text
    assert "/r/" not in page.text
    there = urlsplit(address)
    assert f"{there.scheme}://{there.netloc}" == "http://localhost"
    assert client.get(there.path).status_code == 200
    # Copied, handed to the device, sent by each of the services, as a code and on paper.
    assert f'data-share="{address}"' in page.text
    assert 'data-copy="link"' in page.text
    assert quote(address, safe="") in page.text
    [found] = zxingcpp.read_barcodes(opened(client.get(f"{share_page}/qr.png").data))
    assert found.text == address
    assert client.get(f"{share_page}/qr.svg").status_code == 200
    poster = client.get(f"{share_page}/poster").text
    assert address.removeprefix("http://") in poster
    # Joining from here leads back here; sharing wrote nothing, and search engines stay away.
    joins = re.findall(r'href="(/join\?[^"]*)"', page.text)
    back = {parse_qs(urlsplit(unescape(each)).query)["next"][0] for each in joins}
    assert back == {f"{share_page}?lang={language}"}
    assert 'content="noindex' in page.text
    links = sa.text("SELECT count(*) FROM referral_links l JOIN members m ON m.id = owner_id")
    assert session.execute(links).scalar_one() == 0


def test_a_claim_is_no_thing_to_share(session: Session, signed_in: Browser, world: World) -> None:
    ana = signed_in("ana")
    ana.post(
        f"/brands/{world.brand}/claim", data={"message": "I founded it, and roast there. " * 3}
    )
    claim = session.execute(
        sa.text("SELECT public_id FROM subjects WHERE kind = 'brand_claim'")
    ).scalar_one()
    assert ana.get(f"/share/{claim}").status_code == 404


@pytest.mark.parametrize("size", ["", "128", "512", "2048", "99999999", "-1", "x"])
def test_qr_codes_are_read_by_a_scanner(world: World, size: str) -> None:
    link = link_on(share(world.mod, world.place))
    answer = world.mod.get(f"/share/{world.place}/qr.png?size={size}&download=1")
    assert answer.content_type == "image/png"
    assert (
        'attachment; filename="qr-boca-caf-rbita-sol.png"' in answer.headers["Content-Disposition"]
    )
    image = opened(answer.data)
    assert 100 <= image.width <= 2048
    [found] = zxingcpp.read_barcodes(image)
    assert found.text == f"{link}?by=qr"


def test_qr_codes_come_as_drawings_too(world: World) -> None:
    share(world.mod, world.place)
    answer = world.mod.get(f"/share/{world.place}/qr.svg")
    assert answer.content_type.startswith("image/svg+xml")
    assert answer.text.startswith("<svg")
    assert "Content-Disposition" not in answer.headers
    assert (
        "attachment"
        in world.mod.get(f"/share/{world.place}/qr.svg?download=1").headers["Content-Disposition"]
    )


def test_there_is_no_code_of_a_link_that_was_not_made(signed_in: Browser, world: World) -> None:
    ana = signed_in("ana")
    for what in ("qr.svg", "qr.png", "poster"):
        assert ana.get(f"/share/{world.place}/{what}").status_code == 404


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Tell others how it was"), ("es", "Cuenta cómo te fue")]
)
def test_a_sheet_to_print(world: World, language: str, words: str) -> None:
    link = link_on(share(world.mod, world.place))
    page = world.mod.get(f"/share/{world.place}/poster?text_in={language}").text
    assert words in page
    assert link.removeprefix("http://") in page
    assert "Café &lt;Órbita&gt;" in page


def test_the_brands_own_link_is_for_its_team(
    session: Session, signed_in: Browser, world: World
) -> None:
    ana = signed_in("ana")
    assert ana.get(f"/share/{world.brand}?as=brand").status_code == 404
    assert ana.post(f"/share/{world.brand}", data={"as": "brand"}).status_code == 404
    join_team(session, "ana")
    session.commit()
    own = link_on(share(ana, world.brand, **{"as": "brand"}))
    assert own != link_on(share(ana, world.brand))
    owner = sa.text("SELECT kind FROM referral_links l JOIN subjects s ON s.id = l.owner_id"
                    " WHERE code = :code")  # fmt: skip
    assert session.execute(owner, {"code": own.rsplit("/", 1)[-1]}).scalar_one() == "brand"
    [found] = zxingcpp.read_barcodes(opened(ana.get(f"/share/{world.brand}/qr.png?as=brand").data))
    assert found.text == f"{own}?by=qr"
    assert ana.get(f"/share/{world.place}?as=brand").status_code == 404


def test_every_page_of_a_thing_leads_to_its_share_page(
    client: FlaskClient, signed_in: Browser, world: World
) -> None:
    ana = signed_in("ana")
    for browser in (client, ana):
        for path, public_id in (
            (f"/places/{world.place}", world.place), (f"/reviews/{world.review}", world.review),
            (f"/places/{world.place}", world.review), (f"/reports/{world.report}", world.report),
            (f"/reports/{world.report}", world.comment), (f"/brands/{world.brand}", world.brand),
            ("/members/mod", world.member), ("/about", "site"), ("/", "site"),
        ):  # fmt: skip
            assert f'href="/share/{public_id}"' in browser.get(path).text, path


def test_a_merged_thing_is_shared_as_what_it_was_merged_into(
    session: Session, world: World
) -> None:
    world.mod.post("/reports", data={"kind": "roadworks", "text": "", "lat": "41", "lon": "2",
                                     "place_name": "", "anyway": "yes"})  # fmt: skip
    session.execute(
        sa.text(
            "UPDATE subjects SET merged_into_id = (SELECT id FROM subjects WHERE public_id = :into)"
            " WHERE id = (SELECT max(id) FROM subjects WHERE kind = 'report')"
        ),
        {"into": world.report},
    )
    session.commit()
    merged = session.execute(
        sa.text("SELECT public_id FROM subjects WHERE kind = 'report' ORDER BY id DESC LIMIT 1")
    ).scalar_one()
    assert world.mod.get(f"/share/{merged}").location == f"/share/{world.report}"


def test_links_are_made_at_a_bounded_rate(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions["boca_limits"].rates, "write", "2 per minute")
    codes = [world.mod.post(f"/share/{world.place}").status_code for _ in range(3)]
    assert 429 in codes
