"""Rules that stand once in the database, beside what the code says of them."""

import datetime as dt
import re

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ugc.content import actions as content_actions
from ugc.core.db import Session, now
from ugc.fraud.models import FraudScore
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.fraud.rules import score as fraud_score
from ugc.reports.rules import belief as reports_belief
from ugc.reports.rules import permissions as reports_permissions

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@COMMON
@given(belief=st.floats(0, 1), held=st.booleans())
def test_reliability_is_rounded_and_capped_as_the_code_does(
    session: Session, belief: float, held: bool
) -> None:
    query = sa.text("SELECT out_of_ten(:belief, :held)")
    found = session.scalar(query, {"belief": belief, "held": held})
    assert found == reports_belief.out_of_ten(belief, held=held)


def test_a_report_is_alive_as_the_code_says(session: Session) -> None:
    moment = now(session)
    query = sa.text("SELECT is_alive(:state, :expires_at)")
    for state in ("open", "closed", "merged"):
        for seconds in (-1, 1):
            until = moment + dt.timedelta(seconds=seconds)
            found = session.scalar(query, {"state": state, "expires_at": until})
            assert found is reports_permissions.is_alive(state, until, moment)


# A brand that a member added frees its author from approval, and is no one's contribution.
NOT_COUNTED = {"brand"}


def test_every_kind_that_counts_is_among_the_contributions(session: Session) -> None:
    """A kind that the view leaves out would count for no one's score and no brand's figures."""
    view = session.scalar(sa.text("SELECT pg_get_viewdef('contributions')")) or ""
    kinds = [kind for kind in content_actions.kinds() if kind.counts]
    counting = {kind.name: kind.table.__tablename__ for kind in kinds}
    assert counting.keys() > NOT_COUNTED
    for name in counting.keys() - NOT_COUNTED:
        assert f"'{name}'::text" in view
        assert re.search(rf"FROM {counting[name]}\b", view)
    assert view.count("FROM ") == len(counting.keys() - NOT_COUNTED)


def test_who_is_doubted_is_not_trusted(session: Session, make_member) -> None:  # type: ignore[no-untyped-def]
    just, below = make_member("just"), make_member("below")
    for member, points in ((just, fraud_score.DOUBTED), (below, fraud_score.DOUBTED - 1)):
        session.add(FraudScore(member_id=member.id, score=points, reasons=[]))
    session.flush()
    ids = [just.id, below.id]
    assert fraud_untrusted.untrusted_among(session, ids) == {just.id}
