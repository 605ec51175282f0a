"""Sharing, previews, pictures, maps, embeds and what machines read, a module each."""

from __future__ import annotations

from ugc.cards.pages import (  # noqa: F401  (their routes)
    embeds,
    heads,
    invitations,
    machines,
    maps,
    pictures,
    share,
)
from ugc.cards.pages.base import bp as bp
