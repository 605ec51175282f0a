"""What templates make of texts."""

from flask import Flask, render_template_string
from flask_babel import lazy_gettext

from ugc.core import render


def test_a_week_is_told_by_its_monday(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "es"}):
        assert render.week("2026-W48") == "23 nov 2026"


def test_backticks_become_code_and_nothing_else_markup() -> None:
    assert render.code_marks("keep `next`, <b>not</b> `<i>`") == (
        "keep <code>next</code>, &lt;b&gt;not&lt;/b&gt; <code>&lt;i&gt;</code>"
    )


def test_what_is_put_into_a_lazy_text_is_escaped(app: Flask) -> None:
    text = lazy_gettext("This key lacks the scope %(scope)s.", scope="<script>alert(1)</script>")
    with app.test_request_context():
        shown = render_template_string("{{ text }}", text=text)
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
