"""Pages of what one watches, of how one is told, and the end of a kind of mail by its link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel.dates import get_day_names
from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import get_locale, gettext, lazy_gettext

from ugc.core import bodies, limits, mail, panels, privacy, push, render, security
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, NotFound, shows_errors, wants_json
from ugc.notifications import actions as notifications_actions
from ugc.notifications import queries as notifications_queries
from ugc.notifications import rules as notifications_rules
from ugc.search import locating
from ugc.watches import schemas
from ugc.watches.actions import browsers as browsers_actions
from ugc.watches.actions import delivery, watching
from ugc.watches.models import Delivery, MailKind, Shape
from ugc.watches.queries import news as news_queries
from ugc.watches.queries import reading
from ugc.watches.rules import browsers as browsers_rules
from ugc.watches.rules import choices, files, geometry

bp = Blueprint("watches", __name__)
limits.declare("watch", "30 per hour")

panels.declare_rows("watch.card", "the lines of watches in their list", "watches")
panels.declare("watch.followed", "what the member follows", "ids")
panels.declare("watch.live", "a watch's page: what is there now", "watch")
privacy.register("watches", watching.export_member, watching.erase_member)

DELIVERIES = {
    Delivery.SITE: lazy_gettext("Only in the inbox here"),
    Delivery.NOW: lazy_gettext("By mail at once"),
    Delivery.DAILY: lazy_gettext("By mail once a day"),
    Delivery.WEEKLY: lazy_gettext("By mail once a week"),
}
MAIL_KINDS = {
    MailKind.NOW: lazy_gettext("Mail at once with news"),
    MailKind.DIGEST: lazy_gettext("The digest of news"),
    MailKind.STILL_THERE: lazy_gettext("The question whether a report is still there"),
}


def push_key() -> str:
    """What browsers subscribe with; '' when pushes are off."""
    private = str(current_app.config["VAPID_PRIVATE_KEY"])
    return push.public_key(private) if private else ""


@bp.get("/watching")
@members
def index_page() -> str:
    member_id = current_actor().id or 0
    watches = reading.watches_of(db.session(), member_id)
    ids = [watch.id for watch in watches]
    return render_template(
        "watches/index.html",
        watches=watches,
        counts=panels.render_rows("watch.card", watches=watches),
        cities=reading.cities_of(db.session(), ids),
        most=choices.WATCHES_MAX,
        followed=reading.followed(db.session(), member_id),
        delivery=DELIVERIES[Delivery(reading.choice(db.session(), member_id).delivery)],
        kinds=choices.kinds(),
        push_key=push_key(),
        browsers=reading.browsers(db.session(), member_id),
        this_session=g.get("session_id"),
    )


# the form -----------------------------------------------------------------------------------


def _shape() -> Shape:
    return Shape.WAY if request.values.get("shape") == Shape.WAY else Shape.AREA


def _form(shape: Shape, error: DomainError | None, watch: reading.WatchRow | None = None) -> str:
    chosen = request.form.getlist("kinds")
    stored: dict[str, Any] = {}
    if watch is not None:
        stored = {
            "name": watch.name,
            "how": "keep",
            "least": watch.least,
            "distance_m": f"{watch.distance_m:g}",
            "radius_km": f"{watch.distance_m / 1000:g}",
        }
        if watch.centre:
            lon, lat = watch.centre
            stored |= {"how": "circle", "lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}
        chosen = chosen if request.form else watch.kinds
    asked = not reading.has_chosen(db.session(), current_actor().id or 0)
    return render_template(
        "watches/form.html",
        shape=shape,
        watch=watch,
        values=render.typed_or(stored),
        chosen=chosen,
        kinds=list(choices.kinds().values()),
        error=error,
        name_max=choices.NAME_MAX,
        area_max=geometry.AREA_MAX_KM2,
        length_max=geometry.LENGTH_MAX_KM,
        file_max=files.BYTES_MAX >> 20,
        deliveries=DELIVERIES if asked and watch is None else {},
        outline=reading.outlines(db.session(), [watch.id])[watch.id] if watch else None,
    )


def new_form(error: DomainError | None = None) -> str:
    return _form(_shape(), error)


@bp.get("/watching/new")
@members
def new_page() -> str:
    return new_form()


def _data() -> dict[str, Any]:
    fields = {name: text for name, text in request.form.items() if name not in ("kinds", "shape")}
    return dict(schemas.WatchForm().load(fields))


def _placed(shape: Shape, data: dict[str, Any]) -> geometry.Placed | None:
    """Where the form says; None for where it was. Raises Invalid."""
    how = data["how"]
    if how == "keep":
        return None
    if how == "circle" and shape is Shape.AREA:
        point = locating.point_of_form(db.session(), data)
        return geometry.circle(point, data["radius_m"])
    if how == "drawn":
        line = schemas.drawn_line(data["drawn"])
        if shape is Shape.AREA:
            return geometry.area([[line]], "drawn")
        return geometry.way([line], data["distance_m"], "drawn")
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid(fields={"file": [lazy_gettext("Choose a GPX or GeoJSON file.")]})
    with upload.stream as stream:
        lines, polygons = files.read(stream.read(files.BYTES_MAX + 1))
    if shape is Shape.AREA:
        if not polygons:
            told = lazy_gettext("There is no area in this file: an area is a polygon in GeoJSON.")
            raise Invalid(fields={"file": [told]})
        return geometry.area(polygons, "file")
    if not lines:
        told = lazy_gettext("There is no way in this file: a way is a track, a route or a line.")
        raise Invalid(fields={"file": [told]})
    return geometry.way(lines, data["distance_m"], "file")


@bp.post("/watching")
@members
@shows_errors(new_form)
def add() -> ViewResult:
    limits.hit("watch")
    shape, data = _shape(), _data()
    placed = _placed(shape, data)
    if placed is None:
        raise Invalid(fields={"how": [lazy_gettext("Say where.")]})
    public_id = watching.add_watch(
        db.session(),
        current_actor(),
        shape=shape,
        name=data["name"],
        placed=placed,
        kinds=request.form.getlist("kinds"),
        least=data["least"],
    )
    if data["delivery"]:
        delivery.choose_delivery(
            db.session(), current_actor().id or 0, delivery=Delivery(data["delivery"])
        )
    flash(gettext("You will be told what happens there."), "good")
    return redirect(url_for("watches.page", public_id=public_id), 303)


@bp.get("/watching/<public_id>")
@members
def page(public_id: str) -> str:
    watch = reading.own_watch(db.session(), current_actor().id, public_id)
    return render_template(
        "watches/page.html",
        watch=watch,
        cities=reading.cities_of(db.session(), [watch.id]),
        outline=reading.outlines(db.session(), [watch.id])[watch.id],
        kinds=choices.kinds(),
        push_key=push_key(),
        browsers=reading.browsers(db.session(), current_actor().id or 0),
        this_session=g.get("session_id"),
    )


def edit_form(error: DomainError | None, public_id: str) -> str:
    watch = reading.own_watch(db.session(), current_actor().id, public_id)
    return _form(Shape(watch.shape), error, watch)


@bp.get("/watching/<public_id>/edit")
@members
def edit_page(public_id: str) -> str:
    return edit_form(None, public_id)


@bp.post("/watching/<public_id>/edit")
@members
@shows_errors(edit_form)
def change(public_id: str) -> ViewResult:
    limits.hit("watch")
    watch = reading.own_watch(db.session(), current_actor().id, public_id)
    data = _data()
    shape = Shape(watch.shape)
    placed = _placed(shape, data)
    watching.change_watch(
        db.session(),
        current_actor(),
        public_id,
        name=data["name"],
        placed=placed,
        kinds=request.form.getlist("kinds"),
        least=data["least"],
        distance_m=data["distance_m"] if shape is Shape.WAY else None,
    )
    flash(gettext("Saved."), "good")
    return redirect(url_for("watches.page", public_id=public_id), 303)


@bp.post("/watching/<public_id>/pause")
@members
def pause(public_id: str) -> ViewResult:
    limits.hit("write")
    paused = request.form.get("paused") != "no"
    watching.pause_watch(db.session(), current_actor(), public_id, paused=paused)
    flash(gettext("It is paused.") if paused else gettext("It is live again."), "good")
    return redirect(url_for("watches.page", public_id=public_id), 303)


@bp.post("/watching/<public_id>/delete")
@members
def delete(public_id: str) -> ViewResult:
    limits.hit("write")
    watching.delete_watch(db.session(), current_actor(), public_id)
    flash(gettext("You do not watch it any more."), "good")
    return redirect(url_for("watches.index_page"), 303)


# how one is told ----------------------------------------------------------------------------


def settings_panel(member_id: int, **_context: Any) -> str:
    return render_template(
        "watches/_settings.html",
        choice=reading.choice(db.session(), member_id),
        deliveries=DELIVERIES,
        days=[(day, name) for day, name in get_day_names(locale=get_locale()).items()],
        browsers=reading.browsers(db.session(), member_id),
        this_session=g.get("session_id"),
        families=notifications_rules.FAMILIES,
        locked=notifications_rules.LOCKED,
        wheres=notifications_queries.wheres(db.session(), member_id),
    )


panels.register("settings", settings_panel)


def posted_panels(items: Sequence[Any], **_context: Any) -> dict[int, str]:
    """Which watches lines of the inbox come from."""
    names = news_queries.watch_names(db.session(), current_actor().id or 0)
    return {
        item.id: render_template("watches/_told.html", name=names[item.subject_id])
        for item in items
        if names.get(item.subject_id)
    }


panels.register("notification.news_posted", posted_panels)


@bp.post("/settings/watching")
@members
def change_delivery() -> ViewResult:
    limits.hit("write")
    me = current_actor().id or 0
    data = schemas.DeliveryForm().load(request.form)
    if data.pop("table"):
        wheres = notifications_rules.where_of_boxes(request.form.getlist("told"))
        notifications_actions.choose(db.session(), me, wheres)
        delivery.follow_choices(db.session(), me, wheres)
        data["still_there"] = wheres[notifications_rules.Family.STILL_THERE].mail
    data.pop("told")
    delivery.choose_delivery(db.session(), me, **data)
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page") + "#watching", 303)


@bp.post("/browsers")
@members
@bodies.takes_json
def add_browser() -> ViewResult:
    """`{endpoint, keys: {p256dh, auth}}` as the browser's PushSubscription says it."""
    limits.hit("write")
    if not push_key():
        raise NotFound()
    sent = request.get_json(silent=True)
    keys = sent.get("keys") if isinstance(sent, dict) else None
    keys = keys if isinstance(keys, dict) else {}
    browser = browsers_rules.checked_browser(
        sent.get("endpoint") if isinstance(sent, dict) else None,
        keys.get("p256dh"),
        keys.get("auth"),
        unguarded=bool(current_app.testing and current_app.config.get("PUSH_UNGUARDED")),
    )
    browsers_actions.add_browser(
        db.session(),
        current_actor().id or 0,
        g.session_id,
        browser,
        request.headers.get("User-Agent", ""),
    )
    return jsonify(text=gettext("This browser will show what happens where you watch.")), 201


@bp.post("/browsers/<int:subscription_id>/remove")
@members
def remove_browser(subscription_id: int) -> ViewResult:
    limits.hit("write")
    browsers_actions.remove_browser(db.session(), current_actor().id or 0, subscription_id)
    flash(gettext("That browser shows nothing any more."), "good")
    return redirect(render.safe_next(request.form.get("next"), "/watching"), 303)


# the end of a kind of mail ------------------------------------------------------------------


def _unsubscribing(token: str) -> tuple[int, MailKind]:
    """Raises NotFound for what we did not sign, and for members who left."""
    read = mail.read_unsubscribe_token(token)
    if read is None or read[1] not in list(MailKind):
        raise NotFound()
    member = reading.member_by_public_id(db.session(), read[0])
    return member.id, MailKind(read[1])


@bp.get("/unsubscribe/<token>")
@public
def unsubscribe_page(token: str) -> str:
    """Only a button: mail scanners open links, and a GET changes nothing."""
    _, kind = _unsubscribing(token)
    return render_template("watches/unsubscribe.html", kind=MAIL_KINDS[kind], done=False)


@bp.post("/unsubscribe/<token>")
@public
@security.csrf.exempt
def unsubscribe(token: str) -> ViewResult:
    """Also for mail programs (RFC 8058): the signed address is all they have."""
    member_id, kind = _unsubscribing(token)
    # By member: one mail provider ends the mails of many from one address.
    limits.hit("write", f"unsubscribe:{member_id}")
    delivery.unsubscribe(db.session(), member_id, kind)
    if wants_json():
        return jsonify(ok=True)
    return render_template("watches/unsubscribe.html", kind=MAIL_KINDS[kind], done=True)
