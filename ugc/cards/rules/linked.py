"""JSON-LD of what has a card (schema.org): what search engines read of a place, a review, a brand.

Reports have none: a SpecialAnnouncement is of an authority, an Event is planned, and a passer-by's
report is neither."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ugc.core import texts

DAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
# Categories of places that schema.org has a type of its own for; all are LocalBusiness or Place.
BUSINESSES = {
    "restaurant": "Restaurant", "cafe": "CafeOrCoffeeShop", "bar": "BarOrPub",
    "fast_food": "FastFoodRestaurant", "bakery": "Bakery", "ice_cream": "IceCreamShop",
    "hotel": "Hotel", "hostel": "Hostel", "campsite": "Campground", "cinema": "MovieTheater",
    "sports": "SportsActivityLocation", "supermarket": "GroceryStore", "pharmacy": "Pharmacy",
    "bank": "BankOrCreditUnion", "fuel": "GasStation", "hairdresser": "HairSalon",
    "garage": "AutoRepair", "post_office": "PostOffice", "shop": "Store", "market": "Store",
    "public_service": "GovernmentOffice", "library": "Library", "recycling": "RecyclingCenter",
}  # fmt: skip
PLACES = {
    "museum": "Museum", "monument": "LandmarksOrHistoricalBuildings",
    "viewpoint": "TouristAttraction", "theatre": "PerformingArtsTheater", "park": "Park",
    "playground": "Playground", "beach": "Beach", "swimming_pool": "PublicSwimmingPool",
    "hospital": "Hospital", "school": "School", "station": "TrainStation",
    "parking": "ParkingFacility",
}  # fmt: skip


@dataclass(frozen=True)
class Opinion:
    """A review as it is told; times aware; `author` '' when no name is shown."""

    url: str
    rating: int
    title: str
    text: str
    language: str
    author: str
    written_at: dt.datetime
    picture: str = ""  # the author's, an absolute address


@dataclass(frozen=True)
class OpenDay:
    """A day of the week to come: (opens, closes) in the place's own time, one that closes before it
    opens on the next day; `notes` are what the hours say of the day beside them."""

    date: dt.date
    times: Sequence[tuple[dt.time, dt.time]]
    notes: Sequence[str] = ()
    is_known: bool = True


@dataclass(frozen=True)
class Venue:
    """A place as it is told; degrees; `mean` is the plain mean of its ratings, 1 to 5;
    `closed_on` is the day on which it was known to be closed for good."""

    url: str
    name: str
    category: str
    lon: float
    lat: float
    address: str
    city: str
    country: str
    phone: str
    website: str
    image: str
    brand: str
    count: int
    mean: float | None
    week: Sequence[OpenDay] = ()
    closed_on: dt.date | None = None  # for good


def type_of(category: str) -> str:
    """The schema.org type of a category: a LocalBusiness or a Place, or one of theirs."""
    return BUSINESSES.get(category) or PLACES.get(category) or "Place"


def _without_blanks(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value not in ("", None, [], {})}


def review(opinion: Opinion, reviewed: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Review; `reviewed` is left out inside the node of the place itself."""
    node = {
        "@type": "Review",
        "url": opinion.url,
        "name": opinion.title,
        "reviewBody": opinion.text,
        "inLanguage": texts.language_of(opinion.text, opinion.language),
        "datePublished": opinion.written_at.date().isoformat(),
        "reviewRating": {
            "@type": "Rating", "ratingValue": opinion.rating, "bestRating": 5, "worstRating": 1,
        },
        # Google asks for an author; who left has no name here.
        "author": _without_blanks(
            {"@type": "Person", "name": opinion.author, "image": opinion.picture}
        )
        if opinion.author
        else None,
        "itemReviewed": reviewed,
    }  # fmt: skip
    return _without_blanks(node)


def opening_hours(week: Iterable[OpenDay]) -> list[dict[str, Any]]:
    """An OpeningHoursSpecification for each time of each day, for that day alone: holidays are in
    it. A day that is closed opens and closes at 00:00; one of which only words are known has a
    description and no times."""
    found: list[dict[str, Any]] = []
    for day in week:
        times: list[tuple[dt.time, dt.time] | None] = list(day.times)
        if not times:
            times = [(dt.time(), dt.time())] if day.is_known else [None]
        for each in times:
            node: dict[str, Any] = {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{DAYS[day.date.weekday()]}",
                "validFrom": day.date.isoformat(),
                "validThrough": day.date.isoformat(),
                "description": "; ".join(day.notes),
            }
            if each is not None:
                node["opens"], node["closes"] = (f"{time:%H:%M}" for time in each)
            found.append(_without_blanks(node))
    return found


def place(venue: Venue, opinions: Iterable[Opinion] = ()) -> dict[str, Any]:
    """A LocalBusiness or Place with its ratings: count and plain mean, for anybody to recount."""
    node = {
        "@type": type_of(venue.category),
        "@id": venue.url,
        "url": venue.url,
        "name": venue.name,
        "image": venue.image,
        "telephone": venue.phone,
        "sameAs": venue.website,
        "address": _without_blanks(
            {
                "@type": "PostalAddress",
                "streetAddress": venue.address,
                "addressLocality": venue.city,
                "addressCountry": venue.country,
            }
        ),
        "geo": {"@type": "GeoCoordinates", "latitude": venue.lat, "longitude": venue.lon},
        "openingHoursSpecification": opening_hours(venue.week),
        "review": [review(opinion) for opinion in opinions if opinion.author],
    }
    if venue.category in BUSINESSES and venue.closed_on:
        node["dissolutionDate"] = venue.closed_on.isoformat()
    if venue.category in BUSINESSES and venue.brand:
        node["brand"] = {"@type": "Brand", "name": venue.brand}
    if venue.mean is not None and venue.count:
        node["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(venue.mean, 2),
            "ratingCount": venue.count,
            "bestRating": 5,
            "worstRating": 1,
        }
    return _without_blanks(node)


def brand(name: str, url: str, about: str, website: str) -> dict[str, Any]:
    return _without_blanks(
        {
            "@type": "Organization",
            "@id": url,
            "name": name,
            "url": website or url,
            "description": about,
            "mainEntityOfPage": url,
        }
    )


def site(name: str, url: str, search: str) -> dict[str, Any]:
    """The site, with its search (`search` has `{search_term_string}` in it)."""
    return {
        "@type": "WebSite",
        "name": name,
        "url": url,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": search},
            "query-input": "required name=search_term_string",
        },
    }


def as_text(node: dict[str, Any]) -> str:
    """JSON that can stand inside <script>: nothing in it ends the element or begins a comment, and
    quotation marks that people wrote are none of the markup."""
    text = json.dumps({"@context": "https://schema.org", **node}, ensure_ascii=False)
    # Escapes pair by pair: what follows an escaped backslash is no escape.
    text = re.sub(r"\\(.)", lambda pair: r"\u0022" if pair[1] == '"' else pair[0], text)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
