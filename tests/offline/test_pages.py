"""What a browser keeps is nobody's; what its queue asks is answered."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Browser
from ugc.config import ROOT
from ugc.core.db import Session

FORM = {"kind": "roadworks", "lat": "40.42", "lon": "-3.70"}
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(("language", "word"), [("es", "Avisar"), ("en", "Report")])
def test_the_shell_is_the_same_for_everybody(
    client: FlaskClient, signed_in: Browser, language: str, word: str
) -> None:
    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data={**FORM, "text": "Only on the map."})
    ana.post("/theme", data={"theme": "dark"})
    hers = ana.get(f"/offline/{language}")
    nobodys = client.get(f"/offline/{language}", headers={"Accept-Language": "de"})
    assert hers.data == nobodys.data
    assert "Set-Cookie" not in nobodys.headers
    assert "no-store" not in nobodys.headers["Cache-Control"]
    assert f'<html lang="{language}"' in hers.text
    assert word in hers.text
    for secret in ("csrf_token", "ana", "Only on the map."):
        assert not re.search(rf"\b{secret}\b", hers.text)
    assert client.get("/offline/fr").status_code == 404


def test_the_worker_serves_the_whole_site_and_is_always_asked_for_anew(
    client: FlaskClient,
) -> None:
    answer = client.get("/sw.js")
    assert answer.content_type.startswith("text/javascript")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    # One file without imports, so that it also runs as a classic worker.
    assert not re.search(r"^\s*(import|export)\b", answer.text, re.MULTILINE)


def test_the_worker_keeps_what_its_shell_loads_and_the_basemap_apart(client: FlaskClient) -> None:
    script = client.get("/sw.js").text
    listed = re.search(r'\[("/static/[^]]*)\]', script)
    assert listed
    kept = json.loads(f"[{listed[1]}]")
    page = client.get("/offline/es").text
    for address in re.findall(r'(?:src|href|data-icons)="(/static/[^"#]+)', page):
        assert (address in kept) is not ("app-icon" in address), address
    # Scripts of the shell load others, and those the map's own.
    manifest = json.loads((ROOT / "static" / "build" / "manifest.json").read_text())
    for name in ("map-worker.js", "map-font-latin-500.woff2", "inter-latin-wght-normal.woff2"):
        assert f"/static/build/{manifest[name]}" in kept
    for name in ("watches.js", "embed.css", "map-font-greek-500.woff2"):
        assert f"/static/build/{manifest[name]}" not in kept
    assert not any(address.startswith("/basemap/") for address in kept)
    basemap = f"/basemap/{manifest['basemap.pmtiles']}"
    assert f'"{basemap}"' in script
    for address in [*kept, basemap]:
        with client.get(address) as answer:
            assert answer.status_code == 200, address


def test_a_new_shell_is_a_new_worker(app: Flask, client: FlaskClient) -> None:
    before = client.get("/sw.js").data
    app.config["SITE_NAME"], kept = "Otra", app.config["SITE_NAME"]
    app.jinja_env.globals["site_name"] = "Otra"
    try:
        assert client.get("/sw.js").data != before
    finally:
        app.config["SITE_NAME"] = app.jinja_env.globals["site_name"] = kept
    assert client.get("/sw.js").data == before


@pytest.mark.parametrize(("language", "name"), [("es", "el mapa vivo"), ("en", "the living map")])
def test_the_manifest(client: FlaskClient, language: str, name: str) -> None:
    told = client.get(f"/manifest.webmanifest?lang={language}")
    assert told.content_type == "application/manifest+json"
    manifest = json.loads(told.data)
    assert manifest["name"].endswith(name)
    assert {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("192x192", "maskable"),
        ("512x512", "maskable"),
    }
    addresses = [icon["src"] for icon in manifest["icons"]]
    addresses += [shortcut["url"] for shortcut in manifest["shortcuts"]]
    for address in [*addresses, manifest["start_url"]]:
        with client.get(address) as answer:
            assert answer.status_code == 200, address
    assert manifest["share_target"]["params"]["files"][0]["name"] == "photos"
    page = client.get("/", headers={"Accept-Language": language}).text
    assert f'rel="manifest" href="/manifest.webmanifest?lang={language}"' in page


def test_the_queue_learns_who_is_signed_in(client: FlaskClient, signed_in: Browser) -> None:
    assert client.get("/session").json == {"member": None, "csrf": None}
    ana = signed_in("ana")
    state = ana.get("/session")
    assert state.headers["Cache-Control"] == "no-store, no-transform"
    assert state.json is not None
    page = ana.get("/").text
    assert f'data-member="{state.json["member"]}"' in page
    assert state.json["csrf"]


def test_what_the_queue_is_told(session: Session, signed_in: Browser) -> None:
    """Similar ones with what a card shows; a confirmation answers as JSON too."""
    ana = signed_in("ana")
    first = ana.post("/reports", data=FORM, headers=JSON).json
    ben = signed_in("ben")
    [similar] = ben.post("/reports", data={**FORM, "lat": "40.421"}, headers=JSON).get_json(
        force=True
    )["similar"]
    assert first is not None
    assert similar["id"] == first["id"]
    assert (similar["mine"], similar["photo"]) == (False, None)
    assert 100 < similar["metres"] < 120
    voted = ben.post(
        f"/reports/{first['id']}/vote",
        data={"still_there": "yes", "follow": "yes"},
        headers={**JSON, "Idempotency-Key": "k" * 20},
    )
    assert voted.status_code == 200
    # What the vote came to stands beside it, and is told instead of what waits.
    told = {key for key in first if key != "message"}
    assert {key: voted.json[key] for key in told} == {key: first[key] for key in told}
    mine = ana.post("/reports", data=FORM, headers=JSON).get_json(force=True)
    assert mine["similar"][0]["mine"]


def test_a_photo_shared_without_a_worker_is_not_kept(signed_in: Browser) -> None:
    answer = signed_in("ana").post("/share", data={"text": "x"})
    assert (answer.status_code, answer.location) == (303, "/?report=1")
