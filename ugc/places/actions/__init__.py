"""Writes of places. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.brands import queries as brands
from ugc.brands import rules as brand_rules
from ugc.brands.queries import team
from ugc.core import gazetteer, geo, subjects
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ugc.core.subjects import Visibility
from ugc.media import actions as media
from ugc.moderation import actions as moderation
from ugc.moderation import queries as moderation_queries
from ugc.notifications import actions as notifications
from ugc.places import queries, rules
from ugc.places.actions import facts
from ugc.places.actions.facts import offer as offer
from ugc.places.models import CLAIM_KIND, KIND, Origin, Place, PlaceBrand, PlaceClaim, PlaceFact
from ugc.places.queries import claims
from ugc.places.rules import facts as ranks
from ugc.referrals import actions as referrals

_on_visibility: list[Callable[[Session, int, bool], None]] = []


def on_visibility(react: Callable[[Session, int, bool], None]) -> None:
    """A higher capability says what must be true as soon as a place is public or not any more:
    `react(session, place_id, public)` runs in the same transaction, under the place's lock."""
    _on_visibility.append(react)


def _visibility_changed(session: Session, place_id: int, public: bool) -> None:
    subjects.touch(session, place_id, visible=public)
    for react in _on_visibility:
        react(session, place_id, public)


def add_place(
    session: Session,
    actor: Actor,
    *,
    name: str,
    category: str,
    point: geo.Point,
    address: str = "",
    phone: str = "",
    website: str = "",
    opening_hours: str = "",
    language: str = "und",
    photos: Sequence[media.Upload] = (),
) -> str:
    """Suggests a place and returns its public id; a new member's waits whole for a moderator.
    `phone` is E.164. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    point = point.public
    if category not in rules.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    held = moderation.must_be_held(session, actor)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    subject = subjects.create(session, KIND, visible=not held)
    city_id = gazetteer.nearest_city(session, point)
    session.add(
        Place(
            id=subject.id,
            author_id=author_id,
            name=name,
            category=category,
            geom=point.ewkt,
            city_id=city_id,
            address=address,
            phone=phone,
            website=website,
            website_since=now(session) if website else None,
            website_by_id=author_id if website else None,
            opening_hours=opening_hours,
            timezone=rules.timezone_at(point),
            language=language,
            visibility=visibility,
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media.attach(session, actor, subject.id, photos, held=held, city_id=city_id)
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, city_id, held))
    if held:
        moderation.open_case(session, subject.id, "held")
    else:
        events.emit(session, events.ContentApproved(subject.id, KIND, author_id, city_id))
    return subject.public_id


def edit_place(
    session: Session,
    actor: Actor,
    place_id: int,
    *,
    revision: int,
    point: geo.Point,
    closed: bool | None = None,
    **values: Any,
) -> facts.Offered:
    """Changes the facts of a place, by the rank of who edits: what a stronger origin wrote stays,
    and the change waits as a proposal. What a new member changes waits for a moderator again. With
    `closed` None that stays as it is. Raises Forbidden, Invalid, Stale when it changed since
    `revision`."""
    require_contributor(actor)
    if values["category"] not in rules.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    brand_id = queries.brand_of(session, place_id)
    origin = ranks.origin_of(actor, brand_id)
    # A brand's team was looked at when the place came to it.
    held = origin is Origin.MEMBER and moderation.must_be_held(session, actor)
    # Cases are locked before content, as by a moderator who decides.
    if held:
        moderation.open_case(session, place_id, "held")
    else:
        moderation.content_changed(session, place_id)
    place = queries.locked(session, place_id)
    if not rules.may_edit(actor, place.author_id, place.visibility, brand_id):
        raise Forbidden()
    if place.revision != revision:
        raise Stale()
    said: dict[str, ranks.Value] = {field: values[field] for field in ranks.TEXTS}
    said["point"] = point
    if closed is not None:
        said["closed"] = closed
    done = facts.put(session, place, origin, said, at=now(session), by=actor.id)
    facts.changed(session, place)
    if held and place.visibility == Visibility.PUBLISHED:
        # Not gone: its points and photos stay, and it comes back when a moderator agrees.
        subjects.log_move(
            session, place_id, "visibility", place.visibility, Visibility.HELD,
            reason="edited", actor=actor.reference,
        )  # fmt: skip
        place.visibility = Visibility.HELD
        _visibility_changed(session, place_id, False)
    return done


def add_photos(
    session: Session, actor: Actor, place_id: int, photos: Sequence[media.Upload]
) -> None:
    """Any member shows what it looks like. Raises Forbidden, Invalid."""
    require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    if held:
        # Cases are locked before content, as by a moderator who decides.
        moderation.open_case(session, place_id, "held")
    place = queries.locked(session, place_id)
    if place.visibility not in (Visibility.PUBLISHED, Visibility.HELD):
        raise Forbidden()
    if not photos:
        raise Invalid(fields={"photos": [lazy_gettext("Choose a photo.")]})
    waits = held or place.visibility == Visibility.HELD
    media.attach(session, actor, place_id, photos, held=waits, city_id=place.city_id)


def claim_for_brand(session: Session, actor: Actor, place_id: int, brand: brands.BrandRow) -> bool:
    """A brand's team says that it runs a place. True: it runs it from now on, because its verified
    domain has stood there, written by others, for `rules.DOMAIN_DAYS`; False: a moderator decides.
    Raises Conflict while it waits, Forbidden."""
    member_id = require_contributor(actor)
    brand_rules.check_act(actor, brand.id, "run_places")
    place = queries.locked(session, place_id)
    if not rules.may_see(actor, place.author_id, place.visibility):
        raise NotFound()
    present = queries.brand_of(session, place_id)
    if present == brand.id:
        return True
    if present is None and _proven(session, place, brand.id):
        _run_by(session, place_id, brand.id, member_id)
        return True
    if claims.open_claim(session, place_id, brand.id) is not None:
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
    moderation.open_case(session, subject.id, "claimed")
    return False


def _proven(session: Session, place: Place, brand_id: int) -> bool:
    """Whether the place's own web address says that the brand runs it, and none of its team wrote
    that."""
    by = place.website_by_id
    if by is not None and brands.ever_in_team(session, brand_id, by):
        return False
    domain = brands.verified_domain(session, brand_id)
    return rules.proves_running(place.website, domain, place.website_since, now(session))


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
    queries.locked(session, place_id)
    present = queries.brand_of(session, place_id)
    if present is None:
        return
    in_team = actor.may("run_places", present)
    if not in_team and not actor.may("edit_content"):
        raise Forbidden()
    _run_by(session, place_id, None, actor.id)
    if not in_team:
        told = f"place_taken:{place_id}:{now(session).isoformat()}"
        for row in team.members(session, present):
            notifications.tell(session, row.member_id, "place_taken", told, subject_id=place_id)


def set_brand(session: Session, actor: Actor, place_id: int, brand_id: int) -> None:
    """A moderator says which brand runs a place from now on. Raises Forbidden."""
    require_contributor(actor)
    if not actor.may("edit_content"):
        raise Forbidden()
    queries.locked(session, place_id)
    if queries.brand_of(session, place_id) != brand_id:
        _run_by(session, place_id, brand_id, actor.id)


def decide_claim(
    session: Session, claim_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a claim does: approved, the brand runs the place from now on."""
    place_id = session.scalar(sa.select(PlaceClaim.place_id).where(PlaceClaim.id == claim_id))
    if place_id is None:
        raise NotFound()
    # Places are locked before their claims, as by a team that claims.
    queries.locked(session, place_id)
    claim = claims.locked_claim(session, claim_id)
    if claim.decided_at is not None:
        return
    if visibility is Visibility.PUBLISHED:
        _run_by(session, place_id, claim.brand_id, claim.author_id)
    _end_claim(session, claim, visibility, reason, who)


def withdraw_claim(session: Session, actor: Actor, place_id: int, brand: brands.BrandRow) -> None:
    """The team takes its claim back; nothing when none waits. Raises Forbidden."""
    brand_rules.check_act(actor, brand.id, "run_places")
    waiting = claims.open_claim(session, place_id, brand.id)
    if waiting is None:
        return
    moderation.close_case(session, waiting.id)
    claim = claims.locked_claim(session, waiting.id)
    if claim.decided_at is None:
        _end_claim(session, claim, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _end_claim(
    session: Session, claim: PlaceClaim, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_move(
        session, claim.id, "visibility", claim.visibility, visibility, reason=reason, actor=who
    )
    claim.visibility = visibility
    claim.decided_at = now(session)


def claim_author(session: Session, claim_id: int) -> int | None:
    return claims.locked_claim(session, claim_id).author_id


def _team_of_claim(session: Session, claim_id: int) -> list[int]:
    """Who may not decide a claim: the team that makes it."""
    brand_id = claims.locked_claim(session, claim_id).brand_id
    return [row.member_id for row in team.members(session, brand_id)]


moderation.register(
    CLAIM_KIND,
    moderation.Content(claim_author, decide_claim, PlaceClaim, barred=_team_of_claim),
)


def withdraw(session: Session, actor: Actor, place_id: int) -> None:
    """Who suggested it takes it back while nobody has reviewed it. Raises Forbidden."""
    moderation.close_case(session, place_id)
    place = queries.locked(session, place_id)
    if not rules.may_withdraw(actor, place.author_id, place.visibility, place.rating_count):
        raise Forbidden(lazy_gettext("Others have reviewed it: it stays. Flag what is wrong."))
    _set_visibility(session, place, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _set_visibility(
    session: Session, place: Place, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_move(
        session, place.id, "visibility", place.visibility, visibility, reason=reason, actor=who
    )
    place.visibility = visibility
    public = visibility is Visibility.PUBLISHED
    media.follow(session, place.id, visibility)
    _visibility_changed(session, place.id, public)
    known = (place.id, KIND, place.author_id, place.city_id)
    if public:
        events.emit(session, events.ContentApproved(*known))
    else:
        events.emit(session, events.ContentGone(*known, str(visibility)))


def move(session: Session, place_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does; nothing when it is so already. Raises Conflict when its
    author took it back."""
    place = queries.locked(session, place_id)
    before = Visibility(place.visibility)
    if before is visibility:
        # Photos that were added to a public place waited alone.
        media.follow(session, place_id, visibility)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _set_visibility(session, place, visibility, reason, who)


def author_of(session: Session, place_id: int) -> int | None:
    return queries.locked(session, place_id).author_id


moderation.register(KIND, moderation.Content(author_of, move, Place, counts=True))
# A place that is shared spreads the brand that runs it.
referrals.register_root(KIND, queries.brand_of)


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The places a member suggested, for their own export."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = queries.places_by(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "category": row.category.code,
            "lon": row.lon,
            "lat": row.lat,
            "address": row.address,
            "where": row.where,
            "phone": row.phone,
            "website": row.website,
            "opening_hours": row.opening_hours,
            "closed_at": row.closed_at,
            "visibility": row.visibility,
            "created_at": row.created_at,
            "decisions": decisions.get(row.id, []),
        }
        for row in rows
    ]


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Places that others have reviewed stay without their author; the rest go when the person said
    so."""
    _forget_claims(session, member_id)
    ids = session.scalars(
        sa.select(Place.id).where(Place.author_id == member_id).order_by(Place.id)
    ).all()
    for place_id in ids:
        moderation.lock_case(session, place_id)
        place = queries.locked(session, place_id)
        goes = with_content and place.rating_count == 0
        moderation.forget_texts(session, place_id, with_flags=goes)
        if goes:
            if place.visibility in (Visibility.PUBLISHED, Visibility.HELD):
                moderation.close_case(session, place.id)
                _set_visibility(session, place, Visibility.WITHDRAWN, "erasure", "system")
            for field in ("name", "address", "phone", "website", "opening_hours"):
                setattr(place, field, "")
            session.execute(sa.delete(PlaceFact).where(PlaceFact.place_id == place_id))
        else:
            subjects.touch(session, place.id)
        place.author_id = None


def _forget_claims(session: Session, member_id: int) -> None:
    """Claims that wait go; who wrote a web address or a relation is not known any more, and such an
    address proves nothing."""
    for claim in session.scalars(
        sa.select(PlaceClaim).where(PlaceClaim.author_id == member_id).order_by(PlaceClaim.id)
    ):
        moderation.close_case(session, claim.id)
        moderation.forget_texts(session, claim.id, with_flags=True)
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
