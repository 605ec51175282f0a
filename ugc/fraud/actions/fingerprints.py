"""Writes of fingerprints. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core.db import Session, app_now
from ugc.fraud.models import Fingerprint
from ugc.fraud.queries import untrusted


def note_fingerprints(session: Session, member_id: int, found: Mapping[str, bytes]) -> None:
    """Remembers what a member joins or signs in with."""
    if not found:
        return
    rows = [{"member_id": member_id, "kind": kind, "hash": value} for kind, value in found.items()]
    session.execute(
        insert(Fingerprint)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["member_id", "kind", "hash"], set_={"last_seen_at": app_now()}
        )
    )


def forget_pretenders(session: Session, member_id: int) -> None:
    """The member confirmed their address: accounts that typed it and never confirmed it have no
    fingerprint of that mailbox any more."""
    others = accounts_lookup.pretenders(member_id)
    session.execute(
        sa.delete(Fingerprint).where(
            Fingerprint.kind == "mailbox", Fingerprint.member_id.in_(others)
        )
    )


def forget_fingerprints(session: Session) -> None:
    session.execute(sa.delete(Fingerprint).where(untrusted.old_fingerprints()))
