"""What the search finds among reports: published ones by the words of their text, and the kinds of
report by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import get_locale, gettext

from ugc.core.access import Actor
from ugc.core.db import Session, built_once
from ugc.core.subjects import Subject, Visibility
from ugc.geography import gazetteer
from ugc.geography.gazetteer import City
from ugc.reports.models import Report, ReportState
from ugc.reports.queries import reading
from ugc.reports.rules import kinds
from ugc.reports.rules.asked import kind_said
from ugc.search.finding import Area, Found, Search, without_here
from ugc.search.wordings import excerpt, text_likeness, text_query
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.rules import wording as streets_wording

LOOKED = 500  # texts that have the words, before the living and the newest are chosen
KIND_ZOOM = 13


@built_once
def _by_words() -> sa.Select[Any]:
    """to_tsvector(name_key(text)) @@ to_tsquery(:query), by the index of words."""
    vector = sa.func.to_tsvector(
        sa.text("'simple'::regconfig"), sa.func.name_key(Report.text), type_=sa.Text
    )
    asked = sa.func.to_tsquery(sa.text("'simple'::regconfig"), sa.bindparam("query", type_=sa.Text))
    looked = (
        sa.select(Report.id)
        .where(vector.op("@@")(asked), Report.visibility == Visibility.PUBLISHED)
        .limit(LOOKED)
        .cte("looked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    is_alive = reading.is_alive()
    return (
        sa.select(
            Report.kind, Report.subkind, Report.text, Subject.public_id,
            is_alive.label("is_alive"),
            sa.func.ST_X(Report.geom).label("lon"), sa.func.ST_Y(Report.geom).label("lat"),
            *gazetteer.shown_columns(),
            *streets_addresses_queries.columns(),
        )
        .join(looked, looked.c.id == Report.id)
        .join(Subject, Subject.id == Report.id)
        .outerjoin(City, City.id == Report.city_id)
        .outerjoin(SubjectAddress, SubjectAddress.subject_id == Report.id)
        .where(Report.state != ReportState.MERGED)
        .order_by(is_alive.desc(), Report.created_at.desc(), Report.id.desc())
        .limit(sa.bindparam("most", type_=sa.Integer))
    )  # fmt: skip


def find(session: Session, _actor: Actor, search: Search) -> list[Found]:
    found = _kinds(search)
    query = text_query(search.words)
    if not query:
        return found
    language = _language()
    for row in session.execute(_by_words(), {"query": query, "most": search.limit}):
        kind = kinds.KINDS[row.kind]
        subkind = kind.subkind(row.subkind)
        title = (subkind or kind).name(language)
        where = streets_wording.where(
            streets_addresses_queries.address_of(row), gazetteer.shown_city(row)
        )
        ended = "" if row.is_alive else gettext("over")
        found.append(
            Found(
                "report", " · ".join(filter(None, (title, where))),
                " · ".join(filter(None, (ended, excerpt(search.words, row.text)))),
                text_likeness(search.words, row.text), 1.0 if row.is_alive else 0.0, kind.icon,
                row.lon, row.lat, url=f"/reports/{row.public_id}",
            )
        )  # fmt: skip
    return found


def _language() -> str:
    locale = get_locale()
    return locale.language if locale else "en"


def _kinds(search: Search) -> list[Found]:
    """ "accidentes madrid": the map of the kind there."""
    asked: list[tuple[str, Area | None]] = [(without_here(search.text), None), *search.within]
    found = []
    for text, area in asked:
        said = kind_said(text)
        if said is None:
            continue
        kind, alike = kinds.KINDS[said[0]], said[1]
        point = area.point if area else search.near
        query: dict[str, str] = {"kinds": kind.code, "show": "reports"}
        if point is not None:
            query |= {"lat": f"{point.lat:.5f}", "lon": f"{point.lon:.5f}"}
            query["zoom"] = str(KIND_ZOOM)
        name = kind.name(_language())
        found.append(
            Found(
                "reports", f"{name} · {area.name}" if area else name,
                gettext("Reports of this kind on the map"), alike, 0.5, kind.icon,
                point.lon if point else None, point.lat if point else None,
                url=f"/?{urlencode(query)}",
            )
        )  # fmt: skip
    return found
