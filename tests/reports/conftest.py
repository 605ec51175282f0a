"""Members by their standing, and the clock."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories import content
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.reports.queries import trust as reports_trust

Browser = Callable[..., FlaskClient]


@pytest.fixture
def later(session: Session) -> Iterator[Callable[[str], None]]:
    """Moves the application's clock, within this test."""

    def move(offset: str) -> None:
        session.execute(sa.text("SELECT set_config('boca.clock_offset', :o, true)"), {"o": offset})
        # A request that is refused rolls back to here.
        session.commit()
        session.expire_all()

    yield move
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '', true)"))


@pytest.fixture
def known(signed_in: Browser, session: Session) -> Browser:
    """A browser of a member who joined long ago and did nothing yet."""

    def sign_in(handle: str, **values: Any) -> FlaskClient:
        browser = signed_in(handle, **values)
        session.execute(
            sa.update(Member)
            .where(Member.handle == handle)
            .values(joined_at=sa.text("app_now() - interval '30 days'"))
        )
        # All browsers of a test look the same: these are of different people.
        session.execute(sa.text("DELETE FROM fingerprints"))
        session.commit()
        return browser

    return sign_in


@pytest.fixture
def established(known: Browser, session: Session) -> Browser:
    """A browser of a member who joined long ago and whose contributions need no approval."""

    def sign_in(handle: str, **values: Any) -> FlaskClient:
        browser = known(handle, **values)
        content.establish(session, handle)
        session.commit()
        return browser

    return sign_in


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each member said proved true so far."""
    monkeypatch.setattr(reports_trust, "record_of", lambda _session, _member: (1000.0, 0.0))
