"""`/api/v1`: read-only, for keys of brands. Unknown parameters are refused, pages follow by
cursors, every answer has an ETag; docs/api.md says how to use it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
import orjson
from flask import Blueprint, Response, current_app, request
from flask_babel import lazy_gettext

from ugc.brandapi import rules
from ugc.brandapi.models import KeyUse
from ugc.brandapi.queries import keys, statements
from ugc.brandapi.schemas import parameters, vocabulary
from ugc.brandapi.schemas.description import RESOURCES, contents, specification
from ugc.core import generation, limits, subjects
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
from ugc.core.errors import Conflict, DomainError, Invalid, NotAcceptable, NotFound, SignInNeeded
from ugc.core.resources import Resource
from ugc.geography import geo
from ugc.spread.queries import dashboard as spread_dashboard
from ugc.spread.rules import dashboard as spread_dashboard_rules
from ugc.spread.rules import weeks as spread_weeks

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
    found = keys.key_by_hash(db.session(), rules.key_hash(key.strip()))
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
        record(KeyUse.__table__, {"key_id": key_id})  # type: ignore[arg-type]
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
    """The checked parameters. Raises Invalid, naming the known ones beside an unknown; Conflict for
    two that exclude one another; DomainError for one that was sent twice."""
    limits.show(limits.hit("api"))
    known = schema()
    unknown = sorted(set(request.args) - set(known.fields))
    if unknown:
        text = lazy_gettext(
            "Unknown parameter. Known are: %(known)s.",
            known=", ".join(known.fields) or "-",
        )
        raise Invalid(fields={name[:50]: [text] for name in unknown[:10]}, code="unknown_parameter")
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        text = lazy_gettext("Send it once; several values of kind or category go by commas.")
        raise DomainError(
            lazy_gettext("A parameter was sent twice."),
            code="repeated_parameter",
            fields={name: [text] for name in twice},
        )
    if {"since", "cursor"} <= set(request.args):
        both = lazy_gettext("Use since to follow changes, or cursor to page back; not both.")
        raise Conflict(both, fields={"cursor": [both]}, code="exclusive_parameters")
    loaded: dict[str, Any] = known.load(request.args.to_dict())  # type: ignore[assignment]
    return loaded


def _media_type(chosen: str) -> str:
    """What a list or a thing is sent as: `format`, else what Accept likes best. Raises
    NotAcceptable."""
    if chosen:
        return rules.GEOJSON if chosen == "geojson" else rules.JSON
    best = rules.negotiated(request.headers.get("Accept", ""), rules.OFFERS)
    if best is None:
        raise NotAcceptable()
    return best if best in (rules.JSON, rules.TEXT) else rules.GEOJSON


def _site() -> str:
    """SITE_URL as it stands inside of a JSON string."""
    return orjson.dumps(current_app.config["SITE_URL"]).decode()[1:-1]


def _address_of(name: str, cursor: str) -> str:
    """The absolute address of this request with another cursor."""
    arguments = {**request.args.to_dict(), name: cursor}
    return f"{current_app.config['SITE_URL']}{request.path}?{urlencode(arguments)}"


def _answer(
    body: bytes, media_type: str, *, digest: str | None = None, following: str | None = None
) -> Response:
    """The response with its ETag: of the body or, weak, of `digest`, which leaves out what changes
    without the content. `following` is the address of the next page."""
    charset = "; charset=utf-8" if media_type == rules.TEXT else ""
    response = Response(body, content_type=media_type + charset)
    told = body if digest is None else f"{media_type} {digest}".encode()
    response.set_etag(hashlib.blake2b(told, digest_size=12).hexdigest(), weak=digest is not None)
    # A key's answers are its brand's; each use asks whether they changed.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
    if following is not None:
        response.headers["Link"] = f'<{following}>; rel="next"'
    response.make_conditional(request)
    return response


def _bounds(text: str) -> geo.Bounds:
    """The box; one whose south lies north of its north is turned over. Raises Invalid."""
    edges = text.split(",")
    with suppress(ValueError):
        west, south, east, north = edges
        if float(south) > float(north):
            edges = [west, north, east, south]
    return geo.Bounds.parsed(",".join(edges))


def _page(name: str) -> Response:
    resource, schema = RESOURCES[name]
    asked = _parameters(schema)
    media_type = _media_type(asked["format"])
    geojson = media_type != rules.JSON
    bounds = _bounds(asked["bbox"]) if "bbox" in asked else None
    filters = [each for each in resource.filters if each in asked]
    values: dict[str, Any] = {each: asked[each] for each in filters}
    values |= {"limit": asked["limit"], "site": _site()}
    if "since" in asked:
        return _changes(resource, asked["since"], media_type, bounds, filters, values)
    if "cursor" in asked:
        try:
            values["after_at"], values["after_id"] = rules.page_cursor(asked["cursor"])
        except ValueError:
            raise _bad_cursor("cursor") from None
    statement = statements.newest_sql(
        resource,
        geojson=geojson,
        bounds=bounds,
        filters=filters,
        after="cursor" in asked,
        values=values,
    )
    features, count, last_at, last_id, digest = statements.rows(db.session(), statement, values)[0]
    cursor = address = None
    if count > asked["limit"]:
        cursor = rules.encode_cursor("c", last_at, last_id)
        address = _address_of("cursor", cursor)
    head = b'{"type":"FeatureCollection","features":[' if geojson else b'{"items":['
    tail = b'],"next":%s,"next_url":%s}' % (orjson.dumps(cursor), orjson.dumps(address))
    if digest is not None:
        digest = f"{digest} {cursor}"
    return _answer(head + features + tail, media_type, digest=digest, following=address)


def _bad_cursor(name: str) -> Conflict:
    return Conflict(parameters.NO_CURSOR, fields={name: [parameters.NO_CURSOR]}, code="bad_cursor")


def _changes(
    resource: Resource,
    since: str,
    media_type: str,
    bounds: geo.Bounds | None,
    filters: list[str],
    values: dict[str, Any],
) -> Response:
    """A page of the change feed. `next` is always there: keep it and ask again later. A cursor of
    another generation of the database begins again, and `restarted` says so."""
    geojson = media_type != rules.JSON
    session = db.session()
    generated = generation.current(session)
    # "+" in an address is a blank: 2026-11-01T00:00:00+01:00 is forgiven.
    moment = rules.utc(since.replace(" ", "+"))
    if moment is not None:
        # Past every id of that transaction.
        after = rules.FeedCursor(
            generated, statements.txid_since(session, resource.kind, moment), 2**62
        )
        restarted = False
    else:
        after, restarted = _going_on(since, generated)
    values["after_txid"], values["after_id"] = str(after.txid), after.last_id
    statement = statements.changes_sql(
        resource, geojson=geojson, bounds=bounds, filters=filters, values=values
    )
    told = statements.rows(session, statement, values)[0]
    features, deleted, count, last_txid, last_id, digest = told
    following = str(rules.FeedCursor(generated, int(last_txid), last_id) if count else after)
    head = b'{"type":"FeatureCollection","features":[' if geojson else b'{"items":['
    more = b"true" if count >= values["limit"] else b"false"
    again = b"true" if restarted else b"false"
    address = _address_of("since", following)
    tail = b'],"deleted":[%s],"more":%s,"restarted":%s' % (deleted, more, again)
    tail += b',"next":%s,"next_url":%s}' % (orjson.dumps(following), orjson.dumps(address))
    # Without `next`: transactions that change nothing here move it.
    steady = hashlib.md5(features, usedforsecurity=False).hexdigest() if digest is None else digest
    digest = " ".join((steady, *(part.decode() for part in (deleted, more, again))))
    return _answer(head + features + tail, media_type, digest=digest, following=address)


def _going_on(since: str, generated: int) -> tuple[rules.FeedCursor, bool]:
    """Where a cursor goes on, and whether that is the beginning because it was given out before
    the database was restored. Raises Invalid for what is no cursor."""
    try:
        after = rules.feed_cursor(since)
    except ValueError:
        raise _bad_cursor("since") from None
    if (
        after
        and after.generation == generated
        and not statements.is_ahead(db.session(), after.txid)
    ):
        return after, False
    return rules.FeedCursor(generated, 0, 0), True


def _one(name: str, public_id: str) -> Response:
    resource, _ = RESOURCES[name]
    asked = _parameters(parameters.OneQuery)
    media_type = _media_type(asked["format"])
    statement = statements.one_sql(resource, geojson=media_type != rules.JSON)
    found = statements.rows(db.session(), statement, {"public_id": public_id, "site": _site()})
    if not found:
        raise NotFound()
    body, digest = found[0]
    return _answer(body, media_type, digest=digest)


@bp.get("/")
@public
def root() -> Response:
    """What there is, by address."""
    _parameters(parameters.NoQuery)
    return _answer(orjson.dumps(contents(current_app.config["SITE_URL"])), rules.JSON)


@bp.get("/kinds")
@public
def kinds() -> Response:
    _parameters(parameters.NoQuery)
    return _answer(orjson.dumps({"items": vocabulary.kinds()}), rules.JSON)


@bp.get("/categories")
@public
def categories() -> Response:
    _parameters(parameters.NoQuery)
    return _answer(orjson.dumps({"items": vocabulary.categories()}), rules.JSON)


@bp.get("/brands")
@brand_scope("places:read")
def brands() -> Response:
    return _page("brands")


@bp.get("/brands/<public_id>")
@brand_scope("places:read")
def brand(public_id: str) -> Response:
    return _one("brands", public_id)


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
    asked = _parameters(parameters.SpreadQuery)
    session = db.session()
    subject = subjects.resolve(session, public_id, "brand")
    if subject.id not in current_actor().brand_ids:
        raise NotFound()
    newest = spread_dashboard.newest_week(session, subject.id)
    spanned: dict[str, str] = {
        name: str(asked[name]) for name in ("span", "from", "to") if name in asked
    }
    span = (
        spread_weeks.chosen(spanned, newest)
        if spanned
        else spread_weeks.last_weeks(asked["weeks"], newest)
    )
    found = spread_dashboard.load(session, subject.id, span)
    return _answer(
        orjson.dumps(spread_dashboard_rules.document(found, subject.public_id)), rules.JSON
    )


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    return _answer(orjson.dumps(specification(current_app.config["SITE_URL"])), rules.JSON)
