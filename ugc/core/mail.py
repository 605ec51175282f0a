"""Outgoing mail: SMTP, or a folder that one can open in development. Only jobs send."""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app, render_template
from itsdangerous import BadSignature, URLSafeSerializer

from ugc.core import render

TIMEOUT_S = 20
# A server that does not answer would hold every thread of the worker for TIMEOUT_S a mail. After
# one such wait this process asks again only when this time is over.
PAUSE_S = 30
_silent_until = 0.0


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt="unsubscribe")


def unsubscribe_token(public_id: str, kind: str) -> str:
    """For the link that ends one kind of mail to a member, without signing in; it never expires,
    because old mails keep their links."""
    token = _signer().dumps([public_id, kind])
    return token if isinstance(token, str) else token.decode()


def read_unsubscribe_token(token: str) -> tuple[str, str] | None:
    """(public id, kind) of a token that we made, else None."""
    try:
        public_id, kind = _signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(public_id), str(kind)


def compose(
    to: str,
    subject: str,
    template: str,
    language: str,
    *,
    unsubscribe: str | None = None,
    **context: object,
) -> EmailMessage:
    """A mail from `templates/emails/<template>.txt` and `.html`, in the reader's language. With
    `unsubscribe`, an address of ours, mail programs show a button that ends it (RFC 8058)."""
    with render.in_language(language):
        message = EmailMessage()
        # EmailMessage refuses line breaks in headers, so no header can be injected.
        message["Subject"] = subject
        message["From"] = str(current_app.config["MAIL_FROM"])
        message["To"] = to
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="boca.local")
        if unsubscribe is not None:
            message["List-Unsubscribe"] = f"<{unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            context["unsubscribe"] = unsubscribe
        message.set_content(render_template(f"emails/{template}.txt", subject=subject, **context))
        message.add_alternative(
            render_template(f"emails/{template}.html", subject=subject, **context), subtype="html"
        )
    return message


def send(message: EmailMessage) -> None:
    """Hands the mail over. Raises OSError or smtplib.SMTPException; the job tries again."""
    global _silent_until
    if time.monotonic() < _silent_until:
        raise TimeoutError("the mail server did not answer a moment ago")
    began = time.monotonic()
    try:
        _hand_over(message)
    except (OSError, smtplib.SMTPException):
        # smtplib says of a server that is silent that it closed the connection.
        if time.monotonic() - began >= TIMEOUT_S:
            _silent_until = time.monotonic() + PAUSE_S
        raise


def _hand_over(message: EmailMessage) -> None:
    url = urlsplit(str(current_app.config["MAIL_URL"]))
    if url.scheme == "file":
        folder = Path(unquote(url.path))
        folder.mkdir(parents=True, exist_ok=True)
        safe = "".join(c if c.isalnum() or c in "@.-" else "_" for c in str(message["To"]))
        path = folder / f"{time.time_ns()}-{safe}.eml"
        try:
            path.write_bytes(bytes(message))
        except OSError:
            # Half a mail would look like one.
            path.unlink(missing_ok=True)
            raise
        return
    options = parse_qs(url.query)
    tls = options.get("tls", ["starttls" if url.scheme == "smtp" else "on"])[0]
    host, port = url.hostname or "localhost", url.port or (465 if url.scheme == "smtps" else 587)
    context = ssl.create_default_context()
    client = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        if url.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    )
    with client:
        if url.scheme == "smtp" and tls == "starttls":
            client.starttls(context=context)
        if url.username:
            client.login(unquote(url.username), unquote(url.password or ""))
        client.send_message(message)
