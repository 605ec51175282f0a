"""The page that looks back, and its JSON. An address says the view (`bbox`), the span
(`rules.chosen`), the `kinds` and, for who has no settings, the `zone` whose days are meant."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from babel.dates import format_interval, format_skeleton
from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale, gettext

from ugc import languages
from ugc.core import cache, limits, render
from ugc.core.access import ViewResult, current_actor, known_actor, public
from ugc.core.db import db, now
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.geography import geo
from ugc.lookback import queries, rules
from ugc.reports.pages.views import first_view
from ugc.reports.queries import watched as reports_watched
from ugc.reports.queries.reading import ReportRow
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules.views import View

bp = Blueprint("lookback", __name__)
limits.declare("history", "90 per minute", reading=True)
MOST_POINTS = 10_000  # sent one by one
SAMPLE = 5_000  # of more
KEPT_SECONDS = 300
LIST_LENGTH = 30


@dataclass(frozen=True)
class Asked:
    bounds: geo.Bounds
    span: rules.Span
    kinds: list[str]
    now: dt.datetime

    @property
    def within(self) -> queries.Within:
        return queries.Within(self.bounds, self.span.start, self.span.end, self.kinds)


@dataclass(frozen=True)
class Answer:
    """What is shown of a span. `reports` are all that were there in it, or a sample of them when
    there are `cells`."""

    edges: list[dt.datetime]
    counts: dict[str, list[int]]
    before: int
    reports: list[queries.Past]
    cells: list[tuple[float, float, int]] | None = None

    @property
    def began(self) -> int:
        return sum(map(sum, self.counts.values()))

    @property
    def total(self) -> int:
        return self.began + self.before


def _zone() -> ZoneInfo:
    """A member's own, else the browser's, which its script tells."""
    return rules.known_zone(known_actor().timezone, request.args.get("zone"))


def _kinds() -> list[str]:
    asked = request.args.get("kinds", "").split(",")
    return [kind for kind in reports_kinds.KINDS if kind in asked]


def _bounds() -> geo.Bounds:
    text = request.args.get("bbox")
    return geo.Bounds.parsed(text) if text else geo.WORLD


def _zoom() -> float | None:
    try:
        zoom = float(request.args.get("zoom", ""))
    except ValueError:
        return None
    return zoom if math.isfinite(zoom) else None


def _asked() -> Asked:
    """Raises Invalid."""
    at = now(db.session())
    return Asked(_bounds(), rules.chosen(request.args, _zone(), at), _kinds(), at)


def _few(asked: Asked, edges: list[dt.datetime]) -> Answer | None:
    """Every report by itself; None when there are more than are sent so."""
    reports = queries.reports_of(db.session(), asked.within, MOST_POINTS)
    if reports is None:
        return None
    rows = ((past.kind, past.began) for past in reports)
    return Answer(edges, *rules.tally(rows, edges), reports)


def _answer(asked: Asked) -> Answer:
    """Few reports are read as they are now. Sums of many are kept for some minutes, but each single
    report that is sent with them is public at this moment."""
    session = db.session()
    edges = rules.edges(asked.span)
    size = rules.cell_degrees(asked.bounds, _zoom())
    wide = replace(asked, bounds=rules.rounded(asked.bounds, size)).within
    key = "lookback:" + hashlib.sha256(f"{wide} {edges} {size}".encode()).hexdigest()
    kept = cache.get(key)
    if kept is not None:
        total = queries.Total(**orjson.loads(kept))
    else:
        expected = queries.estimate(session, asked.within)
        if expected < MOST_POINTS * 4 and (few := _few(asked, edges)):
            return few
        total = queries.total_of(session, wide, edges, size, SAMPLE, expected)
        if sum(cell[2] for cell in total.cells) <= MOST_POINTS and (few := _few(asked, edges)):
            return few
        cache.put(key, orjson.dumps(vars(total)), KEPT_SECONDS)
    sample = queries.sample_of(session, total.sample)
    return Answer(edges, total.counts, total.before, sample, total.cells)


def _local(at: dt.datetime, span: rules.Span) -> dt.datetime:
    return at.astimezone(span.zone)


def _clock() -> str:
    return "Hm" if languages.counts_to_24(render.language()) else "hm"


def _interval(start: dt.datetime, end: dt.datetime, skeleton: str, span: rules.Span) -> str:
    text: str = format_interval(start, end, skeleton, tzinfo=span.zone, locale=get_locale())
    return text


def _day_name(at: dt.datetime, span: rules.Span) -> str:
    name: str = format_skeleton("MMMEd", at, tzinfo=span.zone, locale=get_locale())
    return name


def title_of(span: rules.Span) -> str:
    """The span as days, or with its clock when it is a part of a day."""
    last = span.end - dt.timedelta(seconds=1)
    whole = rules.midnight(span.first_day, span.zone) == span.start and (
        rules.midnight(span.last_day + rules.DAY, span.zone) == span.end
    )
    if whole or span.length > rules.MOMENTS:
        return _interval(span.start, last, "yMMMEd", span)
    return gettext(
        "%(day)s, %(hours)s",
        day=_day_name(span.start, span),
        hours=_interval(span.start, span.end, _clock(), span),
    )


def bar_names(span: rules.Span, edges: list[dt.datetime]) -> list[str]:
    """What each bar is called, in the reader's language and zone."""
    name, step = span.step
    several = span.first_day != span.last_day
    names = []
    for start, end in pairwise(edges):
        if step < rules.DAY:
            hours = _interval(start, end, _clock(), span)
            day = _day_name(start, span)
            names.append(gettext("%(day)s, %(hours)s", day=day, hours=hours) if several else hours)
        elif name == "1mo":
            names.append(format_skeleton("yMMMM", start, tzinfo=span.zone, locale=get_locale()))
        else:
            last = end - dt.timedelta(seconds=1)
            names.append(_interval(start, last, "MMMEd", span))
    return names


def _tick_names(span: rules.Span, edges: list[dt.datetime]) -> list[dict[str, Any]]:
    """Four moments under the bars; `at` in percent of the width."""
    bars = len(edges) - 1
    skeleton = _clock() if span.first_day == span.last_day else "MMMd"
    if span.length > 400 * rules.DAY:
        skeleton = "yMMM"
    found: list[dict[str, Any]] = []
    for number in range(min(4, bars)):
        bar = bars * number // min(4, bars)
        text = format_skeleton(skeleton, edges[bar], tzinfo=span.zone, locale=get_locale())
        if not found or found[-1]["text"] != text:
            found.append({"at": round(100 * bar / bars, 3), "text": text})
    return found


def _address(asked: Asked, **changed: str) -> str:
    """The page of another span in the same view."""
    kept = {name: request.args[name] for name in ("bbox", "zone") if request.args.get(name)}
    if asked.kinds:
        kept["kinds"] = ",".join(asked.kinds)
    return f"/map/history?{urlencode({**kept, **changed})}"


def _part(asked: Asked, start: dt.datetime, end: dt.datetime) -> str:
    return _address(
        asked, span="part", **{"from": f"{start:%Y-%m-%dT%H:%MZ}", "to": f"{end:%Y-%m-%dT%H:%MZ}"}
    )


def _bars(asked: Asked, answer: Answer) -> list[dict[str, Any]]:
    """What the drawing and the table show; sizes in percent of the drawing."""
    names = bar_names(asked.span, answer.edges)
    bars = len(names)
    colours = {code: kind.colour for code, kind in reports_kinds.KINDS.items()}
    shown = rules.series(answer.counts, colours, bars)
    sums = [sum(each.counts[bar] for each in shown) for bar in range(bars)]
    highest = max(sums, default=0) or 1
    found = []
    for bar, name in enumerate(names):
        base = 100.0
        pieces = []
        for each in shown:
            if count := each.counts[bar]:
                height = 96 * count / highest
                base -= height
                pieces.append(
                    {"colour": each.colour, "y": round(base, 2), "height": round(height, 2)}
                )
        start, end = answer.edges[bar], answer.edges[bar + 1]
        found.append(
            {
                "name": name,
                "count": sums[bar],
                "pieces": pieces,
                "x": round(100 * bar / bars, 3),
                "address": _part(asked, start, end) if end - start >= 2 * rules.SHORTEST else None,
            }
        )
    return found


def _legend(answer: Answer) -> list[dict[str, Any]]:
    language = render.language()
    colours = {code: kind.colour for code, kind in reports_kinds.KINDS.items()}
    return [
        {
            "colour": each.colour,
            "count": each.total,
            "name": reports_kinds.KINDS[each.kind].name(language)
            if each.kind
            else gettext("Other kinds"),
        }
        for each in rules.series(answer.counts, colours, len(answer.edges) - 1)
    ]


def _told(asked: Asked, answer: Answer) -> dict[str, Any]:
    """What `_told.html` shows."""
    near: dict[str, str] | None = None
    if not answer.total:
        at = queries.nearest(db.session(), asked.within)
        if at is not None:
            day = _local(at, asked.span).date().isoformat()
            name = format_skeleton("yMMMEd", at, tzinfo=asked.span.zone, locale=get_locale())
            near = {"name": name, "address": _address(asked, span="day", day=day)}
    bars = _bars(asked, answer)
    return {
        "asked": asked,
        "answer": answer,
        "title": title_of(asked.span),
        "bars": bars,
        "width": round(100 / len(bars), 3),
        "highest": max((bar["count"] for bar in bars), default=0),
        "ticks": _tick_names(asked.span, answer.edges),
        "legend": _legend(answer),
        "near": near,
    }


def _newest(asked: Asked) -> list[ReportRow]:
    session = db.session()
    ids = queries.newest(session, asked.within, LIST_LENGTH)
    return reports_watched.reports_followed(session, current_actor(), ids) if ids else []


def _view() -> tuple[View, dict[str, View]]:
    """What the map begins with: about the box of the address, else as `first_view`."""
    if not request.args.get("bbox"):
        return first_view()
    try:
        bounds = _bounds()
    except Invalid:
        return first_view()
    west, south, east, north = bounds.west, bounds.south, bounds.east, bounds.north
    width = (east - west) % 360 or 360
    side = max(width, north - south, 1e-4)
    lon = (west + width / 2 + 180) % 360 - 180
    return (lon, (south + north) / 2, min(max(math.log2(720 / side), 1.0), 17.0)), {}


def _form(asked: Asked | None) -> dict[str, Any]:
    today = (asked.now if asked else now(db.session())).astimezone(_zone()).date()
    span = asked.span if asked else None
    code = request.args.get("span", "")
    day = request.args.get("day") or (span.first_day if span else today)
    return {
        "code": span.code if span else code if code in rules.SPANS else "today",
        "day": day,
        "first": request.args.get("first") or (span.first_day if span else ""),
        "last": request.args.get("last") or (span.last_day if span else ""),
        "today": today,
        "bbox": request.args.get("bbox", ""),
        "zone": request.args.get("zone", ""),
        "zone_name": _zone().key,
        "members_zone": known_actor().timezone or "",
        "kinds": list(reports_kinds.KINDS.values()),
        "chosen": _kinds(),
    }


def _marks(language: str) -> dict[str, dict[str, str]]:
    return {
        kind.code: {"icon": kind.icon, "colour": kind.colour, "title": kind.name(language)}
        for kind in reports_kinds.KINDS.values()
    }


def _page(error: DomainError | None = None, **shown: Any) -> str:
    view, zones = _view()
    return render_template(
        "lookback/history.html",
        view=view,
        zones=zones,
        form=_form(shown.get("asked")),
        errors=error.fields if error else {},
        error=error,
        marks=_marks(render.language()),
        **shown,
    )


def _page_again(error: DomainError) -> str:
    return _page(error)


@bp.get("/map/history")
@public
@shows_errors(_page_again)
def history_page() -> str:
    limits.hit("history")
    asked = _asked()
    return _page(reports=_newest(asked), **_told(asked, _answer(asked)))


@bp.get("/map/history/list")
@public
def list_fragment() -> str:
    """The newest of the span."""
    limits.hit("history")
    return render_template("lookback/_list.html", reports=_newest(_asked()))


def _seconds(at: dt.datetime) -> int:
    return round(at.timestamp())


@bp.get("/map/history/data")
@public
def data() -> ViewResult:
    """The span for the page's script. Times are seconds since 1970 (UTC), places degrees. `counts`
    are those that began in each bar by kind, `before` how many had begun earlier and were there
    still. `reports` are columns: all that were there at some moment of the span or, when there are
    `cells` (lon, lat, how many), a sample. `told` and `table` are parts of the page."""
    limits.hit("history")
    asked = _asked()
    answer = _answer(asked)
    span = asked.span
    shown = answer.reports
    codes = list(reports_kinds.KINDS)
    told = _told(asked, answer)
    body = {
        "zone": span.zone.key,
        "from": _seconds(span.start),
        "to": _seconds(span.end),
        "now": _seconds(asked.now),
        "edges": [_seconds(at) for at in answer.edges],
        "days": None if span.by_moment else [_seconds(at) for at in rules.day_edges(span)],
        "names": [bar["name"] for bar in told["bars"]],
        "counts": answer.counts,
        "before": answer.before,
        "total": answer.total,
        "kinds": codes,
        "reports": {
            "id": [past.public_id for past in shown],
            "kind": [codes.index(past.kind) for past in shown],
            "lon": [round(past.lon, 6) for past in shown],
            "lat": [round(past.lat, 6) for past in shown],
            "began": [_seconds(past.began) for past in shown],
            "ended": [_seconds(past.ended) for past in shown],
        },
        "cells": answer.cells,
        "told": render_template("lookback/_told.html", **told),
        "table": render_template("lookback/_table.html", **told),
    }
    response = Response(orjson.dumps(body), content_type="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    return response
