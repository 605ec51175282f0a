"""Whatever a program sends, the API answers as its description says, and never breaks."""

import base64
import json
import logging
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask import Flask, g
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from tests.brandapi.asking import Get
from tests.brandapi.conftest import World
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


SEED = 20261130
LISTS = ("/api/v1/reports", "/api/v1/places", "/api/v1/reviews", "/api/v1/brands")
WELL_FORMED, MALFORMED = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# path, whether what is sent keeps to the description, cases: 500 in all.
ROUNDS = [
    *((path, WELL_FORMED, 75) for path in LISTS),
    *((path, MALFORMED, 15) for path in LISTS),
    *((f"{path}/{{public_id}}", WELL_FORMED, 20) for path in LISTS),
    *((f"{path}/{{public_id}}", MALFORMED, 5) for path in LISTS),
    ("/api/v1/brands/{public_id}/spread", WELL_FORMED, 37),
    ("/api/v1/", WELL_FORMED, 1),
    ("/api/v1/kinds", WELL_FORMED, 1),
    ("/api/v1/categories", WELL_FORMED, 1),
]


def test_it_answers_as_it_is_described(app: Flask, world: World) -> None:
    """schemathesis makes requests from the description and holds the answers against it: status,
    content type, headers and bodies, that the well formed is taken and the malformed refused."""
    place = world.place()
    known = {"reports": world.report(), "places": place, "brands": world.brand}
    known["reviews"] = world.review(place)
    # Made up keys would be all that is refused.
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
    headers = {"Authorization": f"Bearer {world.key()}"}

    def site(environ: Any, start: Any) -> Any:
        # Requests of a test share its context: what one keeps in `g` must not reach the next.
        for name in list(g):
            g.pop(name)
        return app(environ, start)

    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site, config=config)
    operations = {each.ok().path: each.ok() for each in described.get_all_operations()}
    assert set(operations) == {path for path, _, _ in ROUNDS}
    asked: Counter[int] = Counter()
    once = settings(
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def send(case: schemathesis.Case) -> None:
        path, mode = case.operation.path, case.meta.generation.mode  # type: ignore[union-attr]
        if mode is WELL_FORMED and "{public_id}" in path and sum(asked.values()) % 2:
            # Made up ids lead to 404 alone.
            case.path_parameters = {"public_id": known[path.split("/")[3]]}
        if path.endswith("/spread"):
            # No description says which days make a span together: test_api.py tries those.
            case.query = {name: value for name, value in case.query.items() if name == "weeks"}
        asked[case.call_and_validate(headers=headers).status_code] += 1

    for path, mode, count in ROUNDS:
        asks = given(case=operations[path].as_strategy(generation_mode=mode))(send)
        seed(SEED)(settings(once, max_examples=count)(asks))()
    logging.getLogger(__name__).info(
        "schemathesis %s, seed %s: %s", schemathesis.__version__, SEED, dict(asked)
    )
    assert sum(asked.values()) >= 500
    assert {200, 404, 409, 422} <= set(asked)
