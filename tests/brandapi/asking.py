"""How tests ask the API, and check what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema

from ugc.brandapi.schemas.description import specification

Get = Callable[..., Any]


def valid(name: str, document: Any) -> None:
    """The document is what the description promises."""
    described = specification()
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    jsonschema.validate(document, schema)


def feed(get: Get, since: str, path: str = "/reports") -> tuple[list[str], list[str], str]:
    answer = get(f"{path}?since={since}").get_json(force=True)
    return (
        [feature["id"] for feature in answer["features"]],
        answer["deleted"],
        answer["next"],
    )
