"""Categories of places and the aspects that reviews rate, from `categories.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ugc.languages import Named, named_tables


@dataclass(frozen=True)
class Aspect(Named):
    """A part of a review that has a rating of its own."""

    code: str


@dataclass(frozen=True)
class Category(Named):
    """`osm` is the OpenStreetMap tag it stands for, '' for none; `also` are others whose things
    belong to it. `aspect_set` names its aspects."""

    code: str
    icon: str
    colour: str
    osm: str
    aspects: tuple[Aspect, ...]
    aspect_set: str = ""
    also: tuple[str, ...] = ()


def load_categories(path: Path) -> dict[str, Category]:
    table = named_tables(path)
    aspects = {
        name: tuple(Aspect(code=code, **each) for code, each in row.items())
        for name, row in table["aspects"].items()
    }
    return {
        code: Category(
            code=code,
            **{
                **row,
                "aspects": aspects[row["aspects"]],
                "aspect_set": row["aspects"],
                "also": tuple(row.get("also", ())),
            },
        )
        for code, row in table["categories"].items()
    }


CATEGORIES = load_categories(Path(__file__).parents[1] / "categories.toml")
