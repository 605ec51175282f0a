"""The blueprint that the pages of insights share, and how they write days and numbers."""

from __future__ import annotations

import datetime as dt
import hashlib

from babel.dates import format_date
from flask import Blueprint, current_app
from flask_babel import get_locale

from ugc.core import panels
from ugc.core.access import current_actor

bp = Blueprint("insights", __name__)

panels.declare("contacts", "the page of one's contacts")


@bp.app_template_global()
def day(value: dt.date) -> str:
    return format_date(value, "medium", locale=get_locale())


def key_of(member_id: int) -> str:
    """What a person of a drawing is called on this reader's pages: no other reader's has the same,
    and it leads to no one."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    text = f"{current_actor().id}:{member_id}".encode()
    return "p" + hashlib.blake2b(text, key=secret[:64], digest_size=6).hexdigest()
