"""The OpenAPI 3.1 description, from the schemas that check requests and the fields that answer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from ugc.brandapi import queries, schemas
from ugc.insights.rules import room, tens

VERSION = "1.0.0"
RESOURCES: dict[str, tuple[queries.Resource, type[ma.Schema]]] = {
    "reports": (queries.REPORTS, schemas.ReportsQuery),
    "places": (queries.PLACES, schemas.PlacesQuery),
    "reviews": (queries.REVIEWS, schemas.ReviewsQuery),
}
_TYPES: dict[str, Any] = {
    "unconfirmed": {"type": "boolean"},
    "accuracy_m": {
        "type": ["integer", "null"],
        "description": "Of a report whose author shows only an area: its radius in metres round the"
        " point. null when the point is where it is.",
    },
    "author": {
        "type": ["object", "null"],
        "description": "null for imported content, when the person erased the account, and where"
        " the author of a report on a road does not show the name.",
        "properties": {"handle": {"type": "string"}},
    },
    "subratings": {"type": "object", "additionalProperties": {"type": "integer"}},
    "rating_mean": {"type": ["number", "null"]},
    "photos": {"type": "array", "items": {"type": "string"}},
}


def _property(name: str, how: str) -> dict[str, Any]:
    if name in _TYPES:
        return dict(_TYPES[name])
    if how == "raw":
        return {"type": ["integer", "null"]}
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if how == "time":
        schema["format"] = "date-time"
    return schema


def _object_schemas(name: str, resource: queries.Resource) -> dict[str, Any]:
    properties = {field: _property(field, how) for field, _, how in resource.fields}
    required = list(properties)
    plain = {
        "id": {"type": "string"},
        "lon": {"type": "number"},
        "lat": {"type": "number"},
        **properties,
        "photos": _TYPES["photos"],
    }
    feature = {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"$ref": "#/components/schemas/Point"},
            "properties": {
                "type": "object",
                "required": required,
                "properties": {**properties, "photos": _TYPES["photos"]},
            },
        },
    }
    return {
        name: {"type": "object", "required": ["id", "lon", "lat", *required], "properties": plain},
        f"{name}Feature": feature,
    }


_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
_RATE_HEADERS = {
    f"RateLimit-{name}": {"schema": {"type": "integer"}, "description": text}
    for name, text in (
        ("Limit", "Requests in a minute."),
        ("Remaining", "How many are left."),
        ("Reset", "Seconds until there is room again."),
    )
}


def _responses(content: dict[str, Any], *, missing: bool) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {
        "200": {
            "description": "As asked. `ETag` is for `If-None-Match`.",
            "headers": {**_RATE_HEADERS, "ETag": {"schema": {"type": "string"}}},
            "content": content,
        },
        "304": {"description": "Nothing changed since the ETag of `If-None-Match`."},
        "400": {"description": "The address holds a character NUL.", "content": problem},
        "401": {"description": "No key, or a wrong one.", "content": problem},
        "403": {"description": "The key lacks the scope.", "content": problem},
        "422": {"description": "A parameter cannot be taken.", "content": problem},
        "429": {
            "description": "Too many requests: wait `Retry-After` seconds.",
            "headers": {"Retry-After": {"schema": {"type": "integer"}}, **_RATE_HEADERS},
            "content": problem,
        },
    }
    if missing:
        responses["404"] = {"description": "There is none, or it is gone.", "content": problem}
    return responses


def _collection(name: str) -> dict[str, Any]:
    paging = {
        "next": {"type": ["string", "null"]},
        "deleted": {"type": "array", "items": {"type": "string"}},
        "more": {"type": "boolean"},
        "restarted": {
            "type": "boolean",
            "description": "With `since`: true when the cursor was made before the database was"
            " restored. Drop your copy of these things; this is the first page of a first sync.",
        },
    }
    return {
        "application/geo+json": {
            "schema": {
                "type": "object",
                "required": ["type", "features", "next"],
                "properties": {
                    "type": {"const": "FeatureCollection"},
                    "features": {
                        "type": "array",
                        "items": {"$ref": f"#/components/schemas/{name}Feature"},
                    },
                    **paging,
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
                    **paging,
                },
            }
        },
    }


def _array(**properties: Any) -> dict[str, Any]:
    item = {"type": "object", "required": list(properties), "properties": properties}
    return {"type": "array", "items": item}


def _spread_schema() -> dict[str, Any]:
    whole, number, text = {"type": "integer"}, {"type": "number"}, {"type": "string"}
    maybe = {"type": ["number", "null"]}
    day = {"type": "string", "format": "date"}
    figure = {"oneOf": [{"type": "integer"}, {"const": room.SUPPRESSED}]}

    def each(*keys: str, of: Any = figure) -> dict[str, Any]:
        return {"type": "object", "required": list(keys), "properties": dict.fromkeys(keys, of)}

    def known(**properties: Any) -> dict[str, Any]:
        """An object, or null where too few people were told."""
        return {"type": ["object", "null"], "required": list(properties), "properties": properties}

    maybe_text = {"type": ["string", "null"]}
    properties = {
        "brand": text,
        "span": {"type": "object", "properties": {"from": day, "to": day, "weeks": whole}},
        "weeks": _array(
            week={"type": "string", "examples": ["2026-W48"]},
            starts_on=day,
            complete={"type": "boolean"},
            people_by_degree=each(*tens.DEGREES),
            visits=figure,
        ),
        "shown_total": whole,
        "shown_total_by_degree": each(*tens.DEGREES, of=whole),
        "visits_by_degree": each(*tens.DEGREES),
        "people_by_channel": {"type": "object", "additionalProperties": whole},
        "people_by_city": _array(geoname_id=whole, name=text, lon=number, lat=number, people=whole),
        "people_by_subject": _array(
            id=maybe_text, kind=maybe_text, title=maybe_text, people=whole
        ),
        "rest": {
            **each("degree", "channel", "city", "subject", "joined", of=whole),
            "description": "What each breakdown lacks to `shown_total`: members elsewhere, or in "
            "groups of fewer than ten. Below zero where members are told who came before the span.",
        },
        "funnel": each("shared", "visited", "came", "joined", "contributed", "fans"),
        "k_factor": known(
            cohorts={
                "type": "object",
                "description": "The complete weeks in which those came of whom K is told.",
                "properties": {"from": day, "to": day},
            },
            k=number, low=number, high=number, members=whole, brought=figure, invitations=maybe,
            conversion=maybe,
        ),
        "cycle_days": maybe,
        "curve": known(
            start=whole,
            days={"type": "array", "items": whole},
            people={"type": "array", "items": whole},
            low={"type": "array", "items": whole},
            high={"type": "array", "items": whole},
            ceiling={"type": ["integer", "null"]},
        ),
        "branching": _array(**{"from": text, "to": text, "each_brought": number}),
        "cascades": _array(
            people=whole,
            depth={"type": ["integer", "null"], "description": "null: more than nine"},
            structural_virality=number,
            days_to_half=whole,
            members_who_brought_ten=whole,
        ),
    }  # fmt: skip
    return {"type": "object", "required": list(properties), "properties": properties}


def _describe_spread(spec: APISpec, public_id: dict[str, Any]) -> None:
    spec.components.schema("Spread", _spread_schema())
    spec.path(
        "/api/v1/brands/{public_id}/spread",
        operations={
            "get": {
                "operationId": "get_spread",
                "tags": ["brands"],
                "summary": "How the key's brand spreads: by degree and ISO week, channel, city and "
                "subject; K, cycle, curve, cascades and funnel.",
                "description": "Needs the scope `spread:read`. Complete weeks only, up to the last "
                "that was counted; `span` says which. A figure "
                "counts the members who first came by a link: degree 1 by the brand's own links, 2 "
                "by links of those, and so on. People are told in full tens of all who ever came; "
                "the rest waits for a later week, and `suppressed` is fewer than ten. What was "
                "told once stays. Visits are people-days.",
                "parameters": [public_id, {"in": "query", "schema": schemas.SpreadQuery}],
                "responses": _responses(
                    {"application/json": {"schema": {"$ref": "#/components/schemas/Spread"}}},
                    missing=True,
                ),
            }
        },
    )


@lru_cache(maxsize=1)
def specification() -> dict[str, Any]:
    """The OpenAPI 3.1 description; docs/openapi.json is a copy of it."""
    spec = APISpec(
        title="Boca API",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
        info={
            "description": "What a community contributes: reports, places, reviews, and how a "
            "brand spreads. Read-only. Coordinates are WGS 84 degrees, times are UTC, ids are "
            "opaque.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        security=[{"key": []}],
    )
    spec.components.security_scheme(
        "key", {"type": "http", "scheme": "bearer", "description": "A key of a brand: boca_…"}
    )
    spec.components.schema("Problem", _PROBLEM)
    spec.components.schema(
        "Point",
        {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"const": "Point"},
                "coordinates": {
                    "type": "array",
                    "items": {"type": "number"},
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
        },
    )
    public_id = {
        "in": "path",
        "name": "public_id",
        "required": True,
        "schema": {"type": "string"},
        "description": "The id of the thing.",
    }
    for name, (resource, schema) in RESOURCES.items():
        kind = resource.kind.capitalize()
        for component, definition in _object_schemas(kind, resource).items():
            spec.components.schema(component, definition)
        spec.path(
            f"/api/v1/{name}",
            operations={
                "get": {
                    "operationId": f"list_{name}",
                    "tags": [name],
                    "summary": f"{name.capitalize()}, newest first; or what changed since.",
                    "description": f"Needs the scope `{name}:read`.",
                    "parameters": [{"in": "query", "schema": schema}],
                    "responses": _responses(_collection(kind), missing=False),
                }
            },
        )
        one = {
            "application/geo+json": {"schema": {"$ref": f"#/components/schemas/{kind}Feature"}},
            "application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}},
        }
        spec.path(
            f"/api/v1/{name}/{{public_id}}",
            operations={
                "get": {
                    "operationId": f"get_{resource.kind}",
                    "tags": [name],
                    "summary": f"One {resource.kind}, with its photos.",
                    "description": f"Needs the scope `{name}:read`.",
                    "parameters": [public_id, {"in": "query", "schema": schemas.OneQuery}],
                    "responses": _responses(one, missing=True),
                }
            },
        )
    _describe_spread(spec, public_id)
    described: dict[str, Any] = spec.to_dict()
    return described
