"""What watchers are told of."""

from __future__ import annotations

from ugc import events
from ugc.core.db import Session
from ugc.watches.actions import news as news_actions


@events.on(events.ReportChanged, "watches.report_changed")
def report_changed(session: Session, event: events.ReportChanged) -> None:
    news_actions.report_changed(session, event)


@events.on(events.StillThereAsked, "watches.still_there_asked")
def still_there_asked(session: Session, event: events.StillThereAsked) -> None:
    news_actions.still_there_asked(session, event)
