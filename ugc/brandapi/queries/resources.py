"""Resources of the API as SQL that writes JSON text: one feature or plain object a row."""

from __future__ import annotations

from collections.abc import Sequence

from ugc.core.resources import Field, Resource

# How a value becomes JSON text. Codes hold nothing that JSON escapes.
_AS_JSON = {
    "code": """coalesce('"' || {0} || '"', 'null')""",
    "text": "coalesce(to_json({0})::text, 'null')",
    "raw": "coalesce({0}::text, 'null')",
    "time": """coalesce('"' || to_char({0}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"', 'null')""",
    "moment": """'"' || to_char({0}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'""",
    "date": """coalesce('"' || {0}::text || '"', 'null')""",
}


def _members(fields: Sequence[Field]) -> str:
    """SQL of the fields as JSON text, without the braces."""
    parts = [
        f"""'"{name}":' || {_AS_JSON[how].format(f"({sql})")}""" for name, sql, how, _ in fields
    ]
    return " || ',' || ".join(parts)


def feature(resource: Resource, geojson: bool) -> tuple[str, str | None]:
    """SQL of one feature (RFC 7946), or of one plain object with `lon` and `lat`, in two parts that
    make it together: what changes with the content alone, and what fades with its end (None: the
    first part is the whole)."""
    end = "'}}'" if geojson else "'}'"
    steady = f"{_head(resource, geojson)} || {_members(resource.fields)}"
    if not resource.fades:
        return f"{steady} || {end}", None
    return steady, f"',' || {_members(resource.fades)} || {end}"


def _head(resource: Resource, geojson: bool) -> str:
    lon, lat = f"ST_X({resource.point})", f"ST_Y({resource.point})"
    if geojson:
        point = f"""'{{"type":"Point","coordinates":[' || {lon} || ',' || {lat} || ']}}'"""
        geometry = point if resource.point else "'null'"
        return (
            """'{"type":"Feature","id":"' || s.public_id || '","geometry":' || """
            f"""{geometry} || ',"properties":{{'"""
        )
    place = f""" || ',"lon":' || {lon} || ',"lat":' || {lat}""" if resource.point else ""
    return f"""'{{"id":"' || s.public_id || '"'{place} || ','"""
