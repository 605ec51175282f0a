"""What is kept from request to request says the same to all, and follows what it tells of."""

from __future__ import annotations

import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.places.steps import add
from ugc.core import cache
from ugc.core.db import Session


def test_a_figure_is_made_once_in_its_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, made = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setitem(app.config, "KEEPS_OF_LATE", True)

    def figure() -> int:
        made.append(clock[0])
        return len(made)

    def asked() -> int:
        return cache.of_late("a figure of this test", 30, figure)

    with app.app_context():
        assert [asked(), asked()] == [1, 1]
        clock[0] += 29.9
        assert asked() == 1
        clock[0] += 0.2
        assert [asked(), asked()] == [2, 2]
        monkeypatch.setitem(app.config, "KEEPS_OF_LATE", False)
        assert [asked(), asked()] == [3, 4]


def test_the_mean_that_is_told_follows_the_ratings_in_each_language(
    client: FlaskClient, session: Session
) -> None:
    def told(language: str) -> str:
        text = client.get(f"/about?lang={language}").text
        found = re.search(r"(?:% de|% of|of|de) ([0-9][.,][0-9]{2})[ ,]", text)
        assert found, text
        return found[1]

    add(session, "Rated", rating_count=1, rating_sum=5)
    session.commit()
    assert (told("en"), told("es")) == ("5.00", "5,00")
    add(session, "Rated twice", rating_count=2, rating_sum=4)
    session.commit()
    assert (told("es"), told("en"), told("es")) == ("3,00", "3.00", "3,00")


def test_a_head_is_of_its_page_and_its_language(client: FlaskClient) -> None:
    def head(path: str) -> list[str]:
        text = client.get(path).text
        return re.findall(
            r'(?:rel="canonical" href|og:title" content|og:locale" content)="([^"]*)', text
        )

    assert head("/about?lang=en") == ["http://localhost/about?lang=en", "About", "en_GB"]
    assert head("/about?lang=es") == ["http://localhost/about?lang=es", "Acerca de", "es_ES"]
    assert head("/about?lang=en&via=x.y")[0] == "http://localhost/about?lang=en"
    assert head("/places?lang=en")[:2] == ["http://localhost/places?lang=en", "Places"]
