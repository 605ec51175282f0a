"""My contacts: three rings that grow while one looks, the map, and what it all caused."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.contacts import rules
from ugc.contacts.pages.base import bp, key_of
from ugc.contacts.queries import people as people_queries
from ugc.contacts.queries import travel
from ugc.core import limits, subjects
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.core.render import language
from ugc.core.subjects import SITE_PUBLIC_ID
from ugc.geography.gazetteer import city_names
from ugc.influencers import rules as influencers_rules
from ugc.influencers.queries import scores as influencers_scores
from ugc.referrals import pages as referrals_pages
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking

referrals_linking.register_contributions(
    "fan", lazy_gettext("followed brands"), people_queries.fans_of_group
)


def _tree() -> dict[str, Any]:
    """What the part of the page that grows shows."""
    session, me = db.session(), current_actor().id or 0
    reach = referrals_queries.reach(session, me)
    drawn = people_queries.drawn(session, me)
    newest = people_queries.newest(session, me)
    people = [
        rules.Person(
            key_of(each.id),
            each.degree,
            each.handle.called if each.handle else "",
            key_of(each.via) if each.degree > 1 else "",
            each.brought,
        )
        for each in drawn
    ]
    near = {each.id for each in newest[1]}
    # Who brought a contact of the 2nd degree is one of the 1st: the reader knows their name.
    names = accounts_lookup.people(session, {c.via for c in newest[2]} - near)
    names |= {each.id: each.handle for each in newest[1] if each.handle}
    return {
        "reach": reach,
        "rings": rules.rings(people, reach[0]),
        "newest": newest,
        "names": names,
        "key_of": key_of,
        "mark": _mark(people_queries.state(session, me)),
        "contributed": referrals_linking.contributions_by_degree(session, me),
        "simple": influencers_rules.simple_reach(*reach),
    }


def _shared(me: int) -> list[tuple[subjects.SubjectInfo, travel.SharedThing]]:
    """What the reader shared and can still be seen, with what came of it; not of a brand they speak
    for, whose figures are told in tens."""
    session = db.session()
    things = travel.shared_by(session, me)
    infos = subjects.describe(session, [thing.subject_id for thing in things])
    return [
        (infos[each.subject_id], each)
        for each in things
        if each.subject_id in infos
        and not referrals_linking.belongs(
            session,
            referrals_linking.root_of(session, infos[each.subject_id]) or each.subject_id,
            me,
        )
    ]


def _mark(state: tuple[int, ...]) -> str:
    """The ETag of the tree: what it is made of, and the language it is told in."""
    told = f"{current_actor().id}:{state}:{language()}"
    return hashlib.blake2b(told.encode(), digest_size=9).hexdigest()


@bp.get("/contacts")
@members
def contacts_page() -> str:
    session, me = db.session(), current_actor().id or 0
    place = influencers_scores.place_of(session, me)
    cities = people_queries.cities(session, me)
    names = city_names(session, [place.city_id]) if place and place.city_id else {}
    return render_template(
        "contacts/contacts.html",
        **_tree(),
        cities=cities,
        city_names=city_names(session, [city.id for city in cities]),
        place=place,
        place_city=names.get(place.city_id or 0, "") if place else "",
        least=influencers_rules.LEAST,
        visits=referrals_queries.visits_of_links(session, me),
        shared=_shared(me),
        address=referrals_pages.my_address(),
    )


@bp.get("/contacts/tree")
@members
def contacts_tree() -> Response:
    """The part that grows, for the page's script: it asks every few seconds, and hears 304 while
    no one came."""
    limits.hit("live")
    mark = _mark(people_queries.state(db.session(), current_actor().id or 0))
    if request.if_none_match.contains(mark):
        response = Response(status=304)
    else:
        told = _tree()
        mark = told["mark"]
        response = Response(render_template("contacts/_tree.html", **told), mimetype="text/html")
    response.set_etag(mark)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.post("/contacts/link")
@members
def make_link() -> ViewResult:
    """Makes the member's link to the site (a GET writes nothing)."""
    limits.hit("write")
    site = subjects.resolve(db.session(), SITE_PUBLIC_ID)
    referrals_linking.link_for(db.session(), current_actor().id or 0, site.id)
    return redirect(url_for("contacts.contacts_page"), 303)


@bp.get("/contacts/qr.svg")
@members
def qr() -> Response:
    """The QR code of the member's link, as SVG."""
    address = referrals_pages.my_address()
    if address is None:
        raise NotFound()
    return referrals_pages.qr_svg(address)
