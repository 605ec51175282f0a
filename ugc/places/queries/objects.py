"""Things of extracts beside the places that they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.content import queries as content_queries
from ugc.core.db import Session
from ugc.geography import geo
from ugc.moderation.models import Case
from ugc.places.models import Place, PlaceObject
from ugc.places.rules import objects as objects_rules
from ugc.places.rules.facts import PEOPLE
from ugc.streets.models import ExtractPlace

# Tables that hold what people did with a place, and the column that names it.
_OF_PEOPLE = {
    "cases": "subject_id",
    "flags": "subject_id",
    "follows": "subject_id",
    "photos": "subject_id",
    "place_brands": "place_id",
    "place_claims": "place_id",
    "point_entries": "subject_id",
    "referral_links": "subject_id",
}
_SHOWN = "extract_places AS e JOIN extracts AS x ON x.id = e.extract_id AND x.step = 'shown'"
# Whether an extract that is shown, of another city than `:but` if that is said, has the thing `o`.
_LIVES = f"EXISTS (SELECT FROM {_SHOWN} WHERE e.osm = o.osm AND x.code IS DISTINCT FROM :but)"
GONE = "gone"  # the reason of the move that hides a place


def of_people() -> dict[str, str]:
    """Tables that hold what people did with a place, content under it among them, and the column
    that names the place. With a row in one of them it is not hidden when the extract loses it."""
    under = {kind.tablename: kind.column for kind in content_queries.kinds_under()}
    return _OF_PEOPLE | under


@dataclass(frozen=True)
class Link:
    """A row of `place_objects`; `mark` as `rules.objects.mark_of` makes it."""

    osm: str
    place_id: int
    extract_code: str
    mark: str
    ended: str | None


def thing_of() -> sa.ScalarSelect[Any]:
    """The number of the thing of a loaded extract that a place is; of two the first."""
    query = sa.select(sa.func.min(PlaceObject.osm)).where(
        PlaceObject.place_id == Place.id, PlaceObject.ended.is_(None)
    )
    return query.correlate(Place).scalar_subquery()


def things(session: Session, extract_id: int, after: int, limit: int) -> Sequence[Any]:
    """The next rows of a load, in the order of their ids, with `lon` and `lat`."""
    return session.execute(
        sa.select(
            *(column for column in ExtractPlace.__table__.columns if column.key != "geom"),
            geo.lon(ExtractPlace.geom).label("lon"),
            geo.lat(ExtractPlace.geom).label("lat"),
        )
        .where(ExtractPlace.extract_id == extract_id, ExtractPlace.id > after)
        .order_by(ExtractPlace.id)
        .limit(limit)
    ).all()


def links(session: Session, osm: Iterable[str]) -> dict[str, Link]:
    rows = session.scalars(
        sa.select(PlaceObject)
        .where(PlaceObject.osm.in_(list(osm)))
        .execution_options(populate_existing=True)
    )
    return {
        row.osm: Link(row.osm, row.place_id, row.extract_code, row.content_hash, row.ended)
        for row in rows
    }


_SHARED = sa.text(f"""
SELECT mine.osm, bool_or(o.osm < mine.osm) AS is_second
FROM place_objects AS mine
JOIN place_objects AS o ON o.place_id = mine.place_id AND o.osm <> mine.osm AND {_LIVES}
WHERE mine.osm = ANY(:osm) GROUP BY mine.osm
""")


def shared(session: Session, osm: Iterable[str]) -> dict[str, bool]:
    """Those of these things that are one place with another that an extract has, and whether that
    one comes first."""
    rows = session.execute(_SHARED, {"osm": list(osm), "but": None})
    return {row.osm: row.is_second for row in rows}


def newer_elsewhere(session: Session, code: str, osm: Iterable[str]) -> set[str]:
    """Things that another shown city has, too, whose data are not older than those of `code`."""
    found = session.scalars(
        sa.text(
            f"SELECT e.osm FROM {_SHOWN} WHERE x.code <> :code AND e.osm = ANY(:osm)"
            " AND coalesce(x.data_at, '-infinity') >= coalesce((SELECT data_at FROM extracts"
            " WHERE code = :code AND step = 'shown'), '-infinity')"
        ),
        {"code": code, "osm": list(osm)},
    )
    return set(found)


# Of every thing of a load: what it was linked to, and how alike the name of that place is.
_BEFORE = sa.text("""
SELECT e.osm, e.kinds, e.name, e.names, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat,
  o.content_hash AS mark,
  CASE WHEN o.osm IS NOT NULL THEN (SELECT max(similarity(name_key(p.name), name_key(said)))
    FROM unnest(e.names || e.name) AS said) END AS alike
FROM extract_places AS e
LEFT JOIN place_objects AS o ON o.osm = e.osm
LEFT JOIN places AS p ON p.id = o.place_id
WHERE e.extract_id = :id ORDER BY e.id
""")
_STAGE = (
    "CREATE TEMPORARY TABLE new_things (number int, osm text, category text, family text,"
    " name text, names text[], geom geometry(Point, 4326)) ON COMMIT DROP"
)
# What `NEAR_M` metres are in degrees, to the sides and up.
_HIGH = f"{objects_rules.NEAR_M} / 111000.0"
_WIDE = f"{_HIGH} / greatest(cos(radians(ST_Y(t.geom))), 0.01)"
# Places of no living thing beside the new things that may be the same, of any author and
# whatever became of them: what a moderator hid does not come back as a second one. The invented
# places of a demo world are never real firms.
_SAME = sa.text(f"""
SELECT t.osm, near.id, near.alike, near.metres FROM new_things AS t, LATERAL (
  SELECT p.id, ST_DistanceSphere(p.geom, t.geom) AS metres,
    (SELECT max(similarity(name_key(p.name), name_key(said))) FROM unnest(t.names) AS said) AS alike
  FROM places AS p
  WHERE p.geom && ST_Expand(t.geom, {_WIDE}, {_HIGH})
    AND (p.category IN (t.category, '{objects_rules.ANY_KIND}')
      OR CAST(:families AS jsonb) ->> p.category = t.family)
    AND p.name <> ''
    AND NOT EXISTS (SELECT FROM members AS m WHERE m.id = p.author_id AND m.is_demo)
    AND NOT EXISTS (SELECT FROM place_objects AS o
      WHERE o.place_id = p.id AND o.osm <> ALL(:parted) AND {_LIVES})) AS near
WHERE near.metres < {objects_rules.NEAR_M} AND near.alike > {objects_rules.ALIKE}
ORDER BY near.alike DESC, near.metres, t.osm, near.id
""")


@dataclass(frozen=True)
class Same:
    """Which place each new thing is, by the thing's id; things that keep their id and became
    another thing; and new things that stand twice in the file, with the thing that comes first."""

    places: dict[str, int]
    parted: frozenset[str]
    twins: dict[str, str]


NOTHING = Same({}, frozenset(), {})
# A point and an area of one category and name, so near: a building and the sign on it. Two points
# of one name are two branches. The other one of a pair is new too, or a living place's thing.
_TWINS = sa.text(f"""
SELECT t.osm, near.osm AS first FROM new_things AS t, LATERAL (
  SELECT n.osm, ST_DistanceSphere(n.geom, t.geom) AS metres FROM new_things AS n
  WHERE n.number < t.number AND n.category = t.category AND name_key(n.name) = name_key(t.name)
    AND (left(n.osm, 1) = 'n') <> (left(t.osm, 1) = 'n')
    AND n.geom && ST_Expand(t.geom, {_WIDE}, {_HIGH})
  UNION ALL
  SELECT min(o.osm), ST_DistanceSphere(p.geom, t.geom) FROM places AS p
  JOIN place_objects AS o ON o.place_id = p.id AND o.osm <> ALL(:parted) AND {_LIVES}
  WHERE p.geom && ST_Expand(t.geom, {_WIDE}, {_HIGH})
    AND p.category = t.category AND name_key(p.name) = name_key(t.name)
  GROUP BY p.id HAVING bool_and((left(o.osm, 1) = 'n') <> (left(t.osm, 1) = 'n'))) AS near
WHERE near.metres < {objects_rules.NEAR_M}
ORDER BY near.metres, t.number, near.osm
""")


def same_as_before(session: Session, extract_id: int, families: str) -> Same:
    """Compares a load with the places that are there. One place is one thing: those most alike, of
    these the nearest, belong together. `families` is a JSON object of the family of each
    category."""
    fresh, parted = _fresh(session, extract_id)
    session.execute(sa.text(_STAGE))
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY new_things FROM STDIN") as copy:
        for row in fresh:
            copy.write_row(row)
    session.execute(sa.text("CREATE INDEX ON new_things USING gist (geom)"))
    session.execute(sa.text("ANALYZE new_things"))
    given = {"families": families, "parted": list(parted), "but": None}
    found: dict[str, int] = {}
    taken: set[int] = set()
    for row in session.execute(_SAME, given):
        if row.osm not in found and row.id not in taken:
            found[row.osm] = row.id
            taken.add(row.id)
    twins: dict[str, str] = {}
    paired: set[str] = set()
    for row in session.execute(_TWINS, given):
        # One of a pair is enough, and a thing that was a place before is no other's twin.
        if row.osm not in found and paired.isdisjoint((row.osm, row.first)):
            twins[row.osm] = row.first
            paired |= {row.osm, row.first}
    session.execute(sa.text("DROP TABLE new_things"))
    return Same(found, frozenset(parted), twins)


def _fresh(session: Session, extract_id: int) -> tuple[list[tuple[Any, ...]], list[str]]:
    fresh: list[tuple[Any, ...]] = []
    parted: list[str] = []
    for row in session.execute(_BEFORE, {"id": extract_id}):
        category = objects_rules.category_of(row.kinds)
        if category is None:
            continue
        family = objects_rules.family_of(category)
        if row.mark is not None:
            was = objects_rules.family_of(objects_rules.category_in(row.mark))
            if was == family or row.alike >= objects_rules.UNLIKE:
                continue
            parted.append(row.osm)
        point = f"SRID=4326;POINT({row.lon!r} {row.lat!r})"
        fresh.append(
            (len(fresh), row.osm, category, family, row.name, [*row.names, row.name], point)
        )
    return fresh, parted


_DEAD = sa.text(f"""
SELECT o.osm, o.place_id FROM place_objects AS o
WHERE o.extract_code = :code AND o.ended IS NULL AND NOT {_LIVES}
ORDER BY o.place_id, o.osm LIMIT :most
""")
ADOPT = sa.text(f"""
UPDATE place_objects AS o SET extract_code = (
  SELECT min(x.code) FROM {_SHOWN} WHERE e.osm = o.osm AND x.code <> :code)
WHERE o.extract_code = :code AND o.ended IS NULL
  AND EXISTS (SELECT FROM {_SHOWN} WHERE e.osm = o.osm AND x.code <> :code)
  AND (:leaves OR NOT EXISTS (SELECT FROM {_SHOWN} WHERE e.osm = o.osm AND x.code = :code))
""")


def dead(session: Session, code: str, *, leaves: bool, most: int) -> list[tuple[str, int]]:
    """(thing, place) of a city that no shown extract has any more, in the order of the places; with
    `leaves`, as if that of the city itself were gone already."""
    given = {"code": code, "but": code if leaves else None, "most": most}
    return [(row.osm, row.place_id) for row in session.execute(_DEAD, given)]


@dataclass(frozen=True)
class Left:
    """A place whose thing no extract has any more."""

    id: int
    visibility: str
    is_inside: bool  # of the city's present box
    lives: bool  # as another thing that an extract has
    of_people: bool


_LEFT = sa.text(f"""
SELECT p.id, p.visibility,
  EXISTS (SELECT FROM extracts AS x WHERE x.code = :code AND x.step = 'shown'
    AND ST_X(p.geom) BETWEEN x.west AND x.east AND ST_Y(p.geom) BETWEEN x.south AND x.north)
    AS is_inside,
  EXISTS (SELECT FROM place_objects AS o
    WHERE o.place_id = p.id AND o.osm <> ALL(:osm) AND {_LIVES}) AS lives,
  (p.author_id IS NOT NULL OR p.website_by_id IS NOT NULL
    OR p.source_id IS DISTINCT FROM :source) AS of_people
FROM places AS p WHERE p.id = ANY(:ids) ORDER BY p.id FOR NO KEY UPDATE OF p
""")


def left(
    session: Session, code: str, osm: list[str], ids: list[int], *, leaves: bool, source_id: int
) -> list[Left]:
    """Locks these places and tells what of them there is beside the things `osm`. Places of another
    origin than the extracts are of people."""
    given = {
        "code": code, "osm": osm, "ids": ids, "but": code if leaves else None, "source": source_id,
    }  # fmt: skip
    rows = session.execute(_LEFT, given).all()
    theirs = touched_by_people(session, ids)
    return [
        Left(row.id, row.visibility, row.is_inside, row.lives, row.of_people or row.id in theirs)
        for row in rows
    ]


def lock(session: Session, place_ids: Iterable[int]) -> None:
    """Locks places in the order of their ids until the transaction ends."""
    session.execute(
        sa.select(Place.id)
        .where(Place.id.in_(list(place_ids)))
        .order_by(Place.id)
        .with_for_update(key_share=True)
    )


def with_open_case(session: Session, place_ids: Iterable[int]) -> list[int]:
    """Those of these places of which a case waits, in the order of their ids."""
    query = sa.select(Case.subject_id).where(
        Case.subject_id.in_(list(place_ids)), Case.decided_at.is_(None)
    )
    return list(session.scalars(query.order_by(Case.subject_id)))


def closed(session: Session, place_ids: Iterable[int]) -> list[int]:
    """Those of these places that are closed for good."""
    query = sa.select(Place.id).where(Place.id.in_(list(place_ids)), Place.closed_at.is_not(None))
    return list(session.scalars(query.order_by(Place.id)))


def touched_by_people(session: Session, ids: list[int]) -> set[int]:
    """Those of these places on which a person left something."""
    parts = [
        f"SELECT {column} FROM {table} WHERE {column} = ANY(:ids)"
        for table, column in of_people().items()
    ]
    parts.append(
        "SELECT subject_id FROM transitions WHERE subject_id = ANY(:ids) AND actor <> 'system'"
    )
    parts.append(
        "SELECT place_id FROM place_facts WHERE place_id = ANY(:ids)"
        " AND (origin = ANY(:people) OR proposed_origin = ANY(:people))"
    )
    given = {"ids": ids, "people": list(PEOPLE)}
    return set(session.scalars(sa.text(" UNION ".join(parts)), given))


def hidden_by_us(session: Session, ids: list[int]) -> list[int]:
    """Those of these places that are hidden because no extract had them, by their last move."""
    query = sa.text(
        "SELECT p.id FROM places AS p WHERE p.id = ANY(:ids) AND p.visibility = 'hidden' AND"
        " (SELECT t.reason FROM transitions AS t"
        " WHERE t.subject_id = p.id AND t.field = 'visibility'"
        " ORDER BY t.id DESC LIMIT 1) = :gone ORDER BY p.id"
    )
    return list(session.scalars(query, {"ids": ids, "gone": GONE}))


def living(session: Session, code: str) -> int:
    """How many things of a city are places."""
    query = sa.select(sa.func.count()).where(
        PlaceObject.extract_code == code, PlaceObject.ended.is_(None)
    )
    return session.scalar(query) or 0
