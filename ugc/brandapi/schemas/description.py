"""The OpenAPI 3.1 description, from the schemas that check requests and the fields that answer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from ugc.brandapi import rules
from ugc.brandapi.schemas import parameters, vocabulary
from ugc.brands.api import BRANDS
from ugc.core.resources import URI, Field, Resource
from ugc.places.api import PLACES
from ugc.reports.api import REPORTS
from ugc.reviews.api import REVIEWS
from ugc.spread.rules import dashboard as spread_dashboard
from ugc.spread.rules import disclosure as spread_disclosure

VERSION = "1.2.0"
PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
SITE = "http://127.0.0.1:8000"  # of the copy in docs/
RESOURCES: dict[str, tuple[Resource, type[ma.Schema]]] = {
    "reports": (REPORTS, parameters.ReportsQuery),
    "places": (PLACES, parameters.PlacesQuery),
    "reviews": (REVIEWS, parameters.ReviewsQuery),
    "brands": (BRANDS, parameters.BrandsQuery),
}
# Who may read places may read who runs them.
SCOPES = {"brands": "places:read"}


def _property(field: Field) -> dict[str, Any]:
    """The schema of a field: its own, or what `how` tells."""
    if field.schema is not None:
        return dict(field.schema)
    if field.how == "raw":
        return {"type": ["integer", "null"]}
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if field.how == "time":
        schema["format"] = "date-time"
    return schema


def _object_schemas(name: str, resource: Resource) -> dict[str, Any]:
    properties = {field.name: _property(field) for field in (*resource.fields, *resource.fades)}
    required = list(properties)
    place: dict[str, Any] = {"lon": {"type": "number"}, "lat": {"type": "number"}}
    plain = {"id": {"type": "string"}, **(place if resource.point else {}), **properties}
    feature = {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"$ref": "#/components/schemas/Point"}
            if resource.point
            else {"type": "null"},
            "properties": {"type": "object", "required": required, "properties": properties},
        },
    }
    return {
        name: {"type": "object", "required": list(plain), "properties": plain},
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


_PROBLEMS = {
    "400": "The address holds a character NUL, or a parameter twice.",
    "401": "No key, or a wrong one.",
    "403": "The key lacks the scope.",
    "404": "There is none, or it is gone.",
    "406": "`Accept` names nothing that this is sent as.",
    "409": "A cursor is not of here, or `since` and `cursor` came together.",
    "422": "A parameter cannot be taken.",
}


def _responses(content: dict[str, Any], *refusals: str) -> dict[str, Any]:
    """The answers of an operation; `refusals` are statuses of `_PROBLEMS`."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {
        "200": {
            "description": "As asked. `ETag` is for `If-None-Match`.",
            "headers": {**_RATE_HEADERS, "ETag": {"schema": {"type": "string"}}},
            "content": content,
        },
        "304": {"description": "Nothing changed since the ETag of `If-None-Match`."},
        "429": {
            "description": "Too many requests: wait `Retry-After` seconds.",
            "headers": {"Retry-After": {"schema": {"type": "integer"}}, **_RATE_HEADERS},
            "content": problem,
        },
    }
    for status in ("400", "401", "422", *refusals):
        responses[status] = {"description": _PROBLEMS[status], "content": problem}
    return dict(sorted(responses.items()))


def _formats(geojson: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    """What can be negotiated: GeoJSON, the same as plain text (for GDAL), plain objects."""
    return {
        rules.GEOJSON: {"schema": geojson},
        rules.JSON: {"schema": plain},
        rules.TEXT: {"schema": {"type": "string", "description": "GeoJSON, labelled as text."}},
    }


def _collection(name: str) -> dict[str, Any]:
    paging = {
        "next_url": {
            "type": ["string", "null"],
            "format": "uri",
            "description": "The address of the next page, as in the `Link` header.",
        },
        "next": {"type": ["string", "null"]},
        "deleted": {"type": "array", "items": {"type": "string"}},
        "more": {"type": "boolean"},
        "restarted": {
            "type": "boolean",
            "description": "With `since`: true when the cursor was made before the database was"
            " restored. Drop your copy of these things; this is the first page of a first sync.",
        },
    }
    features = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}Feature"}}
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    geojson = {
        "type": "object",
        "required": ["type", "features", "next", "next_url"],
        "properties": {"type": {"const": "FeatureCollection"}, "features": features, **paging},
    }
    plain = {
        "type": "object",
        "required": ["items", "next", "next_url"],
        "properties": {"items": items, **paging},
    }
    return _formats(geojson, plain)


def _array(**properties: Any) -> dict[str, Any]:
    item = {"type": "object", "required": list(properties), "properties": properties}
    return {"type": "array", "items": item}


def _spread_schema() -> dict[str, Any]:
    whole, number, text = {"type": "integer"}, {"type": "number"}, {"type": "string"}
    maybe = {"type": ["number", "null"]}
    day = {"type": "string", "format": "date"}
    figure = {"oneOf": [{"type": "integer"}, {"const": spread_dashboard.SUPPRESSED}]}

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
            people_by_degree=each(*spread_disclosure.DEGREES),
            visits=figure,
        ),
        "shown_total": whole,
        "shown_total_by_degree": each(*spread_disclosure.DEGREES, of=whole),
        "visits_by_degree": each(*spread_disclosure.DEGREES),
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
                "description": "The complete weeks of the cohorts that K is told of.",
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
                "parameters": [public_id, {"in": "query", "schema": parameters.SpreadQuery}],
                "responses": _responses(
                    {rules.JSON: {"schema": {"$ref": "#/components/schemas/Spread"}}},
                    "403",
                    "404",
                ),
                "security": [{"key": ["spread:read"]}],
            }
        },
    )


def _describe_vocabulary(spec: APISpec) -> None:
    """What needs no key."""
    link = {
        "type": "object",
        "required": ["href", "templated", "title", "scope"],
        "properties": {
            "href": {"type": "string"},
            "templated": {"type": "boolean", "description": "Whether it has {parts} to fill in."},
            "title": {"type": "string"},
            "scope": {"type": ["string", "null"], "description": "null: no key is needed."},
        },
    }
    contents_schema = {
        "type": "object",
        "required": ["title", "version", "openapi", "documentation", "resources"],
        "properties": {
            "title": {"type": "string"},
            "version": {"type": "string"},
            "openapi": URI,
            "documentation": URI,
            "resources": {"type": "array", "items": link},
        },
    }
    listed = {
        "kinds": (vocabulary.KIND_SCHEMA, "The kinds of report."),
        "categories": (vocabulary.CATEGORY_SCHEMA, "The categories of place."),
    }
    spec.components.schema("Contents", contents_schema)
    _describe_public(spec, "", "What there is, by address.", "Contents")
    for name, (schema, summary) in listed.items():
        component = name.capitalize()
        items = {"type": "array", "items": schema}
        spec.components.schema(
            component, {"type": "object", "required": ["items"], "properties": {"items": items}}
        )
        _describe_public(spec, name, summary, component)


def _describe_public(spec: APISpec, name: str, summary: str, component: str) -> None:
    spec.path(
        f"/api/v1/{name}",
        operations={
            "get": {
                "operationId": f"list_{name or 'resources'}",
                "tags": ["vocabulary"],
                "summary": summary,
                "description": "Needs no key.",
                "parameters": [],
                "responses": _responses(
                    {rules.JSON: {"schema": {"$ref": f"#/components/schemas/{component}"}}}
                ),
                "security": [],
            }
        },
    )


def _describe_resource(spec: APISpec, name: str, public_id: dict[str, Any]) -> None:
    """A list, and one of it by its id."""
    resource, schema = RESOURCES[name]
    kind = resource.kind.capitalize()
    scope = SCOPES.get(name, f"{name}:read")
    for component, definition in _object_schemas(kind, resource).items():
        spec.components.schema(component, definition)
    one = _formats(
        {"$ref": f"#/components/schemas/{kind}Feature"}, {"$ref": f"#/components/schemas/{kind}"}
    )
    common = {
        "tags": [name],
        "description": f"Needs the scope `{scope}`.",
        "security": [{"key": [scope]}],
    }
    spec.path(
        f"/api/v1/{name}",
        operations={
            "get": {
                **common,
                "operationId": f"list_{name}",
                "summary": f"{name.capitalize()}, newest first; or what changed since.",
                "parameters": [{"in": "query", "schema": schema}],
                "responses": _responses(_collection(kind), "403", "406", "409"),
            }
        },
    )
    spec.path(
        f"/api/v1/{name}/{{public_id}}",
        operations={
            "get": {
                **common,
                "operationId": f"get_{resource.kind}",
                "summary": f"One {resource.kind}, with its photos.",
                "parameters": [public_id, {"in": "query", "schema": parameters.OneQuery}],
                "responses": _responses(one, "403", "404", "406"),
            }
        },
    )


def _with_commas(described: dict[str, Any]) -> None:
    """Parameters of several values: one parameter, its items behind one another with commas."""
    for verbs in described["paths"].values():
        for parameter in verbs["get"]["parameters"]:
            if parameter["schema"].get("type") == "array":
                parameter |= {"style": "form", "explode": False}


def contents(site: str) -> dict[str, Any]:
    """What there is, by address, for the root of the API."""
    described = specification(site)
    links = []
    for path, verbs in described["paths"].items():
        operation = verbs["get"]
        security = operation["security"]
        links.append(
            {
                "href": site + path,
                "templated": "{" in path,
                "title": operation["summary"],
                "scope": security[0]["key"][0] if security else None,
            }
        )
    return {
        "title": described["info"]["title"],
        "version": VERSION,
        "openapi": f"{site}/api/v1/openapi.json",
        "documentation": f"{site}/api",
        "resources": links,
    }


@lru_cache(maxsize=1)
def specification(site: str = SITE) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the API of `site`; docs/openapi.json is a copy of it."""
    spec = APISpec(
        title="Boca API",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
        servers=[{"url": site}],
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
                "coordinates": PAIR,
            },
        },
    )
    public_id = {
        "in": "path",
        "name": "public_id",
        "required": True,
        "schema": {"type": "string", "pattern": rules.ID},
        "description": "The id of the thing.",
    }
    for name in RESOURCES:
        _describe_resource(spec, name, public_id)
    _describe_spread(spec, public_id)
    _describe_vocabulary(spec)
    described: dict[str, Any] = spec.to_dict()
    _with_commas(described)
    return described
