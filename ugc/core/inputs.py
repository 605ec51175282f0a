"""What no column of the database can hold is refused before any view sees it: the character NUL in
addresses and forms, and numbers in addresses beyond 64 bits."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter

from ugc.core.errors import NotFound

BIGINT_MAX = 2**63 - 1


class BigInteger(IntegerConverter):
    """`<int:…>` in an address: a number that an id can be; any other leads nowhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", BIGINT_MAX)
        super().__init__(*args, **kwargs)


def init_app(app: Flask) -> None:
    """Before blueprints are registered."""
    app.url_map.converters["int"] = BigInteger

    @app.before_request
    def refuse_nul() -> None:
        if "\0" in request.path:
            raise NotFound()
        for values in (request.args, request.form):
            if any("\0" in name + value for name, value in values.items(multi=True)):
                abort(400)
