"""Who asks: the session's cookie, and the actor that it stands for."""

from __future__ import annotations

from typing import Any

from flask import (
    g,
    request,
    session,
)
from flask_login import LoginManager, UserMixin

from ugc.accounts.actions import links, signing_in, suspending
from ugc.accounts.models import Member
from ugc.accounts.pages import known
from ugc.accounts.queries import sessions
from ugc.core import audit, jobs
from ugc.core.access import (
    ANONYMOUS,
    Actor,
    ActorKind,
    Grant,
    forget_actor,
    is_exclusive,
    set_member_loader,
)
from ugc.core.db import SAFE_METHODS, db, now
from ugc.core.people import Who

login_manager = LoginManager()

COOKIE_TOKEN = "token"


class SignedIn(UserMixin):
    """What Flask-Login sees of a member."""

    def __init__(
        self, member: Member, public_id: str, session_id: int, grants: tuple[Grant, ...]
    ) -> None:
        self.member, self.public_id, self.session_id = member, public_id, session_id
        self.grants = grants
        self.id = member.id


def signed_in() -> SignedIn | None:
    token = session.get(COOKIE_TOKEN)
    if not token:
        return None
    # A member who is writing is not erased meanwhile: nothing of theirs would be left behind.
    writing = request.method not in SAFE_METHODS
    found = sessions.session_member(
        db.session(), links.digest(token), keep=writing, exclusive=writing and is_exclusive()
    )
    return SignedIn(*found) if found else None


def load_actor() -> Actor:
    user = signed_in()
    if user is None:
        return ANONYMOUS
    member = user.member
    g.session_id = user.session_id
    until = member.suspended_until
    suspended = until is not None and until > now(db.session())
    return Actor(
        ActorKind.MEMBER,
        id=member.id,
        public_id=user.public_id,
        handle=Who(
            member.handle or "",
            "" if suspended else member.name,
            "" if suspended else member.picture or "",
        ),
        confirmed=member.email_confirmed_at is not None,
        suspended=suspended,
        suspension=suspending.standing(db.session(), member.id, until) if suspended else None,
        language=member.language,
        timezone=member.timezone,
        grants=user.grants,
    )


@login_manager.request_loader
def load_user(_request: Any) -> SignedIn | None:
    return signed_in()


set_member_loader(load_actor)


def begin_session(member: Member, how: str) -> None:
    """Signs this browser in, with a new cookie (no fixation); the chosen language stays. `how` is
    `join`, `reset` or `password`: only the last tells the member of a new browser."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    agent = request.headers.get("User-Agent", "")
    session[COOKIE_TOKEN] = signing_in.open_session(db.session(), member.id, agent)
    session.permanent = True
    is_new = known.remember(member.id)
    db.session().flush()
    session_id = signing_in.session_id_of(db.session(), session[COOKIE_TOKEN])
    audit.note_now("sign_in", outcome="ok", how=how, member=member.id, session=session_id)
    if is_new and how == "password":
        jobs.defer(
            db.session(),
            "accounts.mail_notice",
            member_id=member.id,
            what="new_browser",
            row_id=session_id,
        )
    signing_in.signed_in(db.session(), member.id)
    forget_actor()
