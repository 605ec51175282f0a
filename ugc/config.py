"""Settings from the environment. Every key that an operator may set is in `SETTINGS`, which
`docs/operations.md` shows as a table (a test compares them)."""

from __future__ import annotations

import math
import os
import re
import secrets
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import limits
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ugc import languages

ROOT = Path(__file__).resolve().parent.parent


class ConfigError(Exception):
    """The environment does not let the application start; the text says what to set."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str | None
    meaning: str


SETTINGS = [
    Setting("BOCA_ENV", "development", "development, test or production"),
    Setting(
        "DATABASE_URL", None, "PostgreSQL 15+ with PostGIS 3, pg_trgm, unaccent, citext, btree_gist"
    ),
    Setting("REDIS_URL", None, "Redis or Valkey; nothing is lost when it is away"),
    Setting("SECRET_KEY", None, "signs cookies and links; at least 32 characters, kept secret"),
    Setting("SITE_NAME", "Boca", "the community's name, shown everywhere"),
    Setting("SITE_URL", "http://127.0.0.1:8000", "public address, used in mails and links"),
    Setting("MAIL_URL", None, "smtp://user:password@host:587?tls=starttls, or file:///folder"),
    Setting("MAIL_FROM", "Boca <no-reply@localhost>", "sender of all mail"),
    Setting("MEDIA_DIR", None, "folder of photos (quarantine and variants)"),
    Setting("DATA_DIR", None, "folder for mail, photos and files of this installation"),
    Setting(
        "ERASED_FILE",
        None,
        "file of erased members, outside of what is restored; DATA_DIR.erased when unset",
    ),
    Setting("MAP_STYLE_URL", "", "remote MapLibre style; empty means the bundled basemap only"),
    Setting(
        "HOME_VIEW",
        "",
        "where maps begin: zoom/latitude/longitude such as 13/40.417/-3.704; empty: the city that"
        " was loaded first",
    ),
    Setting("GEOCODER_URL", "", "Nominatim-compatible address; empty means the bundled cities"),
    Setting(
        "LIVE_URL", None, "origin of the live map's streams; the port after SITE_URL's, or SITE_URL"
    ),
    Setting("LIVE_STREAMS", "2000", "open streams of one `ugc live` at most"),
    Setting("LIVE_STREAMS_PER_ADDRESS", "300", "of them from one address (of IPv6: one network)"),
    Setting(
        "READERS_PER_ADDRESS",
        "25",
        "how many readers at their limit one address of visitors has room for, 1 to 1000",
    ),
    Setting(
        "TRUSTED_HOSTS",
        "",
        "other names that the site is asked by, such as www.example.org, or .example.org for all"
        " below it; by any name but these and SITE_URL's it answers 400, but for /healthz and"
        " /readyz",
    ),
    Setting("PROXY_HOPS", "0", "number of trusted reverse proxies in front"),
    Setting("HSTS_SUBDOMAINS", "no", "yes: every subdomain of SITE_URL's host is https only, too"),
    Setting(
        "DEFAULT_LANGUAGE",
        "en",
        "for browsers that ask for no language of the site",
    ),
    Setting(
        "API_LIMIT",
        "600 per minute",
        "requests of a brand (all its API keys), such as 10 per second",
    ),
    Setting(
        "VISIT_BATCH_S", "2", "seconds that visits of links wait to be counted together, 0 to 5"
    ),
    Setting("VISIT_MONTHS", "13", "whole months that single visits are kept; counts by day stay"),
    Setting(
        "VAPID_PRIVATE_KEY", "", "signs web pushes (`ugc vapid-key` makes one); empty: no pushes"
    ),
    Setting("VAPID_CONTACT", "", "mailto: or https: address that push services may write to"),
    Setting("LOG_LEVEL", "info", "debug, info (with a line for each request), warning or error"),
    Setting("LOG_FORMAT", "text", "text or json, one line each, on standard error"),
    Setting("SENTRY_DSN", "", "error tracking, when the sentry-sdk package is installed"),
]

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_WEAK_SECRETS = {"", "secret", "dev", "development", "change-me", "changeme", "default", "test"}


def sqlalchemy_url(url: str) -> str:
    """The same database for SQLAlchemy's psycopg 3 dialect, whatever scheme the host gave."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def libpq_url(url: str) -> str:
    """The same database for libpq (psycopg itself, pg_dump, procrastinate's worker).

    SQLAlchemy writes and reads a blank in the query as `+`; libpq knows `%20` alone."""
    address = sqlalchemy_url(url).replace("postgresql+psycopg://", "postgresql://", 1)
    before, mark, query = address.partition("?")
    return before + mark + query.replace("+", "%20")


def _address(name: str, url: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    """The parts of an address. Raises `ConfigError` when it cannot be one."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not (parts.hostname or parts.scheme in ("file", "unix")):
        raise ConfigError(f"{name} must be a full address such as {example}.")
    return parts


def _parses(database: str) -> bool:
    try:
        make_url(database)
    except (ArgumentError, ValueError):
        return False
    return True


def _live_url(site: SplitResult) -> str:
    """Where the live map's streams are by default: on the next port where SITE_URL names
    one, as in development; else behind the same proxy as the site."""
    if site.port is None:
        return f"{site.scheme}://{site.netloc}"
    return f"{site.scheme}://{site.netloc.rpartition(':')[0]}:{site.port + 1}"


def is_vapid_key(text: str) -> bool:
    """Whether it is 32 bytes in base64url, as `ugc vapid-key` prints them."""
    try:
        return len(urlsafe_b64decode(text + "=" * (-len(text) % 4))) == 32
    except ValueError:
        return False


def _visit_settings(batch_s: str, months: str) -> tuple[float, int]:
    try:
        seconds = float(batch_s)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 5:
        raise ConfigError("VISIT_BATCH_S must be a number of seconds from 0 to 5.")
    if not months.isdecimal() or not 1 <= int(months) <= 120:
        raise ConfigError("VISIT_MONTHS must be a number of months from 1 to 120.")
    return seconds, int(months)


def _hosts(site: SplitResult, mode: str, more: str) -> tuple[str, ...]:
    """The names that the site may be asked by, as browsers send them; those of this machine too,
    while it is developed. Raises `ConfigError`."""
    found = [str(site.hostname), *more.replace(",", " ").lower().split()]
    if mode != "production":
        found += sorted(LOOPBACK)
    try:
        names = [
            "." * name.startswith(".") + name.strip("[]").removeprefix(".").encode("idna").decode()
            for name in found
        ]
    except UnicodeError:
        names = [""]
    if not all(re.fullmatch(r"\.?[\w.-]+|[0-9a-f:.]+", name) for name in names):
        raise ConfigError("TRUSTED_HOSTS must be names such as www.example.org, no addresses.")
    return tuple(names)


def _home_view(text: str) -> tuple[float, float, float] | None:
    """(lon, lat, zoom) of the setting; None for an empty one. Raises `ConfigError`."""
    if not text:
        return None
    try:
        zoom, lat, lon = (float(part) for part in text.split("/"))
    except ValueError:
        zoom = lat = lon = math.nan
    if not (0 <= zoom <= 18 and abs(lat) <= 85 and abs(lon) <= 180):
        raise ConfigError("HOME_VIEW must be zoom/latitude/longitude, such as 13/40.417/-3.704.")
    return lon, lat, zoom


def _check_log(level: str, form: str) -> None:
    if level not in ("debug", "info", "warning", "error"):
        raise ConfigError("LOG_LEVEL must be debug, info, warning or error.")
    if form not in ("text", "json"):
        raise ConfigError("LOG_FORMAT must be text or json.")


def _check_secrets(value: dict[str, str | None]) -> None:
    """What a site in production must have, so that it does not stand open. Raises ConfigError."""
    secret = value["SECRET_KEY"] or ""
    if len(secret) < 32 or secret.lower() in _WEAK_SECRETS or len(set(secret)) < 8:
        raise ConfigError(
            "SECRET_KEY is missing, too short or a default. Set it to at least 32 random "
            "characters: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if not value["MAIL_URL"]:
        raise ConfigError("MAIL_URL is not set: members could not confirm their addresses.")


# Settings that may be empty or an address: their schemes, and an example.
_ADDRESSES = {
    "MAIL_URL": (("smtp", "smtps", "file"), "smtp://localhost:25"),
    "REDIS_URL": (("redis", "rediss", "unix"), "redis://localhost:6379/0"),
    "GEOCODER_URL": (("http", "https"), "https://geocoder.example.org"),
}


def _database(value: dict[str, str | None]) -> str:
    """The address of the database as SQLAlchemy takes it. Raises ConfigError."""
    if not value["DATABASE_URL"]:
        raise ConfigError(
            "DATABASE_URL is not set. `make run` starts a private server and sets it; beside it,"
            ' in its folder: eval "$(scripts/stack.sh env)"'
        )
    database = sqlalchemy_url(value["DATABASE_URL"])
    if not database.startswith("postgresql+psycopg://") or not _parses(database):
        raise ConfigError("DATABASE_URL must be an address such as postgresql://ugc@localhost/ugc.")
    return database


def _check_numbers(value: dict[str, str | None]) -> None:
    """Raises ConfigError for a count or rate that is none, or out of bounds."""
    hops = str(value["PROXY_HOPS"])
    if not hops.isdecimal() or int(hops) > 9:
        raise ConfigError("PROXY_HOPS must be the number of trusted reverse proxies, from 0 to 9.")
    try:
        limits.parse(str(value["API_LIMIT"]))
    except ValueError:
        raise ConfigError("API_LIMIT must be like '600 per minute'.") from None
    readers = str(value["READERS_PER_ADDRESS"])
    if not readers.isdecimal() or not 1 <= int(readers) <= 1000:
        raise ConfigError("READERS_PER_ADDRESS must be a number of readers from 1 to 1000.")


def _check_push(value: dict[str, str | None]) -> None:
    """Raises ConfigError for a key of web push that is none, or has no contact."""
    if not value["VAPID_PRIVATE_KEY"]:
        return
    if not is_vapid_key(value["VAPID_PRIVATE_KEY"]):
        raise ConfigError("VAPID_PRIVATE_KEY is no key: `ugc vapid-key` prints a new one.")
    if not str(value["VAPID_CONTACT"]).startswith(("mailto:", "https://")):
        raise ConfigError("VAPID_CONTACT must be a mailto: or https: address.")


def load(environ: dict[str, str] | None = None) -> dict[str, object]:
    """Flask's configuration from the environment. Raises `ConfigError` with what to do."""
    env = dict(os.environ if environ is None else environ)
    value = {name: env.get(name) or default for name, default in _DEFAULTS.items()}
    mode = value["BOCA_ENV"]
    if mode not in ("development", "test", "production"):
        raise ConfigError("BOCA_ENV must be development, test or production.")
    database = _database(value)
    if mode == "production":
        _check_secrets(value)
    site = _address(
        "SITE_URL", str(value["SITE_URL"]), ("http", "https"), "https://boca.example.org"
    )
    for name, (schemes, example) in _ADDRESSES.items():
        if value[name]:
            _address(name, str(value[name]), schemes, example)
    _check_numbers(value)
    batch_s, months = _visit_settings(str(value["VISIT_BATCH_S"]), str(value["VISIT_MONTHS"]))
    if value["HSTS_SUBDOMAINS"] not in ("yes", "no"):
        raise ConfigError("HSTS_SUBDOMAINS must be yes or no.")
    _check_log(str(value["LOG_LEVEL"]), str(value["LOG_FORMAT"]))
    data_dir = Path(value["DATA_DIR"] or ROOT / "var" / "data")
    language = value["DEFAULT_LANGUAGE"]
    if language not in languages.CODES:
        raise ConfigError(f"DEFAULT_LANGUAGE must be {' or '.join(languages.CODES)}.")
    _check_push(value)
    secure = site.scheme == "https"
    live = str(value["LIVE_URL"] or _live_url(site)).rstrip("/")
    if urlsplit(live).scheme not in ("http", "https") or not urlsplit(live).netloc:
        raise ConfigError("LIVE_URL must be a full address such as https://boca.example.org.")
    cookie = "boca" if secure else f"boca{site.port or 80}"
    return {
        "ENV_NAME": mode,
        "TESTING": mode == "test",
        "SECRET_KEY": value["SECRET_KEY"] or secrets.token_urlsafe(48),
        "SQLALCHEMY_DATABASE_URI": database,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,  # values of people would stand in the log of an error
            "pool_size": 8,
            "max_overflow": 8,
            # `core.db` looks at each connection instead.
            "pool_pre_ping": False,
            "pool_recycle": 1800,
            "connect_args": {
                "connect_timeout": 5,
                # The last: how much of a typed name must be alike (`<%`), so that two letters
                # that changed places are forgiven.
                "options": "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=30s"
                " -c pg_trgm.word_similarity_threshold=0.4",
            },
        },
        "REDIS_URL": value["REDIS_URL"] or "",
        "SITE_NAME": value["SITE_NAME"],
        "SITE_URL": str(value["SITE_URL"]).rstrip("/"),
        "MAIL_URL": value["MAIL_URL"] or f"file://{data_dir / 'mail'}",
        "MAIL_FROM": value["MAIL_FROM"],
        "DATA_DIR": data_dir,
        "ERASED_FILE": Path(value["ERASED_FILE"] or f"{data_dir}.erased"),
        "MEDIA_DIR": Path(value["MEDIA_DIR"] or data_dir / "media"),
        "MAP_STYLE_URL": value["MAP_STYLE_URL"],
        "GEOCODER_URL": value["GEOCODER_URL"],
        "LIVE_URL": live,
        "HOME_VIEW": _home_view(str(value["HOME_VIEW"])),
        "LIVE_STREAMS": int(str(value["LIVE_STREAMS"])),
        "LIVE_STREAMS_PER_ADDRESS": int(str(value["LIVE_STREAMS_PER_ADDRESS"])),
        "READERS_PER_ADDRESS": int(str(value["READERS_PER_ADDRESS"])),
        "HOSTS": _hosts(site, mode, str(value["TRUSTED_HOSTS"])),
        "PROXY_HOPS": int(str(value["PROXY_HOPS"])),
        "HSTS_SUBDOMAINS": value["HSTS_SUBDOMAINS"] == "yes",
        "DEFAULT_LANGUAGE": language,
        "API_LIMIT": value["API_LIMIT"],
        "VISIT_BATCH_S": batch_s,
        "VISIT_MONTHS": months,
        "VAPID_PRIVATE_KEY": value["VAPID_PRIVATE_KEY"],
        "VAPID_CONTACT": value["VAPID_CONTACT"],
        "SENTRY_DSN": value["SENTRY_DSN"],
        "LOG_LEVEL": value["LOG_LEVEL"],
        "LOG_FORMAT": value["LOG_FORMAT"],
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 512 * 1024,
        "MAX_FORM_PARTS": 60,
        # The __Host- prefix needs https; development cookies carry the port so that two
        # installations on one machine do not sign each other out.
        "SESSION_COOKIE_NAME": "__Host-boca" if secure else cookie,
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": 60 * 60 * 24 * 90,
        # A session ends 90 days after it began anyway; and an answer that was under way would bring
        # back the cookie from before another one's notice.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PREFERRED_URL_SCHEME": site.scheme,
        "WTF_CSRF_TIME_LIMIT": None,
        # Where a request comes from is asked in `core.security`, which needs no Referer.
        "WTF_CSRF_SSL_STRICT": False,
    }
