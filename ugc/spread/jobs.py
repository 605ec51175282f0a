"""Publishing of weekly figures."""

from __future__ import annotations

import logging

from ugc.core.db import Session
from ugc.core.jobs import Priority, operator_only, task
from ugc.spread import actions

log = logging.getLogger(__name__)


@task("insights.tell_week", cron="20 * * * *", priority=Priority.BULK, tells=operator_only)
def publish_weekly_figures(session: Session) -> None:
    """Publishes each complete week of every brand; has nothing to do in the other hours."""
    published = actions.publish_all_figures(session)
    if published:
        log.info("published the week of %d brands", published)
