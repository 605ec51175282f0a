"""Mapping files: TOML, checked when loaded; an error names the key and says what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ugc.core.errors import flat_messages
from ugc.core.inputs import Name
from ugc.imports.rules import formats, mapping
from ugc.places.rules import categories as places_categories
from ugc.reports.rules import kinds as reports_kinds

SHIPPED = Path(__file__).with_name("mappings")
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # kind: (needed, optional)
    mapping.REPORTS: (
        ("id", "kind", "occurred_at"),
        ("subkind", "text", "closed_at", "expires_at", "state", "language"),
    ),
    mapping.PLACES: (
        ("id", "name", "category"),
        ("address", "phone", "website", "opening_hours", "timezone", "language"),
    ),
    mapping.REVIEWS: (
        ("id", "place", "rating"),
        ("author", "title", "text", "visited_at", "language"),
    ),
}
ORIGINS = frozenset({"from", "join", "hash", "const"})
SUBRATING = re.compile(r"[a-z][a-z_]{1,30}$")


class BadMapping(Exception):
    """The mapping cannot be used; the text names every key and what to do."""


class _Zone(fields.String):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> ZoneInfo:  # type: ignore[override]
        name = super()._deserialize(value, *args, **kwargs)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValidationError(
                f"“{name}” is no time zone; give one such as Europe/Madrid."
            ) from None


class _OneOrMore(fields.Field[tuple[str, ...]]):
    """A text, or a list of texts."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> tuple[str, ...]:
        found = [value] if isinstance(value, str) else value
        if (
            not isinstance(found, list)
            or not found
            or not all(isinstance(one, str) and one for one in found)
        ):
            raise ValidationError("Give the name of a field, or a list of names.")
        return tuple(found)


class _Scale(fields.Field[tuple[float, float]]):
    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> tuple[float, float]:
        numbers = isinstance(value, list) and [v for v in value if isinstance(v, int | float)]
        if not numbers or len(numbers) != 2 or len(value) != 2 or not numbers[0] < numbers[1]:
            raise ValidationError("Give the lowest and the highest rating, such as [0, 100].")
        return float(numbers[0]), float(numbers[1])


class FieldSchema(Schema):
    """`name = {…}` in a table of fields; a plain text or list is short for `from`."""

    from_ = _OneOrMore(data_key="from")
    join = _OneOrMore()
    with_ = fields.String(data_key="with", load_default=" ")
    hash = _OneOrMore()
    const = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Raw())
    default = fields.String()
    html = fields.Boolean(load_default=False)
    format = fields.String(load_default="iso")
    scale = _Scale()

    @validates_schema
    def one_origin(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if sum(name in data for name in ("from_", "join", "hash", "const")) != 1:
            raise ValidationError("Give exactly one of from, join, hash and const.")


class _FieldField(fields.Field[mapping.Field]):
    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> mapping.Field:
        if not isinstance(value, dict):
            value = {"from": value}
        data = FieldSchema().load(value)
        table = {key: str(one) for key, one in data.get("values", {}).items()}
        return mapping.Field(
            paths=data.get("from_") or data.get("join") or data.get("hash") or (),
            join=data["with_"] if "join" in data else None,
            hashed="hash" in data,
            const=data.get("const"),
            values=table,
            default=data.get("default"),
            html=data["html"],
            format=data["format"],
            scale=data.get("scale"),
        )


class PositionSchema(Schema):
    lon = fields.String()
    lat = fields.String()
    x = fields.String()
    y = fields.String()
    pair = fields.String()
    order = fields.String(load_default="lon,lat", validate=validate.OneOf(["lon,lat", "lat,lon"]))
    geometry = fields.String()
    crs = fields.Integer(load_default=4326, strict=True, validate=validate.Range(1024, 999_999))

    @validates_schema
    def one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        ways = [("lon", "lat"), ("x", "y"), ("pair",), ("geometry",)]
        given = [way for way in ways if any(name in data for name in way)]
        if len(given) != 1 or not all(name in data for name in given[0]):
            raise ValidationError(
                "Give lon and lat, or x and y with crs, or pair (with order), or geometry."
            )


class KindSchema(Schema):
    format = _OneOrMore(required=True)
    encoding = fields.String(load_default="utf-8")
    delimiter = fields.String(load_default=",", validate=validate.Length(equal=1))
    items = fields.String(load_default="")
    missing = fields.List(fields.String(), load_default=list)
    timezone = _Zone(load_default=lambda: ZoneInfo("UTC"))
    position = fields.Nested(PositionSchema)
    fields_ = fields.Dict(
        keys=fields.String(), values=_FieldField(), data_key="fields", required=True
    )
    subratings = fields.Dict(
        keys=fields.String(validate=validate.Regexp(SUBRATING)),
        values=_FieldField(),
        load_default=dict,
    )
    place_source = fields.String(load_default="")
    region = fields.String(load_default=None, validate=validate.Regexp(r"[A-Z]{2}$"))

    @validates_schema
    def readable(self, data: dict[str, Any], **_kwargs: Any) -> None:
        strange = [name for name in data["format"] if name not in formats.FORMATS]
        if strange:
            raise ValidationError({"format": [f"Use some of {', '.join(formats.FORMATS)}."]})
        try:
            plain = "\n,;x".encode(data["encoding"]) == b"\n,;x"
        except LookupError:
            plain = False
        if not plain:
            raise ValidationError(
                {"encoding": ["Give an encoding that contains ASCII, such as utf-8 or cp1252."]}
            )


class SourceSchema(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9][a-z0-9-]{1,39}$"))
    name = Name(required=True, most=200)
    attribution = Name(required=True, most=300)
    licence = Name(required=True, most=300)
    url = fields.URL(load_default=None, schemes={"http", "https"})


class MappingSchema(Schema):
    source = fields.Nested(SourceSchema, required=True)
    reports = fields.Nested(KindSchema)
    places = fields.Nested(KindSchema)
    reviews = fields.Nested(KindSchema)


def _problems(kind: str, data: dict[str, Any]) -> dict[str, list[str]]:
    """What the shapes alone cannot tell: names of fields, and codes that are not ours."""
    found: dict[str, list[str]] = {}
    needed, optional = FIELDS[kind]
    given = data["fields_"]
    for name in needed:
        if name not in given:
            found[f"{kind}.fields.{name}"] = ["This is needed: say where the file has it."]
    for name in given:
        if name not in needed + optional:
            all_names = ", ".join(needed + optional)
            found[f"{kind}.fields.{name}"] = [f"There is no such field; {kind} have {all_names}."]
    if (kind == mapping.REVIEWS) == ("position" in data):
        text = (
            "Reviews have no position."
            if kind == mapping.REVIEWS
            else "Say where the coordinates are."
        )
        found[f"{kind}.position"] = [text]
    return found | _unknown_codes(kind, given) | _bad_ratings(kind, data)


def _unknown_codes(kind: str, given: dict[str, Any]) -> dict[str, list[str]]:
    """The codes of a mapping that are not ours, by where they stand."""
    found: dict[str, list[str]] = {}
    subkinds = {
        each.code for kind_row in reports_kinds.KINDS.values() for each in kind_row.subkinds
    }
    codes = {
        "subkind": (subkinds.__contains__, ", ".join(sorted(subkinds))),
        "kind": (reports_kinds.KINDS.__contains__, ", ".join(reports_kinds.KINDS)),
        "category": (
            places_categories.CATEGORIES.__contains__,
            ", ".join(places_categories.CATEGORIES),
        ),
        "state": (("open", "closed").__contains__, "open, closed"),
    }
    for name, (known, names) in codes.items():
        field = given.get(name)
        if field is None:
            continue
        ours = {"const": field.const, "default": field.default}
        ours |= {f"values.{key}": code for key, code in field.values.items()}
        for key, code in ours.items():
            if code is not None and not known(code):
                found[f"{kind}.fields.{name}.{key}"] = [f"“{code}” is none of {names}."]
    return found


def _bad_ratings(kind: str, data: dict[str, Any]) -> dict[str, list[str]]:
    """The values of ratings in a mapping that are not 1 to 5, by where they stand."""
    found: dict[str, list[str]] = {}
    given = data["fields_"]
    ratings = dict(data["subratings"], **({"rating": given["rating"]} if "rating" in given else {}))
    for name, field in ratings.items():
        for key, code in field.values.items():
            if code not in ("1", "2", "3", "4", "5"):
                found[f"{kind}.{name}.values.{key}"] = ["Ratings of ours are 1 to 5."]
    return found


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, table by table. A field that comes from elsewhere in `over` keeps
    the rest of what `base` says of it, such as its values."""
    result = dict(base)
    if ORIGINS & over.keys():
        result = {key: value for key, value in result.items() if key not in ORIGINS}
    for key, value in over.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if nested else value
    return result


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def _table(name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    path = SHIPPED / f"{name}.toml" if re.fullmatch(r"[a-z0-9-]+", name) else Path(name)
    if name in seen:
        raise BadMapping(f"{name} extends itself.")
    if not path.is_file():
        raise BadMapping(
            f"There is no mapping {name}. Give a file, or one of {', '.join(shipped())}."
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path.name} is not TOML: {error}") from None
    base = table.pop("extends", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise BadMapping(f"{path.name}: extends: Give the name of a mapping.")
    if base.endswith(".toml"):
        base = str(path.parent / base)
    return _merged(_table(base, (*seen, name)), table)


def load_mapping(name: str) -> mapping.Mapping:
    """A shipped mapping by its name, or a file. Raises BadMapping."""
    table = _table(name)
    try:
        data = MappingSchema().load(table)
    except ValidationError as error:
        lines = [
            f"{key}: {' '.join(texts)}" for key, texts in flat_messages(error.messages).items()
        ]
        raise BadMapping("\n".join([f"The mapping {name} cannot be used:", *lines])) from None
    problems: dict[str, list[str]] = {}
    kinds = {}
    for kind in mapping.KINDS:
        if kind in data:
            problems |= _problems(kind, data[kind])
            kinds[kind] = _kind(data[kind])
    if not kinds:
        problems["reports"] = ["Say how at least one of reports, places and reviews is read."]
    if problems:
        lines = [f"{key}: {' '.join(texts)}" for key, texts in problems.items()]
        raise BadMapping("\n".join([f"The mapping {name} cannot be used:", *lines]))
    text = orjson.dumps(table, option=orjson.OPT_SORT_KEYS).decode()
    return mapping.Mapping(mapping.Source(**data["source"]), kinds, mapping.fingerprint(text))


def _kind(data: dict[str, Any]) -> mapping.KindMapping:
    where = data.get("position")
    return mapping.KindMapping(
        formats=data["format"],
        fields=data["fields_"],
        encoding=data["encoding"],
        delimiter=data["delimiter"],
        items=data["items"],
        missing=frozenset(data["missing"]),
        zone=data["timezone"],
        position=None
        if where is None
        else mapping.Position(
            x=where.get("lon", where.get("x", "")),
            y=where.get("lat", where.get("y", "")),
            pair=where.get("pair", ""),
            lat_first=where["order"] == "lat,lon",
            geometry=where.get("geometry", ""),
            crs=where["crs"],
        ),
        subratings=data["subratings"],
        place_source=data["place_source"],
        region=data["region"],
    )
