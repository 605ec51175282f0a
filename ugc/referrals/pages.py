"""Opening a link, and my contacts."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from typing import Any

import segno
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer

from ugc.accounts import actions as accounts
from ugc.accounts.models import Member
from ugc.core import limits, panels, privacy, subjects
from ugc.core.access import Actor, current_actor, members, public, require_contributor
from ugc.core.db import Session, db, now, record
from ugc.core.errors import NotFound
from ugc.core.subjects import SITE_PUBLIC_ID
from ugc.referrals import actions, queries, rules
from ugc.referrals.models import CascadeReach, ReferralLink, Visit

bp = Blueprint("referrals", __name__)
COOKIE = "via"
privacy.register("contacts", actions.export_member, actions.erase_member)


def signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt="referral")


def read_cookie() -> dict[str, Any]:
    """{code, at (Unix seconds), visitor} of the last click, or nothing."""
    try:
        value = signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return {}
    return value if isinstance(value, dict) else {}


@bp.get("/r/<code>")
@public
def open_link(code: str) -> Any:
    """Leads to what the link shares, and remembers the click for 90 days: the last one wins. When
    that is gone, to the map, which says so; nobody was reached then. A link to the site itself
    leads to the map, which says who invites. One network does not make a link look popular: past
    `LIMITS["visit"]` its visits are not counted."""
    link = queries.link_by_code(db.session(), code)
    target = db.session().get_one(subjects.Subject, link.subject_id)
    info = subjects.describe(db.session(), [target.id]).get(target.id)
    response = redirect(info.url if info else "/", 302)
    if target.public_id == SITE_PUBLIC_ID:
        if current_actor().id is None:
            flash(_invitation(link.owner_id), "good")
    elif info is None:
        flash(gettext("What this link led to is not there any more. Here is the map."), "warn")
    agent = request.headers.get("User-Agent", "")
    purpose = " ".join(request.headers.get(name, "") for name in rules.AHEAD_HEADERS)
    if request.method == "HEAD" or rules.is_machine(agent, purpose):
        return response
    actor = current_actor()
    if actor.id == link.owner_id:
        return response
    moment = now(db.session())
    visitor = str(read_cookie().get("visitor") or secrets.token_urlsafe(12))
    counted = limits.allows("visit", f"{link.id}:{limits.network(request.remote_addr)}")
    if counted:
        _record_visit(link, target if info else None, actor, visitor, moment)
    value = {"code": code, "at": moment.timestamp(), "visitor": visitor}
    response.set_cookie(
        COOKIE,
        signer().dumps(value),
        max_age=rules.ATTRIBUTION_DAYS * 86_400,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    return response


def _record_visit(
    link: ReferralLink,
    target: subjects.Subject | None,
    actor: Actor,
    visitor: str,
    moment: dt.datetime,
) -> None:
    """The visit and, the first time, that the person was reached; `target` None when it is gone."""
    record(
        Visit.__table__,  # type: ignore[arg-type]
        {
            "link_id": link.id,
            "visitor": visitor,
            "member_id": actor.id,
            "channel": "qr" if request.args.get("by") == "qr" else "link",
            "visited_on": moment.date(),
        },
    )
    root_id = actions.root_of(db.session(), target) if target is not None else None
    if (
        root_id is not None
        and not actions.belongs(db.session(), root_id, actor.id)
        and not queries.has_reached(db.session(), root_id, actor.id, visitor)
    ):
        record(
            CascadeReach.__table__,  # type: ignore[arg-type]
            {
                "root_id": root_id,
                "visitor": visitor,
                "member_id": actor.id,
                "link_id": link.id,
                "degree": queries.degree_of_sharer(db.session(), root_id, link.owner_id) + 1,
            },
        )


def _invitation(owner_id: int) -> str:
    """What a newcomer reads who came by a link to the site."""
    owner = subjects.describe(db.session(), [owner_id]).get(owner_id)
    if owner is None:
        return gettext("You are invited: join, and tell what you see where you are.")
    return gettext(
        "%(who)s invites you: join, and tell what you see where you are.", who=owner.title
    )


def attribute_newcomer(db_session: Session, member: Member) -> None:
    """Joining looks for the click that brought the person."""
    click = read_cookie()
    if click:
        clicked_at = dt.datetime.fromtimestamp(float(click["at"]), dt.UTC)
        actions.attribute(db_session, member, str(click["code"]), clicked_at)
        actions.adopt_visitor(db_session, member.id, str(click["visitor"]))


def recognise_member(db_session: Session, member_id: int) -> None:
    """What this browser reached before signing in was reached by the member."""
    click = read_cookie()
    if click:
        actions.adopt_visitor(db_session, member_id, str(click["visitor"]))


accounts.on_join(attribute_newcomer)
accounts.on_sign_in(recognise_member)


def address_of(link: ReferralLink) -> str:
    return f"{current_app.config['SITE_URL']}/r/{link.code}"


def my_address() -> str | None:
    """The address of the member's link to the site, when they have one."""
    site = subjects.resolve(db.session(), SITE_PUBLIC_ID)
    link = queries.link_of(db.session(), current_actor().id or 0, site.id)
    return address_of(link) if link else None


def qr_svg(address: str) -> Response:
    """The QR code of a link, as SVG; visits by it are told apart."""
    code = segno.make(f"{address}?by=qr", error="m")
    out = io.BytesIO()
    code.save(out, kind="svg", scale=6, dark="#24161f", light="#ffffff", xmldecl=False)
    return Response(out.getvalue(), mimetype="image/svg+xml")


def _shared(public_id: str) -> subjects.SubjectInfo:
    subject = subjects.resolve(db.session(), public_id)
    info = subjects.describe(db.session(), [subject.id]).get(subject.id)
    if info is None:
        raise NotFound()
    return info


@bp.get("/share/<public_id>")
@members
def share_page(public_id: str) -> str:
    """The member's own link to a brand, a place, a report…"""
    info = _shared(public_id)
    link = queries.link_of(db.session(), current_actor().id or 0, info.id)
    return render_template(
        "referrals/share.html", subject=info, address=address_of(link) if link else None
    )


@bp.post("/share/<public_id>")
@members
def share(public_id: str) -> Any:
    info = _shared(public_id)
    actions.link_for(db.session(), require_contributor(current_actor()), info.id)
    return redirect(url_for("referrals.share_page", public_id=public_id), 303)


@bp.get("/share/<public_id>/qr.svg")
@members
def share_qr(public_id: str) -> Response:
    link = actions.own_link(db.session(), current_actor().id or 0, _shared(public_id).id)
    return qr_svg(address_of(link))


@bp.get("/contacts")
@members
def contacts_page() -> str:
    member_id = current_actor().id or 0
    contacts = queries.contacts(db.session(), member_id)
    return render_template(
        "referrals/contacts.html",
        reach=queries.reach(db.session(), member_id),
        contacts=contacts,
        limit=queries.CONTACTS_SHOWN,
        contributed=actions.contributions_by_degree(db.session(), member_id),
        tree=rules.tree((c.id, c.via_id, c.degree, c.handle or "") for c in contacts),
        visits=queries.visits_of_links(db.session(), member_id),
        address=my_address(),
    )


@bp.post("/contacts/link")
@members
def make_link() -> Any:
    """Makes the member's link to the site (a GET writes nothing)."""
    site = subjects.resolve(db.session(), SITE_PUBLIC_ID)
    actions.link_for(db.session(), current_actor().id or 0, site.id)
    return redirect(url_for("referrals.contacts_page"), 303)


@bp.get("/contacts/qr.svg")
@members
def qr() -> Response:
    """The QR code of the member's link, as SVG."""
    address = my_address()
    if address is None:
        raise NotFound()
    return qr_svg(address)


def profile_panel(member_id: int, **_context: Any) -> str:
    reach = queries.reach(db.session(), member_id)
    return render_template("referrals/_profile.html", reach=reach) if any(reach) else ""


panels.register("profile", profile_panel, order=15)
