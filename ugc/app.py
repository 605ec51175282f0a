"""The application: configuration, extensions, and every capability by name."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from flask import Blueprint, Flask

from ugc import config, schema
from ugc.accounts.pages import actor as accounts_actor
from ugc.accounts.queries import lookup as accounts_lookup
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
    panels,
    render,
    requestlog,
    returning,
    security,
    subjects,
    templating,
)
from ugc.core import pages as site_pages
from ugc.core.db import TransactionalFlask, db
from ugc.profiles import queries as profiles_queries

# The order of blueprints and of registrations that state none.
CAPABILITIES = (
    "search", "accounts", "media", "comments", "reports", "brands", "notifications", "watches",
    "brandapi", "places", "privateplaces", "reviews", "livemap", "lookback", "offline",
    "moderation", "profiles", "reputation", "referrals", "cards", "fraud", "rewards",
    "influencers", "spread", "campaigns", "contacts", "streets",
)  # fmt: skip
# Slots with several panels, in the order of the page.
PANELS = {
    "about": (
        "reports.pages.slots.about_panel", "reputation.pages.about_panel",
        "fraud.pages.about_panel", "reviews.pages.about_panel",
        "influencers.pages.ranking.about_panel",
    ),
    "contributions": (
        "reports.pages.slots.contributions_panel", "places.pages.slots.contributions_panel",
        "reviews.pages.contributions_panel", "comments.pages.contributions_panel",
    ),
    "profile": (
        "moderation.pages.standing_panel", "reports.pages.slots.profile_panel",
        "reviews.pages.profile_panel", "places.pages.slots.profile_panel",
        "media.pages.profile_panel", "brands.pages.showing.profile_panel",
        "profiles.pages.moderated_panel",
    ),
    "profile.side": (
        "reputation.pages.profile_panel", "rewards.pages.profile_panel",
        "reputation.pages.badges_panel", "referrals.pages.profile_panel",
    ),
    "settings": (
        "privateplaces.pages.settings_panel", "influencers.pages.consents.settings_panel",
        "watches.pages.settings_panel",
    ),
}  # fmt: skip
SURFACES = ("pages", "api", "subscribers", "jobs")


def surfaces() -> Iterator[ModuleType]:
    """Every module with pages, an API, subscribers or jobs, imported: importing registers them."""
    for capability in CAPABILITIES:
        package = import_module(f"ugc.{capability}")
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.name.rsplit(".", 1)[1] not in SURFACES:
                continue
            module = import_module(found.name)
            yield module
            if found.ispkg:
                for part in pkgutil.iter_modules(module.__path__, f"{module.__name__}."):
                    yield import_module(part.name)


def blueprints() -> list[Blueprint]:
    """The blueprints of all capabilities, each once."""
    found = [value for module in surfaces() for value in vars(module).values()]
    return list(dict.fromkeys(value for value in found if isinstance(value, Blueprint)))


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
    accounts_actor.login_manager.init_app(app, add_context_processor=False)
    for blueprint in (site_pages.bp, *blueprints()):
        app.register_blueprint(blueprint)
    panels.arrange(PANELS)
    access.init_app(app)
    requestlog.init_app(app)
    return app


subjects.register(
    subjects.Kind("member", "member", accounts_lookup.describe, profiles_queries.describe_own)
)
