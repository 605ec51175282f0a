"""Sharing, previews, pictures, maps, embeds and what machines read, a module each."""

from __future__ import annotations

from ugc.cards.pages import embeds, heads, machines, maps, pictures, share  # noqa: F401  (their routes)
from ugc.cards.pages.base import bp as bp
