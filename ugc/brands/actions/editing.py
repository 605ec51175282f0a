"""Writes of brands. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.accounts.actions import joining as accounts_joining
from ugc.accounts.actions import naming as accounts_naming_actions
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.brands import rules
from ugc.brands.actions import team as team_actions
from ugc.brands.models import (
    CHANGE_KIND,
    KIND,
    Brand,
    BrandChange,
    BrandClaim,
    Fan,
)
from ugc.brands.queries import changes, reading
from ugc.brands.queries import team as team_queries
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core import reserved, subjects, texts
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Stale
from ugc.core.subjects import Visibility
from ugc.moderation import actions as moderation_actions
from ugc.referrals.actions import linking as referrals_linking

TAKEN = lazy_gettext("There is a brand with this name already.")

# What erasing does to a brand is said below: others speak for it.
BRANDS = content_actions.declare(ContentKind(KIND, Brand, texts={}, counts=True))


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
    if reading.same_name(session, name):
        raise Conflict(TAKEN, fields={"name": [TAKEN]})
    is_doubted = not actor.is_moderator and is_doubtful(session, name, site)
    brand = Brand(name=name, about=about, website=website)
    return content_actions.submit(
        session, actor, BRANDS, brand, doubt="lookalike" if is_doubted else ""
    )


def is_doubtful(session: Session, name: str, site: str) -> bool:
    """Whether a name of a brand looks like a claimed brand's, or says that the site speaks."""
    return (
        reserved.is_reserved_name(name, site)
        or reading.claimed_look_alike(session, name) is not None
    )


def handle_problem(session: Session, handle: str) -> object | None:
    """Why a member cannot be called so: a claimed brand is. None: they can."""
    brand = reading.claimed_look_alike(session, handle)
    if brand is None:
        return None
    return lazy_gettext(
        "This looks like the name of the brand %(name)s, which has a verified team. Choose"
        " another.",
        name=texts.isolated(brand.name),
    )


accounts_joining.check_handles(handle_problem)

accounts_naming_actions.check_names(handle_problem)


def edit_brand(
    session: Session,
    actor: Actor,
    brand: reading.BrandRow,
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
    moderation_actions.content_changed(session, brand.id)
    row = reading.locked(session, brand.id)
    if row.revision != revision:
        raise Stale()
    other = reading.same_name(session, name)
    if other is not None and other != brand.public_id:
        raise Conflict(TAKEN, fields={"name": [TAKEN]})
    row.about = about
    if (name, website) != (row.name, row.website):
        if row.claimed_at is None:
            _rename(session, row, name, website, author_id)
        else:
            _propose(session, row, name, website, author_id)
    row.revision += 1
    subjects.touch(session, brand.id)


def _rename(session: Session, row: Brand, name: str, website: str, by: int | None) -> None:
    """The brand is called so from now on; what it was before goes into its history."""
    content_actions.keep_version(session, row, ("name", "website"), by_id=by)
    row.name, row.website = name, website


def _propose(session: Session, row: Brand, name: str, website: str, author_id: int) -> None:
    """Opens the case of a change. The brand is locked. Raises Conflict while another waits."""
    if changes.open_change(session, row.id) is not None:
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
    moderation_actions.open_case(session, subject.id, "renamed")


def decide_change(
    session: Session, change_id: int, visibility: Visibility, reason: str, who: str
) -> None:
    """What the decision on a change does: approved, the brand is called so. Raises Conflict when
    the name was taken meanwhile."""
    change = changes.locked_change(session, change_id)
    if change.decided_at is not None:
        return
    brand = reading.locked(session, change.brand_id)
    if visibility is Visibility.PUBLISHED:
        other = reading.same_name(session, change.name)
        if other is not None and reading.same_name(session, brand.name) != other:
            raise Conflict(TAKEN)
        _rename(session, brand, change.name, change.website, change.author_id)
        brand.revision += 1
        subjects.touch(session, brand.id)
    _end_change(session, change, visibility, reason, who)


def withdraw_change(session: Session, actor: Actor, brand: reading.BrandRow) -> None:
    """The team takes back the change that waits; nothing when none does. Raises Forbidden."""
    if not rules.may_edit(actor, brand.id):
        raise Forbidden()
    change = changes.open_change(session, brand.id)
    if change is None:
        return
    # Cases are locked before content, as by a moderator who decides.
    moderation_actions.close_case(session, change.id)
    change = changes.locked_change(session, change.id)
    if change.decided_at is None:
        _end_change(session, change, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _end_change(
    session: Session, change: BrandChange, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_transition(
        session, change.id, "visibility", change.visibility, visibility, reason=reason, actor=who
    )
    change.visibility = visibility
    change.decided_at = now(session)


def change_author(session: Session, change_id: int) -> int | None:
    return changes.locked_change(session, change_id).author_id


def _team_of_change(session: Session, change_id: int) -> list[int]:
    """Who may not decide a change: the team that asks for it."""
    brand_id = changes.locked_change(session, change_id).brand_id
    return [row.member_id for row in team_queries.members(session, brand_id)]


moderation_actions.register(
    CHANGE_KIND,
    moderation_actions.Reviewable(
        moderation_actions.approve_or_refuse(decide_change),
        change_author,
        table=BrandChange,
        barred=_team_of_change,
    ),
)


# A brand is the root of its own cascade.
referrals_linking.register_root(KIND, lambda _session, brand_id: brand_id)

referrals_linking.register_insiders(accounts_grants_queries.is_on)


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """Brands the member suggested, follows and claimed, and invitations into teams."""
    return {
        **reading.all_of_member(session, member_id),
        "team_invitations": team_actions.export_member(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Fans and team members go; a brand that loses its last one can be claimed again."""
    # Cases are locked before claims and brands, as by a moderator who decides.
    for row in session.scalars(sa.select(BrandClaim).where(BrandClaim.author_id == member_id)):
        moderation_actions.close_case(session, row.id)
        moderation_actions.forget_texts(session, row.id, with_flags=True)
        row.message, row.author_id = "", None
        row.decided_at = row.decided_at or now(session)
    for change in session.scalars(
        sa.select(BrandChange).where(BrandChange.author_id == member_id).order_by(BrandChange.id)
    ):
        moderation_actions.close_case(session, change.id)
        moderation_actions.forget_texts(session, change.id, with_flags=True)
        if change.decided_at is None:
            _end_change(session, change, Visibility.WITHDRAWN, "erasure", "system")
        change.author_id = None
    content_actions.part_from_versions(session, member_id)
    session.execute(sa.delete(Fan).where(Fan.member_id == member_id))
    team_actions.erase_member(session, member_id)
    session.execute(sa.update(Brand).where(Brand.author_id == member_id).values(author_id=None))
