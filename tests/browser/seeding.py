"""Rows of a site that runs."""

from __future__ import annotations

from tests.browser.conftest import Site
from tests.spread.seed import give_spread


def seed(site: Site, handle: str) -> str:
    """Gives the member a brand with a spread of some weeks; its public id."""
    with site.transaction() as session:
        return give_spread(session, handle)
