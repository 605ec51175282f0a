"""Templates that are compiled for a language and a build say what they would say uncompiled."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.dates import format_datetime, format_timedelta
from flask import Flask, render_template
from flask_babel import force_locale
from jinja2 import DictLoader

from ugc.core import builds, formats, templating

PART = "offline/_outbox.html"  # has texts and icons, and asks nothing
SAID = {
    "text.html": "{{ _('Sign in') }}",
    "filled.html": "{{ _('About %(name)s', name=name) }}",
    "literal.html": "{{ _('About %(name)s', name='<b>') }}",
    "plain.txt": "{{ _('About %(name)s', name=name) }}",
    "argument.html": "{% macro m(text) %}[{{ text }}]{% endmacro %}{{ m(_('Sign in')) }}",
    "dynamic.html": "{{ _(unknown or 'Sign in') }}",
    "own.html": "{% macro icon(name) %}({{ name }}){% endmacro %}{{ icon('map') }}",
    "own-loop.html": "{% for _ in ['a', 'b'] %}{{ _ }}{% endfor %}",
    "icon.html": "{{ icon('map') }}{{ icon('search', _('Search')) }}{{ icon(name) }}",
    "asset.html": "<link href=\"{{ asset('main.css') }}\">",
    "address.html": "{{ url_for('accounts.sign_in_page') }} {{ url_for('places.place_page',"
    " public_id=name) }} {{ url_for('places.index_page', q='ñ & <') }}",
    "count.html": "{{ ngettext('%(num)d live report here', '%(num)d live reports here', 2) }}",
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("language", ["es", "en"])
def test_a_compiled_template_says_what_it_would_say(app: Flask, name: str, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        app.jinja_env  # noqa: B018  (made on first use)
        source = {f"checked-{name}": SAID[name]}
        environment = app.jinja_env.overlay(loader=DictLoader(source), cache_size=-1)
        environment.language = language
        values = {"name": "<i>"}
        told = environment.get_template(f"checked-{name}").render(values)
        plain = app.jinja_env.overlay(loader=DictLoader(source), cache_size=-1)
        plain._parse = super(templating.Environment, plain)._parse  # type: ignore[method-assign]
        plain.language = language
        assert told == plain.get_template(f"checked-{name}").render(values)


def test_each_thread_and_request_has_its_own_language(app: Flask) -> None:
    texts = {"es": "A la espera de conexión", "en": "Waiting for the network"}

    def page(language: str) -> bool:
        headers = {"Accept-Language": language}
        with app.test_request_context("/about", headers=headers):
            return texts[language] in render_template(PART)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(page, ["es", "en"] * 20))


def test_a_new_build_shows_from_the_next_request_on(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = json.loads((builds.BUILD / "manifest.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(builds, "BUILD", tmp_path)

    def build(sprite: str) -> None:
        # As the build writes it: whole, in place of the one before.
        made = tmp_path / "made"
        made.write_text(json.dumps({**names, "icons.svg": sprite}), encoding="utf-8")
        made.replace(tmp_path / "manifest.json")

    def page() -> str:
        with app.test_request_context("/about"):
            return render_template(PART)

    build("icons-one.svg")
    assert "icons-one.svg" in page()
    with app.test_request_context("/about"):
        assert "icons-one.svg" in render_template(PART)
        build("icons-two.svg")
        # The page under way stays of one build.
        assert "icons-two.svg" not in render_template(PART)
    assert "icons-two.svg" in page()


SPANS = [0, 1, 50, 51, 59, 3000, 3054, 3061, 5400, 73_000, 90_000, 500_000, 520_000, 560_000,
         2_000_000, 3_000_000, 27_000_000, 40_000_000, 400_000_000]  # fmt: skip


@pytest.mark.parametrize("seconds", [*SPANS, *(-each for each in SPANS)])
@pytest.mark.parametrize("threshold", [0.85, 1])
def test_kept_spans_are_those_of_babel(app: Flask, seconds: int, threshold: float) -> None:
    delta = dt.timedelta(seconds=seconds, milliseconds=3)
    with app.test_request_context(), force_locale("es"):
        for directed in (True, False):
            assert formats.span(delta, directed=directed, threshold=threshold) == format_timedelta(
                delta, threshold=threshold, add_direction=directed, locale="es"
            )


def test_kept_numbers_and_times_are_of_the_language_and_zone(app: Flask) -> None:
    moment = dt.datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=dt.UTC)
    for language, point in (("es", "1.234,5"), ("en", "1,234.5"), ("es", "1.234,5")):
        with app.test_request_context(), force_locale(language):
            assert formats.number(1234.5) == point
            # Equal values of other types are not told alike.
            assert [formats.number(1), formats.number(1.0)] == ["1", "1"]
            assert formats.moment(moment) == format_datetime(moment, "medium", locale=language)
