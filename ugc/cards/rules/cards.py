"""What is told of a shared thing, and how it is said. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from urllib.parse import quote, urlencode

from ugc.core import people

# Open Graph's usual picture: Facebook, WhatsApp, X and LinkedIn show it uncropped.
WIDTH, HEIGHT = 1200, 630
# Raise it when pictures are drawn otherwise: their addresses change.
DRAWING = 3

VERSION_LENGTH = 16

TEXT_MAX = 500  # characters of a text that goes with a link

DESCRIPTION_MAX = 200

QR_LEAST, QR_USUAL, QR_MOST = 128, 512, 2048  # pixels
# So many decimals of a degree (about a kilometre) of where a thing is enter its picture.
POSITION_DECIMALS = 2
# Subjects that are no thing to show to others: a claim is private, and leads to its brand.
NOT_SHARED = frozenset({"brand_claim"})

NAME = re.compile(
    rf"(?P<public_id>[0-9a-z]{{1,24}})-(?P<language>es|en)-(?P<version>[0-9a-f]{{{VERSION_LENGTH}}})"
)


INVITATION = "invitation"  # the kind of the card of a link to the site


def initials(name: str) -> str:
    """The initials of a name as pages show them; '' when they are no letters, which is drawn as the
    card's icon."""
    letters = people.initials(name)
    return letters if letters[0].isalnum() else ""


@dataclass(frozen=True)
class Card:
    """What the world may see of a thing, in one language. `mean` 1 to 5 is of stars, `reliability`
    0 to 10 of a report; `lon` and `lat` in degrees, rounded, the
    middle of an area of `area_m` metres where only that is public; `photo` is a public one's key;
    `path` is the address on this site, `language` that of the words, `text_language` of what people
    wrote ('' when not known); `initials` stand in the picture of who invites."""

    kind: str
    public_id: str
    path: str
    language: str
    title: str
    eyebrow: str
    description: str
    icon: str
    colour: str
    lon: float | None = None
    lat: float | None = None
    area_m: int | None = None
    mean: float | None = None
    stars_text: str = ""
    reliability: int | None = None
    reliability_text: str = ""
    byline: str = ""
    quote: str = ""
    photo: str = ""
    photo_text: str = ""
    text_language: str = ""
    initials: str = ""

    def version(self, *made_with: str) -> str:
        """Of what is drawn; `made_with` names the files that it is drawn with."""
        drawn = asdict(replace(self, path="", description=""))
        told = json.dumps([DRAWING, drawn, *made_with], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:VERSION_LENGTH]

    @property
    def alt(self) -> str:
        """The picture in words."""
        parts = (self.title, self.eyebrow, self.stars_text, self.reliability_text, self.byline)
        return " · ".join(part for part in parts if part)


def excerpt(text: str, most: int = DESCRIPTION_MAX) -> str:
    """One line of at most `most` characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    head, blank, _ = cut.rpartition(" ")
    # Scripts without blanks are cut where they are.
    return (head if blank and len(head) > most // 2 else cut).rstrip(" ,.;:-–—") + "…"


SHORT_LINK = re.compile(r"/r/[0-9a-z]{1,16}$")


@dataclass(frozen=True)
class Place:
    """Where a link can be handed over directly; `icon` is of the sprite."""

    channel: str
    name: str
    icon: str


def with_channel(address: str, channel: str) -> str:
    """The short link with the way it goes; a copied one says nothing, and no more does the address
    of the page itself."""
    return f"{address}?by={channel}" if channel and SHORT_LINK.search(address) else address


def hand_overs(address: str, title: str, text: str) -> list[tuple[Place, str]]:
    """Where people share, and the address there that begins a message with the text and the link.

    WhatsApp: faq.whatsapp.com/5913398998672934. Telegram: core.telegram.org/widgets/share. X: Web
    Intents (docs.x.com). Facebook: the sharer dialog. Mastodon: share.joinmastodon.org, where
    people choose their own server; what stands behind # does not reach it. Mail: RFC 6068."""

    def asked(parts: dict[str, str]) -> str:
        return urlencode(parts, quote_via=quote)

    def link(channel: str) -> str:
        return with_channel(address, channel)

    def both(channel: str) -> str:
        return f"{text}\n{link(channel)}" if text else link(channel)

    mail = asked({"subject": title, "body": both("mail")})
    return [
        (
            Place("whatsapp", "WhatsApp", "message-circle"),
            f"https://wa.me/?{asked({'text': both('whatsapp')})}",
        ),
        (
            Place("telegram", "Telegram", "send"),
            f"https://t.me/share/url?{asked({'url': link('telegram'), 'text': text})}",
        ),
        (Place("mail", "", "mail"), f"mailto:?{mail}"),
        (
            Place("x", "X", "x"),
            f"https://x.com/intent/post?{asked({'text': text, 'url': link('x')})}",
        ),
        (
            Place("facebook", "Facebook", "globe"),
            f"https://www.facebook.com/sharer/sharer.php?{asked({'u': link('facebook')})}",
        ),
        (
            Place("mastodon", "Mastodon", "message-circle"),
            f"https://share.joinmastodon.org/#{asked({'text': both('mastodon')})}",
        ),
    ]


def qr_size(asked: str | None) -> int:
    """Pixels of a QR picture's side, within bounds whatever is asked for."""
    try:
        wanted = int(asked or QR_USUAL)
    except ValueError:
        wanted = QR_USUAL
    return min(max(wanted, QR_LEAST), QR_MOST)


def file_name(site: str, title: str) -> str:
    """What a downloaded QR code is called, without its ending: ASCII letters and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{site} {title}".casefold()).strip("-")
    return f"qr-{words[:60].strip('-') or 'link'}"
