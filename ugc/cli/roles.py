"""`ugc role`: who may do what, by the operator of the server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask_babel import force_locale

from ugc import languages
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.rules.roles import Role
from ugc.app import create_app
from ugc.brands.actions import team as brands_team_actions
from ugc.brands.models import KIND as BRAND
from ugc.core import subjects, wall
from ugc.core.access import SYSTEM
from ugc.core.db import Session, transaction
from ugc.core.errors import DomainError, NotFound
from ugc.geography import gazetteer
from ugc.moderation import actions as moderation_actions


@click.group("role")
def role_group() -> None:
    """Who may do what: list, give and take roles (docs/operations.md)."""


ROLES = click.Choice([str(role) for role in Role])
DAY = click.DateTime(formats=["%Y-%m-%d"])


@role_group.command("list")
@click.argument("handle", required=False)
@click.option("--ended", is_flag=True, help="Also roles that are over.")
def list_roles(handle: str | None, ended: bool) -> None:
    """Print roles, of all or of one member: number, member, role, over what, since, until, by."""
    with create_app().app_context(), transaction() as session:
        member_id = _member(session, handle).id if handle else None
        for row in accounts_grants_queries.listed(session, member_id=member_id, ended=ended):
            click.echo("\t".join(_role_fields(row)))


def _role_fields(row: accounts_grants_queries.GrantRow) -> list[str]:
    limits = [part for part in (row.city, row.language, row.kind) if part]
    over = f"brand {row.brand}" if row.brand else "site"
    until = f"until {row.until:%Y-%m-%d %H:%M}" if row.until else "without end"
    if row.ended_at is not None:
        until = f"ended {row.ended_at:%Y-%m-%d %H:%M} by {_by(row.ended_by)}"
    return [
        str(row.id),
        row.handle or "(erased)",
        str(row.role),
        ", ".join([over, *limits]),
        f"{row.starts_at:%Y-%m-%d %H:%M}",
        until,
        f"by {_by(row.given_by)}",
        *([row.reason] if row.reason else []),
    ]


def _by(name: str | None) -> str:
    """'' is the operator, None an erased member."""
    return "(erased)" if name is None else name or "the operator"


@role_group.command("give")
@click.argument("handle")
@click.argument("role", type=ROLES)
@click.option("--brand", help="Into the team of this brand (its public id).")
@click.option("--city", type=int, help="Only content of this city (its GeoNames id).")
@click.option("--language", type=click.Choice(languages.CODES), help="Only content in it.")
@click.option("--kind", help="Only content of this kind, such as report.")
@click.option("--until", type=DAY, help="When it ends by itself: YYYY-MM-DD, UTC.")
@click.option("--reason", default="")
def give_role(
    handle: str,
    role: str,
    brand: str | None,
    city: int | None,
    language: str | None,
    kind: str | None,
    until: dt.datetime | None,
    reason: str,
) -> None:
    """Give a member a role over the site or, with --brand, a brand; the member is told."""
    with _command() as session:
        if brand is not None:
            if (city, language, kind, until) != (None, None, None, None):
                raise click.UsageError("A role over a brand has no limits and no end.")
            brands_team_actions.appoint(session, _brand(session, brand), handle, Role(role))
            click.echo(f"{handle} is {role} of the brand now.")
            return
        if kind is not None and not moderation_actions.is_moderated(kind):
            known = ", ".join(sorted(moderation_actions.tables()))
            raise click.UsageError(f"There is no kind {kind}. Known are: {known}.")
        if city is not None and session.get(gazetteer.City, city) is None:
            raise click.UsageError(f"There is no city with the GeoNames id {city}.")
        accounts_grants_actions.give_site_role(
            session,
            SYSTEM,
            handle,
            Role(role),
            city_id=city,
            language=language,
            kind=kind,
            until=wall.instant(until, dt.UTC) if until else None,
            reason=reason,
        )
    click.echo(f"{handle} is {role} now.")


@role_group.command("take")
@click.argument("handle")
@click.argument("role", type=ROLES)
@click.option("--brand", help="Out of the team of this brand (its public id).")
@click.option("--reason", default="")
def take_role(handle: str, role: str, brand: str | None, reason: str) -> None:
    """End a member's role over the site, with and without limits, or, with --brand, over a brand;
    the member is told."""
    with _command() as session:
        if brand is not None:
            member_id = _member(session, handle).id
            brands_team_actions.dismiss(
                session, _brand(session, brand), member_id, Role(role), reason=reason
            )
            click.echo(f"{handle} is out of the team.")
            return
        held = accounts_grants_queries.open_grants(session, _member(session, handle).id, Role(role))
        if not held:
            raise click.ClickException(f"{handle} is no {role}.")
        for grant in held:
            accounts_grants_actions.take_site_role(session, SYSTEM, grant.id, reason=reason)
    click.echo(f"{handle} is no {role} any more.")


@contextmanager
def _command() -> Iterator[Session]:
    """One transaction; what the product refuses is said as one line."""
    app = create_app()
    with app.app_context(), force_locale("en"):
        try:
            with transaction() as session:
                yield session
        except DomainError as error:
            said = [str(text) for texts in error.fields.values() for text in texts]
            raise click.ClickException(" ".join(said) or str(error.message)) from None


def _brand(session: Session, public_id: str) -> int:
    try:
        return subjects.resolve(session, public_id, BRAND).id
    except NotFound:
        raise click.ClickException(f"There is no brand {public_id}.") from None


def _member(session: Session, handle: str) -> Member:
    try:
        return accounts_lookup.member_by_handle(session, handle)
    except NotFound:
        raise click.ClickException(f"There is no member called {handle}.") from None
