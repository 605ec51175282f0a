"""Mail goes to a folder in development and to SMTP by setting, in the reader's language."""

import contextlib
import errno
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ugc.core import mail


class Smtp(threading.Thread):
    """As much of a mail server as one mail needs; `received` is what it was handed."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received: list[bytes] = []
        self.commands: list[str] = []

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rwb") as stream:

            def say(line: str) -> None:
                stream.write(line.encode() + b"\r\n")
                stream.flush()

            say("220 ready")
            for raw in stream:
                command = raw.decode().strip()
                self.commands.append(command)
                if command.upper() == "DATA":
                    say("354 go on")
                    lines = []
                    while (line := stream.readline()) != b".\r\n":
                        lines.append(line)
                    self.received.append(b"".join(lines))
                say("221 bye" if command.upper() == "QUIT" else "250 well")
                if command.upper() == "QUIT":
                    return


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    server = Smtp()
    server.start()
    yield server
    server.join(timeout=5)
    server.listener.close()


@pytest.mark.parametrize(
    ("language", "confirm", "reset"),
    [
        ("en", "Confirm your e-mail address", "Choose a new password"),
        ("es", "Confirma tu dirección de correo", "Elige una contraseña nueva"),
    ],
)
def test_mails_are_in_the_members_language(
    client: FlaskClient,
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
    language: str,
    confirm: str,
    reset: str,
) -> None:
    mails()
    form = {"handle": "ana", "email": "ana@example.org", "password": "correct horse battery"}
    client.post("/join", data=form, headers={"Accept-Language": language})
    client.post("/confirm/again")
    # Whoever asks for the link, it is written in the language of the account.
    client.post("/sign-out")
    asked = {"email": form["email"]}
    client.post("/password/forgotten", data=asked, headers={"Accept-Language": "de"})
    run_jobs()
    subjects = [text.splitlines()[0] for text in mails()]
    assert subjects == [confirm, confirm, reset]


def test_smtp_by_setting(app: Flask, monkeypatch: pytest.MonkeyPatch, smtp: Smtp) -> None:
    monkeypatch.setitem(app.config, "MAIL_URL", f"smtp://127.0.0.1:{smtp.port}?tls=off")
    with app.test_request_context():
        message: EmailMessage = mail.compose(
            "ana@example.org", "Hola, ñ", "accounts_letter", "es",
            handle="ana", says=["Hola"], link="http://x/r", after=[],
        )  # fmt: skip
        mail.send(message)
    smtp.join(timeout=5)
    assert any(c.lower().startswith("rcpt to:<ana@example.org>") for c in smtp.commands)
    [raw] = smtp.received
    received = message_from_bytes(raw, policy=policy.default)
    assert received["Subject"] == "Hola, ñ"
    body = received.get_body(("plain",))
    assert body is not None
    assert "http://x/r" in body.get_content()


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_silent_mail_server_is_waited_for_once_and_not_by_each_mail(
    app: Flask, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """It takes the connection and greets nobody."""
    monkeypatch.setattr(mail, "_silent_until", 0.0)
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, app.test_request_context():
        port = listener.getsockname()[1]
        monkeypatch.setitem(app.config, "MAIL_URL", f"{scheme}://127.0.0.1:{port}")
        for paused, waited in ((False, 1), (True, 0), (False, 1)):
            if not paused:
                monkeypatch.setattr(mail, "_silent_until", 0.0)
            with pytest.raises((OSError, smtplib.SMTPException)):
                mail.send(EmailMessage())
            listener.setblocking(False)
            accepted = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    accepted += 1
            assert accepted == waited


def test_a_folder_without_room_holds_no_half_mail(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, _content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(app.config, "MAIL_URL", f"file://{tmp_path}")
    monkeypatch.setattr(Path, "write_bytes", full)
    with app.test_request_context(), pytest.raises(OSError, match="No space"):
        mail.send(EmailMessage())
    assert list(tmp_path.iterdir()) == []
