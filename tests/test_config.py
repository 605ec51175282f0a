"""What the environment must say."""

import pytest

from ugc import config
from ugc.core import push

GOOD = {
    "DATABASE_URL": "postgres://ugc@db/ugc",
    "SECRET_KEY": "kX9v2mQ8rT4wZ7bN1cF6hJ3pL5sD0gAe",
    "MAIL_URL": "smtp://mail:587",
    "SITE_URL": "https://boca.example.org",
    "BOCA_ENV": "production",
}


def test_a_good_environment_loads() -> None:
    loaded = config.load(GOOD)
    assert loaded["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://ugc@db/ugc"
    assert loaded["SESSION_COOKIE_SECURE"] is True
    assert loaded["SESSION_COOKIE_NAME"] == "__Host-boca"


def test_where_maps_begin() -> None:
    assert config.load(GOOD)["HOME_VIEW"] is None
    assert config.load({**GOOD, "HOME_VIEW": "13/40.4/-3.7"})["HOME_VIEW"] == (-3.7, 40.4, 13.0)


@pytest.mark.parametrize(
    ("site", "given", "live"),
    [
        ("http://127.0.0.1:8000", "", "http://127.0.0.1:8001"),
        ("http://[::1]:8000", "", "http://[::1]:8001"),
        ("https://boca.example.org", "", "https://boca.example.org"),
        (
            "https://boca.example.org",
            "https://live.boca.example.org/",
            "https://live.boca.example.org",
        ),
    ],
)
def test_where_the_live_map_is(site: str, given: str, live: str) -> None:
    loaded = config.load({**GOOD, "SITE_URL": site, "LIVE_URL": given})
    assert loaded["LIVE_URL"] == live


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "secret"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 40}, "SECRET_KEY"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"MAIL_URL": ""}, "MAIL_URL"),
        ({"SITE_URL": "boca.example.org"}, "SITE_URL"),
        ({"SITE_URL": "https://"}, "SITE_URL"),
        ({"SITE_URL": "http://boca.example.org:port"}, "SITE_URL"),
        ({"PROXY_HOPS": "abc"}, "PROXY_HOPS"),
        ({"PROXY_HOPS": "-1"}, "PROXY_HOPS"),
        ({"DATABASE_URL": "mysql://db/ugc"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://db:port/ugc"}, "DATABASE_URL"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"MAIL_URL": "mail.example.org"}, "MAIL_URL"),
        ({"GEOCODER_URL": "geocoder.example.org"}, "GEOCODER_URL"),
        ({"API_LIMIT": "many"}, "API_LIMIT"),
        ({"HOME_VIEW": "Madrid"}, "HOME_VIEW"),
        ({"HOME_VIEW": "13/91/0"}, "HOME_VIEW"),
        ({"HOME_VIEW": "nan/1/1"}, "HOME_VIEW"),
        ({"READERS_PER_ADDRESS": "0"}, "READERS_PER_ADDRESS"),
        ({"VISIT_BATCH_S": "6"}, "VISIT_BATCH_S"),
        ({"VISIT_BATCH_S": "nan"}, "VISIT_BATCH_S"),
        ({"VISIT_BATCH_S": "soon"}, "VISIT_BATCH_S"),
        ({"VISIT_MONTHS": "0"}, "VISIT_MONTHS"),
        ({"LIVE_URL": "live.example.org"}, "LIVE_URL"),
        ({"BOCA_ENV": "prod"}, "BOCA_ENV"),
        ({"DEFAULT_LANGUAGE": "fr"}, "DEFAULT_LANGUAGE"),
        ({"VAPID_PRIVATE_KEY": "short", "VAPID_CONTACT": "mailto:a@b.org"}, "ugc vapid-key"),
        ({"VAPID_PRIVATE_KEY": "A" * 43}, "VAPID_CONTACT"),
    ],
)
def test_a_bad_environment_says_what_to_set(change: dict[str, str], says: str) -> None:
    with pytest.raises(config.ConfigError, match=says):
        config.load({**GOOD, **change})


def test_a_new_key_of_pushes_is_good() -> None:
    key = push.new_key()
    loaded = config.load({**GOOD, "VAPID_PRIVATE_KEY": key, "VAPID_CONTACT": "mailto:a@b.org"})
    assert loaded["VAPID_PRIVATE_KEY"] == key
    assert len(push.public_key(key)) == 87
    assert push.public_key(push.new_key()) != push.public_key(key)
