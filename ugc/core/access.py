"""Who asks (`Actor`), and who may call an endpoint: every view says so with one of the marks
below, an unmarked one refuses all, and a test walks the URL map."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from flask import Flask, current_app, g, request
from flask_babel import format_datetime, gettext, lazy_gettext
from werkzeug.wrappers import Response

from ugc.core.db import SAFE_METHODS
from ugc.core.errors import DomainError, Forbidden, NotFound, SignInNeeded

ViewFunction = TypeVar("ViewFunction", bound=Callable[..., Any])
# What a view answers with: a page or a response (a redirect too), with a status or without.
ViewResult: TypeAlias = str | Response | tuple[str | Response, int]


class ActorKind(enum.StrEnum):
    MEMBER = "member"
    ANONYMOUS = "anonymous"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True)
class Grant:
    """A role in force and its acts. `subject_id` is the brand that it is over, None the site;
    `city_id`, `language` and `kind` limit it to such content."""

    role: str
    acts: frozenset[str] = frozenset()
    subject_id: int | None = None
    city_id: int | None = None
    language: str | None = None
    kind: str | None = None

    @property
    def is_limited(self) -> bool:
        return (self.city_id, self.language, self.kind) != (None, None, None)


@dataclass(frozen=True)
class Suspension:
    """Why a member can only read: `reason` is a code, `because` what it says, `note` what the
    moderator wrote; `until` is None without end; `cause` what brought it (`decision:<id>`)."""

    reason: str = "other"
    because: Any = ""
    until: dt.datetime | None = None
    note: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Actor:
    """Who asks. `id` is the member's; `grants` are the roles in force when the request began."""

    kind: ActorKind
    id: int | None = None
    public_id: str | None = None
    handle: str | None = None
    confirmed: bool = False
    suspended: bool = False
    suspension: Suspension | None = None
    language: str | None = None
    timezone: str | None = None
    grants: tuple[Grant, ...] = ()
    key_id: int | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_member(self) -> bool:
        return self.kind is ActorKind.MEMBER

    def grants_for(self, act: str, on: int | None = None) -> tuple[Grant, ...]:
        """The grants that allow `act` over the brand `on` (None: the site), limited ones too. A
        suspended member has none."""
        if self.suspended:
            return ()
        return tuple(g for g in self.grants if g.subject_id == on and act in g.acts)

    def may(self, act: str, on: int | None = None) -> bool:
        """Whether a grant without limits allows `act` over the brand `on` (None: the site)."""
        return any(not grant.is_limited for grant in self.grants_for(act, on))

    @property
    def is_moderator(self) -> bool:
        """Whether the actor decides cases, be it only some of them."""
        return bool(self.grants_for("moderate"))

    @property
    def is_administrator(self) -> bool:
        return self.may("manage_roles")

    @property
    def brand_ids(self) -> frozenset[int]:
        """Subjects of the brands whose team the actor is in; of a key, its brand."""
        return frozenset(g.subject_id for g in self.grants if g.subject_id is not None)

    @property
    def reference(self) -> str:
        """Stable text for idempotency rows, limits and logs: never a name or an address."""
        if self.kind is ActorKind.API_KEY:
            return f"key:{self.key_id}"
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)


def acting(reference: str) -> Actor:
    """Who a `reference` names: the member's id, or the system; without grants."""
    kind, _, number = reference.partition(":")
    if kind == ActorKind.MEMBER and number:
        return Actor(ActorKind.MEMBER, id=int(number))
    return SYSTEM


ANONYMOUS = Actor(ActorKind.ANONYMOUS)
SYSTEM = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True)
class Access:
    """The mark on a view: a policy's name and what it asks for: the scope of an API key, the act of
    a role."""

    policy: str
    scope: str | None = None


def _mark(access: Access) -> Callable[[ViewFunction], ViewFunction]:
    def mark(view: ViewFunction) -> ViewFunction:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


public = _mark(Access("public"))
members = _mark(Access("members"))
moderators = _mark(Access("moderators"))


def site_act(act: str) -> Callable[[ViewFunction], ViewFunction]:
    """For those whose site role has `act` without limits (`ugc.accounts.rules.roles`)."""
    return _mark(Access("site_act", act))


def brand_scope(scope: str) -> Callable[[ViewFunction], ViewFunction]:
    """For API views: a key of a brand that carries `scope` (such as `reports:read`)."""
    return _mark(Access("api_key", scope))


def exclusive(view: ViewFunction) -> ViewFunction:
    """Marks a view that erases its member or changes a column of theirs with a unique index: the
    member's row is locked whole when the request begins. A request that first shares that lock and
    asks for the whole of it later waits in a circle with another that does the same."""
    view.exclusive = True  # type: ignore[attr-defined]
    return view


def is_exclusive() -> bool:
    """Whether the request is to a view marked `exclusive`."""
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "exclusive", False))


_load_member: Callable[[], Actor] = lambda: ANONYMOUS  # noqa: E731
_load_key: Callable[[], Actor] = lambda: ANONYMOUS  # noqa: E731


def set_member_loader(loader: Callable[[], Actor]) -> None:
    """accounts says how the signed-in member of this request is found."""
    global _load_member
    _load_member = loader


def set_key_loader(loader: Callable[[], Actor]) -> None:
    """brandapi says how the API key of this request is found."""
    global _load_key
    _load_key = loader


def current_actor() -> Actor:
    """The actor of this request, found once."""
    if "actor" not in g:
        # The requester that a refusal of the credentials themselves is told to.
        g.actor = ANONYMOUS
        g.actor = _load_key() if request.path.startswith("/api/v") else _load_member()
    actor: Actor = g.actor
    return actor


def known_actor() -> Actor:
    """The actor as far as known: anonymous when the credentials were refused, so that what tells
    of the refusal can still ask for a language."""
    try:
        return current_actor()
    except DomainError:
        return ANONYMOUS


def forget_actor() -> None:
    """After signing in or out: the next question looks again."""
    g.pop("actor", None)


# The unsafe requests that a suspended member may send; every other one is refused. They read on,
# take their data and go, appeal, secure the account, and end what the site sends or keeps for them.
SUSPENDED_MAY = frozenset(
    {
        "accounts.sign_in",
        "accounts.sign_out",
        "accounts.end_session",
        "accounts.erase",
        "accounts.change_password",
        "accounts.change_settings",  # language, time zone, who sees the name
        "accounts.request_mail_change",
        "accounts.stop_mail_change",
        "accounts.answer_mail_change",
        "accounts.forgotten",
        "accounts.reset",
        "accounts.confirm",
        "accounts.send_confirmation_again",
        "teams.leave",  # themselves only: the action says so
        "privateplaces.forget_place",
        "profiles.remove_picture",  # to put another is not
        "notifications.open_one",
        "notifications.read_all",
        "rewards.appeal",
        "referrals.answer_invitation",
        "site.set_language",
        "site.set_theme",
        "watches.change_delivery",
        "watches.remove_browser",
        "watches.delete",
        "watches.unsubscribe",
        "offline.share",  # keeps nothing
    }
)


def refuse_suspended(actor: Actor) -> None:
    """Raises Forbidden `suspended` with `reason` (a code) and `until` (ISO 8601, or None)."""
    if not actor.suspended:
        return
    standing = actor.suspension or Suspension()
    if standing.until is None:
        message = gettext(
            "Your account is suspended: you can read, export your data and erase the account,"
            " but not contribute."
        )
    else:
        message = gettext(
            "Your account is suspended until %(until)s: you can read, export your data and erase"
            " the account, but not contribute.",
            until=format_datetime(standing.until, "medium"),
        )
    if standing.because:
        message += " " + gettext("The reason: %(reason)s.", reason=standing.because)
    raise Forbidden(
        message,
        code="suspended",
        reason=standing.reason,
        until=standing.until.isoformat(timespec="seconds") if standing.until else None,
    )


def require_member(actor: Actor) -> int:
    """The member's id. Raises SignInNeeded."""
    if not actor.is_member or actor.id is None:
        raise SignInNeeded()
    return actor.id


def require_contributor(actor: Actor) -> int:
    """The member's id, when they may add content. Raises SignInNeeded or Forbidden."""
    member_id = require_member(actor)
    refuse_suspended(actor)
    if not actor.confirmed:
        raise Forbidden(
            lazy_gettext(
                "Confirm your e-mail address first: open the link in the mail we sent you."
            ),
            code="email_unconfirmed",
        )
    return member_id


def check(access: Access | None, actor: Actor) -> None:
    """Raises unless `actor` may call a view marked `access`."""
    if access is None:
        raise Forbidden(code="unmarked_endpoint")
    policy = access.policy
    if policy == "public":
        return
    if policy == "api_key":
        if actor.kind is not ActorKind.API_KEY:
            raise SignInNeeded(
                lazy_gettext("Send a valid API key: Authorization: Bearer boca_…"),
                code="key_needed",
            )
        if access.scope not in actor.scopes:
            raise Forbidden(
                lazy_gettext("This key lacks the scope %(scope)s.", scope=access.scope),
                code="scope_missing",
                scope=access.scope,
            )
        return
    if not actor.is_member:
        raise SignInNeeded()
    if policy == "moderators" and not actor.is_moderator:
        raise NotFound()
    if policy == "site_act" and not actor.may(access.scope or ""):
        raise NotFound()


def init_app(app: Flask) -> None:
    @app.before_request
    def check_access() -> None:
        if request.endpoint is None or request.routing_exception is not None:
            return
        view = current_app.view_functions[request.endpoint]
        actor = current_actor()
        check(getattr(view, "access", None), actor)
        if request.method not in SAFE_METHODS and request.endpoint not in SUSPENDED_MAY:
            refuse_suspended(actor)

    # Flask's own static endpoint is a lambda without a mark.
    static = app.view_functions.get("static")
    if static is not None:
        setattr(static, "access", Access("public"))  # noqa: B010
