"""Commands about one member: `ugc suspend`, `ugc reinstate`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask_babel import force_locale

from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.models import Member
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.rules import suspensions as accounts_suspensions_rules
from ugc.app import create_app
from ugc.core.access import SYSTEM
from ugc.core.db import Session, transaction
from ugc.core.errors import DomainError, NotFound


@click.command("suspend")
@click.argument("name")
@click.option(
    "--reason", required=True, type=click.Choice(list(accounts_suspensions_rules.REASONS))
)
@click.option("--days", type=click.IntRange(1, accounts_suspensions_rules.MOST_DAYS))
@click.option("--without-end", is_flag=True, help="Instead of --days.")
@click.option("--note", default="", help="Words that the member reads.")
def suspend(name: str, reason: str, days: int | None, without_end: bool, note: str) -> None:
    """Suspend the member NAME: they can only read, export and erase. They are told why."""
    if (days is None) is not without_end:
        raise click.UsageError("Say either --days or --without-end.")
    with _member(name) as (session, member):
        accounts_suspending.suspend(
            session, SYSTEM, member.id, reason=reason, days=days, note=note, cause="operator"
        )
        until = member.suspended_until
    end = "without end" if without_end else f"until {until:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{name} is suspended {end}.")


@click.command("reinstate")
@click.argument("name")
def reinstate(name: str) -> None:
    """Lift every suspension of the member NAME. They are told."""
    with _member(name) as (session, member):
        accounts_suspending.reinstate(session, SYSTEM, member.id)
    click.echo(f"{name} can contribute again.")


@contextmanager
def _member(name: str) -> Iterator[tuple[Session, Member]]:
    """A transaction about one member. What is refused is told in English and changes nothing."""
    app = create_app()
    with app.app_context(), force_locale("en"):
        try:
            with transaction() as session:
                yield session, accounts_lookup.member_by_handle(session, name)
        except NotFound:
            raise click.ClickException(f"There is no member called {name}.") from None
        except DomainError as error:
            told = [str(text) for texts in error.fields.values() for text in texts]
            raise click.ClickException(" ".join(told or [str(error.message)])) from None


COMMANDS = (suspend, reinstate)
