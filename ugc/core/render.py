"""What templates use: assets, icons, times, numbers and distances in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask import Flask, current_app, g, has_request_context, request, session, url_for
from flask_babel import Babel, force_locale, format_datetime, get_locale
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from ugc import languages
from ugc.core import (
    cookies,
    formats,
    idempotency,
    panels,
    security,
    stars,
    templating,
    texts,
    zones,
)
from ugc.core.access import Actor, current_actor, known_actor
from ugc.core.builds import BUILD as BUILD
from ugc.core.builds import asset, icon, megabytes
from ugc.core.db import SAFE_METHODS, is_reading

# flask-babel calls its lazy texts safe HTML, and with them what was put into their placeholders
# (the name of a file, say). A text is a text: it is escaped like any other.
LazyString.__html__ = lambda text: escape(str(text))  # type: ignore[method-assign]

THEMES = ("auto", "light", "dark")
babel = Babel()


def language() -> str:
    """The reader's language: what the address says (`?lang=es`), else chosen here, else the
    member's, else the browser's."""
    if not has_request_context():
        return str(current_app.config["DEFAULT_LANGUAGE"])
    actor = known_actor()
    if not is_reading():
        return _language(actor)
    # Asked for by every card; who asks may be found meanwhile.
    kept = g.get("language")
    if kept is None or kept[0] is not actor:
        kept = g.language = actor, _language(actor)
    return str(kept[1])


def _language(actor: Actor) -> str:
    said = request.args.get("lang")
    if said in languages.CODES:
        return str(said)
    chosen = session.get("language")
    if chosen in languages.CODES:
        return str(chosen)
    if actor.language in languages.CODES:
        return str(actor.language)
    best = _best(request.headers.get("Accept-Language", ""))
    return best or str(current_app.config["DEFAULT_LANGUAGE"])


@lru_cache(maxsize=256)
def _best(accepted: str) -> str | None:
    """The language of ours that fits such a header best."""
    return parse_accept_header(accepted, LanguageAccept).best_match(languages.CODES)


def timezone() -> str:
    name = known_actor().timezone if has_request_context() else None
    return name or "UTC"


def known_timezone(name: str | None) -> str:
    """`name` when it is an IANA zone, else UTC."""
    return name if name and zones.is_zone(name) else "UTC"


def address(endpoint: str, **values: Any) -> str:
    """As Flask's `url_for`; short addresses of pages are made once."""
    if endpoint.startswith(".") or not all(
        name[0] != "_" and isinstance(value, int | str) for name, value in values.items()
    ):
        return url_for(endpoint, **values)
    if sum(len(str(value)) for value in values.values()) > 100:
        return url_for(endpoint, **values)
    return _address(request.script_root, endpoint, *values.items())


@lru_cache(maxsize=4096, typed=True)
def _address(_root: str, endpoint: str, *values: tuple[str, int | str]) -> str:
    given: dict[str, Any] = dict(values)
    return url_for(endpoint, **given)


def csrf_field() -> Markup:
    token = escape(security.form_token())
    return Markup(f'<input type="hidden" name="csrf_token" value="{token}">')


def idempotency_field() -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        idempotency.FIELD, idempotency.hidden_field_value()
    )


def ago(moment: dt.datetime | None) -> Markup:
    """A <time> with the relative time as text and the absolute one, in the reader's zone, as
    title; the page's script keeps it fresh."""
    if moment is None:
        return Markup("")
    text = formats.span(moment - dt.datetime.now(dt.UTC), directed=True)
    return Markup(
        f'<time datetime="{moment.isoformat(timespec="seconds")}"'
        f' title="{escape(formats.moment(moment))}" data-ago>{escape(text)}</time>'
    )


def in_zone(moment: dt.datetime, zone: str) -> str:
    """Date and time in the zone of an absent reader: for mail."""
    local = moment.astimezone(ZoneInfo(known_timezone(zone)))
    return format_datetime(local, "medium", rebase=False)


def distance(metres: float) -> str:
    """`80 m`, `1.2 km`, `15 km`."""
    if metres < 1000:
        return f"{formats.number(round(metres / 10) * 10 if metres > 20 else round(metres))} m"
    kilometres = metres / 1000
    return f"{formats.number(round(kilometres, 1) if kilometres < 10 else round(kilometres))} km"


def position(lat: float, lon: float) -> str:
    """Coordinates as people read and copy them, in every language alike: `40.41516, -3.69679`."""
    return f"{lat:.5f}, {lon:.5f}"


def month(day: dt.date) -> str:
    """`March 2026`, in the reader's language."""
    return format_skeleton("yMMMM", day, locale=get_locale())


def day(of: dt.date) -> str:
    """`1 March 2026`, in the reader's language."""
    return format_skeleton("yMMMd", of, locale=get_locale())


def week(iso: str) -> str:
    """The Monday of an ISO week such as `2026-W48`, in the reader's language."""
    year, number = iso.split("-W")
    day = dt.date.fromisocalendar(int(year), int(number), 1)
    return format_skeleton("yMMMd", day, locale=get_locale())


def bdi(name: Any) -> Markup:
    """A name in a page: isolated when it runs from right to left, so that it turns nothing beside
    it."""
    text = str(name)
    return Markup("<bdi>{}</bdi>" if texts.runs_right_to_left(text) else "{}").format(text)


def said(text: Any, language: str = "und") -> Markup:
    """A line that a person wrote, in its own direction and language."""
    return Markup('<span dir="auto" lang="{}">{}</span>').format(
        texts.language_of(str(text), language), str(text)
    )


def paragraphs(text: str, language: str = "und") -> Markup:
    """Plain text as paragraphs, each in its own direction and in the text's language (`und` when it
    is not known); nothing in it is ever markup."""
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    lines = (Markup("<br>").join(escape(part).split("\n")) for part in parts)
    lang = texts.language_of(text, language)
    return Markup("").join(
        Markup('<p dir="auto" lang="{}">{}</p>').format(lang, line) for line in lines
    )


def code_marks(text: str) -> Markup:
    """What stands between backticks, as code; nothing else in it is ever markup."""
    parts = str(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )


def as_typed(name: str, stored: Any = "") -> Any:
    """The value of a field of a form that is shown again: what was sent, also when that is nothing;
    what is stored when this field was not sent."""
    return request.form.get(name, stored)


def ticked(name: str, stored: bool, *, beside: str) -> bool:
    """Whether a box is ticked in a form that is shown again. Browsers send only ticked ones:
    `beside` is a field that the form always sends."""
    return name in request.form if beside in request.form else bool(stored)


def typed_or(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a form: all that was sent, or, before it was sent, what is stored or asked."""
    return stored if request.method in SAFE_METHODS else request.form


def named_choices(
    things: Iterable[Any], empty: Any = "", several: Sequence[str] = ()
) -> list[tuple[str, Any]]:
    """(value, text) of things with a code and a name, for `ui.options_of`; `empty` is told of none
    of them. `several` codes that are chosen together are one more choice, with commas between."""
    names = {thing.code: thing.name(language()) for thing in things}
    together = ", ".join(names.get(code, code) for code in several)
    more = [(",".join(several), together)] if len(several) > 1 else []
    return [("", empty), *names.items(), *more]


def with_names(values: Iterable[Any], name: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """(value, text) of values that `name` tells, for `ui.options_of`."""
    return [(value, name(value)) for value in values]


def safe_next(target: str | None, otherwise: str = "/") -> str:
    """`target` when it is an address of this site, else `otherwise` (no open redirects, and no
    line break that a header could not carry)."""
    if (
        not target
        or not target.isprintable()
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
    ):
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return target if not parts.netloc and not parts.scheme else otherwise


def in_language(code: str) -> Any:
    """Renders in a member's language, for mail and jobs."""
    return force_locale(code)


def init_app(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(languages.TRANSLATIONS)
    babel.init_app(app, locale_selector=language, timezone_selector=timezone)
    for function in (asset, icon):
        templating.foldable(function)
    app.jinja_env.globals.update(
        asset=asset,
        icon=icon,
        megabytes=megabytes,
        url_for=address,
        csrf_field=csrf_field,
        idempotency_field=idempotency_field,
        ago=ago,
        number=formats.number,
        decimal=formats.decimal,
        shown_stars=stars.shown,
        position=position,
        named_choices=named_choices,
        as_typed=as_typed,
        ticked=ticked,
        distance=distance,
        languages=languages.NAMES,
        panel_slots=panels.render,
        site_name=app.config["SITE_NAME"],
        site_url=app.config["SITE_URL"],
        has_endpoint=lambda name: name in app.view_functions,
    )
    app.jinja_env.filters["datetimeformat"] = formats.moment
    app.jinja_env.filters["with_names"] = with_names
    app.jinja_env.filters["zip"] = lambda ones, others: list(zip(ones, others, strict=True))
    app.jinja_env.filters["bdi"] = bdi
    app.jinja_env.filters["said"] = said
    app.jinja_env.filters["isolated"] = texts.isolated
    app.jinja_env.filters["paragraphs"] = paragraphs
    app.jinja_env.filters["month"] = month
    app.jinja_env.filters["week"] = week
    app.jinja_env.filters["day"] = day
    app.jinja_env.filters["code_marks"] = code_marks
    app.jinja_env.filters["in_zone"] = in_zone

    @app.context_processor
    def reader() -> dict[str, Any]:
        if not has_request_context():
            return {"locale": str(get_locale())}
        theme = cookies.get("theme") or "auto"
        return {
            "actor": current_actor(),
            "locale": language(),
            "theme": theme if theme in THEMES else "auto",
        }
