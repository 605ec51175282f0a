"""Opening a link, and my contacts."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlencode

import segno
from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as browser_session
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from itsdangerous import BadSignature, Signer
from werkzeug.wrappers import Response as BaseResponse

from ugc.accounts.actions import joining as accounts_joining
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import Member
from ugc.core import addresses, cookies, limits, panels, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, public
from ugc.core.batches import WriteBehind
from ugc.core.db import Session, db, declare_act, now, own_transaction, record_act
from ugc.core.subjects import SITE_PUBLIC_ID
from ugc.referrals import queries, rules
from ugc.referrals.actions import linking, visits
from ugc.referrals.models import ReferralLink

bp = Blueprint("referrals", __name__)
# Of one link from one network.
limits.declare("visit", "100 per hour")
COOKIE = "via"
ANSWERED = "invitation_answered"
VISITS, SALTS = "boca_visits", "boca_visit_salts"
VISITS_COUNTED, REACHED = declare_act("referrals.visits"), declare_act("referrals.reach")

panels.declare("invitation", "every page, for visitors who came by a link")
panels.declare("link.preview", "what a machine gets at a link", "link")
privacy.register("contacts", linking.export_member, linking.erase_member)


@bp.record_once
def prepare(state: BlueprintSetupState) -> None:
    state.app.extensions[VISITS] = WriteBehind(
        cast(Flask, state.app),
        VISITS_COUNTED,
        visits.count_visits,
        every_s=float(state.app.config["VISIT_BATCH_S"]),
    )


def _signer() -> Signer:
    return Signer(str(current_app.config["SECRET_KEY"]), salt="referral", digest_method=sha256)


def sign(opened: rules.Opened) -> str:
    """Signs a click as text, for the cookie and for addresses."""
    said = f"{opened.code}.{int(opened.clicked_at.timestamp())}.{opened.channel}"
    return _signer().sign(said).decode()


def verify(text: str) -> rules.Opened | None:
    """Returns the click of a signed text; None for a text that this site did not sign."""
    try:
        code, at, channel = _signer().unsign(text).decode().split(".")
    except (BadSignature, ValueError):
        return None
    return rules.Opened(code, dt.datetime.fromtimestamp(int(at), dt.UTC), channel)


def via_from_query() -> str | None:
    """Returns the signed click in this request's address, if this site signed it."""
    via = request.args.get(rules.VIA, "")
    return via if via and verify(via) else None


def clicks() -> list[rules.Opened]:
    """What this browser says it opened: in this visit, and, where that was agreed, before."""
    said = (request.args.get(rules.VIA, ""), cookies.get(COOKIE))
    return [opened for text in said if text and (opened := verify(text))]


@bp.get("/r/<code>")
@public
def open_link(code: str) -> ViewResult:
    """Leads to what the link shares. When that is gone, to the map, which says so; no contact was
    reached then. A link to the site itself leads to the map, which says who invites.

    Who invites travels on in the addresses (`via`), and only where the visitor agreed to it before,
    in the cookie. Link previewers read who invites at the link itself. One network does not make a
    link look popular: past `LIMITS["visit"]` its visits are not counted."""
    link, target, moment = queries.opened(db.session(), code)
    info = subjects.describe_one(db.session(), target)
    address = info.url if info else "/"
    if info is None and target.public_id != SITE_PUBLIC_ID:
        flash(gettext("What this link led to is not there any more. Here is the map."), "warn")
    actor = current_actor()
    agent = request.headers.get("User-Agent", "")
    if rules.is_machine(agent) and (page := panels.render("link.preview", link=link)):
        # Who invites is told by the link itself: the page it leads to is the same for all.
        response = Response(page, content_type="text/html; charset=utf-8")
        response.headers["Cache-Control"] = "private, no-store"
        return response
    if (
        request.method == "HEAD"
        or rules.is_machine(agent)
        or actor.id == link.owner_id
        or linking.belongs(db.session(), link.owner_id, actor.id)
    ):
        return _lead(address)
    channel = rules.channel(request.args.get("by", ""), request.args.get("utm_source", ""))
    # What is fetched ahead may be shown later without another request: it leads on as well.
    purpose = " ".join(request.headers.get(name, "") for name in rules.AHEAD_HEADERS)
    if not rules.is_ahead(purpose):
        _count(link, agent, channel, moment, present=info is not None)
        if info is not None and actor.id is not None:
            _reach(link.id, actor.id, channel)
    if said := rules.carried(request.args.items(multi=True)):
        address = with_query(address, urlencode(said))
    if actor.id is not None:
        return _lead(address)
    via = sign(rules.Opened(code, moment, channel))
    if verify(cookies.get(COOKIE)):
        return remember(_lead(address), via)
    return _lead(rules.with_via(address, via))


def with_query(address: str, query: str) -> str:
    path, mark, fragment = address.partition("#")
    return f"{path}{'&' if '?' in path else '?'}{query}{mark}{fragment}"


def _lead(address: str) -> BaseResponse:
    response = redirect(address, 302)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _count(
    link: ReferralLink, agent: str, channel: str, moment: dt.datetime, *, present: bool
) -> None:
    network = addresses.network(request.remote_addr)
    if not limits.allows("visit", f"{link.id}:{network}"):
        return
    day = moment.date()
    language = request.headers.get("Accept-Language", "")
    visitor_key = rules.visitor_key(_salt(day), request.remote_addr or "", agent, language, link.id)
    batch: WriteBehind[rules.Seen] = current_app.extensions[VISITS]
    batch.add(rules.Seen(link.id, day, visitor_key, channel, moment, present))


def _salt(day: dt.date) -> bytes:
    """The day's salt: asked for once by each process."""
    known: dict[dt.date, bytes] = current_app.extensions.setdefault(SALTS, {})
    if day not in known:
        with own_transaction() as session:
            salt = visits.day_salt(session, day)
        known.clear()
        known[day] = salt
    return known[day]


def _reach(link_id: int, member_id: int, channel: str) -> None:
    """A member came: written at once, when this request is over."""

    def write(session: Session) -> None:
        linking.reach(session, session.get_one(ReferralLink, link_id), member_id, channel)

    record_act(REACHED, write)


def remember(response: BaseResponse, via: str) -> BaseResponse:
    """Sets the first-party cookie of a visitor who agreed to it."""
    cookies.put(response, COOKIE, via, days=rules.ATTRIBUTION_DAYS)
    return response


def forget(response: BaseResponse) -> BaseResponse:
    cookies.drop(response, COOKIE)
    return response


@bp.after_app_request
def inject_via(response: Response) -> Response:
    """Adds the signed click to the links of a visitor's page: it travels without a cookie. Such
    pages are never cached."""
    if rules.VIA not in request.args or request.endpoint == "referrals.open_link":
        return response
    response.headers["Cache-Control"] = "private, no-store"
    via = via_from_query()
    if via is None or g.get("invitation_is_over") or current_actor().is_member:
        return response
    location = response.headers.get("Location", "")
    if location.startswith("/") and not location.startswith("//"):
        response.headers["Location"] = rules.with_via(location, via)
    elif response.mimetype == "text/html" and not response.is_streamed:
        response.set_data(rules.carry(response.get_data(as_text=True), via))
    return response


@dataclass(frozen=True)
class Invitation:
    """The owner and the subject of a click, as all may see it; `who` and `what` are None when they
    are gone or hidden. `until` is when the click stops counting."""

    who: subjects.SubjectInfo | None
    what: subjects.SubjectInfo | None
    to_site: bool
    clicked_at: dt.datetime
    until: dt.datetime


def invitation() -> Invitation | None:
    """The last good click of this browser."""
    fresh = [each for each in clicks() if rules.is_fresh(each.clicked_at, now(db.session()))]
    for each in sorted(fresh, key=lambda each: each.clicked_at, reverse=True):
        link = queries.link_with_code(db.session(), each.code)
        if link is None:
            continue
        found = subjects.describe(db.session(), [link.owner_id, link.subject_id])
        site = subjects.site(db.session())
        return Invitation(
            found.get(link.owner_id),
            found.get(link.subject_id),
            link.subject_id == site.id,
            each.clicked_at,
            each.clicked_at + dt.timedelta(days=rules.ATTRIBUTION_DAYS),
        )
    return None


@bp.get("/invitation")
@public
def invitation_page() -> str:
    """Who invites, to what, what is kept of it, and how to forget it."""
    me = current_actor().id
    brought = queries.referral_of(db.session(), me) if me else None
    return render_template(
        "referrals/invitation.html",
        brought_by=subjects.describe(db.session(), [brought.parent_id]) if brought else None,
        invitation=None if me else invitation(),
        remembered=verify(cookies.get(COOKIE)) is not None,
        carried=via_from_query() is not None,
        days=rules.ATTRIBUTION_DAYS,
    )


@bp.post("/invitation")
@public
def answer_invitation() -> ViewResult:
    """`answer=yes` remembers who invited for 90 days, `no` only that it was answered, `forget` ends
    what was remembered; then on to `next`."""
    via, answer = via_from_query(), request.form.get("answer")
    target = render.safe_next(request.form.get("next"), url_for("referrals.invitation_page"))
    response = redirect(rules.without_via(target), 303)
    if answer == "yes" and via is not None:
        g.invitation_is_over = True
        flash(gettext("We remember for 90 days who invited you."), "good")
        return remember(response, via)
    if answer == "forget":
        g.invitation_is_over = True
        browser_session.pop(ANSWERED, None)
        flash(gettext("Forgotten: nothing here says any more who invited you."), "good")
        return forget(response)
    browser_session[ANSWERED] = True
    flash(gettext("Who invited you counts in this visit only."), "good")
    return response


def invitation_panel() -> str:
    """On the pages of a visit that an invitation began, until the question is answered."""
    via = via_from_query()
    asked = via is not None and not browser_session.get(ANSWERED)
    here = request.endpoint in ("referrals.invitation_page", "accounts.join_page", "accounts.join")
    if not asked or here or request.method != "GET" or current_actor().is_member:
        return ""
    found = invitation()
    return render_template("referrals/_invitation.html", invitation=found, via=via) if found else ""


def join_panel() -> str:
    found = invitation() if clicks() else None
    return render_template("referrals/_join.html", invitation=found) if found else ""


panels.register("invitation", invitation_panel)
panels.register("join", join_panel)


def attribute_newcomer(db_session: Session, member: Member) -> None:
    """Joining looks for the click that brought the person."""
    linking.attribute_last(db_session, member, clicks())
    _clear_cookie()


def recognise_member(db_session: Session, member_id: int) -> None:
    """What this browser reached before signing in was reached by the member."""
    if opened := clicks():
        linking.arrive(db_session, member_id, opened)
        _clear_cookie()


def _clear_cookie() -> None:
    """Drops the cookie after this answer, when there is one."""
    if cookies.get(COOKIE):
        after_this_request(forget)


accounts_joining.on_join(attribute_newcomer)
accounts_signing_in.on_sign_in(recognise_member)


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


def profile_panel(member_id: int, **_context: Any) -> str:
    reach = queries.reach(db.session(), member_id)
    return render_template("referrals/_profile.html", reach=reach) if any(reach) else ""


panels.register("profile.side", profile_panel)
