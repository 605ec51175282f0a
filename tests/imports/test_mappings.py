"""Mapping files: what they may say, and how they are told apart."""

from pathlib import Path

import pytest

from ugc.imports import schemas as imports_schemas

GOOD = """
[source]
code = "town"
name = "Town"
attribution = "Town, CC BY 4.0"
licence = "CC BY 4.0"

[reports]
format = "csv"
position = { lon = "x", lat = "y" }

[reports.fields]
id = "id"
occurred_at = "when"
kind = { from = "what", values = { hole = "hazard_road" }, default = "other" }
"""


@pytest.mark.parametrize("name", imports_schemas.shipped())
def test_the_shipped_mappings_load(name: str) -> None:
    mapping = imports_schemas.load_mapping(name)
    assert mapping.source.attribution
    assert mapping.kinds


def test_the_shipped_ones_are_all_here() -> None:
    assert imports_schemas.shipped() == [
        "barcelona", "boston", "boston-open311", "geojson", "madrid", "madrid-open311",
        "open311", "uci",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('code = "town"', 'code = "Town!"', "source.code: "),
        ('name = "Town"\n', "", "source.name: Fill this in"),
        ('format = "csv"', 'format = "xlsx"', "reports.format: Use some of csv, ndjson"),
        ('format = "csv"', 'format = "csv"\nencoding = "utf-16"', "reports.encoding: Give an enc"),
        ('format = "csv"', 'format = "csv"\ntimezone = "Madrid"', "reports.timezone: “Madrid”"),
        ('format = "csv"', 'format = "csv"\ncolour = "red"', "reports.colour: Unknown field"),
        ('id = "id"\n', "", "reports.fields.id: This is needed"),
        ('id = "id"', 'id = "id"\nrating = "r"', "reports.fields.rating: There is no such field"),
        ('id = "id"', "id = { hash = [], join = ['a'] }", "reports.fields.id"),
        ('id = "id"', "id = 3", "reports.fields.id"),
        ('"hazard_road"', '"pothole"', "reports.fields.kind.values.hole: “pothole” is none of"),
        ('"other"', '"misc"', "reports.fields.kind.default: “misc” is none of accident"),
        ('lon = "x"', 'east = "x"', "reports.position"),
        ('position = { lon = "x", lat = "y" }', "", "reports.position: Say where"),
        ("[source]", "[source", "is not TOML"),
    ],
)
def test_an_error_names_the_key_and_what_to_do(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    path = tmp_path / "town.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(imports_schemas.BadMapping) as refused:
        imports_schemas.load_mapping(str(path))
    assert message in str(refused.value)


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(imports_schemas.BadMapping, match=r"no mapping narnia.*barcelona, boston"):
        imports_schemas.load_mapping("narnia")


def test_a_mapping_may_extend_another(tmp_path: Path) -> None:
    path = tmp_path / "town.toml"
    path.write_text(
        'extends = "open311"\n[source]\ncode = "town"\nattribution = "Town"\n'
        '[reports.fields]\nid = "token"\nlanguage = "lang"\n'
        '[reports.fields.kind]\nvalues = { hole = "hazard_road" }\n'
    )
    how = imports_schemas.load_mapping(str(path)).kinds["reports"]
    assert how.fields["id"].paths == ("token",)
    assert how.fields["language"].const is None
    kind = how.fields["kind"]
    assert kind.paths == ("service_name", "service_code")
    assert (kind.values["hole"], kind.values["Pothole"]) == ("hazard_road", "hazard_road")


def test_a_mapping_that_extends_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "town.toml"
    path.write_text('extends = "town.toml"\n')
    with pytest.raises(imports_schemas.BadMapping, match="extends itself"):
        imports_schemas.load_mapping(str(path))
