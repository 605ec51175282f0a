"""Which click counts, and who is whose contact. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from crawleruseragents import is_crawler

ATTRIBUTION_DAYS = 90
CODE_LENGTH = 8
CHANNELS = (
    "link", "qr", "mail", "whatsapp", "telegram", "x", "facebook", "instagram", "mastodon",
    "web_share", "embed", "other",
)  # fmt: skip
# What people and tools write into utm_source for the same thing.
SOURCES = {
    "email": "mail", "e-mail": "mail", "newsletter": "mail", "correo": "mail", "wa": "whatsapp",
    "t.me": "telegram", "tg": "telegram", "twitter": "x", "t.co": "x", "fb": "facebook",
    "ig": "instagram", "webshare": "web_share", "web-share": "web_share", "share": "web_share",
    "widget": "embed", "oembed": "embed", "qrcode": "qr", "qr-code": "qr",
}  # fmt: skip
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
UTM_LENGTH = 100

# Machines that open links without a person: they are answered but not counted. Most are in the
# library's list; these are what it lacks.
MACHINES = re.compile(
    r"bot|crawl|spider|preview|facebookexternalhit|whatsapp|telegram|slack|discord|curl|wget|"
    r"headlesschrome|lighthouse|cardyb|embedly|iframely|vkshare|viber|google-pagerenderer|scrap|"
    r"misskey|pleroma|akkoma|lemmy|slurp|externalagent|rocket\.chat|nextcloud|cfnetwork|"
    r"ms-office|dejaclick|quiterss|liferea|(?:email|image)proxy",
    re.IGNORECASE,
)
# How the user agents of browsers begin: graphical ones, browsers of text, telephones of old.
# Libraries, monitors, feed readers and servers begin with their own names.
BEGINS = re.compile(
    r"(?:Mozilla|Opera)/|E?Links\b|Lynx/|w3m/|NetSurf/|Dillo/|UCWEB/|.*Profile/MIDP-"
)
# Browsers say where they come from in no address; machines often do. `android@111.0` is no mail.
ADDRESS = re.compile(r"https?://|\bwww\.|[\w.]@[a-z]", re.IGNORECASE)
# "compatible;" is said by machines, and by these browsers.
COMPATIBLE = re.compile(r"\bcompatible;(?!.*(?:MSIE|Konqueror|Webpositive|IBrowse|ABrowse))")
# What apps and telephones add to the name of a browser that a person holds.
IN_APP = re.compile(
    r"\b(?:WhatsApp/[\d.]+|Telegram-\w+/[^)]*\)|Viber(?:/[\d.]+|$)|"
    r"(?:Sonic )?Slack(?:_SSB)?/[\d.]+|Discord/[\d.]+)",
    re.IGNORECASE,
)
# Telephones whose names hold "bot": the brand Cubot in its spellings, the models M BOT, B BOT and
# IDbot of Logicom. A machine that calls itself so has a version (`bot/1.0`) or an address.
BOT_PHONE = re.compile(
    r"(?<=; )(?:CUBOT|[MB][ _]?BOT|ID ?BOT)(?![a-z/])[^;()/]*?(?= Build/|[;)])", re.IGNORECASE
)
BROWSER = re.compile(r"^Mozilla/5\.0 \([^)]*\) (?:AppleWebKit|Gecko)/")
# What browsers say of pages that they fetch before anybody asks for them.
AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
AHEAD_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@lru_cache(maxsize=4096)
def is_machine(user_agent: str) -> bool:
    """Whether a GET comes from a bot, a link previewer or a program. What sends a browser's own
    user agent cannot be told: the scanners of Microsoft's Safe Links and other mail gateways,
    WhatsApp for desktops, browsers that a program drives with their window shown."""
    if not BEGINS.match(user_agent):
        return True
    if BROWSER.search(user_agent):
        user_agent = BOT_PHONE.sub("", IN_APP.sub("", user_agent))
    named = MACHINES.search(user_agent) or ADDRESS.search(user_agent)
    return bool(named or COMPATIBLE.search(user_agent)) or is_crawler(user_agent)


def is_ahead(purpose: str) -> bool:
    """Whether a browser fetches before anybody asks; `purpose` is what the `AHEAD_HEADERS` say."""
    return bool(AHEAD.search(purpose))


def channel(by: str, utm_source: str) -> str:
    """One of `CHANNELS`: what the link itself says (`by`), else where it was put."""
    for said in (by, utm_source):
        name = said.strip().lower()
        if name:
            name = SOURCES.get(name, name)
            return name if name in CHANNELS else "other"
    return "link"


def carried(query: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The UTM parameters of a link's address that its target gets too."""
    said: dict[str, str] = {}
    for name, value in query:
        if name in UTM and value:
            said.setdefault(name, value[:UTM_LENGTH])
    return [(name, said[name]) for name in UTM if name in said]


VIA = "via"
# Links and forms of our own pages (templates escape `"`, `<` and `>` in every value).
OWN_LINK = re.compile(r'(<(?:a|form)\b[^<>]*?\s(?:href|action)=")((?:/(?!/|static/)|\?)[^"#]*)')
GET_FORM = re.compile(r'<form\b[^<>]*\smethod="get"[^<>]*>')


def with_via(address: str, via: str) -> str:
    """An address of this site that carries on who invited; one that says so already stays. `via`
    is of letters, digits, `-`, `_`, `.` and `:`."""
    path, mark, fragment = address.partition("#")
    if re.search(rf"[?&]{VIA}=", path):
        return address
    return f"{path}{'&' if '?' in path else '?'}{VIA}={via}{mark}{fragment}"


def without_via(address: str) -> str:
    """The address without what is the reader's own."""
    path, mark, fragment = address.partition("#")
    path, _, query = path.partition("?")
    kept = "&".join(each for each in query.split("&") if each and not each.startswith(f"{VIA}="))
    return f"{path}{'?' if kept else ''}{kept}{mark}{fragment}"


def carry(page: str, via: str) -> str:
    """A page of ours whose links and forms to this site carry on who invited."""

    def link(found: re.Match[str]) -> str:
        address = found[2]
        if re.search(rf"[?&](?:amp;)?{VIA}=", address):
            return found[0]
        joint = "&amp;" if "?" in address else "?"
        return f"{found[1]}{address}{joint}{VIA}={via}"

    hidden = f'<input type="hidden" name="{VIA}" value="{via}">'
    return GET_FORM.sub(lambda form: form[0] + hidden, OWN_LINK.sub(link, page))


def is_fresh(clicked_at: dt.datetime, moment: dt.datetime) -> bool:
    """Whether a click may still attribute a new member."""
    return dt.timedelta(0) <= moment - clicked_at <= dt.timedelta(days=ATTRIBUTION_DAYS)


@dataclass(frozen=True)
class Owner:
    """The member who owns a link, as they are when another joins by it."""

    member_id: int
    is_erased: bool = False
    is_suspended: bool = False
    is_false: bool = False


@dataclass(frozen=True)
class Click:
    """A link that a new member opened before joining; `owner` is None when it is a brand's."""

    link_id: int
    clicked_at: dt.datetime
    owner: Owner | None = None
    channel: str = "link"


def attributed(clicks: Iterable[Click], newcomer_id: int, joined_at: dt.datetime) -> Click | None:
    """The click that brought a newcomer: the last one of 90 days whose owner can be a parent, that
    is, a member other than themselves, who was there before them (has the smaller id), and is
    neither erased nor suspended nor found to be false. At one moment the newer link wins."""
    good = [
        click
        for click in clicks
        if is_fresh(click.clicked_at, joined_at)
        and click.owner is not None
        and click.owner.member_id < newcomer_id
        and not (click.owner.is_erased or click.owner.is_suspended or click.owner.is_false)
    ]
    return max(good, key=lambda click: (click.clicked_at, click.link_id), default=None)


def ancestors(
    parent_id: int, parent: tuple[int, int | None] | None
) -> tuple[int, int | None, int | None]:
    """(1st, 2nd, 3rd) degree ancestors of a newcomer; `parent` are the parent's first two."""
    if parent is None:
        return parent_id, None, None
    return parent_id, parent[0], parent[1]


@dataclass(frozen=True)
class Opened:
    """A link that a browser says it opened, signed by us."""

    code: str
    clicked_at: dt.datetime
    channel: str = "link"


def month_of(day: dt.date, ahead: int = 0) -> dt.date:
    """The first of the month that is `ahead` months after that of `day` (before it, below 0)."""
    months = day.year * 12 + day.month - 1 + ahead
    return dt.date(months // 12, months % 12 + 1, 1)


def partition_name(first: dt.date) -> str:
    """Of the month that begins with `first`; the names sort by time."""
    return f"visits_{first:%Y_%m}"


MARK_BYTES = 16


def visitor_key(salt: bytes, address: str, agent: str, language: str, link_id: int) -> bytes:
    """What tells one visitor of a link from another on one day: a hash keyed with the day's random
    salt. Without the salt, which is deleted when the day is over, it cannot be computed again."""
    shown = "\0".join((address, agent, language, str(link_id)))
    return hashlib.blake2b(shown.encode(), digest_size=MARK_BYTES, key=salt).digest()


@dataclass(frozen=True)
class Seen:
    """A visit that is to be counted. `present` says whether what the link shares was still there:
    otherwise its brand reached no one."""

    link_id: int
    day: dt.date
    visitor_key: bytes
    channel: str
    at: dt.datetime
    present: bool = True
