"""What decides about the points of votes. The jobs belong to `reputation`, so that they wait for
the other jobs of points about the same report."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.reports.actions import points
from ugc.reports.models import KIND

# Of what is told about a report, what may decide about the votes on it.
DECIDES = ("closed", "expired", "merged")


@events.on(events.ReportConfirmed, "reputation.report_confirmed")
def report_confirmed(session: Session, event: events.ReportConfirmed) -> None:
    points.vote_cast(session, event)


@events.on(events.ReportChanged, "reputation.report_changed")
def report_changed(session: Session, event: events.ReportChanged) -> None:
    if event.what in DECIDES:
        points.settle(session, event.report_id)


@events.on(events.ContentApproved, "reputation.report_approved")
def report_approved(session: Session, event: events.ContentApproved) -> None:
    if event.kind == KIND:
        points.settle(session, event.subject_id)
