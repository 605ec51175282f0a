"""Categories of places and the aspects that reviews rate, from `categories.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Aspect:
    """A part of a review that has a rating of its own."""

    code: str
    es: str
    en: str

    def name(self, language: str) -> str:
        return self.es if language == "es" else self.en


@dataclass(frozen=True)
class Category:
    """`osm` is the OpenStreetMap tag it stands for, '' for none; `also` are others whose things
    belong to it. `aspect_set` names its aspects."""

    code: str
    icon: str
    colour: str
    osm: str
    aspects: tuple[Aspect, ...]
    es: str
    en: str
    aspect_set: str = ""
    also: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        return self.es if language == "es" else self.en


def load_categories(path: Path) -> dict[str, Category]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    aspects = {
        name: tuple(Aspect(code=code, **names) for code, names in row.items())
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
