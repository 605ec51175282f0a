"""Nothing is done twice: an unsafe request may carry a key (header `Idempotency-Key`, or the
hidden field that every form has). The key is stored in the same transaction as what it did; a
repetition gets the first answer; the same key with another body is refused. Kept 7 days.

Bodies are compared by a keyed digest. A request that carries a secret (`core.sensitive`) is never
remembered: its view answers a repetition itself."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, request
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import drafts, jobs, keyed, privacy, sensitive
from ugc.core.access import current_actor
from ugc.core.db import SAFE_METHODS, Base, Session, app_now, db
from ugc.core.errors import Conflict, Invalid

FIELD = "idempotency_key"
HEADER = "Idempotency-Key"
IGNORED_FIELDS = frozenset({FIELD, "csrf_token", drafts.FIELD})
KEEP_DAYS = 7
MAX_KEY_LENGTH = 255
PURPOSE = "idempotency"  # of the derived key
SCHEME = "h1:"  # how `body_hash` was made; rows of another scheme are deleted


class IdempotencyKey(Base):
    """What was answered: status, address and, for scripts, a body of ids and codes."""

    __tablename__ = "idempotency_keys"
    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    status: Mapped[int | None]
    location: Mapped[str | None]
    body: Mapped[str | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now(), index=True)


def new_key() -> str:
    return secrets.token_urlsafe(18)


def _body_hash() -> str:
    parts = [request.method.encode(), request.path.encode()]
    if request.is_json:
        parts.append(request.get_data())
    else:
        for name, value in sorted(request.form.items(multi=True)):
            if name not in IGNORED_FIELDS:
                parts += [name.encode(), value.encode()]
        # Files of one field stay in their order, as their texts do.
        for name, upload in sorted(request.files.items(multi=True), key=lambda item: item[0]):
            content = upload.stream.read()
            upload.stream.seek(0)
            parts += [b"file", name.encode(), keyed.digest(PURPOSE, content).encode()]
    return SCHEME + keyed.digest(PURPOSE, *parts)


def _carries_secret() -> bool:
    """Whether a field of the form or a part of the address is a secret."""
    return sensitive.any_secret(request.form) or sensitive.any_secret(request.view_args or ())


def _owner() -> str:
    """Anonymous people are told apart by their session's token."""
    actor = current_actor()
    if actor.id or actor.key_id:
        return actor.reference
    from_cookie = request.cookies.get(g.get("session_cookie_name", ""), "")
    return "anonymous:" + keyed.digest(PURPOSE, from_cookie.encode())[:16]


def begin() -> Response | None:
    """The first answer, when this request repeats an earlier one; else None.

    The insert waits for a running request with the same key, so twenty at once do one thing."""
    if request.method in SAFE_METHODS:
        return None
    key = request.headers.get(HEADER) or request.form.get(FIELD)
    if not key or _carries_secret():
        return None
    if len(key) > MAX_KEY_LENGTH:
        raise Invalid(lazy_gettext("The Idempotency-Key is longer than 255 characters."))
    session: Session = db.session()
    identity = {"actor": _owner(), "key": key}
    body_hash = _body_hash()
    inserted = session.execute(
        insert(IdempotencyKey)
        .values(**identity, body_hash=body_hash)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    ).first()
    if inserted is None:
        row = session.get_one(IdempotencyKey, identity)
        if row.body_hash != body_hash:
            raise Invalid(
                lazy_gettext(
                    "This form was already sent with other content. Reload and start again."
                ),
                code="idempotency_mismatch",
            )
        return _replay(row)

    def finish(response: Response) -> None:
        is_json = (response.mimetype or "").endswith("json")
        session.execute(
            sa.update(IdempotencyKey)
            .where(IdempotencyKey.actor == identity["actor"], IdempotencyKey.key == key)
            .values(
                status=303 if "repeat_at" in g else response.status_code,
                location=g.pop("repeat_at", None) or response.headers.get("Location"),
                body=response.get_data(as_text=True) if is_json else None,
            )
        )

    g.before_commit = finish
    return None


def repeat_at(location: str) -> None:
    """A view whose page must not be stored says where a repetition of its request is led."""
    g.repeat_at = location


def _replay(row: IdempotencyKey) -> Response:
    """The stored answer. Raises Conflict when the first one was a page: pages are not stored."""
    if not row.body and not row.location and row.status == 200:
        raise Conflict(
            lazy_gettext("This was done already. Reload the page to see how things stand."),
            code="repeated",
        )
    response = Response(row.body or "", row.status or 200)
    if row.body:
        response.content_type = "application/json"
    if row.location:
        response.headers["Location"] = row.location
    response.headers["Idempotent-Replayed"] = "true"
    return response


def init_app(app: Flask) -> None:
    @app.before_request
    def name_cookie() -> None:
        g.session_cookie_name = app.config["SESSION_COOKIE_NAME"]


@jobs.task(
    "core.forget_idempotency_keys",
    cron="17 3 * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def forget_old_keys(session: Session) -> None:
    limit = app_now() - sa.text(f"interval '{KEEP_DAYS} days'")
    other_scheme = IdempotencyKey.body_hash.not_like(f"{SCHEME}%")
    session.execute(
        sa.delete(IdempotencyKey).where((IdempotencyKey.created_at < limit) | other_scheme)
    )


def _erase(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.actor == f"member:{member_id}"))


def _export(session: Session, member_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        sa.select(IdempotencyKey.created_at, IdempotencyKey.status)
        .where(IdempotencyKey.actor == f"member:{member_id}")
        .order_by(IdempotencyKey.created_at)
    )
    return [{"at": row.created_at, "status": row.status} for row in rows]


privacy.register("requests_remembered", _export, _erase)


def hidden_field_value() -> str:
    """What a form shown again must carry: the key of the refused attempt (nothing was stored for
    it), or a new one."""
    sent: Any = request.form.get(FIELD)
    return str(sent) if sent else new_key()
