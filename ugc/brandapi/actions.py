"""Writes of keys. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.brandapi import rules
from ugc.brandapi.models import ApiKey
from ugc.brandapi.queries import keys
from ugc.brands import rules as brands_rules
from ugc.brands.queries import reading as brands_reading
from ugc.core import audit, inputs
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Invalid, NotFound


def create_key(
    session: Session, actor: Actor, brand_id: int, *, name: str, scopes: Sequence[str]
) -> str:
    """Makes a key and returns it: the only time it can be read. Raises Forbidden,
    Invalid."""
    member_id = require_contributor(actor)
    brands_rules.check_act(actor, brand_id, "manage_keys")
    fields: dict[str, list[object]] = {}
    short = lazy_gettext("Give it a name of at most %(count)d characters.", count=rules.NAME_MAX)
    try:
        name = inputs.checked_name(name, most=rules.NAME_MAX, short=short)
    except Invalid as bad:
        fields.update(bad.fields)
    if not scopes or not set(scopes) <= set(rules.SCOPES):
        fields["scopes"] = [lazy_gettext("Choose at least one of the rights.")]
    brands_reading.locked(session, brand_id)
    if keys.valid_key_count(session, brand_id) >= rules.KEYS_PER_BRAND:
        fields["name"] = [
            lazy_gettext(
                "A brand has at most %(count)d keys: revoke one first.", count=rules.KEYS_PER_BRAND
            )
        ]
    if fields:
        raise Invalid(fields=fields)
    key = rules.new_key()
    session.add(
        ApiKey(
            brand_id=brand_id,
            name=name,
            hint=key[: rules.HINT_LENGTH],
            key_hash=rules.key_hash(key),
            scopes=sorted(set(scopes)),
            created_by_id=member_id,
        )
    )
    session.flush()
    audit.note(session, "key.made", brand=brand_id, by=actor.reference)
    return key


def revoke_key(session: Session, actor: Actor, brand_id: int, key_id: int) -> None:
    """Ends a key at once. Raises Forbidden, NotFound."""
    require_contributor(actor)
    brands_rules.check_act(actor, brand_id, "manage_keys")
    revoked = session.scalar(
        sa.update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.brand_id == brand_id)
        .values(revoked_at=sa.func.coalesce(ApiKey.revoked_at, now(session)))
        .returning(ApiKey.id)
    )
    if revoked is None:
        raise NotFound()
    audit.note(session, "key.revoked", key=key_id, brand=brand_id, by=actor.reference)


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The keys that a member made; the keys themselves are stored hashed."""
    return keys.keys_made_by(session, member_id)


def erase_member(session: Session, _member_id: int, _with_content: bool) -> None:
    """Keys belong to the brand; those of a brand whose last one left open nothing any more."""
    session.execute(
        sa.update(ApiKey)
        .where(ApiKey.brand_id.in_(brands_reading.without_team()), ApiKey.revoked_at.is_(None))
        .values(revoked_at=now(session))
    )
