"""What the demo world has to look back at: the reports of the days before, which are over."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ugc.accounts.models import Member
from ugc.core import subjects, wall
from ugc.core.db import Session, now
from ugc.geography import gazetteer, geo
from ugc.reports.models import KIND, Report, ReportState
from ugc.reports.rules import kinds as reports_kinds

DAYS = 12


@dataclass(frozen=True)
class Past:
    """A report that is over."""

    author: Member
    point: geo.Point
    city_id: int | None
    kind: reports_kinds.Kind
    seen_at: dt.datetime
    ended_at: dt.datetime


def make_history(
    session: Session,
    posters: Sequence[Member],
    cities: Sequence[tuple[tuple[float, float], int]],
    texts: Mapping[str, Sequence[str]],
    chance: random.Random,
) -> int:
    """Most of it on the way to work and back, in the cities' own hours. `cities` are ((lon, lat),
    how large), `texts` (Spanish, English) by kind. They give no points. Returns how many."""
    moment = now(session)
    midnight = wall.midnight(moment.astimezone(dt.UTC).date(), dt.UTC)
    drawn = []
    for (lon, lat), size in cities:
        city_id = gazetteer.nearest_city(session, geo.Point(lon, lat))
        for days_ago in range(1, DAYS + 1):
            for _ in range(max(1, round(chance.gauss(size / 2, size / 8)))):
                hour = chance.choice((chance.gauss(8.5, 1.5), chance.gauss(18.5, 2.5)))
                seen_at = midnight + dt.timedelta(hours=hour - lon / 15, days=-days_ago)
                kind = reports_kinds.KINDS[chance.choice(list(reports_kinds.KINDS))]
                minutes = min(kind.half_life * chance.uniform(0.4, 1.6), 2 * 24 * 60)
                ended_at = seen_at + dt.timedelta(minutes=minutes)
                point = geo.Point.wrapped(
                    lon + chance.gauss(0, 0.022), lat + chance.gauss(0, 0.016)
                )
                if ended_at < moment:
                    author = chance.choice(posters)
                    drawn.append(Past(author, point, city_id, kind, seen_at, ended_at))
    return _put(session, drawn, texts)


def make_firsts(
    session: Session,
    newcomers: Sequence[Member],
    cities: Sequence[tuple[float, float]],
    texts: Mapping[str, Sequence[str]],
    chance: random.Random,
) -> int:
    """The first report of each newcomer, a day or two after they joined, round one of `cities`
    ((lon, lat)); what would not be over yet is left out. Returns how many."""
    moment = now(session)
    known = {city: gazetteer.nearest_city(session, geo.Point(*city)) for city in cities}
    drawn = []
    for author in newcomers:
        lon, lat = chance.choice(cities)
        kind = reports_kinds.KINDS[chance.choice(list(reports_kinds.KINDS))]
        seen_at = author.joined_at + dt.timedelta(hours=chance.uniform(1, 48))
        ended_at = seen_at + dt.timedelta(minutes=min(kind.half_life, 2 * 24 * 60))
        point = geo.Point.wrapped(lon + chance.gauss(0, 0.022), lat + chance.gauss(0, 0.016))
        if ended_at < moment:
            drawn.append(Past(author, point, known[lon, lat], kind, seen_at, ended_at))
    return _put(session, drawn, texts)


def _put(session: Session, drawn: Sequence[Past], texts: Mapping[str, Sequence[str]]) -> int:
    made = [subjects.Subject(kind=KIND, public_id=subjects.new_code()) for _ in drawn]
    session.add_all(made)
    session.flush()
    for subject, past in zip(made, drawn, strict=True):
        author, kind = past.author, past.kind
        session.add(
            Report(
                id=subject.id,
                author_id=author.id,
                kind=kind.code,
                geom=past.point.public.ewkt,
                city_id=past.city_id,
                text=texts[kind.code][0 if author.language == "es" else 1],
                language=author.language,
                state=ReportState.EXPIRED,
                created_at=past.seen_at,
                occurred_at=past.seen_at,
                seen_at=past.seen_at,
                believed_at=past.seen_at,
                half_life_s=kind.half_life * 60,
                expires_at=past.ended_at,
                closed_at=past.ended_at,
                asked_at=past.ended_at,
            )
        )
    session.flush()
    for subject in made:
        subjects.log_transition(
            session,
            subject.id,
            "state",
            None,
            ReportState.EXPIRED,
            reason="history",
            actor="system",
        )
    return len(made)
