"""What the demo world has to look back at: the reports of the days before, which are over."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence

from ugc.accounts.models import Member
from ugc.core import gazetteer, geo, subjects
from ugc.core.db import Session, now
from ugc.reports import rules
from ugc.reports.models import KIND, Report, ReportState

DAYS = 12


def make_history(
    session: Session,
    posters: Sequence[Member],
    cities: Sequence[tuple[tuple[float, float], int]],
    texts: Mapping[str, Sequence[str]],
    chance: random.Random,
) -> int:
    """Most of it on the way to work and back, in the cities' own hours. `cities` are ((lon, lat),
    how large), `texts` (Spanish, English) by kind. Nobody gets points for it; returns how many."""
    moment = now(session)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    drawn = []
    for (lon, lat), size in cities:
        city_id = gazetteer.nearest_city(session, geo.Point(lon, lat))
        for days_ago in range(1, DAYS + 1):
            for _ in range(max(1, round(chance.gauss(size / 2, size / 8)))):
                hour = chance.choice((chance.gauss(8.5, 1.5), chance.gauss(18.5, 2.5)))
                seen_at = midnight + dt.timedelta(hours=hour - lon / 15, days=-days_ago)
                kind = rules.KINDS[chance.choice(list(rules.KINDS))]
                minutes = min(kind.half_life * chance.uniform(0.4, 1.6), 2 * 24 * 60)
                ended_at = seen_at + dt.timedelta(minutes=minutes)
                point = geo.Point.checked(
                    lon + chance.gauss(0, 0.022), lat + chance.gauss(0, 0.016)
                )
                if ended_at < moment:
                    drawn.append((point, city_id, kind, seen_at, ended_at))
    made = [subjects.Subject(kind=KIND, public_id=subjects.new_code()) for _ in drawn]
    session.add_all(made)
    session.flush()
    for subject, (point, city_id, kind, seen_at, ended_at) in zip(made, drawn, strict=True):
        author = chance.choice(posters)
        session.add(
            Report(
                id=subject.id,
                author_id=author.id,
                kind=kind.code,
                geom=point.ewkt,
                city_id=city_id,
                text=texts[kind.code][0 if author.language == "es" else 1],
                language=author.language,
                state=ReportState.EXPIRED,
                created_at=seen_at,
                occurred_at=seen_at,
                seen_at=seen_at,
                believed_at=seen_at,
                half_life_s=kind.half_life * 60,
                expires_at=ended_at,
                closed_at=ended_at,
                asked_at=ended_at,
            )
        )
    session.flush()
    for subject in made:
        subjects.log_move(
            session,
            subject.id,
            "state",
            None,
            ReportState.EXPIRED,
            reason="history",
            actor="system",
        )
    return len(made)
