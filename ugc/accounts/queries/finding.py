"""What the search finds among members: those with a confirmed address who are not suspended, by
their handle and the name that they chose."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from ugc.accounts.models import Member
from ugc.core.access import Actor
from ugc.core.db import Session, app_now, built_once
from ugc.search.finding import Found, Search
from ugc.search.likeness import likeness, words

KEY = sa.func.name_key(sa.cast(Member.handle, sa.Text) + " " + Member.name)
LEAST = 3  # characters


@built_once
def _called() -> Any:
    """name_key(:text) <% name_key(handle and name), by the trigram index."""
    key = sa.func.name_key(sa.bindparam("text", type_=sa.Text))
    return (
        sa.select(sa.cast(Member.handle, sa.Text).label("handle"), Member.name)
        .where(
            key.op("<%", is_comparison=True)(KEY),
            Member.handle.is_not(None),
            Member.erased_at.is_(None),
            Member.email_confirmed_at.is_not(None),
            sa.or_(Member.suspended_until.is_(None), Member.suspended_until <= app_now()),
        )
        .order_by(sa.func.word_similarity(key, KEY).desc(), Member.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def find(session: Session, _actor: Actor, search: Search) -> list[Found]:
    text = search.text.lstrip("@").strip()
    if len(text) < LEAST:
        return []
    said = words(text)
    is_handle = search.text.startswith("@")
    found = []
    for row in session.execute(_called(), {"text": text, "most": search.limit}):
        alike = max(likeness(said, words(row.handle)), likeness(said, words(row.name)))
        # Who is meant by name stands behind what is meant by place, unless "@" says so.
        found.append(
            Found(
                "member", row.name or row.handle,
                f"@{row.handle}" if row.name else gettext("Member"),
                min(1.0, alike) if is_handle else alike * 0.95, 0.3 if is_handle else 0.0, "user",
                url=f"/members/{row.handle}",
            )
        )  # fmt: skip
    return found
