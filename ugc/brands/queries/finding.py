"""What the search finds among brands: the published ones, by their names."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from ugc.brands.models import Brand, Fan
from ugc.core.access import Actor
from ugc.core.db import Session, built_once
from ugc.core.subjects import Subject, Visibility
from ugc.search.finding import Found, Search
from ugc.search.likeness import likeness, words

KEY = sa.func.name_key(Brand.name)


@built_once
def _by_name() -> sa.Select[Any]:
    """name_key(:text) <% name_key(name), by the trigram index."""
    key = sa.func.name_key(sa.bindparam("text", type_=sa.Text))
    fans = sa.select(sa.func.count()).where(Fan.brand_id == Brand.id).scalar_subquery()
    score = sa.func.word_similarity(key, KEY) + sa.func.similarity(key, KEY)
    return (
        sa.select(Brand.name, Subject.public_id, fans.label("fans"))
        .join(Subject, Subject.id == Brand.id)
        .where(
            sa.or_(key.op("<%", is_comparison=True)(KEY), KEY.startswith(key, autoescape=False)),
            Brand.visibility == Visibility.PUBLISHED,
        )
        .order_by(score.desc(), Brand.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def find(session: Session, _actor: Actor, search: Search) -> list[Found]:
    text = search.text.replace("%", " ").replace("_", " ").replace("\\", " ").strip()
    if not text:
        return []
    rows = session.execute(_by_name(), {"text": text, "most": search.limit})
    return [
        Found(
            "brand", row.name, gettext("Brand"), likeness(search.words, words(row.name)),
            math.log(1 + row.fans) / 7, "badge-check", url=f"/brands/{row.public_id}",
        )
        for row in rows
    ]  # fmt: skip
