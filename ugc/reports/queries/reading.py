"""Reads of reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale

from ugc.accounts.models import Member
from ugc.core.access import Actor
from ugc.core.db import Session, among, app_now, built_once, note_now, read_so_far
from ugc.core.errors import NotFound
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.geography import gazetteer, geo
from ugc.geography.gazetteer import City
from ugc.media import queries as media_queries
from ugc.moderation.rules import Waiting, waiting_of
from ugc.places.models import Place, PlaceBrand
from ugc.reports.models import KIND, Report, ReportState, Vote
from ugc.reports.rules import belief, permissions
from ugc.reports.rules import kinds as kinds_rules
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.rules import wording as streets_wording

NARROW = 4.0  # square degrees

FAR_FUTURE = sa.text("'3000-01-01 00:00:00+00'::timestamptz")

SHOWN = permissions.SHOWN

NEAREST_TAKEN = 3  # times as many as are wanted; with 20 wanted, 0.1 % of the true ones are missed


# Plain columns: making objects of them, for fifty that are only read, takes longer than reading.
READ = tuple(
    getattr(Report, name)
    for name in (
        "id",
        "kind",
        "subkind",
        "text",
        "language",
        "state",
        "visibility",
        "confirmations",
        "denials",
        "occurred_at",
        "created_at",
        "seen_at",
        "expires_at",
        "closed_at",
        "heading",
        "author_id",
        "source_id",
        "revision",
        "accuracy_m",
        "coarse",
        "author_hidden",
    )
)


@dataclass(frozen=True)
class ReportRow:
    """What lists and pages show. `text` is '' and `author` None for readers who may not know them;
    degrees, WGS 84. A `coarse` one is somewhere within `accuracy_m` metres."""

    id: int
    public_id: str
    kind: kinds_rules.Kind
    subkind: kinds_rules.Subkind | None
    lon: float
    lat: float
    text: str
    language: str
    state: str
    alive: bool
    visibility: str
    reliability: int
    confidence: int
    confirmations: int
    denials: int
    occurred_at: dt.datetime
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime
    closed_at: dt.datetime | None
    late: bool
    heading: int | None
    author_id: int | None
    author: str | None
    city: str | None
    located: streets_wording.Address | None
    attribution: str | None
    licence: str | None
    source_url: str | None
    revision: int
    accuracy_m: float | None = None
    coarse: bool = False
    author_hidden: bool = False
    metres: float | None = None
    cover: media_queries.PhotoRow | None = None
    waits: Waiting = Waiting.NOTHING
    may_vote: bool = False
    my_vote: bool | None = None

    @property
    def is_shown(self) -> bool:
        """Whether everyone sees it: neither withdrawn nor taken away."""
        return self.visibility in SHOWN

    @property
    def where(self) -> str:
        """Its address, else its city, in the language in force."""
        return streets_wording.where(self.located, self.city)

    @property
    def whole_where(self) -> str:
        """As `where`, with the quarter."""
        return streets_wording.whole_line(self.located) if self.located else self.city or ""

    def name(self, language: str) -> str:
        """What it is, as exactly as it was said."""
        return (self.subkind or self.kind).name(language)


def belief_now(stored: Any) -> sa.ColumnElement[float]:
    """A stored belief as it is now: halved with every half-life since `believed_at`."""
    return sa.func.belief_now(stored, Report.believed_at, Report.half_life_s, type_=sa.Float)


def is_alive() -> sa.ColumnElement[bool]:
    """Whether a report is open and not over, by the function of the database."""
    return sa.func.is_alive(Report.state, Report.expires_at, type_=sa.Boolean)


def reliability_now() -> sa.ColumnElement[int]:
    """What `ReportRow.reliability` is, by the function of the database."""
    held = Report.visibility == Visibility.HELD
    return sa.func.out_of_ten(belief_now(Report.believed), held, type_=sa.Integer)


def is_near_places_of(brand_id: int) -> sa.ColumnElement[bool]:
    """Within `rules.NEAR_BRAND_M` of a published place that the brand runs now."""
    near = sa.func.ST_DWithin(
        geo.as_geography(Place.geom), geo.as_geography(Report.geom), permissions.NEAR_BRAND_M
    )
    return sa.exists().where(
        PlaceBrand.brand_id == brand_id,
        PlaceBrand.until.is_(None),
        Place.id == PlaceBrand.place_id,
        Place.visibility == Visibility.PUBLISHED,
        near,
    )


@built_once
def read_columns(is_near: bool = False) -> sa.Select[Any]:
    """With the distance from the parameters `lon` and `lat`, or none."""
    metres = geo.metres_from_parameters(Report.geom) if is_near else sa.null()
    columns: Any = (
        sa.select(
            *READ,
            Subject.public_id,
            geo.lon(Report.geom).label("lon"),
            geo.lat(Report.geom).label("lat"),
            Member.who.label("handle"),
            *gazetteer.shown_columns(),
            *streets_addresses_queries.columns(),
            Source.attribution,
            Source.licence,
            Source.url.label("source_url"),
            is_alive().label("alive"),
            belief_now(Report.believed).label("belief"),
            belief_now(Report.reacted).label("reaction"),
            sa.cast(metres, sa.Float).label("metres"),
            app_now().label("now"),
        )
        .join(Subject, Subject.id == Report.id)
        .outerjoin(Member, Member.id == Report.author_id)
        .outerjoin(City, City.id == Report.city_id)
        .outerjoin(SubjectAddress, SubjectAddress.subject_id == Report.id)
        .outerjoin(Source, Source.id == Report.source_id)
    )
    return columns


def _row(row: Any, actor: Actor) -> ReportRow:
    readable = permissions.may_see_text(actor, row.author_id, row.visibility)
    kind = kinds_rules.KINDS[row.kind]
    alive = row.alive and row.visibility in SHOWN
    held = row.visibility == Visibility.HELD
    return ReportRow(
        id=row.id,
        public_id=row.public_id,
        kind=kind,
        subkind=kind.subkind(row.subkind),
        lon=row.lon,
        lat=row.lat,
        text=row.text if readable else "",
        language=row.language,
        state=row.state,
        alive=alive,
        visibility=row.visibility,
        reliability=belief.out_of_ten(row.belief, held=held),
        confidence=belief.out_of_ten(row.reaction),
        confirmations=row.confirmations,
        denials=row.denials,
        occurred_at=row.occurred_at,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        late=row.source_id is None and permissions.is_late(row.occurred_at, row.created_at),
        heading=row.heading,
        author_id=row.author_id,
        author=row.handle
        if permissions.may_see_author(actor, row.author_id, row.author_hidden)
        else None,
        city=gazetteer.shown_city(row),
        located=streets_addresses_queries.address_of(row),
        attribution=row.attribution,
        licence=row.licence,
        source_url=row.source_url,
        revision=row.revision,
        accuracy_m=row.accuracy_m,
        coarse=row.coarse,
        author_hidden=row.author_hidden,
        metres=row.metres,
        waits=waiting_of(text=held and bool(row.text), photos=False),
        may_vote=permissions.may_vote(actor, row.author_id, alive),
    )


def read_rows(
    session: Session, query: sa.Select[Any], actor: Actor, near: geo.Point | None = None
) -> list[ReportRow]:
    """The rows of a list, with the picture that stands for each and the reader's own votes."""
    given = {"lon": near.lon, "lat": near.lat} if near is not None else {}
    found = session.execute(query, given).all()
    if found:
        note_now(found[0].now)
    rows = [_row(row, actor) for row in found]
    covers = media_queries.covers(session, actor, (row.id for row in rows))
    votes = _own_votes(session, actor, (row.id for row in rows if row.may_vote))
    return [replace(row, cover=covers.get(row.id), my_vote=votes.get(row.id)) for row in rows]


def _own_votes(session: Session, actor: Actor, ids: Iterable[int]) -> dict[int, bool]:
    """What the reader said of these reports; no statement when there are none."""
    wanted = list(ids)
    if not wanted:
        return {}
    votes = session.execute(_votes_on(), {"member_id": actor.id, "ids": wanted})
    return {row.report_id: row.still_there for row in votes}


@built_once
def _votes_on() -> Any:
    return sa.select(Vote.report_id, Vote.still_there).where(
        Vote.member_id == sa.bindparam("member_id"), among(Vote.report_id)
    )


def _with_waiting(session: Session, actor: Actor, rows: list[ReportRow]) -> list[ReportRow]:
    """With what waits of each; photos that wait beside a published report are told its author."""
    asked = [
        row.id
        for row in rows
        if row.visibility == Visibility.HELD
        or (row.visibility == Visibility.PUBLISHED and permissions.is_mine(actor, row.author_id))
    ]
    held = media_queries.held_among(session, asked)
    return [
        replace(row, waits=waiting_of(text=row.waits is Waiting.TEXT, photos=row.id in held))
        for row in rows
    ]


def report_by_public_id(session: Session, actor: Actor, public_id: str) -> ReportRow:
    """The report as `actor` may see it. Raises NotFound."""
    found = _seen(session, actor, public_id)
    return _with_waiting(session, actor, [found])[0]


def report_by_id(session: Session, actor: Actor, report_id: int) -> ReportRow:
    """As `report_by_public_id`. Raises NotFound."""
    return _seen(session, actor, report_id)


def reports_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, ReportRow]:
    """Those that `actor` may see."""
    rows = session.execute(_several(), {"ids": list(ids)})
    return {
        row.id: _row(row, actor)
        for row in rows
        if permissions.may_see(actor, row.author_id, row.visibility)
    }


@built_once
def _several() -> sa.Select[Any]:
    return read_columns().where(among(Report.id))


@built_once
def _one(of: type[int | str]) -> sa.Select[Any]:
    column = Subject.public_id if of is str else Report.id
    return read_columns().where(column == sa.bindparam("key"))


def _seen(session: Session, actor: Actor, key: int | str) -> ReportRow:
    read = read_so_far("reports")
    row = read.get(key)
    if row is None:
        row = session.execute(_one(type(key)), {"key": key}).first()
        if row is not None:
            read[row.id] = read[row.public_id] = row
    if row is None or not permissions.may_see(actor, row.author_id, row.visibility):
        raise NotFound()
    return _row(row, actor)


def locked(session: Session, report_id: int) -> Report:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    report = session.scalar(
        sa.select(Report)
        .where(Report.id == report_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise NotFound()
    return report


def reports_within(
    session: Session,
    actor: Actor,
    bounds: geo.Bounds,
    kinds: Sequence[str] = (),
    limit: int = 500,
    *,
    hours: int | None = None,
    least: int = 0,
    brand_id: int | None = None,
    near: geo.Point | None = None,
    skip: int = 0,
) -> list[ReportRow]:
    """Living reports of a viewport, newest first, or those nearest to a point first: of these
    kinds, seen within so many hours, believed at least so far (0 to 10), near a place that the
    brand runs; without the first `skip` of them."""
    # Chosen first and joined then: a wide view holds many more than are shown.
    # The time is hidden from the planner, which takes "open" and "not over" for independent: it
    # expects fifty times fewer than there are, reads them all and sorts (docs/benchmarks.md).
    chosen = sa.select(Report.id).where(
        bounds.contains(Report.geom),
        Report.state == ReportState.OPEN,
        sa.func.coalesce(Report.expires_at > app_now(), sa.false()),
        Report.visibility.in_(SHOWN),
    )
    if kinds:
        chosen = chosen.where(Report.kind.in_(kinds))
    if hours is not None:
        chosen = chosen.where(Report.occurred_at >= app_now() - dt.timedelta(hours=hours))
    if least:
        chosen = chosen.where(reliability_now() >= least)
    if brand_id is not None:
        chosen = chosen.where(is_near_places_of(brand_id))
    newest = (Report.created_at.desc(), Report.id.desc())
    if near is None:
        if bounds.area > NARROW:
            chosen = chosen.order_by(*newest).offset(skip or None).limit(limit)
            return read_rows(
                session, read_columns().where(Report.id.in_(chosen)).order_by(*newest), actor
            )
        # A small view is read in the order of GiST(geom, created_at), not whole and then sorted.
        # The index orders no reports of one moment (an import's): all that share the last are
        # taken, so that none stands on two pages.
        by_index = Report.created_at.op("<->")(FAR_FUTURE)
        chosen = chosen.order_by(by_index).fetch(skip + limit, with_ties=True)
        rows = read_columns().where(Report.id.in_(chosen)).order_by(*newest)
        return read_rows(session, rows.offset(skip or None).limit(limit), actor)
    # The index orders by degrees, in which those to the east look farther than they are: more are
    # taken than are shown, and measured.
    nearest = geo.nearest(chosen, Report.geom, near, bounds, NEAREST_TAKEN * (skip + limit))
    rows = read_columns(True).where(Report.id.in_(nearest)).order_by(sa.text("metres"))
    return read_rows(session, rows.offset(skip or None).limit(limit), actor, near)


def similar_near(
    session: Session, actor: Actor, kind: kinds_rules.Kind, point: geo.Point, limit: int = 5
) -> list[ReportRow]:
    """Living reports of the same kind within the kind's radius, nearest first; of an area no one
    can say that it is the same thing."""
    query = (
        read_columns(True)
        .where(
            geo.within_metres(Report.geom, point, kind.radius),
            Report.kind == kind.code,
            sa.not_(Report.coarse),
            is_alive(),
            Report.visibility.in_(SHOWN),
        )
        .order_by(sa.text("metres"))
        .limit(limit)
    )
    return read_rows(session, query, actor, point)


def reports_near(
    session: Session, actor: Actor, report: ReportRow, limit: int = 5
) -> list[ReportRow]:
    """Living reports within 250 m of another, whatever their kinds, nearest first: what a
    moderator may merge it into."""
    point = geo.Point(report.lon, report.lat)
    query = (
        read_columns(True)
        .where(
            geo.within_metres(Report.geom, point, 250),
            Report.id != report.id,
            sa.not_(Report.coarse),
            is_alive(),
            Report.visibility.in_(SHOWN),
        )
        .order_by(sa.text("metres"))
        .limit(limit)
    )
    return read_rows(session, query, actor, point)


def reports_of(session: Session, actor: Actor, member_id: int, limit: int = 50) -> list[ReportRow]:
    """A member's reports, newest first: what `actor` may see of them."""
    query = (
        read_columns()
        .where(Report.author_id == member_id)
        .order_by(Report.created_at.desc(), Report.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(Report.visibility == Visibility.PUBLISHED)
        if not actor.is_moderator:
            query = query.where(sa.not_(Report.author_hidden))
    return _with_waiting(session, actor, read_rows(session, query, actor))


def published_by_group(ids: sa.Select[int]) -> sa.Select[int]:
    """How many published ones the members of a query have, for a part of a statement."""
    return sa.select(sa.func.count()).where(
        Report.author_id.in_(ids), Report.visibility == Visibility.PUBLISHED
    )


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """What all may see, and what this author still sees of their own."""
    own = Report.still_seen_by(author_id)
    rows = session.execute(
        sa.select(
            Report.id,
            Report.kind,
            Report.subkind,
            Subject.public_id,
            *gazetteer.shown_columns(),
            *streets_addresses_queries.columns(),
        )
        .join(Subject, Subject.id == Report.id)
        .outerjoin(City, City.id == Report.city_id)
        .outerjoin(SubjectAddress, SubjectAddress.subject_id == Report.id)
        .where(Report.id.in_(list(ids)), sa.or_(Report.visibility.in_(SHOWN), own))
    )
    language = str(get_locale() or "en")
    return [
        SubjectInfo(
            r.id,
            KIND,
            r.public_id,
            kinds_rules.name_of(r.kind, r.subkind, language),
            f"/reports/{r.public_id}",
            gazetteer.shown_city(r) or "",
            streets_wording.where(streets_addresses_queries.address_of(r), None),
        )
        for r in rows
    ]
