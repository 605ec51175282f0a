"""What else follows when members are found to be false, cleared or trusted again.

A capability above registers what it does, so that what it gave is taken back and given again in
the transaction of the decision."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ugc.core.db import Session


class Consequence(Protocol):
    """What one capability does about a decision."""

    def causes(self, session: Session, member_id: int) -> list[str]:
        """The causes of the ledger under which others earned points by the member."""

    def found_false(self, session: Session, member_ids: Collection[int]) -> None:
        """Takes back what the members, and others by them, were given."""

    def cleared(self, session: Session, member_id: int) -> None:
        """Gives back what `found_false` took; the ledger has its points again."""

    def trusted(self, session: Session, member_ids: Collection[int]) -> None:
        """Looks again at what waited because the members were doubted."""


registered: list[Consequence] = []


def register(consequence: Consequence) -> None:
    """Makes known what a capability does, in the order of registration."""
    registered.append(consequence)


def trusted(session: Session, member_ids: Collection[int]) -> None:
    """Looks again at what waited, everywhere, because the members were doubted."""
    for each in registered:
        each.trusted(session, member_ids)
