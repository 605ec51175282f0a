"""A brand's spread room of a span: a bounded number of reads, whatever the brand's size."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.geography import geo
from ugc.geography.gazetteer import IDS, City
from ugc.influencers.models import SpreadConsent
from ugc.spread.queries import published
from ugc.spread.rules import dashboard, disclosure, weeks


def today(session: Session) -> dt.date:
    """The day in UTC, by which weeks are complete."""
    return now(session).astimezone(dt.UTC).date()


def newest_week(session: Session, root_id: int) -> dt.date:
    """The Monday of the newest week that a span of this root may end with."""
    return weeks.last_counted(today(session), published.last_told(session, root_id))


def load(session: Session, root_id: int, span: weeks.Span) -> dashboard.Room:
    cells = published.figures(session, root_id, span.first, span.last)
    by_week = published.by_week(
        session, root_id, dashboard.cohorts(span).first, span.last,
        ("degree", disclosure.VISITS, "brought"),
    )  # fmt: skip
    cascades = published.cascades(session, root_id, span.last)
    named = {hub.member for cascade in cascades for hub in cascade.hubs}
    return dashboard.room(
        span,
        cells,
        by_week,
        _cities(session, cells),
        _subjects(session, cells),
        cascades,
        agreed_names(session, named),
    )


def exported(session: Session, root_id: int, span: weeks.Span) -> dashboard.ByWeek:
    """Every figure of every week of the span; subjects by their public id."""
    found = published.by_week(session, root_id, span.first, span.last, disclosure.SERIES)
    ids = {int(key) for _, (series, key) in found if series == "subject"}
    rows = session.execute(
        sa.select(subjects.Subject.id, subjects.Subject.public_id).where(
            subjects.Subject.id.in_(ids)
        )
    )
    public = {str(row.id): row.public_id for row in rows}
    return {
        (week, (series, public.get(key, "") if series == "subject" else key)): people
        for (week, (series, key)), people in found.items()
    }


def _of(cells: dashboard.Cells, series: str) -> dict[int, int]:
    """By id, the most first."""
    found = {int(key): count for (name, key), count in cells.items() if name == series and count}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _cities(session: Session, cells: dashboard.Cells) -> list[dashboard.City]:
    people = _of(cells, "city")
    if not people:
        return []
    rows = session.execute(
        sa.select(City.id, City.name, geo.lon(City.geom), geo.lat(City.geom)).where(
            City.id == sa.any_(sa.literal(list(people), IDS))
        )
    )
    known = {row[0]: row for row in rows}
    return [dashboard.City(*known[each], count) for each, count in people.items() if each in known]


def _subjects(session: Session, cells: dashboard.Cells) -> list[dashboard.Shared]:
    people = dict(list(_of(cells, "subject").items())[: dashboard.SUBJECTS_SHOWN])
    infos = subjects.describe(session, list(people)) if people else {}
    found = []
    for subject_id, count in people.items():
        info = infos.get(subject_id)
        found.append(
            dashboard.Shared(info.public_id, info.kind, info.title, info.url, count, info.named)
            if info
            else dashboard.Shared(None, None, None, None, count)
        )
    return found


def agreed_names(session: Session, ids: set[int]) -> dict[int, str]:
    """Handles of the members who agreed that brands see their name; of the suspended none, who can
    not take it back now."""
    if not ids:
        return {}
    rows = session.execute(
        sa.select(Member.id, Member.who.label("handle"))
        .join(SpreadConsent, SpreadConsent.member_id == Member.id)
        .where(
            Member.id.in_(ids),
            SpreadConsent.named,
            Member.handle.is_not(None),
            accounts_suspensions_queries.not_suspended(),
        )
    )
    return {row.id: row.handle for row in rows}
