"""Who opens a stream: the address that it is counted by, and the session of a member."""

from __future__ import annotations

from typing import Any

from flask import Flask
from itsdangerous import BadData
from starlette.requests import Request

from ugc.accounts.actions.links import digest
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.core import signed
from ugc.core.addresses import network, visitor


class Visitors:
    """Reads requests by the site's settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.hops = int(settings["PROXY_HOPS"])
        self.cookie = str(settings["SESSION_COOKIE_NAME"])
        self.session_s = int(settings["PERMANENT_SESSION_LIFETIME"])
        # The web server's cookies, read as Flask reads them.
        reader = Flask(__name__)
        reader.secret_key = str(settings["SECRET_KEY"])
        self.signer = signed.Sessions().get_signing_serializer(reader)

    def address(self, request: Request) -> str:
        """The visitor's; of IPv6 the network. Behind proxies, what the trusted ones say."""
        peer = request.client.host if request.client else "unknown"
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        return network(visitor(peer, forwarded, self.hops))

    def token(self, request: Request) -> str | None:
        """The hash of the session's token, when the cookie is ours."""
        cookie = request.cookies.get(self.cookie)
        if cookie is None or self.signer is None:
            return None
        try:
            token = self.signer.loads(cookie, max_age=self.session_s).get(COOKIE_TOKEN)
        except BadData:
            return None
        return digest(token) if token else None
