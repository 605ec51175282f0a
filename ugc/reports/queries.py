"""Reads of reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale

from ugc.accounts.models import Member
from ugc.core import geo
from ugc.core.access import Actor
from ugc.core.db import Session, app_now
from ugc.core.errors import NotFound
from ugc.core.gazetteer import City
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.media import queries as media
from ugc.reports import rules
from ugc.reports.models import KIND, Report, ReportState, Vote

SHOWN = (Visibility.PUBLISHED, Visibility.HELD)


@dataclass(frozen=True)
class ReportRow:
    """What lists and pages show. `text` is '' for who may not read it yet; degrees, WGS 84."""

    id: int
    public_id: str
    kind: rules.Kind
    lon: float
    lat: float
    text: str
    language: str
    state: str
    alive: bool
    visibility: str
    reliability: int
    confirmations: int
    denials: int
    occurred_at: dt.datetime
    expires_at: dt.datetime
    author_id: int | None
    author: str | None
    city: str | None
    attribution: str | None
    licence: str | None
    source_url: str | None
    revision: int
    accuracy_m: float | None = None
    metres: float | None = None
    cover: media.PhotoRow | None = None


def _columns(near: geo.Point | None = None) -> sa.Select[Any]:
    metres = geo.metres_between(Report.geom, near) if near else sa.null()
    columns: Any = (
        sa.select(
            Report,
            Subject.public_id,
            geo.lon(Report.geom).label("lon"),
            geo.lat(Report.geom).label("lat"),
            Member.handle,
            City.name.label("city"),
            Source.attribution,
            Source.licence,
            Source.url.label("source_url"),
            sa.and_(Report.state == ReportState.OPEN, Report.expires_at > app_now()).label("alive"),
            sa.cast(metres, sa.Float).label("metres"),
        )
        .join(Subject, Subject.id == Report.id)
        .outerjoin(Member, Member.id == Report.author_id)
        .outerjoin(City, City.id == Report.city_id)
        .outerjoin(Source, Source.id == Report.source_id)
    )
    return columns


def _row(row: Any, actor: Actor) -> ReportRow:
    report: Report = row.Report
    readable = rules.may_see_text(actor, report.author_id, report.visibility)
    return ReportRow(
        id=report.id,
        public_id=row.public_id,
        kind=rules.KINDS[report.kind],
        lon=row.lon,
        lat=row.lat,
        text=report.text if readable else "",
        language=report.language,
        state=report.state,
        alive=row.alive,
        visibility=report.visibility,
        reliability=rules.reliability(report.confirmations, report.denials, report.visibility),
        confirmations=report.confirmations,
        denials=report.denials,
        occurred_at=report.occurred_at,
        expires_at=report.expires_at,
        author_id=report.author_id,
        author=row.handle,
        city=row.city,
        attribution=row.attribution,
        licence=row.licence,
        source_url=row.source_url,
        revision=report.revision,
        accuracy_m=report.accuracy_m,
        metres=row.metres,
    )


def _rows(session: Session, query: sa.Select[Any], actor: Actor) -> list[ReportRow]:
    """The rows of a list, with the picture that stands for each."""
    rows = [_row(row, actor) for row in session.execute(query)]
    covers = media.covers(session, actor, (row.id for row in rows))
    return [replace(row, cover=covers[row.id]) if row.id in covers else row for row in rows]


def report_by_public_id(session: Session, actor: Actor, public_id: str) -> ReportRow:
    """The report as `actor` may see it. Raises NotFound."""
    row = session.execute(_columns().where(Subject.public_id == public_id)).first()
    if row is None:
        raise NotFound()
    if not rules.may_see(actor, row.Report.author_id, row.Report.visibility):
        raise NotFound()
    return _row(row, actor)


def report_by_id(session: Session, actor: Actor, report_id: int) -> ReportRow:
    """As `report_by_public_id`. Raises NotFound."""
    row = session.execute(_columns().where(Report.id == report_id)).first()
    if row is None or not rules.may_see(actor, row.Report.author_id, row.Report.visibility):
        raise NotFound()
    return _row(row, actor)


def locked(session: Session, report_id: int) -> Report:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    report = session.scalar(
        sa.select(Report)
        .where(Report.id == report_id)
        .with_for_update()
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
) -> list[ReportRow]:
    """Living reports of a viewport, newest first."""
    query = (
        _columns()
        .where(
            bounds.contains(Report.geom),
            Report.state == ReportState.OPEN,
            Report.expires_at > app_now(),
            Report.visibility.in_(SHOWN),
        )
        .order_by(Report.created_at.desc(), Report.id.desc())
        .limit(limit)
    )
    if kinds:
        query = query.where(Report.kind.in_(kinds))
    return _rows(session, query, actor)


def similar_near(
    session: Session, actor: Actor, kind: rules.Kind, point: geo.Point, limit: int = 5
) -> list[ReportRow]:
    """Living reports of the same kind within the kind's radius, nearest first."""
    query = (
        _columns(point)
        .where(
            geo.within_metres(Report.geom, point, kind.radius),
            Report.kind == kind.code,
            Report.state == ReportState.OPEN,
            Report.expires_at > app_now(),
            Report.visibility.in_(SHOWN),
        )
        .order_by(sa.text("metres"))
        .limit(limit)
    )
    return _rows(session, query, actor)


def reports_of(session: Session, actor: Actor, member_id: int, limit: int = 50) -> list[ReportRow]:
    """A member's reports, newest first: what `actor` may see of them."""
    query = (
        _columns()
        .where(Report.author_id == member_id)
        .order_by(Report.created_at.desc(), Report.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(Report.visibility == Visibility.PUBLISHED)
    return _rows(session, query, actor)


def published_by_group(session: Session, ids: sa.Select[int]) -> int:
    """How many published ones the members of a query have."""
    query = sa.select(sa.func.count()).where(
        Report.author_id.in_(ids), Report.visibility == Visibility.PUBLISHED
    )
    return session.scalar(query) or 0


def published_by(session: Session, member_id: int) -> int:
    """How many of the member's reports are published."""
    query = sa.select(sa.func.count()).where(
        Report.author_id == member_id, Report.visibility == Visibility.PUBLISHED
    )
    return session.scalar(query) or 0


def vote_of(session: Session, report_id: int, member_id: int | None) -> bool | None:
    """True for a confirmation, False for a denial, None for neither."""
    if member_id is None:
        return None
    return session.scalar(
        sa.select(Vote.still_there).where(Vote.report_id == report_id, Vote.member_id == member_id)
    )


def votes_by(session: Session, member_id: int) -> list[tuple[Vote, str]]:
    """A member's votes with the public ids of their reports, for their own export."""
    rows = session.execute(
        sa.select(Vote, Subject.public_id)
        .join(Subject, Subject.id == Vote.report_id)
        .where(Vote.member_id == member_id)
        .order_by(Vote.voted_at, Vote.report_id)
    )
    return [(row.Vote, row.public_id) for row in rows]


def vote_counts(session: Session, report_id: int) -> tuple[int, int]:
    """(confirmations, denials), recounted from the votes."""
    row = session.execute(
        sa.select(
            sa.func.count().filter(Vote.still_there),
            sa.func.count().filter(sa.not_(Vote.still_there)),
        ).where(Vote.report_id == report_id)
    ).one()
    return int(row[0]), int(row[1])


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """What all may see, and what this author still sees of their own."""
    own = sa.and_(Report.author_id == author_id, Report.visibility != Visibility.WITHDRAWN)
    language = str(get_locale())
    rows = session.execute(
        sa.select(Report.id, Report.kind, Subject.public_id)
        .join(Subject, Subject.id == Report.id)
        .where(Report.id.in_(list(ids)), sa.or_(Report.visibility.in_(SHOWN), own))
    )
    return [
        SubjectInfo(
            r.id, KIND, r.public_id, rules.KINDS[r.kind].name(language), f"/reports/{r.public_id}"
        )
        for r in rows
    ]
