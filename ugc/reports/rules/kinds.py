"""Kinds and sub-kinds of reports, from `taxonomy.toml`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ugc.languages import Named, named_tables
from ugc.reports.rules.belief import Span


@dataclass(frozen=True)
class Subkind(Named):
    """What a kind is more exactly; its name stands alone, without that of its kind. `waze` as of
    `Kind`."""

    code: str
    waze: tuple[str, str]


@dataclass(frozen=True)
class Kind(Named):
    """`half_life`, `floor` and `ceiling` in minutes (see `belief.Span`), `radius` in metres;
    `waze` is (type, subtype), '' where none exists. Kinds of one `family` are mistaken for each
    other."""

    code: str
    waze: tuple[str, str]
    icon: str
    colour: str
    half_life: int
    floor: int
    ceiling: int
    radius: int
    on_road: bool
    family: str
    subkinds: tuple[Subkind, ...] = ()

    def subkind(self, code: str | None) -> Subkind | None:
        """The sub-kind with this code; None when this kind has none such."""
        return next((each for each in self.subkinds if each.code == code), None)

    @property
    def span(self) -> Span:
        minutes = (dt.timedelta(minutes=m) for m in (self.half_life, self.floor, self.ceiling))
        return Span(*minutes)


def load_taxonomy(path: Path) -> dict[str, Kind]:
    table = named_tables(path)
    kinds = {}
    for code, row in table.items():
        subkinds = tuple(
            Subkind(code=name, waze=_waze(each), **each)
            for name, each in row.pop("subkinds", {}).items()
        )
        kinds[code] = Kind(code=code, waze=_waze(row), subkinds=subkinds, **row)
    return kinds


def _waze(row: dict[str, Any]) -> tuple[str, str]:
    kind_type, subtype = row.pop("waze")
    return kind_type, subtype


def chosen_subkind(kind: Kind, said: str) -> str | None:
    """The code of the sub-kind that a form says: a code, or `kind/code` as its buttons send it;
    one of another kind, chosen before the kind was, counts as none. Raises ValueError."""
    of, slash, code = said.rpartition("/")
    if not code or (slash and of != kind.code and of in KINDS):
        return None
    if kind.subkind(code) is None or (slash and of != kind.code):
        raise ValueError(said)
    return code


KINDS = load_taxonomy(Path(__file__).parent.with_name("taxonomy.toml"))


def name_of(kind: str, subkind: str | None, language: str) -> str:
    """What a report of these codes is called."""
    found = KINDS[kind]
    return (found.subkind(subkind) or found).name(language)
