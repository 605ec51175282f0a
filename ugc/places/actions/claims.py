"""Claims that a brand runs a place: made, decided, ended."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.brands import rules as brands_rules
from ugc.brands.queries import claims as brands_claims_queries
from ugc.brands.queries import reading as brands_reading
from ugc.brands.queries import team as brands_team_queries
from ugc.core import subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, NotFound
from ugc.core.subjects import Visibility
from ugc.moderation import actions as moderation_actions
from ugc.notifications import actions as notifications_actions
from ugc.places.models import CLAIM_KIND, Place, PlaceBrand, PlaceClaim
from ugc.places.queries import claims as claims_queries
from ugc.places.queries import reading, running
from ugc.places.rules import describing


def claim_for_brand(
    session: Session, actor: Actor, place_id: int, brand: brands_reading.BrandRow
) -> bool:
    """A brand's team says that it runs a place. True: it runs it from now on, because its verified
    domain has stood there, written by others, for `rules.DOMAIN_DAYS`; False: a moderator decides.
    Raises Conflict while it waits, Forbidden."""
    member_id = require_contributor(actor)
    brands_rules.check_act(actor, brand.id, "run_places")
    place = reading.locked(session, place_id)
    if not describing.may_see(actor, place.author_id, place.visibility):
        raise NotFound()
    present = running.brand_of(session, place_id)
    if present == brand.id:
        return True
    if present is None and _proven(session, place, brand.id):
        _run_by(session, place_id, brand.id, member_id)
        return True
    if claims_queries.open_claim(session, place_id, brand.id) is not None:
        raise Conflict(lazy_gettext("A moderator looks at it already."))
    subject = subjects.create(session, CLAIM_KIND, visible=False)
    session.add(
        PlaceClaim(
            id=subject.id,
            place_id=place_id,
            brand_id=brand.id,
            author_id=member_id,
            visibility=Visibility.HELD,
        )
    )
    session.flush()
    moderation_actions.open_case(session, subject.id, "claimed")
    return False


def _proven(session: Session, place: Place, brand_id: int) -> bool:
    """Whether the place's own web address says that the brand runs it, and none of its team wrote
    that."""
    teams = brands_claims_queries.teams(session, [brand_id])
    if place.website_by_id in {row.member_id for row in teams[brand_id]}:
        return False
    domain = brands_claims_queries.verified_domains(session, [brand_id], teams)[brand_id]
    return describing.proves_running(place.website, domain, place.website_since, now(session))


def _run_by(session: Session, place_id: int, brand_id: int | None, by: int | None) -> None:
    """The brand (None: no brand) runs the place from now on; what was is kept. The place is
    locked."""
    session.execute(
        sa.update(PlaceBrand)
        .where(PlaceBrand.place_id == place_id, PlaceBrand.until.is_(None))
        .values(until=now(session), ended_by_id=by)
    )
    if brand_id is not None:
        session.add(PlaceBrand(place_id=place_id, brand_id=brand_id, added_by_id=by))
    session.flush()
    subjects.touch(session, place_id)
    events.emit(session, events.PlaceChanged(place_id))


def release(session: Session, actor: Actor, place_id: int) -> None:
    """The brand that runs a place does so no more: its team says it, or a moderator, and then the
    team is told. Raises Forbidden."""
    require_contributor(actor)
    reading.locked(session, place_id)
    present = running.brand_of(session, place_id)
    if present is None:
        return
    in_team = actor.may("run_places", present)
    if not in_team and not actor.may("edit_content"):
        raise Forbidden()
    _run_by(session, place_id, None, actor.id)
    if not in_team:
        told = f"place_taken:{place_id}:{now(session).isoformat()}"
        for row in brands_team_queries.members(session, present):
            notifications_actions.tell(
                session, row.member_id, "place_taken", told, subject_id=place_id
            )


def set_brand(session: Session, actor: Actor, place_id: int, brand_id: int) -> None:
    """A moderator says which brand runs a place from now on. Raises Forbidden."""
    require_contributor(actor)
    if not actor.may("edit_content"):
        raise Forbidden()
    reading.locked(session, place_id)
    if running.brand_of(session, place_id) != brand_id:
        _run_by(session, place_id, brand_id, actor.id)


def decide_claim(
    session: Session, claim_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a claim does: approved, the brand runs the place from now on."""
    place_id = session.scalar(sa.select(PlaceClaim.place_id).where(PlaceClaim.id == claim_id))
    if place_id is None:
        raise NotFound()
    # Places are locked before their claims, as by a team that claims.
    reading.locked(session, place_id)
    claim = claims_queries.locked_claim(session, claim_id)
    if claim.decided_at is not None:
        return
    if visibility is Visibility.PUBLISHED:
        _run_by(session, place_id, claim.brand_id, claim.author_id)
    _end_claim(session, claim, visibility, reason, who)


def withdraw_claim(
    session: Session, actor: Actor, place_id: int, brand: brands_reading.BrandRow
) -> None:
    """The team takes its claim back; nothing when none waits. Raises Forbidden."""
    brands_rules.check_act(actor, brand.id, "run_places")
    waiting = claims_queries.open_claim(session, place_id, brand.id)
    if waiting is None:
        return
    moderation_actions.close_case(session, waiting.id)
    claim = claims_queries.locked_claim(session, waiting.id)
    if claim.decided_at is None:
        _end_claim(session, claim, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _end_claim(
    session: Session, claim: PlaceClaim, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_transition(
        session, claim.id, "visibility", claim.visibility, visibility, reason=reason, actor=who
    )
    claim.visibility = visibility
    claim.decided_at = now(session)


def claim_author(session: Session, claim_id: int) -> int | None:
    return claims_queries.locked_claim(session, claim_id).author_id


def _team_of_claim(session: Session, claim_id: int) -> list[int]:
    """Who may not decide a claim: the team that makes it."""
    brand_id = claims_queries.locked_claim(session, claim_id).brand_id
    return [row.member_id for row in brands_team_queries.members(session, brand_id)]


moderation_actions.register(
    CLAIM_KIND,
    moderation_actions.Reviewable(
        moderation_actions.approve_or_refuse(decide_claim),
        claim_author,
        table=PlaceClaim,
        barred=_team_of_claim,
    ),
)


def _forget_claims(session: Session, member_id: int) -> None:
    """Claims that wait go; who wrote a web address or a relation is not known any more, and such an
    address proves nothing."""
    for claim in session.scalars(
        sa.select(PlaceClaim).where(PlaceClaim.author_id == member_id).order_by(PlaceClaim.id)
    ):
        moderation_actions.close_case(session, claim.id)
        moderation_actions.forget_texts(session, claim.id, with_flags=True)
        if claim.decided_at is None:
            _end_claim(session, claim, Visibility.WITHDRAWN, "erasure", "system")
        claim.author_id = None
    for column in (PlaceBrand.added_by_id, PlaceBrand.ended_by_id):
        session.execute(sa.update(PlaceBrand).where(column == member_id).values({column.key: None}))
    session.execute(
        sa.update(Place)
        .where(Place.website_by_id == member_id)
        .values(website_by_id=None, website_since=None)
    )
