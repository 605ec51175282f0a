"""What keeps the site to itself, and the two spellings of a developer's own machine."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ugc import config
from ugc.core import security
from ugc.core.security import other_spelling

NAVIGATION = {"Sec-Fetch-Mode": "navigate"}


@pytest.mark.parametrize(
    ("site", "asked", "there"),
    [
        ("http://127.0.0.1:8000", "http://localhost:8000/map?x=1", "http://127.0.0.1:8000/map?x=1"),
        ("http://localhost:8000", "http://127.0.0.1:8000/", "http://localhost:8000/"),
        ("http://127.0.0.1:8000", "http://[::1]:8000/", "http://127.0.0.1:8000/"),
        ("http://localhost", "http://127.0.0.1/", "http://localhost/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/map", None),
        ("http://127.0.0.1:8000", "http://localhost:9000/map", None),
        ("http://127.0.0.1:8000", "http://192.168.1.5:8000/map", None),
        ("https://boca.example.org", "http://localhost/", None),
    ],
)
def test_the_spellings_of_the_loopback(site: str, asked: str, there: str | None) -> None:
    assert other_spelling(site, asked) == there


def application(mode: str) -> FlaskClient:
    """A page, a probe and these headers, at http://127.0.0.1:8000."""
    app = Flask("site")
    app.config.update(
        config.load(
            {
                "BOCA_ENV": mode,
                "DATABASE_URL": "postgres://ugc@db/ugc",
                "SECRET_KEY": "kX9v2mQ8rT4wZ7bN1cF6hJ3pL5sD0gAe",
                "SITE_URL": "http://127.0.0.1:8000",
                "MAIL_URL": "smtp://localhost:25",
            }
        )
    )
    security.init_app(app)
    app.add_url_rule("/about", view_func=lambda: "about", endpoint="about")
    return app.test_client()


def test_a_developers_page_leads_to_the_sites_spelling() -> None:
    client = application("development")
    away = "http://localhost:8000"
    page = client.get("/about?from=mail", headers=NAVIGATION, base_url=away)
    assert (page.status_code, page.location) == (307, "http://127.0.0.1:8000/about?from=mail")
    home = client.get("/about", headers=NAVIGATION, base_url="http://127.0.0.1:8000")
    assert home.status_code == 200
    assert client.get("/about", base_url=away).status_code == 200  # probes and scripts stay
    assert client.post("/about", headers=NAVIGATION, base_url=away).status_code == 405


def test_production_leads_nowhere_and_trusts_one_origin() -> None:
    client = application("production")
    page = client.get("/about", headers=NAVIGATION, base_url="http://localhost:8000")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8001;" in policy
    assert "localhost" not in policy
