"""Reads of brands, their teams and fans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.brands import rules
from ugc.brands.models import (
    KIND,
    Brand,
    BrandChange,
    BrandClaim,
    Fan,
)
from ugc.core import names
from ugc.core.access import Actor
from ugc.core.db import Session, among, built_once, read_so_far
from ugc.core.errors import NotFound
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility


@dataclass(frozen=True)
class BrandRow:
    """What lists and pages show; `in_team` and `following` are about the reader."""

    id: int
    public_id: str
    name: str
    about: str
    website: str
    claimed_at: dt.datetime | None
    fans: int
    in_team: bool
    following: bool
    visibility: str
    author_id: int | None
    author: str | None
    attribution: str | None
    created_at: dt.datetime
    revision: int


@dataclass(frozen=True)
class NamedBrand:
    id: int
    public_id: str
    name: str


# Plain columns: making objects of them takes longer than reading.
READ = (
    Brand.id, Brand.name, Brand.about, Brand.website, Brand.claimed_at, Brand.visibility,
    Brand.author_id, Brand.created_at, Brand.revision,
)  # fmt: skip


@built_once
def _columns(is_member: bool) -> Any:
    """For a member the parameter `reader` is the member's id."""
    fans = (
        sa.select(sa.func.count())
        .where(Fan.brand_id == Brand.id)
        .correlate(Brand)
        .scalar_subquery()
    )
    following: Any = sa.false()
    if is_member:
        mine = Fan.member_id == sa.bindparam("reader")
        following = sa.exists().where(Fan.brand_id == Brand.id, mine).correlate(Brand)
    return (
        sa.select(
            *READ,
            Subject.public_id,
            fans.label("fans"),
            following.label("following"),
            Member.who.label("handle"),
            Source.attribution,
        )
        .join(Subject, Subject.id == Brand.id)
        .outerjoin(Member, Member.id == Brand.author_id)
        .outerjoin(Source, Source.id == Brand.source_id)
    )


def _rows(session: Session, query: Any, actor: Actor, **given: Any) -> list[BrandRow]:
    """`given` are the statement's parameters beside the reader."""
    return [_row(row, actor) for row in session.execute(query, {"reader": actor.id, **given})]


def _row(brand: Any, actor: Actor) -> BrandRow:
    return BrandRow(
        id=brand.id,
        public_id=brand.public_id,
        name=brand.name,
        about=brand.about,
        website=brand.website,
        claimed_at=brand.claimed_at,
        fans=brand.fans,
        in_team=brand.id in actor.brand_ids,
        following=brand.following,
        visibility=brand.visibility,
        author_id=brand.author_id,
        author=brand.handle,
        attribution=brand.attribution,
        created_at=brand.created_at,
        revision=brand.revision,
    )


def brand_by_public_id(session: Session, actor: Actor, public_id: str) -> BrandRow:
    """The brand as `actor` may see it. Raises NotFound."""
    return _seen(session, actor, public_id)


def brand_by_id(session: Session, actor: Actor, brand_id: int) -> BrandRow:
    """As `brand_by_public_id`. Raises NotFound."""
    return _seen(session, actor, brand_id)


def team_brand(session: Session, actor: Actor, public_id: str, act: str | None) -> BrandRow:
    """The brand, for those of its team whose role has `act` (None: for the whole team). Raises
    NotFound for others, Forbidden for those of the team whose role does not have it."""
    brand = brand_by_public_id(session, actor, public_id)
    if not brand.in_team:
        raise NotFound()
    if act is not None:
        rules.check_act(actor, brand.id, act)
    return brand


@built_once
def _one(of: type[int | str], is_member: bool) -> Any:
    column = Subject.public_id if of is str else Brand.id
    return _columns(is_member).where(column == sa.bindparam("key"))


def _seen(session: Session, actor: Actor, key: int | str) -> BrandRow:
    # Whether a member follows it is of no use to an anonymous reader.
    read = read_so_far("brands")
    row = read.get((actor.id, key)) or (read.get(key) if actor.id is None else None)
    if row is None:
        query = _one(type(key), actor.id is not None)
        row = session.execute(query, {"reader": actor.id, "key": key}).first()
        if row is not None:
            for each in (row.id, row.public_id):
                read[actor.id, each] = read[each] = row
            if row.visibility == Visibility.PUBLISHED:
                read_so_far("described_brands")[row.id] = _info(row)
    if row is None or not rules.may_see(
        actor, row.author_id, row.visibility, row.id in actor.brand_ids
    ):
        raise NotFound()
    return _row(row, actor)


def brands_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, BrandRow]:
    """Those that `actor` may see."""
    rows = _rows(session, _several(actor.id is not None), actor, ids=list(ids))
    return {
        row.id: row
        for row in rows
        if rules.may_see(actor, row.author_id, row.visibility, row.in_team)
    }


@built_once
def _several(is_member: bool) -> Any:
    return _columns(is_member).where(among(Brand.id))


def locked(session: Session, brand_id: int) -> Brand:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    brand = session.scalar(
        sa.select(Brand)
        .where(Brand.id == brand_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if brand is None:
        raise NotFound()
    return brand


def search_brands(
    session: Session, actor: Actor, text: str = "", limit: int = 50
) -> list[BrandRow]:
    """Published brands: by name with accents and typos forgiven, else those with most fans."""
    text = names.cleaned_name(text)
    query = _columns(actor.id is not None).where(Brand.visibility == Visibility.PUBLISHED)
    query = query.limit(limit)
    if not text:
        query = query.order_by(sa.text("fans DESC"), Brand.id)
    else:
        key, name_key = sa.func.name_key(text), sa.func.name_key(Brand.name)
        likeness = sa.func.word_similarity(key, name_key)
        query = query.where(sa.or_(likeness >= 0.45, sa.func.strpos(name_key, key) > 0)).order_by(
            likeness.desc(), sa.text("fans DESC"), Brand.id
        )
    return _rows(session, query, actor)


def same_name(session: Session, name: str) -> str | None:
    """Public id of the brand that has this name (accents and case apart)."""
    return session.scalar(
        sa.select(Subject.public_id)
        .join(Brand, Brand.id == Subject.id)
        .where(sa.func.name_key(Brand.name) == sa.func.name_key(name))
    )


def claimed_look_alike(session: Session, name: str) -> NamedBrand | None:
    """The claimed brand whose name looks like `name`."""
    return claimed_look_alikes(session, [(name, 0)])[name, 0]


def claimed_look_alikes(
    session: Session, named: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], NamedBrand | None]:
    """For each name and the brand that is to have it, the claimed brand whose name looks like it
    without being the same brand.

    Every claimed name is compared, by keys that each process keeps: a thousand cost 0.1 s once."""
    claimed = session.execute(
        sa.select(Brand.id, Subject.public_id, Brand.name)
        .join(Subject, Subject.id == Brand.id)
        .where(Brand.claimed_at.is_not(None))
        .order_by(Brand.claimed_at)
    ).all()

    def alike(name: str, but: int) -> NamedBrand | None:
        wanted = names.look_alike_keys(name)
        for row in claimed:
            if row.id != but and not wanted.isdisjoint(names.look_alike_keys(row.name)):
                return NamedBrand(*row)
        return None

    return {(name, but): alike(name, but) for name, but in named}


def brands_of_team_member(session: Session, actor: Actor, act: str) -> list[BrandRow]:
    """The public brands whose team the reader is in with a role that has `act`."""
    ids = [brand_id for brand_id in actor.brand_ids if actor.may(act, brand_id)]
    if not ids:
        return []
    query = (
        _columns(actor.id is not None)
        .where(Brand.id.in_(ids), Brand.visibility == Visibility.PUBLISHED)
        .order_by(Brand.name)
    )
    return _rows(session, query, actor)


def without_team() -> sa.Select[int]:
    """Ids of the brands without a team."""
    return sa.select(Brand.id).where(Brand.claimed_at.is_(None))


def followed_by(session: Session, actor: Actor) -> list[BrandRow]:
    """The brands that the reader follows."""
    query = (
        _columns(actor.id is not None)
        .join(Fan, Fan.brand_id == Brand.id)
        .where(Fan.member_id == actor.id, Brand.visibility == Visibility.PUBLISHED)
        .order_by(Brand.name)
    )
    return _rows(session, query, actor)


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """What all may see, and what this author still sees of their own."""
    query = _described(author_id is not None)
    rows = session.execute(query, {"ids": list(ids), "author_id": author_id})
    return [_info(row) for row in rows]


@built_once
def _described(is_author: bool) -> Any:
    own = Brand.still_seen_by(cast(int, sa.bindparam("author_id"))) if is_author else sa.false()
    return (
        sa.select(Brand.id, Brand.name, Subject.public_id)
        .join(Subject, Subject.id == Brand.id)
        .where(among(Brand.id), sa.or_(Brand.visibility == Visibility.PUBLISHED, own))
    )


def _info(row: Any) -> SubjectInfo:
    return SubjectInfo(row.id, KIND, row.public_id, row.name, f"/brands/{row.public_id}")


def described(session: Session, brand_id: int) -> SubjectInfo | None:
    """What all may see of one brand."""
    read = read_so_far("described_brands")
    if brand_id not in read:
        read[brand_id] = next(iter(describe(session, [brand_id])), None)
    return cast("SubjectInfo | None", read[brand_id])


def all_of_member(session: Session, member_id: int) -> dict[str, object]:
    """What a member has to do with brands, for their own export."""
    parts: dict[str, Any] = {
        "suggested": sa.select(
            Brand.name, Brand.about, Brand.website, Brand.visibility, Brand.created_at
        ).where(Brand.author_id == member_id),
        "follows": sa.select(Brand.name, Fan.since)
        .join(Fan, Fan.brand_id == Brand.id)
        .where(Fan.member_id == member_id),
        "claims": sa.select(
            Brand.name, BrandClaim.message, BrandClaim.created_at, BrandClaim.decided_at
        )
        .join(BrandClaim, BrandClaim.brand_id == Brand.id)
        .where(BrandClaim.author_id == member_id),
        "changes": sa.select(
            BrandChange.old_name,
            BrandChange.old_website,
            BrandChange.name,
            BrandChange.website,
            BrandChange.visibility,
            BrandChange.created_at,
            BrandChange.decided_at,
        )
        .join(Brand, Brand.id == BrandChange.brand_id)
        .where(BrandChange.author_id == member_id),
    }
    return {
        part: [dict(row) for row in session.execute(query.order_by(Brand.id)).mappings()]
        for part, query in parts.items()
    }
