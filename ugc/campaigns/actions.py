"""Writes of invitations. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.brands import rules as brands_rules
from ugc.brands.queries import reading as brands_reading
from ugc.campaigns import queries, rules
from ugc.campaigns.models import KIND, Invitation, InvitationDelivery
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core import inputs
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Invalid
from ugc.core.subjects import Visibility
from ugc.notifications import actions as notifications_actions
from ugc.spread.rules import disclosure as spread_disclosure

# Invitations --------------------------------------------------------------------------------


INVITATIONS = content_actions.declare(
    ContentKind(KIND, Invitation, texts={"text": "", "thanks": ""})
)


def write_invitation(
    session: Session,
    actor: Actor,
    brand: brands_reading.BrandRow,
    *,
    text: str,
    thanks: str,
    language: str,
) -> str:
    """A brand's invitation; returns its public id. A newcomer's waits for a moderator. Raises
    Forbidden, Invalid."""
    require_contributor(actor)
    brands_rules.check_act(actor, brand.id, "invite_members")
    said: dict[str, str] = {}
    fields: dict[str, list[object]] = {}
    for name, value in (("text", text), ("thanks", thanks)):
        try:
            said[name] = inputs.said_in(
                value, least=rules.TEXT_MIN, most=rules.TEXT_MAX, field=name
            )
        except Invalid as bad:
            fields.update(bad.fields)
    if fields:
        raise Invalid(fields=fields)
    row = Invitation(brand_id=brand.id, **said, language=language)
    return content_actions.submit(session, actor, INVITATIONS, row)


def send_invitation(session: Session, actor: Actor, invitation_id: int) -> int:
    """Puts a published invitation, once, into the inboxes of who let the brand invite them and had
    nothing of it for `inviting.REST_DAYS`; returns how many, in full tens. Raises Conflict,
    Forbidden."""
    require_contributor(actor)
    row = queries.locked(session, invitation_id)
    # One brand's invitations are sent one after the other: no member gets two of them.
    brands_reading.locked(session, row.brand_id)
    brands_rules.check_act(actor, row.brand_id, "invite_members")
    if row.visibility != Visibility.PUBLISHED:
        raise Conflict(lazy_gettext("A moderator looks at it first."))
    if row.sent_at is not None:
        raise Conflict(lazy_gettext("It was sent before: write another one."))
    if queries.sent_lately(session, row.brand_id):
        raise Conflict(
            lazy_gettext(
                "A brand sends one invitation in %(days)d days: wait a little.",
                days=rules.REST_DAYS,
            )
        )
    row.sent_at = now(session)
    people = queries.invitable(session, row.brand_id)
    for member_id in people:
        session.add(InvitationDelivery(invitation_id=row.id, member_id=member_id))
        notifications_actions.tell(
            session, member_id, "invitation", f"invitation:{row.id}", subject_id=row.id
        )
    session.flush()
    return spread_disclosure.full(len(people))


def withdraw_invitation(session: Session, actor: Actor, invitation_id: int) -> int:
    """Takes an invitation back for the brand's team; returns the brand. Raises Forbidden."""
    return content_actions.withdraw(
        session, actor, INVITATIONS, invitation_id, _team_withdraws
    ).brand_id


def _team_withdraws(actor: Actor, row: Invitation) -> bool:
    brands_rules.check_act(actor, row.brand_id, "invite_members")
    return True


# A person's data ----------------------------------------------------------------------------


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """Invitations that the member wrote or was sent."""
    return queries.all_of_member(session, member_id)


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """What was sent goes; invitations belong to the brand and stay without their author, unless
    the content goes too."""
    session.execute(sa.delete(InvitationDelivery).where(InvitationDelivery.member_id == member_id))
    content_actions.erase(session, INVITATIONS, member_id, with_content=with_content)
