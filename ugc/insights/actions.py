"""Writes of insights: telling figures, scoring, consents, invitations. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.actions import settings as accounts_settings
from ugc.brands import rules as brands_rules
from ugc.brands.queries import reading as brands_reading
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core import inputs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Visibility
from ugc.insights.models import (
    KIND,
    BrandConsent,
    HomeCity,
    Invitation,
    InvitationDelivery,
    PrescriptorScore,
    SpreadConsent,
    ToldFigure,
    ToldWeek,
)
from ugc.insights.queries import invitations, scores, told
from ugc.insights.rules import disclosure, score, shape, weeks
from ugc.insights.rules import inviting as inviting_rules
from ugc.notifications import actions as notifications_actions

# Figures ------------------------------------------------------------------------------------


def publish_weekly_figures(session: Session, root_id: int) -> int:
    """Publishes the figures of each complete ISO week of a root that is not published yet; returns
    how many weeks. Published rows are immutable."""
    key = sa.func.hashtextextended(f"told:{root_id}", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    last = weeks.last_complete(now(session).astimezone(dt.UTC).date())
    before = told.last_told(session, root_id)
    if before is not None and before >= last:
        return 0
    counted_by_week = told.counted_by_week(session, root_id, last + weeks.WEEK)
    first = min((week for week, _ in counted_by_week), default=last)
    counted: dict[disclosure.Cell, int] = defaultdict(int)
    so_far = told.told_so_far(session, root_id)
    rows: list[dict[str, Any]] = []
    told_weeks: list[dict[str, Any]] = []
    by_week: dict[dt.date, list[tuple[disclosure.Cell, int]]] = defaultdict(list)
    for (week, cell), count in counted_by_week.items():
        by_week[week].append((cell, count))
    for number in range((last - first).days // 7 + 1):
        week = first + weeks.WEEK * number
        for cell, count in by_week[week]:
            counted[cell] += count
        if before is not None and week <= before:
            continue
        for cell, people in disclosure.release(counted, so_far).items():
            so_far[cell] = so_far.get(cell, 0) + people
            rows.append(
                {"root_id": root_id, "week": week, "series": cell[0], "key": cell[1],
                 "people": people}
            )  # fmt: skip
        told_weeks.append({"root_id": root_id, "week": week, "cascades": []})
    shown = shape.largest(
        told.reaches(session, root_id, last + weeks.WEEK),
        root_id,
        disclosure.total(so_far, "degree"),
    )
    told_weeks[-1]["cascades"] = [cascade.stored() for cascade in shown]
    session.execute(sa.insert(ToldWeek), told_weeks)
    if rows:
        session.execute(sa.insert(ToldFigure), rows)
    return len(told_weeks)


def publish_all_figures(session: Session) -> int:
    """Publishes the figures of all brands with an unpublished week; returns how many brands."""
    last = weeks.last_complete(now(session).astimezone(dt.UTC).date())
    waiting = told.untold_roots(session, last)
    if waiting:
        session.execute(sa.text(scores.PATIENTLY))
        session.execute(sa.text(scores.STORE_HOMES))
    for root_id in waiting:
        publish_weekly_figures(session, root_id)
    return len(waiting)


# Scores -------------------------------------------------------------------------------------


def rescore(session: Session) -> int:
    """Scores every member from the tables alone and returns how many rows there are.

    One transaction; unchanged rows are not written."""
    constants = scores.constants()
    site = subjects.site(session).id
    session.execute(sa.text(scores.PATIENTLY))
    session.execute(sa.text(scores.SORT_MEMORY))
    session.execute(sa.text(scores.STORE_HOMES))
    for statement in (
        scores.EXCLUDED, scores.REACHES, scores.CONTRIBUTED, scores.SPANS, scores.PAIRS,
        scores.MARKS, scores.CROWDS, scores.BRANCHES, scores.ZONES, scores.TOPICS,
        scores.RECORDS, scores.RAW,
    ):  # fmt: skip
        query = sa.text(statement)
        wanted = {name: constants[name] for name in query._bindparams if name in constants}
        if "site" in query._bindparams:
            wanted["site"] = site
        session.execute(query, wanted)
        for table in scores.ANALYZED:
            if f"TABLE {table} " in statement:
                session.execute(sa.text(f"ANALYZE {table}"))
    _rank(session)
    stored = sa.text(scores.SCORES)
    session.execute(stored, {name: constants[name] for name in stored._bindparams})
    session.execute(sa.text("CREATE INDEX ON scored (root_id, span, category, above)"))
    session.execute(sa.text("ANALYZE scored"))
    session.execute(sa.text(scores.FORGET))
    session.execute(sa.text(scores.STORE))
    count = session.scalar(sa.select(sa.func.count()).select_from(PrescriptorScore)) or 0
    for table in scores.TEMPORARY:
        session.execute(sa.text(f"DROP TABLE {table}"))
    session.expire_all()
    return count


def _rank(session: Session) -> None:
    """PageRank of each root's share graph, times its people: 1 is the mean of a graph."""
    session.execute(sa.text(scores.RANKS))
    edges: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for root_id, came, sharer in session.execute(sa.text(scores.EDGES)):
        edges[root_id].append((came, sharer))
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY scored_ranks FROM STDIN") as copy:
        for root_id, of_root in edges.items():
            ranks = score.pagerank(of_root)
            sharers = {sharer for _, sharer in of_root}
            for member_id in sorted(sharers):
                copy.write_row((root_id, member_id, ranks[member_id] * len(ranks)))


# Consent ------------------------------------------------------------------------------------


def choose(
    session: Session, actor: Actor, *, named: bool, contactable: bool, city_id: int | None
) -> None:
    """What the member agrees to, and their city. Who is not to be invited any more is invited by
    none: what they had allowed single brands goes too."""
    if actor.id is None:
        raise Forbidden()
    values = {"named": named, "contactable": contactable}
    session.execute(
        insert(SpreadConsent)
        .values(member_id=actor.id, **values)
        .on_conflict_do_update(index_elements=["member_id"], set_=values)
    )
    if not contactable:
        session.execute(sa.delete(BrandConsent).where(BrandConsent.member_id == actor.id))
    accounts_settings.set_city(session, actor.id, city_id)
    if city_id is not None:
        session.execute(
            insert(HomeCity)
            .values(member_id=actor.id, city_id=city_id)
            .on_conflict_do_update(index_elements=["member_id"], set_={"city_id": city_id})
        )


def allow_brand(session: Session, actor: Actor, brand_id: int, *, allowed: bool) -> None:
    """The member lets a brand invite them, or stops it. Allowing needs the setting too: both are
    agreed to at once, by a form that says so. Raises Forbidden."""
    if not allowed:
        session.execute(
            sa.delete(BrandConsent).where(
                BrandConsent.brand_id == brand_id, BrandConsent.member_id == actor.id
            )
        )
        return
    member_id = require_contributor(actor)
    session.execute(
        insert(SpreadConsent)
        .values(member_id=member_id, contactable=True)
        .on_conflict_do_update(index_elements=["member_id"], set_={"contactable": True})
    )
    session.execute(
        insert(BrandConsent).values(brand_id=brand_id, member_id=member_id).on_conflict_do_nothing()
    )


# Invitations --------------------------------------------------------------------------------


INVITATIONS = content_actions.declare(
    ContentKind(KIND, Invitation, texts={"text": "", "thanks": ""})
)


def write_invitation(
    session: Session,
    actor: Actor,
    brand: brands_reading.BrandRow,
    *,
    text: str,
    thanks: str,
    language: str,
) -> str:
    """A brand's invitation; returns its public id. A newcomer's waits for a moderator. Raises
    Forbidden, Invalid."""
    require_contributor(actor)
    brands_rules.check_act(actor, brand.id, "invite_members")
    said: dict[str, str] = {}
    fields: dict[str, list[object]] = {}
    for name, value in (("text", text), ("thanks", thanks)):
        try:
            said[name] = inputs.said_in(
                value, least=inviting_rules.TEXT_MIN, most=inviting_rules.TEXT_MAX, field=name
            )
        except Invalid as bad:
            fields.update(bad.fields)
    if fields:
        raise Invalid(fields=fields)
    row = Invitation(brand_id=brand.id, **said, language=language)
    return content_actions.submit(session, actor, INVITATIONS, row)


def send_invitation(session: Session, actor: Actor, invitation_id: int) -> int:
    """Puts a published invitation, once, into the inboxes of who let the brand invite them and had
    nothing of it for `inviting.REST_DAYS`; returns how many, in full tens. Raises Conflict,
    Forbidden."""
    require_contributor(actor)
    row = invitations.locked(session, invitation_id)
    # One brand's invitations are sent one after the other: no member gets two of them.
    brands_reading.locked(session, row.brand_id)
    brands_rules.check_act(actor, row.brand_id, "invite_members")
    if row.visibility != Visibility.PUBLISHED:
        raise Conflict(lazy_gettext("A moderator looks at it first."))
    if row.sent_at is not None:
        raise Conflict(lazy_gettext("It was sent before: write another one."))
    if invitations.sent_lately(session, row.brand_id):
        raise Conflict(
            lazy_gettext(
                "A brand sends one invitation in %(days)d days: wait a little.",
                days=inviting_rules.REST_DAYS,
            )
        )
    row.sent_at = now(session)
    people = invitations.invitable(session, row.brand_id)
    for member_id in people:
        session.add(InvitationDelivery(invitation_id=row.id, member_id=member_id))
        notifications_actions.tell(
            session, member_id, "invitation", f"invitation:{row.id}", subject_id=row.id
        )
    session.flush()
    return disclosure.full(len(people))


def withdraw_invitation(session: Session, actor: Actor, invitation_id: int) -> int:
    """Takes an invitation back for the brand's team; returns the brand. Raises Forbidden."""
    return content_actions.withdraw(
        session, actor, INVITATIONS, invitation_id, _team_withdraws
    ).brand_id


def _team_withdraws(actor: Actor, row: Invitation) -> bool:
    brands_rules.check_act(actor, row.brand_id, "invite_members")
    return True


# A person's data ----------------------------------------------------------------------------


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """What the member agreed to, what their sharing is scored at, and invitations of theirs."""
    return invitations.all_of_member(session, member_id)


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Consents, scores and the city go; invitations belong to the brand and stay without their
    author, unless the content goes too."""
    for table in (SpreadConsent, BrandConsent, InvitationDelivery, PrescriptorScore, HomeCity):
        session.execute(sa.delete(table).where(table.member_id == member_id))
    content_actions.erase(session, INVITATIONS, member_id, with_content=with_content)
