"""The blueprint of the pages of contacts, and how a person of a drawing is called."""

from __future__ import annotations

import hashlib

from flask import Blueprint, current_app

from ugc.core import panels
from ugc.core.access import current_actor

bp = Blueprint("contacts", __name__)

panels.declare("contacts", "the page of one's contacts")


def key_of(member_id: int) -> str:
    """What a person of a drawing is called on this reader's pages: no other reader's has the same,
    and it leads to no one."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    text = f"{current_actor().id}:{member_id}".encode()
    return "p" + hashlib.blake2b(text, key=secret[:64], digest_size=6).hexdigest()
