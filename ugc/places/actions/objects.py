"""Places of the things of a loaded extract: made, brought in step, ended. A batch is a transaction.
Nothing here commits, and nothing gives points or notifications."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core import sources, subjects
from ugc.core.access import SYSTEM
from ugc.core.db import Session, app_now
from ugc.core.subjects import Visibility
from ugc.geography import gazetteer, geo
from ugc.moderation import actions as moderation_actions
from ugc.places.actions import facts as facts_actions
from ugc.places.models import KIND, Origin, Place, PlaceObject
from ugc.places.queries import facts as facts_queries
from ugc.places.queries import objects as objects_queries
from ugc.places.queries import reading
from ugc.places.queries.objects import Left, Link, Same
from ugc.places.rules import objects as objects_rules


@dataclass(frozen=True)
class City:
    """A shown load whose things become places: `at` is when its data were true, `country` tells
    telephone numbers."""

    extract_id: int
    code: str
    country: str | None
    at: dt.datetime | None
    source_id: int
    same: Same
    zones: objects_rules.Zones = field(default_factory=objects_rules.Zones)


@dataclass
class _Batch:
    """What the things of a batch are to what was there."""

    new: list[tuple[Any, objects_rules.Said]] = field(default_factory=list)
    joined: list[tuple[Any, objects_rules.Said, int]] = field(default_factory=list)
    changed: list[tuple[Any, objects_rules.Said, Link]] = field(default_factory=list)
    twins: list[tuple[Any, objects_rules.Said, str]] = field(default_factory=list)
    back: list[tuple[str, Link]] = field(default_factory=list)
    no_more: list[Link] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def source_id(session: Session) -> int:
    """The source of places of extracts, with what is said of it now."""
    return sources.put(session, **objects_rules.SOURCE)


def count_rows(session: Session) -> None:
    """Has the planner know how many things there are: the rows are new."""
    session.execute(sa.text("ANALYZE extract_places, place_objects"))


def write_batch(session: Session, city: City, things: Sequence[Any]) -> Counter[str]:
    """Makes and changes the places of these things of a load; returns what was done, by name."""
    batch = _sort(session, city, things)
    _lock(session, batch)
    _part(session, [row.osm for row in things if row.osm in city.same.parted])
    _come_back(session, city, batch)
    _note_marks(session, city, batch.changed)
    shared = objects_queries.shared(session, [row.osm for row, _, _ in batch.changed])
    for row, said, link in batch.changed:
        _offer(session, city, link.place_id, said, shared.get(row.osm))
    for row, said, place_id in batch.joined:
        _join(session, city, row, said, place_id, batch.counts)
    _make(session, city, batch.new)
    _pair(session, city, batch.twins)
    _finish(session, city, [(link.osm, link.place_id) for link in batch.no_more], batch.counts)
    batch.counts.update(new=len(batch.new), changed=len(batch.changed), twins=len(batch.twins))
    return batch.counts


def _sort(session: Session, city: City, things: Sequence[Any]) -> _Batch:
    batch = _Batch()
    links = objects_queries.links(session, [row.osm for row in things])
    others = objects_queries.newer_elsewhere(
        session, city.code, [osm for osm, link in links.items() if link.extract_code != city.code]
    )
    for row in things:
        link = None if row.osm in city.same.parted else links.get(row.osm)
        category = objects_rules.category_of(row.kinds)
        if category is None:
            if link is not None and link.ended is None:
                batch.no_more.append(link)
            continue
        if row.osm in others and link is not None and link.ended is None:
            continue
        if link is not None and link.mark == objects_rules.mark_of(category, row.content_hash):
            if link.ended is not None:
                batch.back.append((row.osm, link))
            continue
        _sort_said(batch, city, row, link)
    return batch


def _sort_said(batch: _Batch, city: City, row: Any, link: Link | None) -> None:
    said = objects_rules.said_of(row, city.country)
    if said is None:
        batch.counts["unnamed"] += 1
        return
    batch.counts.update(f"no_{name}" for name in said.left_out)
    if link is not None:
        batch.changed.append((row, said, link))
        if link.ended is not None:
            batch.back.append((row.osm, link))
    elif row.osm in city.same.places:
        batch.joined.append((row, said, city.same.places[row.osm]))
    elif row.osm in city.same.twins:
        batch.twins.append((row, said, city.same.twins[row.osm]))
    else:
        batch.new.append((row, said))


def _lock(session: Session, batch: _Batch) -> None:
    """Cases are locked before content, as by a moderator who decides; both in the order of ids."""
    touched = {link.place_id for _, _, link in batch.changed}
    touched |= {place_id for _, _, place_id in batch.joined}
    touched |= {link.place_id for _, link in batch.back}
    _lock_cases(session, touched)
    objects_queries.lock(session, touched)


def _lock_cases(session: Session, place_ids: Iterable[int]) -> None:
    for place_id in objects_queries.with_open_case(session, place_ids):
        moderation_actions.content_changed(session, place_id)


def _part(session: Session, osm: list[str]) -> None:
    """Things that became another one under the same id: the place that was keeps its link under a
    name that no file has, and ends as one whose thing is gone."""
    if osm:
        session.execute(
            sa.update(PlaceObject)
            .where(PlaceObject.osm.in_(osm))
            .values(osm=PlaceObject.osm + "~" + sa.cast(PlaceObject.place_id, sa.Text))
        )


def _come_back(session: Session, city: City, batch: _Batch) -> None:
    """Things that an extract has again: what their end did to their places is undone."""
    if not batch.back:
        return
    session.execute(
        sa.update(PlaceObject)
        .where(PlaceObject.osm.in_([osm for osm, _ in batch.back]))
        .values(ended=None, ended_at=None, extract_code=city.code)
    )
    _open(session, city, [link.place_id for _, link in batch.back])
    batch.counts["back"] += len(batch.back)


def _open(session: Session, city: City, place_ids: list[int]) -> None:
    """Shows those that were hidden, and opens those that were closed, because no extract had
    them."""
    _show(session, objects_queries.hidden_by_us(session, place_ids), Visibility.PUBLISHED, "back")
    for place_id in objects_queries.closed(session, place_ids):
        facts_actions.offer(session, place_id, Origin.EXTRACT, {"closed": False}, city.at)


def _show(session: Session, ids: list[int], visibility: Visibility, reason: str) -> None:
    """Publishes or hides places on which no person left anything: nothing above them follows."""
    if not ids:
        return
    old = Visibility.HIDDEN if visibility is Visibility.PUBLISHED else Visibility.PUBLISHED
    session.execute(
        sa.text(
            "INSERT INTO transitions (subject_id, field, old, new, reason, actor)"
            " SELECT id, 'visibility', :old, :new, :reason, :actor FROM places"
            " WHERE id = ANY(:ids) ORDER BY id"
        ),
        {"old": old, "new": visibility, "reason": reason, "actor": SYSTEM.reference, "ids": ids},
    )
    session.execute(sa.update(Place).where(Place.id.in_(ids)).values(visibility=visibility))
    subjects.touch_all(session, ids, visible=visibility is Visibility.PUBLISHED)


def _note_marks(
    session: Session, city: City, changed: list[tuple[Any, objects_rules.Said, Link]]
) -> None:
    rows = [
        {"osm": row.osm, "mark": objects_rules.mark_of(said.category, row.content_hash)}
        for row, said, _ in changed
    ]
    session.execute(
        sa.text(
            "UPDATE place_objects AS o SET content_hash = s.mark, extract_code = :code"
            " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS s (osm text, mark text)"
            " WHERE o.osm = s.osm"
        ),
        {"rows": orjson.dumps(rows).decode(), "code": city.code},
    )


def _join(
    session: Session,
    city: City,
    row: Any,
    said: objects_rules.Said,
    place_id: int,
    counts: Counter[str],
) -> None:
    """Links a thing with the place that it is; what the place was before, no extract has."""
    former = session.execute(
        sa.delete(PlaceObject)
        .where(PlaceObject.place_id == place_id)
        .returning(PlaceObject.ended)
        .execution_options(synchronize_session=False)
    ).all()
    _link(session, city, row, said, place_id)
    _open(session, city, [place_id])
    _offer(session, city, place_id, said)
    counts["renumbered" if former else "joined"] += 1


def _link(session: Session, city: City, row: Any, said: objects_rules.Said, place_id: int) -> None:
    session.execute(
        insert(PlaceObject).values(
            osm=row.osm, place_id=place_id, extract_code=city.code,
            content_hash=objects_rules.mark_of(said.category, row.content_hash),
        )
    )  # fmt: skip


def _pair(session: Session, city: City, twins: list[tuple[Any, objects_rules.Said, str]]) -> None:
    """Links the second of two things that are one place; it fills what the first left open."""
    firsts = objects_queries.links(session, [first for _, _, first in twins])
    for row, said, first in twins:
        if first in firsts:
            _link(session, city, row, said, firsts[first].place_id)
            _offer(session, city, firsts[first].place_id, said, True)


def _offer(
    session: Session,
    city: City,
    place_id: int,
    said: objects_rules.Said,
    is_second: bool | None = None,
) -> None:
    """What the file says of a place that was there; what people wrote of it stays. `is_second` is
    None for the only thing of the place; of two, none takes details away, and the second only
    fills."""
    place = reading.locked(session, place_id)
    values: dict[str, str | bool | geo.Point] = dict(said.values())
    if is_second is not None:
        values = {name: value for name, value in values.items() if value != ""}
    if is_second:
        values = {
            name: value
            for name, value in values.items()
            if name in objects_rules.DETAILS and not getattr(place, name)
        }
    if place.source_id != city.source_id:
        here = facts_queries.point_of(session, place_id)
        if here.metres_to(said.point) < objects_rules.SAME_SPOT_M:
            values.pop("point", None)
        if objects_rules.plain(place.name) == objects_rules.plain(said.name):
            values.pop("name", None)
    if place.closed_at is not None:
        values["closed"] = False
    facts_actions.offer(session, place_id, Origin.EXTRACT, values, city.at)


_STAGED = (
    "jsonb_to_recordset(CAST(:rows AS jsonb)) AS s (public_id text, osm text, mark text, name text,"
    " category text, address text, phone text, website text, opening_hours text, timezone text,"
    " lon float8, lat float8)"
)
# Without `website_since`: a web address of a file proves nothing of who runs a place.
_MAKE = (
    f"""CREATE TEMPORARY TABLE made_places ON COMMIT DROP AS
      SELECT s.*, CAST(NULL AS bigint) AS id,
        ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) AS geom FROM {_STAGED}""",
    f"""WITH made AS (
        INSERT INTO subjects (kind, public_id) SELECT '{KIND}', public_id FROM made_places
        RETURNING id, public_id)
      UPDATE made_places AS s SET id = made.id FROM made WHERE made.public_id = s.public_id""",
    f"""INSERT INTO places (id, source_id, name, category, geom, city_id, address, phone, website,
        opening_hours, timezone)
      SELECT s.id, :source, s.name, s.category, s.geom, {gazetteer.nearest_city_sql("s.geom")},
        s.address, s.phone, s.website, s.opening_hours, s.timezone
      FROM made_places AS s ORDER BY s.id""",
    f"""INSERT INTO transitions (subject_id, field, old, new, reason, actor)
      SELECT id, 'visibility', NULL, 'published', 'imported', '{SYSTEM.reference}'
      FROM made_places ORDER BY id""",
    """INSERT INTO place_objects (osm, place_id, extract_code, content_hash)
      SELECT osm, id, :code, mark FROM made_places ORDER BY id""",
    "DROP TABLE made_places",
)


def _make(session: Session, city: City, new: list[tuple[Any, objects_rules.Said]]) -> None:
    """New places, published, of the extract's source and without an author."""
    if not new:
        return
    rows = [
        {
            **said.values(),
            "point": None,
            "lon": said.point.lon,
            "lat": said.point.lat,
            "osm": row.osm,
            "mark": objects_rules.mark_of(said.category, row.content_hash),
            "public_id": subjects.new_code(),
            "timezone": city.zones.at(said.point),
        }
        for row, said in new
    ]
    given = {"rows": orjson.dumps(rows).decode(), "source": city.source_id, "code": city.code}
    for statement in _MAKE:
        session.execute(sa.text(statement), given)


def end_batch(session: Session, city: City, limit: int, *, leaves: bool = False) -> Counter[str]:
    """Ends places of a city whose things no extract has any more; empty when there are none left.
    `leaves` says that the city itself is taken away."""
    counts: Counter[str] = Counter()
    _finish(
        session, city, objects_queries.dead(session, city.code, leaves=leaves, most=limit), counts,
        leaves=leaves,
    )  # fmt: skip
    return counts


def adopt(session: Session, code: str, *, leaves: bool = False) -> None:
    """Things that this city has no more and another shown one has are told by that one."""
    session.execute(objects_queries.ADOPT, {"code": code, "leaves": leaves})


def _finish(
    session: Session,
    city: City,
    ended: list[tuple[str, int]],
    counts: Counter[str],
    *,
    leaves: bool = False,
) -> None:
    """What becomes of places whose things (thing, place) are gone: hidden where no person left
    anything, else closed; left as they are outside of the present box, where the file says nothing
    of them."""
    if not ended:
        return
    ids = sorted({place_id for _, place_id in ended})
    _lock_cases(session, ids)
    places = objects_queries.left(
        session, city.code, [osm for osm, _ in ended], ids, leaves=leaves, source_id=city.source_id
    )
    ends = {place.id: _end_of(place, leaves=leaves) for place in places}
    _show(
        session, [each for each, end in ends.items() if end == "hidden"], Visibility.HIDDEN,
        objects_queries.GONE,
    )  # fmt: skip
    for place_id in [each for each, end in ends.items() if end == "closed"]:
        done = facts_actions.offer(session, place_id, Origin.EXTRACT, {"closed": True}, city.at)
        if "closed" not in done.written:
            ends[place_id] = "left"  # it is of people, who are asked
    for osm, place_id in ended:
        link = sa.delete(PlaceObject) if ends[place_id] == "lives" else _ending(ends[place_id])
        session.execute(link.where(PlaceObject.osm == osm))
    counts.update(ends.values())


def _ending(end: str) -> sa.Update:
    return sa.update(PlaceObject).values(ended=end, ended_at=app_now())


def _end_of(place: Left, *, leaves: bool) -> str:
    """`lives` as another thing, or what becomes of it."""
    if place.lives:
        return "lives"
    if not place.of_people:
        return "hidden" if place.visibility == Visibility.PUBLISHED else "left"
    is_gone = place.is_inside and not leaves
    return "closed" if is_gone else "left"
