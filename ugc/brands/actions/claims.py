"""Claims to brands: made, decided."""

from __future__ import annotations

from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.rules.roles import Role
from ugc.brands import rules
from ugc.brands.models import (
    CLAIM_KIND,
    BrandClaim,
)
from ugc.brands.queries import claims as claims_queries
from ugc.brands.queries import reading
from ugc.core import inputs, subjects
from ugc.core.access import Actor, acting, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden
from ugc.core.subjects import Visibility
from ugc.moderation import actions as moderation_actions


def claim(session: Session, actor: Actor, brand: reading.BrandRow, *, message: str) -> None:
    """A member says they speak for the brand; moderators decide. Raises Conflict, Forbidden,
    Invalid."""
    member_id = require_contributor(actor)
    if not rules.may_claim(actor, brand.claimed_at is not None, brand.in_team):
        raise Forbidden(
            lazy_gettext("This brand has a team already: ask one of them to take you in.")
        )
    short = lazy_gettext(
        "Tell who you are for the brand: at least %(count)d characters.", count=rules.MESSAGE_MIN
    )
    message = inputs.checked_text(
        message, least=rules.MESSAGE_MIN, most=rules.MESSAGE_MAX, field="message", short=short
    )
    if claims_queries.open_claim(session, brand.id, member_id) is not None:
        raise Conflict(lazy_gettext("You claimed it before; a moderator looks at it."))
    subject = subjects.create(session, CLAIM_KIND, visible=False)
    session.add(
        BrandClaim(
            id=subject.id,
            brand_id=brand.id,
            author_id=member_id,
            message=message,
            visibility=Visibility.HELD,
        )
    )
    session.flush()
    moderation_actions.open_case(session, subject.id, "held")


def decide_claim(
    session: Session, claim_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a claim does: approved, the claimant joins the team. Raises Conflict
    when another's claim was approved meanwhile."""
    row = claims_queries.locked_claim(session, claim_id)
    if row.decided_at is not None:
        return
    approved = visibility is Visibility.PUBLISHED
    brand = reading.locked(session, row.brand_id)
    if approved and brand.claimed_at is not None:
        raise Conflict(lazy_gettext("Another claim to this brand was approved before."))
    subjects.log_transition(
        session, claim_id, "visibility", row.visibility, visibility, reason=reason, actor=who
    )
    row.visibility = visibility
    row.decided_at = now(session)
    if row.author_id is None:
        return
    if approved:
        brand.claimed_at = now(session)
        # The claimant is told by the event of the claim.
        accounts_grants_actions.give(
            session,
            row.author_id,
            Role.OWNER,
            by=acting(who),
            subject_id=brand.id,
            announce=False,
        )
        subjects.touch(session, brand.id)
    events.emit(session, events.BrandClaimDecided(brand.id, row.author_id, approved))


def claim_author(session: Session, claim_id: int) -> int | None:
    return claims_queries.locked_claim(session, claim_id).author_id


moderation_actions.register(
    CLAIM_KIND,
    moderation_actions.Reviewable(
        moderation_actions.approve_or_refuse(decide_claim), claim_author, table=BrandClaim
    ),
)
