"""How far a shared thing went: for who shared it, what came of their link; for its author, all of
it. A brand's team sees its things in the spread room, in tens."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for

from ugc.brands.models import KIND as BRAND
from ugc.contacts import rules
from ugc.contacts.pages.base import bp, key_of
from ugc.contacts.queries import travel
from ugc.core import panels, subjects
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.moderation import actions as moderation_actions
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking


@bp.get("/spread/of/<public_id>")
@members
def travel_page(public_id: str) -> ViewResult:
    """`public_id` is anything that can be shared. NotFound for who neither made nor
    shared it."""
    session, me = db.session(), current_actor().id or 0
    subject = subjects.resolve(session, public_id)
    root_id = referrals_linking.root_of(session, subject) or subject.id
    if referrals_linking.belongs(session, root_id, me):
        brand = session.get_one(subjects.Subject, root_id)
        return redirect(url_for("spread.spread_page", public_id=brand.public_id), 303)
    info = subjects.describe(session, [subject.id], author_id=me).get(subject.id)
    whole = subject.kind != BRAND and moderation_actions.author_of(session, subject) == me
    link = referrals_queries.link_of(session, me, subject.id)
    if info is None or not (whole or link):
        raise NotFound()
    mine = referrals_queries.downstream(session, subject.id, [me])[me]
    by_degree = referrals_queries.cascade_sizes(session, subject.id) if whole else {}
    firsts = by_degree.get(1, 0) if whole else mine[0]
    people = travel.people(session, subject.id, me, whole=whole)
    brought = referrals_queries.downstream(session, subject.id, [each.id for each in people])
    newest = travel.people(session, subject.id, me, whole=whole, newest=True)
    drawing = rules.rings(
        (
            rules.Person(
                key_of(each.id),
                each.degree,
                each.handle.called if each.handle else "",
                key_of(each.via) if each.degree > 1 and each.via else "",
                brought[each.id][0],
            )
            for each in people
            if each.degree <= len(mine)
        ),
        firsts,
    )
    return render_template(
        "contacts/travel.html",
        subject=info,
        whole=whole,
        shared=link is not None,
        mine=mine,
        sizes=[by_degree.get(degree, 0) for degree in (1, 2, 3)],
        further=sum(count for degree, count in by_degree.items() if degree > len(mine)),
        shape=travel.whole_shape(session, subject.id, sum(by_degree.values())) if whole else None,
        rings=drawing,
        newest=newest,
        names={each.id: each.handle for each in (*people, *newest) if each.handle},
        key_of=key_of,
    )


def _share_panel(shared: Any, **_context: Any) -> str:
    """Under the link on the page where one shares; nothing for a team, which reads tens."""
    session = db.session()
    root_id = referrals_linking.root_of(session, shared.info) or shared.info.id
    if shared.is_brands_own or referrals_linking.belongs(session, root_id, shared.owner_id):
        return ""
    came = referrals_queries.downstream(session, shared.info.id, [shared.owner_id])
    return render_template(
        "contacts/_travelled.html", subject=shared.info, came=came[shared.owner_id]
    )


panels.register("share.link", _share_panel)
