"""`/api/v1`: read-only, for keys of brands. Unknown parameters are refused, pages follow by
cursors, every answer has an ETag; docs/api.md says how to use it."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
import orjson
from flask import Blueprint, Response, current_app, request
from flask_babel import lazy_gettext

from ugc.brandapi import queries, rules, schemas
from ugc.brandapi.models import UsageMark
from ugc.brandapi.schemas.description import RESOURCES, specification
from ugc.core import generation, geo, limits, subjects
from ugc.core.access import (
    ANONYMOUS,
    Actor,
    ActorKind,
    Grant,
    brand_scope,
    current_actor,
    public,
    set_key_loader,
)
from ugc.core.db import db, record
from ugc.core.errors import Invalid, NotFound, SignInNeeded
from ugc.insights.queries import room as rooms
from ugc.insights.rules import room, weeks

bp = Blueprint("api", __name__, url_prefix="/api/v1")


def load_key() -> Actor:
    """The key of `Authorization: Bearer boca_…`. Raises SignInNeeded for a wrong one."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return ANONYMOUS
    if not rules.is_well_formed(key.strip()):
        raise SignInNeeded(
            lazy_gettext("This is no key of ours, or a letter is missing: copy it again, whole."),
            code="key_malformed",
        )
    found = queries.key_by_hash(db.session(), rules.key_hash(key.strip()))
    if found is None:
        raise SignInNeeded(
            lazy_gettext(
                "This key is unknown or was revoked: make a new one on your brand's page."
            ),
            code="key_unknown",
        )
    key_id, brand_id, scopes, marked, works = found
    if not works:
        raise SignInNeeded(
            lazy_gettext(
                "This key is off: its brand is not public, or no confirmed and standing member of"
                " its team may hold keys. See the brand's page of keys."
            ),
            code="key_off",
        )
    if not marked:
        record(UsageMark.__table__, {"key_id": key_id})  # type: ignore[arg-type]
    return Actor(
        ActorKind.API_KEY,
        grants=(Grant("key", subject_id=brand_id),),
        key_id=key_id,
        scopes=frozenset(scopes),
    )


set_key_loader(load_key)


@bp.after_request
def say_how_to_sign_in(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="boca"'
    return response


def _parameters(schema: type[ma.Schema]) -> dict[str, Any]:
    """The checked parameters. Raises Invalid, naming the known ones beside an unknown."""
    limits.show(limits.hit("api"))
    known = schema()
    unknown = sorted(set(request.args) - set(known.fields))
    if unknown:
        text = lazy_gettext(
            "Unknown parameter. Known are: %(known)s.", known=", ".join(known.fields)
        )
        raise Invalid(fields={name[:50]: [text] for name in unknown[:10]}, code="unknown_parameter")
    loaded: dict[str, Any] = known.load(request.args.to_dict())  # type: ignore[assignment]
    return loaded


def _wants_geojson(chosen: str) -> bool:
    if chosen:
        return chosen == "geojson"
    types = ["application/geo+json", "application/json"]
    return request.accept_mimetypes.best_match(types, types[0]) == types[0]


def _answer(body: bytes, geojson: bool, next_cursor: str | None = None, name: str = "") -> Response:
    response = Response(
        body, content_type="application/geo+json" if geojson else "application/json"
    )
    response.set_etag(hashlib.blake2b(body, digest_size=12).hexdigest())
    # A key's answers are its brand's; each use asks whether they changed.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
    if next_cursor is not None:
        address = current_app.config["SITE_URL"] + request.path
        arguments = {**request.args.to_dict(), name: next_cursor}
        response.headers["Link"] = f'<{address}?{urlencode(arguments)}>; rel="next"'
    return response.make_conditional(request)


def _page(name: str) -> Response:
    resource, schema = RESOURCES[name]
    asked = _parameters(schema)
    geojson = _wants_geojson(asked["format"])
    bounds = geo.Bounds.parsed(asked["bbox"]) if "bbox" in asked else None
    filters = [each for each in resource.filters if each in asked]
    values: dict[str, Any] = {each: asked[each] for each in filters}
    values["limit"] = asked["limit"]
    if "since" in asked:
        if "cursor" in asked:
            both = lazy_gettext("Use since to follow changes, or cursor to page back; not both.")
            raise Invalid(fields={"cursor": [both]})
        return _changes(resource, asked["since"], geojson, bounds, filters, values)
    if "cursor" in asked:
        try:
            values["after_at"], values["after_id"] = rules.page_cursor(asked["cursor"])
        except ValueError:
            raise _bad_cursor("cursor") from None
    statement = queries.newest_sql(
        resource,
        geojson=geojson,
        bounds=bounds,
        filters=filters,
        after="cursor" in asked,
        values=values,
    )
    features, count, last_at, last_id = queries.rows(db.session(), statement, values)[0]
    following = None
    if count > asked["limit"]:
        following = rules.encode_cursor("c", last_at, last_id)
    head = b'{"type":"FeatureCollection","features":[' if geojson else b'{"items":['
    tail = b'],"next":' + orjson.dumps(following) + b"}"
    return _answer(head + features + tail, geojson, following, "cursor")


def _bad_cursor(name: str) -> Invalid:
    text = lazy_gettext("This is no cursor of ours. Take `next` of the page before, unchanged.")
    return Invalid(fields={name: [text]}, code="bad_cursor")


def _changes(
    resource: queries.Resource,
    since: str,
    geojson: bool,
    bounds: geo.Bounds | None,
    filters: list[str],
    values: dict[str, Any],
) -> Response:
    """A page of the change feed. `next` is always there: keep it and ask again later. A cursor of
    another generation of the database begins again, and `restarted` says so."""
    session = db.session()
    generated = generation.current(session)
    # "+" in an address is a blank: 2026-11-01T00:00:00+01:00 is forgiven.
    moment = rules.utc(since.replace(" ", "+"))
    if moment is not None:
        # Past every id of that transaction.
        after = rules.FeedCursor(
            generated, queries.txid_since(session, resource.kind, moment), 2**62
        )
        restarted = False
    else:
        after, restarted = _going_on(since, generated)
    values["after_txid"], values["after_id"] = str(after.txid), after.last_id
    statement = queries.changes_sql(
        resource, geojson=geojson, bounds=bounds, filters=filters, values=values
    )
    features, deleted, count, last_txid, last_id = queries.rows(session, statement, values)[0]
    following = str(rules.FeedCursor(generated, int(last_txid), last_id) if count else after)
    head = b'{"type":"FeatureCollection","features":[' if geojson else b'{"items":['
    more = b"true" if count >= values["limit"] else b"false"
    tail = b'],"deleted":[%s],"more":%s,"restarted":%s,"next":%s}' % (
        deleted,
        more,
        b"true" if restarted else b"false",
        orjson.dumps(following),
    )
    return _answer(head + features + tail, geojson, following, "since")


def _going_on(since: str, generated: int) -> tuple[rules.FeedCursor, bool]:
    """Where a cursor goes on, and whether that is the beginning because it was given out before
    the database was restored. Raises Invalid for what is no cursor."""
    try:
        after = rules.feed_cursor(since)
    except ValueError:
        raise _bad_cursor("since") from None
    if after and after.generation == generated and not queries.is_ahead(db.session(), after.txid):
        return after, False
    return rules.FeedCursor(generated, 0, 0), True


def _one(name: str, public_id: str) -> Response:
    resource, _ = RESOURCES[name]
    asked = _parameters(schemas.OneQuery)
    geojson = _wants_geojson(asked["format"])
    statement = queries.one_sql(resource, geojson=geojson)
    found = queries.rows(db.session(), statement, {"public_id": public_id})
    if not found:
        raise NotFound()
    return _answer(found[0][0], geojson)


@bp.get("/reports")
@brand_scope("reports:read")
def reports() -> Response:
    return _page("reports")


@bp.get("/reports/<public_id>")
@brand_scope("reports:read")
def report(public_id: str) -> Response:
    return _one("reports", public_id)


@bp.get("/places")
@brand_scope("places:read")
def places() -> Response:
    return _page("places")


@bp.get("/places/<public_id>")
@brand_scope("places:read")
def place(public_id: str) -> Response:
    return _one("places", public_id)


@bp.get("/reviews")
@brand_scope("reviews:read")
def reviews() -> Response:
    return _page("reviews")


@bp.get("/reviews/<public_id>")
@brand_scope("reviews:read")
def review(public_id: str) -> Response:
    return _one("reviews", public_id)


@bp.get("/brands/<public_id>/spread")
@brand_scope("spread:read")
def spread(public_id: str) -> Response:
    """Only the brand of the key: any other is not there."""
    asked = _parameters(schemas.SpreadQuery)
    session = db.session()
    subject = subjects.resolve(session, public_id, "brand")
    if subject.id not in current_actor().brand_ids:
        raise NotFound()
    newest = rooms.newest_week(session, subject.id)
    spanned = {name: str(asked[name]) for name in ("span", "from", "to") if name in asked}
    span = weeks.chosen(spanned, newest) if spanned else weeks.last_weeks(asked["weeks"], newest)
    found = rooms.load(session, subject.id, span)
    return _answer(orjson.dumps(room.document(found, subject.public_id)), geojson=False)


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    return _answer(orjson.dumps(specification()), geojson=False)
