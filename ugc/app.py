"""The application: configuration, extensions, and every capability by name."""

from __future__ import annotations

from typing import Any

from flask import Flask

from ugc import config, schema
from ugc.accounts import jobs as _accounts_jobs  # noqa: F401  (registers its jobs)
from ugc.accounts import pages as accounts_pages
from ugc.accounts import queries as accounts_queries
from ugc.accounts.pages import roles as role_pages
from ugc.brandapi import api as brand_api
from ugc.brandapi import pages as brandapi_pages
from ugc.brands import pages as brands_pages
from ugc.brands.pages import teams as team_pages
from ugc.cards import pages as cards_pages
from ugc.comments import pages as comments_pages
from ugc.comments import subscribers as _comments_subscribers  # noqa: F401  (subscribes)
from ugc.core import (
    access,
    audit,
    bodies,
    bounded,
    cache,
    drafts,
    errors,
    health,
    hosts,
    idempotency,
    inputs,
    jobs,
    limits,
    render,
    requestlog,
    returning,
    security,
    subjects,
    templating,
)
from ugc.core import pages as site_pages
from ugc.core.db import TransactionalFlask, db
from ugc.insights import jobs as _insights_jobs  # noqa: F401  (registers its jobs)
from ugc.insights import pages as insights_pages
from ugc.livemap import jobs as _livemap_jobs  # noqa: F401  (registers its jobs)
from ugc.livemap import pages as livemap_pages
from ugc.lookback import pages as lookback_pages
from ugc.media import jobs as _media_jobs  # noqa: F401  (registers its jobs)
from ugc.media import pages as media_pages
from ugc.moderation import pages as moderation_pages
from ugc.notifications import jobs as _notifications_jobs  # noqa: F401  (registers its jobs)
from ugc.notifications import pages as notifications_pages
from ugc.notifications import subscribers as _notifications_subscribers  # noqa: F401  (subscribes)
from ugc.offline import pages as offline_pages
from ugc.places import pages as places_pages
from ugc.places.pages import facts as fact_pages
from ugc.privateplaces import pages as privateplaces_pages
from ugc.profiles import pages as profiles_pages
from ugc.profiles import queries as profiles_queries
from ugc.referrals import jobs as _referrals_jobs  # noqa: F401  (registers its jobs)
from ugc.referrals import pages as referrals_pages
from ugc.reports import jobs as _reports_jobs  # noqa: F401  (registers its jobs)
from ugc.reports import pages as reports_pages
from ugc.reports import subscribers as _reports_subscribers  # noqa: F401  (subscribes)
from ugc.reputation import pages as reputation_pages
from ugc.reputation import subscribers as _reputation_subscribers  # noqa: F401  (subscribes)
from ugc.reviews import pages as reviews_pages
from ugc.reviews import subscribers as _reviews_subscribers  # noqa: F401  (subscribes)
from ugc.rewards import jobs as _rewards_jobs  # noqa: F401  (registers its jobs)
from ugc.rewards import pages as rewards_pages
from ugc.rewards import subscribers as _rewards_subscribers  # noqa: F401  (subscribes)
from ugc.streets import pages as streets_pages
from ugc.streets import subscribers as _streets_subscribers  # noqa: F401  (registers its job)
from ugc.watches import jobs as _watches_jobs  # noqa: F401  (registers its jobs)
from ugc.watches import pages as watches_pages
from ugc.watches import subscribers as _watches_subscribers  # noqa: F401  (subscribes)


class Boca(TransactionalFlask):
    jinja_environment = templating.Environment
    begin_request = staticmethod(idempotency.begin)


def create_app(environ: dict[str, str] | None = None, **overrides: Any) -> Flask:
    """The WSGI application. `environ` replaces the process's environment. Raises ConfigError."""
    app = Boca(
        "ugc",
        root_path=str(config.ROOT / "ugc"),
        template_folder=str(config.ROOT / "templates"),
        static_folder=str(config.ROOT / "static"),
        static_url_path="/static",
    )
    app.config.update(config.load(environ))
    app.config.update(overrides)
    if not app.testing:
        requestlog.configure(str(app.config["LOG_LEVEL"]), str(app.config["LOG_FORMAT"]))
    schema.load_models()
    db.init_app(app)
    cache.init_app(app)
    limits.init_app(app)
    jobs.init_app(app)
    health.init_app(app)
    render.init_app(app)
    returning.init_app(app)
    errors.init_app(app)
    hosts.init_app(app)
    bounded.init_app(app)
    bodies.init_app(app)
    security.init_app(app)
    audit.init_app(app)
    inputs.init_app(app)
    idempotency.init_app(app)
    drafts.init_app(app)
    # No template uses Flask-Login's current_user; giving it to all would ask for it on every page.
    accounts_pages.login_manager.init_app(app, add_context_processor=False)
    for blueprint in (
        site_pages.bp,
        accounts_pages.bp,
        role_pages.bp,
        media_pages.bp,
        comments_pages.bp,
        reports_pages.bp,
        brands_pages.bp,
        team_pages.bp,
        notifications_pages.bp,
        watches_pages.bp,
        brandapi_pages.bp,
        brand_api.bp,
        places_pages.bp,
        fact_pages.bp,
        privateplaces_pages.bp,
        reviews_pages.bp,
        livemap_pages.bp,
        lookback_pages.bp,
        offline_pages.bp,
        moderation_pages.bp,
        profiles_pages.bp,
        reputation_pages.bp,
        referrals_pages.bp,
        cards_pages.bp,
        rewards_pages.bp,
        insights_pages.bp,
        streets_pages.bp,
    ):
        app.register_blueprint(blueprint)
    access.init_app(app)
    requestlog.init_app(app)
    return app


subjects.register(
    subjects.Kind("member", "member", accounts_queries.describe, profiles_queries.describe_own)
)
