"""Writes of brands. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts import actions as accounts_actions
from ugc.accounts.actions import grants, naming
from ugc.accounts.queries import grants as grant_queries
from ugc.accounts.rules.roles import Role
from ugc.brands import queries, rules
from ugc.brands.actions import team
from ugc.brands.models import (
    CHANGE_KIND,
    CLAIM_KIND,
    KIND,
    Brand,
    BrandChange,
    BrandClaim,
    BrandVersion,
    Fan,
)
from ugc.brands.queries import team as team_queries
from ugc.content import actions as content
from ugc.content.actions import ContentKind
from ugc.core import inputs, reserved, subjects, texts
from ugc.core.access import Actor, acting, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Stale
from ugc.core.subjects import Visibility
from ugc.moderation import actions as moderation
from ugc.referrals import actions as referrals

TAKEN = lazy_gettext("There is a brand with this name already.")

# What erasing does to a brand is said below: others speak for it.
BRANDS = content.declare(ContentKind(KIND, Brand, texts={}, counts=True))


def add_brand(
    session: Session,
    actor: Actor,
    *,
    name: str,
    about: str = "",
    website: str = "",
    site: str = "",
) -> str:
    """Suggests a brand, unclaimed; returns its public id. A name that looks like a claimed brand's
    or that of the site, `site`, waits for a moderator. Raises Conflict for a name that is taken,
    Forbidden."""
    if queries.same_name(session, name):
        raise Conflict(TAKEN, fields={"name": [TAKEN]})
    is_doubted = not actor.is_moderator and is_doubtful(session, name, site)
    brand = Brand(name=name, about=about, website=website)
    return content.submit(session, actor, BRANDS, brand, doubt="lookalike" if is_doubted else "")


def is_doubtful(session: Session, name: str, site: str) -> bool:
    """Whether a name of a brand looks like a claimed brand's, or says that the site speaks."""
    return (
        reserved.is_reserved_name(name, site)
        or queries.claimed_look_alike(session, name) is not None
    )


def handle_problem(session: Session, handle: str) -> object | None:
    """Why a member cannot be called so: a claimed brand is. None: they can."""
    brand = queries.claimed_look_alike(session, handle)
    if brand is None:
        return None
    return lazy_gettext(
        "This looks like the name of the brand %(name)s, which has a verified team. Choose"
        " another.",
        name=texts.isolated(brand.name),
    )


accounts_actions.check_handles(handle_problem)
naming.check_names(handle_problem)


def edit_brand(
    session: Session,
    actor: Actor,
    brand: queries.BrandRow,
    *,
    revision: int,
    name: str,
    about: str,
    website: str,
) -> None:
    """Changes what a brand says of itself. The name and web address of a claimed one change by a
    case, and stand until it is decided. Raises Conflict, Forbidden, Stale."""
    author_id = require_contributor(actor)
    if not rules.may_edit(actor, brand.id):
        raise Forbidden()
    # Cases are locked before content, as by a moderator who decides.
    moderation.content_changed(session, brand.id)
    row = queries.locked(session, brand.id)
    if row.revision != revision:
        raise Stale()
    other = queries.same_name(session, name)
    if other is not None and other != brand.public_id:
        raise Conflict(TAKEN, fields={"name": [TAKEN]})
    row.about = about
    row.revision += 1
    if (name, website) != (row.name, row.website):
        if row.claimed_at is None:
            _rename(session, row, name, website, author_id)
        else:
            _propose(session, row, name, website, author_id)
    subjects.touch(session, brand.id)


def _rename(session: Session, row: Brand, name: str, website: str, by: int | None) -> None:
    """The brand is called so from now on; what it was before goes into its history."""
    session.add(
        BrandVersion(brand_id=row.id, name=row.name, website=row.website, replaced_by_id=by)
    )
    row.name, row.website = name, website


def _propose(session: Session, row: Brand, name: str, website: str, author_id: int) -> None:
    """Opens the case of a change. The brand is locked. Raises Conflict while another waits."""
    if queries.open_change(session, row.id) is not None:
        raise Conflict(
            lazy_gettext(
                "Another change of name or web address waits for a moderator. Take it back first."
            )
        )
    subject = subjects.create(session, CHANGE_KIND, visible=False)
    session.add(
        BrandChange(
            id=subject.id,
            brand_id=row.id,
            author_id=author_id,
            name=name,
            website=website,
            old_name=row.name,
            old_website=row.website,
            visibility=Visibility.HELD,
        )
    )
    session.flush()
    moderation.open_case(session, subject.id, "renamed")


def decide_change(
    session: Session, change_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a change does: approved, the brand is called so. Raises Conflict when
    the name was taken meanwhile."""
    change = queries.locked_change(session, change_id)
    if change.decided_at is not None:
        return
    brand = queries.locked(session, change.brand_id)
    if visibility is Visibility.PUBLISHED:
        other = queries.same_name(session, change.name)
        if other is not None and queries.same_name(session, brand.name) != other:
            raise Conflict(TAKEN)
        _rename(session, brand, change.name, change.website, change.author_id)
        brand.revision += 1
        subjects.touch(session, brand.id)
    _end_change(session, change, visibility, reason, who)


def withdraw_change(session: Session, actor: Actor, brand: queries.BrandRow) -> None:
    """The team takes back the change that waits; nothing when none does. Raises Forbidden."""
    if not rules.may_edit(actor, brand.id):
        raise Forbidden()
    change = queries.open_change(session, brand.id)
    if change is None:
        return
    # Cases are locked before content, as by a moderator who decides.
    moderation.close_case(session, change.id)
    change = queries.locked_change(session, change.id)
    if change.decided_at is None:
        _end_change(session, change, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _end_change(
    session: Session, change: BrandChange, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_move(
        session, change.id, "visibility", change.visibility, visibility, reason=reason, actor=who
    )
    change.visibility = visibility
    change.decided_at = now(session)


def change_author(session: Session, change_id: int) -> int | None:
    return queries.locked_change(session, change_id).author_id


def _team_of_change(session: Session, change_id: int) -> list[int]:
    """Who may not decide a change: the team that asks for it."""
    brand_id = queries.locked_change(session, change_id).brand_id
    return [row.member_id for row in team_queries.members(session, brand_id)]


moderation.register(
    CHANGE_KIND,
    moderation.Content(change_author, decide_change, BrandChange, barred=_team_of_change),
)


def follow(session: Session, actor: Actor, brand_id: int, *, following: bool) -> None:
    """Becomes a fan, or stops being one. Raises Forbidden, SignInNeeded."""
    member_id = require_contributor(actor)
    if following:
        changed = session.scalar(
            insert(Fan)
            .values(brand_id=brand_id, member_id=member_id)
            .on_conflict_do_nothing()
            .returning(Fan.member_id)
        )
    else:
        changed = session.scalar(
            sa.delete(Fan)
            .where(Fan.brand_id == brand_id, Fan.member_id == member_id)
            .returning(Fan.member_id)
        )
    if changed is not None:
        events.emit(session, events.BrandFollowed(brand_id, member_id, following))


def claim(session: Session, actor: Actor, brand: queries.BrandRow, *, message: str) -> None:
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
    if queries.open_claim(session, brand.id, member_id) is not None:
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
    moderation.open_case(session, subject.id, "held")


def decide_claim(
    session: Session, claim_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a claim does: approved, the claimant joins the team. Raises Conflict
    when another's claim was approved meanwhile."""
    row = queries.locked_claim(session, claim_id)
    if row.decided_at is not None:
        return
    approved = visibility is Visibility.PUBLISHED
    brand = queries.locked(session, row.brand_id)
    if approved and brand.claimed_at is not None:
        raise Conflict(lazy_gettext("Another claim to this brand was approved before."))
    subjects.log_move(
        session, claim_id, "visibility", row.visibility, visibility, reason=reason, actor=who
    )
    row.visibility = visibility
    row.decided_at = now(session)
    if row.author_id is None:
        return
    if approved:
        brand.claimed_at = now(session)
        # The claimant is told by the event of the claim.
        grants.give(
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
    return queries.locked_claim(session, claim_id).author_id


moderation.register(CLAIM_KIND, moderation.Content(claim_author, decide_claim, BrandClaim))


# A brand is the root of its own cascade.
referrals.register_root(KIND, lambda _session, brand_id: brand_id)
referrals.register_insiders(grant_queries.is_on)


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """Brands the member suggested, follows and claimed, and invitations into teams."""
    return {
        **queries.all_of_member(session, member_id),
        "team_invitations": team.export_member(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Fans and team members go; a brand that loses its last one can be claimed anew."""
    # Cases are locked before claims and brands, as by a moderator who decides.
    for row in session.scalars(sa.select(BrandClaim).where(BrandClaim.author_id == member_id)):
        moderation.close_case(session, row.id)
        moderation.forget_texts(session, row.id, with_flags=True)
        row.message, row.author_id = "", None
        row.decided_at = row.decided_at or now(session)
    for change in session.scalars(
        sa.select(BrandChange).where(BrandChange.author_id == member_id).order_by(BrandChange.id)
    ):
        moderation.close_case(session, change.id)
        moderation.forget_texts(session, change.id, with_flags=True)
        if change.decided_at is None:
            _end_change(session, change, Visibility.WITHDRAWN, "erasure", "system")
        change.author_id = None
    session.execute(
        sa.update(BrandVersion)
        .where(BrandVersion.replaced_by_id == member_id)
        .values(replaced_by_id=None)
    )
    session.execute(sa.delete(Fan).where(Fan.member_id == member_id))
    team.erase_member(session, member_id)
    session.execute(sa.update(Brand).where(Brand.author_id == member_id).values(author_id=None))
