"""The site answers to its own names; an address made of a stranger's Host leads nowhere."""

import pytest
from flask.testing import FlaskClient

from ugc import config
from ugc.app import create_app
from ugc.core import hosts

SETTINGS = {
    "BOCA_ENV": "production",
    "DATABASE_URL": "postgres://ugc@db.invalid/ugc",
    "SECRET_KEY": "kX9v2mQ8rT4wZ7bN1cF6hJ3pL5sD0gAe",
    "SITE_URL": "https://boca.example.org",
    "MAIL_URL": "smtp://localhost:25",
    "TRUSTED_HOSTS": "www.example.org, .maps.example.org",
}
STRANGE = (
    "evil.example", "boca.example.org.evil.example", "evil.example/boca.example.org", "",
    "boca.example.org@evil.example", "boca.example.org:x@evil.example", "evilboca.example.org",
    "boca.example.org/../evil", "maps.example.org", "[::1", "localhost", "127.0.0.1",
    "boca.example.org\t", "böca.example.org",
)  # fmt: skip


@pytest.mark.parametrize("host", STRANGE)
def test_other_names_are_not_trusted(host: str) -> None:
    assert not hosts.is_trusted(host, config.load(SETTINGS)["HOSTS"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    ["boca.example.org", "BOCA.example.org:443", "www.example.org", "a.b.maps.example.org:8000"],
)
def test_the_sites_names_are(host: str) -> None:
    assert hosts.is_trusted(host, config.load(SETTINGS)["HOSTS"])  # type: ignore[arg-type]


def test_this_machine_is_trusted_while_developing() -> None:
    known = config.load({**SETTINGS, "BOCA_ENV": "development"})["HOSTS"]
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"):
        assert hosts.is_trusted(host, known)  # type: ignore[arg-type]


@pytest.mark.parametrize("names", ["https://a.example", "a b/c", "*", "a.example:443"])
def test_what_is_no_name_is_refused(names: str) -> None:
    with pytest.raises(config.ConfigError):
        config.load({**SETTINGS, "TRUSTED_HOSTS": names})


@pytest.mark.parametrize("hops", ["0", "1"])
def test_a_strange_name_is_refused_wherever_it_stands(hops: str) -> None:
    site = create_app({**SETTINGS, "PROXY_HOPS": hops}).test_client()
    own = {"base_url": "https://boca.example.org"}
    strange = {"base_url": "https://evil.example"}
    for address in ("/about", "/reports//new", "//about", "/nowhere", "/static/x.css"):
        for asked in (
            site.get(address, **strange),
            site.post(address, **strange),
            site.get(address, headers={"X-Forwarded-Host": "evil.example"}, **own)
            if hops == "1"
            else None,
        ):
            if asked is None:
                continue
            assert asked.status_code == 400
            assert asked.mimetype == "text/plain"
            assert "https://boca.example.org" in asked.text
            assert asked.headers["X-Content-Type-Options"] == "nosniff"
            assert "Location" not in asked.headers


def test_redirects_of_the_router_stay_at_the_host() -> None:
    site = create_app({**SETTINGS, "PROXY_HOPS": "1"}).test_client()
    answer = site.get("/reports//new?a=1", base_url="https://boca.example.org")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/reports/new?a=1")
    away = {"X-Forwarded-Host": "www.example.org", "X-Forwarded-Port": "99"}
    answer = site.get("/reports//new", base_url="https://boca.example.org", headers=away)
    assert answer.headers["Location"] == "/reports/new"


def test_load_balancers_are_answered(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path, base_url="http://10.0.0.7:8000")
        assert answer.mimetype == "application/json"
    assert client.get("/about", base_url="http://10.0.0.7:8000").status_code == 400
