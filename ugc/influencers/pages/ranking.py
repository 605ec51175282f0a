"""Who spreads: everywhere, for all readers, and of a brand, for its team; and how it is scored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import render_template, request

from ugc.brands.queries import reading as brands_reading
from ugc.core import limits, panels
from ugc.core.access import current_actor, members, public
from ugc.core.db import db, now
from ugc.geography.gazetteer import City, city_names, search_cities, where_of
from ugc.influencers import rules
from ugc.influencers.pages.base import bp
from ugc.influencers.queries import scores
from ugc.places.rules.categories import CATEGORIES

SHOWN = 50
ALIKE = 6  # cities of one name that are offered
READ = 200  # so many are read for `SHOWN`: not all may be listed


@dataclass(frozen=True)
class Listed:
    """A row as it is shown; counts in full tens, 0 for fewer than ten."""

    place: int
    name: str
    city: str
    index: int
    counts: dict[str, int]
    raw_first: int
    reliability: int
    zone_focus: int
    topic_focus: int
    ranks: tuple[int, int]


def _places(rows: list[scores.Row]) -> dict[int, int]:
    return {row.member_id: place for place, row in enumerate(rows, start=1)}


def _listed(root_id: int | None, **filters: Any) -> list[Listed]:
    session = db.session()
    rows = scores.prescriptores(session, root_id=root_id, limit=READ, **filters)
    raw = _places(scores.first_degree(session, root_id=root_id, limit=READ, **filters))
    ranked = _places(scores.pagerank(session, root_id=root_id, limit=READ, **filters))
    cities = {row.city_id for row in rows if row.city_id is not None}
    living, names = scores.members_of_cities(session, cities), city_names(session, cities)
    best = rows[0].score if rows else 0.0
    found = []
    for place, row in enumerate(rows, start=1):
        how = rules.shown(row.handle, row.named, living.get(row.city_id or 0, 0), row.reach)
        if how is None:
            continue
        found.append(
            Listed(
                place,
                how.name,
                names.get(row.city_id or 0, ""),
                rules.index(row.score, best),
                rules.in_tens(
                    {
                        "first": row.first,
                        "second": row.second,
                        "third": row.third,
                        "joined": row.joined,
                        "contributions": row.contributions,
                    }
                ),
                row.raw_first // rules.LEAST * rules.LEAST,
                round(10 * row.reliability),
                round(10 * row.zone_focus),
                round(10 * row.topic_focus),
                (raw.get(row.member_id, 0), ranked.get(row.member_id, 0)),
            )
        )
    return found[:SHOWN]


def _cities_called(town: str) -> list[City]:
    """Those that the name means, the asked one (`city_id`) or else the one where most members live
    first: who reads of spreaders in Valencia rarely means a city without any."""
    limits.hit("search")
    session = db.session()
    found = search_cities(session, town, limit=ALIKE)
    ids = [each.city_id for each in found if each.is_meant and each.city_id is not None]
    living = scores.members_of_cities(session, set(ids))
    asked = request.args.get("city_id", type=int)
    ids.sort(key=lambda each: (each != asked, -living.get(each, 0)))
    cities = [city for each in ids if (city := session.get(City, each))]
    # One that was typed nearly right stands alone; others only when they are called the same.
    return [city for city in cities if city.name_key == cities[0].name_key]


def _page(brand: brands_reading.BrandRow | None) -> str:
    session = db.session()
    town = request.args.get("city", "").strip()[:80]
    cities = _cities_called(town) if town else []
    city = cities[0] if cities else None
    unknown = bool(town) and city is None
    category = request.args.get("category", "")
    if category not in CATEGORIES:
        category = ""
    span = request.args.get("span", "all")
    if span not in rules.SPANS:
        span = "all"
    weeks = rules.SPANS[span]
    since = None if weeks is None else now(session).date() - dt.timedelta(weeks=weeks)
    rows = []
    if not unknown:
        rows = _listed(
            brand.id if brand else None,
            city_id=city.id if city else None,
            category=category,
            since=since,
        )
    return render_template(
        "influencers/prescriptores.html",
        brand=brand,
        rows=rows,
        city=city.name if city else town,
        country=where_of(city) if city else "",
        # Of several in one country, which look alike here, the first of them.
        others={where_of(other): other.id for other in reversed(cities[1:])},
        has_gaps=any(row.place != n for n, row in enumerate(rows, start=1)),
        unknown=unknown,
        category=category,
        categories=CATEGORIES.values(),
        span=span,
        spans=rules.SPANS,
        least=rules.LEAST,
    )


@bp.get("/prescriptores")
@public
def prescriptores_page() -> str:
    return _page(None)


@bp.get("/brands/<public_id>/prescriptores")
@members
def brand_prescriptores_page(public_id: str) -> str:
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "see_figures")
    return _page(brand)


@bp.get("/spread")
@public
def explained_page() -> str:
    """The published formulas, with the numbers in force."""
    return render_template("influencers/explained.html", rules=rules)


@bp.get("/prescriptores/me")
@members
def my_score_page() -> str:
    """The member's own score with its parts, exact: their people are their own."""
    place = scores.place_of(db.session(), current_actor().id or 0)
    if place is None:
        return render_template("influencers/no_score.html")
    names = city_names(db.session(), [place.city_id]) if place.city_id else {}
    return render_template(
        "influencers/my_score.html",
        place=place,
        row=place.row,
        city=names.get(place.city_id or 0, ""),
        rules=rules,
        focus=rules.focus(place.row.zone_focus, place.row.topic_focus),
    )


@panels.of_language
def about_panel(**_context: Any) -> str:
    return render_template("influencers/_about.html")


panels.register("about", about_panel)
