"""Whatever a program sends, the API answers as its description says, and never breaks."""

import base64
import json
from urllib.parse import quote

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

from tests.brandapi.conftest import World
from tests.brandapi.test_api import Get
from ugc.brandapi.schemas.description import specification

ODD = (
    "", "\x00", "a\x00b", "%", "'", "-1", "9" * 30, "1e999", "nan", " 5", "5.0", "１",
    "💥" * 50, "x" * 5000,
    "inf,inf,inf,inf", "0,0,0,0", "-180,-90,180,90", "2026-W01-1", "20260101",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
)  # fmt: skip
FORGED = (
    ("c", "2026-W01-1", 1), ("c", "20260101", 1), ("c", "2026-01-01T00:00:00,5", 1), ("c", None, 1),
    ("c", "0001-01-01T00:00:00+23:59", 1), ("c", "2026-01-01", 2**63), ("c", "2026-01-01", 1e30),
    ("c", "2026-01-01", True), ("c", "2026-01-01", "٥"), ("c", "2026-01-01", -1), ("c",), {"c": 1},
    ("s", "-1", 1), ("s", str(2**64), 1), ("s", "5", 2**63), ("s", "5", 1.5),
    ("s", "١", 1), ("s", [1], 1),
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_haste(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["boca_limits"].rates, "api", "100000 per minute")


def parameters() -> list[tuple[str, str]]:
    return [
        (path.removeprefix("/api/v1"), each["name"])
        for path, verbs in specification()["paths"].items()
        for each in verbs["get"]["parameters"]
    ]


@pytest.mark.parametrize(("path", "name"), parameters())
def test_odd_values_are_refused_with_a_problem(
    world: World, get: Get, path: str, name: str
) -> None:
    place = world.place()
    world.review(place)
    values = list(ODD)
    if name in ("since", "cursor"):
        values += [
            base64.urlsafe_b64encode(json.dumps(parts).encode()).decode() for parts in FORGED
        ]
    for value in values:
        if name == "public_id":
            if not value:
                continue
            address = path.replace("{public_id}", quote(value, safe=""))
        else:
            known = world.brand if "brands" in path else place
            address = f"{path.replace('{public_id}', known)}?{name}={quote(value)}"
        answer = get(address)
        assert answer.status_code in (200, 400, 404, 409, 422), (address, answer.text)
        if answer.status_code != 200:
            assert answer.content_type == "application/problem+json"
            assert answer.get_json(force=True)["code"]


def test_it_answers_as_it_is_described(app: Flask, world: World) -> None:
    """schemathesis makes requests from the description and holds the answers against it: status,
    content type, headers and bodies."""
    place = world.place()
    world.report()
    world.review(place)
    headers = {"Authorization": f"Bearer {world.key()}"}
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    asked = 0

    for result in described.get_all_operations():

        @settings(
            max_examples=25,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=result.ok().as_strategy())
        def hold(case: schemathesis.Case) -> None:
            nonlocal asked
            case.call_and_validate(headers=headers)
            asked += 1

        hold()
    assert asked > 50
