"""Says to a browser which draft the server has taken.

`static/js/drafts.mjs` keeps what is typed into a form under a key and sends that key with the form.
The answer that stored the form names the key in a cookie; the next page's script throws that draft
away. A refusal names none, and a repeated request names it again."""

from __future__ import annotations

import re

from flask import Flask, Response, request

from ugc.core import cookies
from ugc.core.db import SAFE_METHODS

FIELD = "draft_key"  # of the form, set by the script
COOKIE = "drafts_taken"
KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
MOST = 20  # keys in the cookie; each page with scripts empties it
DAYS = 30


def taken() -> list[str]:
    """The keys that the browser was told of and has not thrown away yet."""
    return [key for key in cookies.get(COOKIE).split(".") if KEY.fullmatch(key)]


def init_app(app: Flask) -> None:
    # Runs after the commit (`core.db`): what was not stored is not named.
    @app.after_request
    def name_draft(response: Response) -> Response:
        if request.method in SAFE_METHODS or response.status_code >= 400:
            return response
        key = request.form.get(FIELD, "")
        if KEY.fullmatch(key):
            keys = [*dict.fromkeys([*taken(), key])][-MOST:]
            cookies.put(response, COOKIE, ".".join(keys), days=DAYS, readable_by_scripts=True)
        return response
