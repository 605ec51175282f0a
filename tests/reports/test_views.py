"""Where a visitor's map begins: at home, unless there is something to see in their time zone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.streets import load_city
from ugc.core.db import Session
from ugc.geography import geo
from ugc.reports.rules.views import CITY_ZOOM, zone_views

MADRID, VIGO, LISBON = (-3.7, 40.42), (-8.72, 42.23), (-9.14, 38.72)
HOME = (24.94, 60.17, 13.0)
SPAIN, PORTUGAL = "Europe/Madrid", "Europe/Lisbon"


@pytest.mark.parametrize(
    ("loaded", "alive", "said"),
    [
        ([], [], {}),
        # Twenty in a zone, wherever in it, at the city with most of them; one fewer are none.
        ([], [(SPAIN, *MADRID, 12), (SPAIN, *VIGO, 8)], {SPAIN: (*MADRID, CITY_ZOOM)}),
        ([], [(SPAIN, *VIGO, 8), (SPAIN, *MADRID, 12)], {SPAIN: (*MADRID, CITY_ZOOM)}),
        ([], [(SPAIN, *MADRID, 12), (SPAIN, *VIGO, 7)], {}),
        ([], [(SPAIN, *MADRID, 19), (PORTUGAL, *LISBON, 20)], {PORTUGAL: (*LISBON, CITY_ZOOM)}),
        # A loaded city, with or without reports, and the first of two.
        ([(SPAIN, HOME)], [], {SPAIN: HOME}),
        ([(SPAIN, HOME)], [(SPAIN, *MADRID, 90)], {SPAIN: HOME}),
        ([(SPAIN, HOME), (SPAIN, (*VIGO, 14.0))], [], {SPAIN: HOME}),
        # A browser that does not say where it is.
        ([("UTC", HOME)], [("UTC", 0.0, 0.0, 90)], {}),
    ],
)
def test_which_zones_win(loaded: Any, alive: Any, said: dict[str, Any]) -> None:
    assert zone_views(loaded, alive) == said


def told(browser: FlaskClient, path: str) -> tuple[tuple[float, ...], dict[str, list[float]]]:
    """Where a page's map begins, and where by zone."""
    text = browser.get(path).text
    found = re.search(r'data-lon="(\S+)" data-lat="(\S+)" data-zoom="([\d.]+)"', text)
    zones = re.search(r'data-zones="([^"]*)"', text)
    assert found is not None
    said = json.loads(html.unescape(html.unescape(zones[1]))) if zones else {}
    return tuple(map(float, found.groups())), said


def change(session: Session, statement: str) -> None:
    session.execute(sa.text(statement))
    session.commit()
    session.expire_all()


@pytest.mark.parametrize("path", ["/", "/map/history"])
def test_pages_say_where_their_maps_begin(
    path: str, app: Flask, session: Session, client: FlaskClient,
    signed_in: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert told(client, path) == (geo.FIRST_LOOK, {})
    monkeypatch.setitem(app.config, "HOME_VIEW", HOME)
    ana, leo = signed_in("zonas"), signed_in("husos")
    change(session, "UPDATE members SET timezone = 'Europe/Madrid'")
    for number in range(20):
        assert told(client, path) == (HOME, {})
        assert told(ana, path)[0] == HOME
        form = {"kind": "jam", "lon": f"{-3.70 + number / 1000}", "lat": "40.42", "anyway": "yes"}
        assert (ana if number % 2 else leo).post("/reports", data=form).status_code == 303
    # Newcomers' reports move no map until they are approved.
    assert told(client, path) == (HOME, {})
    change(session, "UPDATE reports SET visibility = 'published'")
    view, zones = told(client, path)
    assert (view, list(zones)) == (HOME, [SPAIN])
    assert zones[SPAIN][2] == CITY_ZOOM
    # Of members the server knows the zone.
    assert told(ana, path) == (tuple(zones[SPAIN]), {})
    change(session, "UPDATE reports SET expires_at = app_now()")
    assert told(client, path) == (HOME, {})
    load_city(session)
    change(session, "UPDATE extracts SET home_lon = -3.7, home_lat = 40.42, home_zoom = 14")
    assert told(client, path) == (HOME, {SPAIN: [-3.7, 40.42, 14.0]})
    assert told(ana, path) == ((-3.7, 40.42, 14.0), {})
