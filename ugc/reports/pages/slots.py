"""What reports show on pages of others: profiles, cases, watches, contributions and `/about`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import render_template
from flask_babel import gettext, lazy_gettext

from ugc.accounts.pages import profile as accounts_profile
from ugc.accounts.rules import credentials as accounts_credentials
from ugc.core import formats, panels, render
from ugc.core.access import current_actor
from ugc.core.db import db
from ugc.media import queries as media_queries
from ugc.moderation import pages as moderation_pages
from ugc.referrals.actions import linking as referrals_linking
from ugc.reports.models import KIND
from ugc.reports.queries import finding as finding_queries
from ugc.reports.queries import reading, watched
from ugc.reports.rules import belief, kinds, permissions
from ugc.search import finding
from ugc.watches.queries import reading as watches_reading
from ugc.watches.rules import choices as watches_choices


def profile_panel(member_id: int, **_context: Any) -> str:
    listing = accounts_profile.listing_of(member_id)
    if listing is accounts_credentials.Listing.NOTHING:
        return ""
    reports = reading.reports_of(db.session(), current_actor(), member_id, limit=20)
    if listing is accounts_credentials.Listing.DAYS:
        return accounts_profile.listed_by_day(
            gettext("Reports"),
            (
                accounts_profile.Listed(
                    each.name(render.language()), each.kind.icon, each.kind.colour,
                    each.city, each.occurred_at,
                )
                for each in reports
            ),
        )  # fmt: skip
    return render_template("reports/_of_member.html", reports=reports)


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    reports = reading.reports_by_ids(db.session(), current_actor(), subject_ids)
    photos = media_queries.galleries(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "reports/_case.html",
        {id_: {"report": each, "photos": photos[id_]} for id_, each in reports.items()},
        (each.author_id for each in reports.values()),
    )


panels.register(f"case.{KIND}", case_cards)


def words_of(minutes: int) -> str:
    """A span of time in the reader's language."""
    return formats.span(dt.timedelta(minutes=minutes), threshold=1)


def watched_panel(watch: watches_reading.WatchRow, **_context: Any) -> str:
    found = watched.reports_watched(db.session(), current_actor(), watch)
    return render_template("reports/_watched.html", found=found, watch=watch)


def watch_count_panels(
    watches: Sequence[watches_reading.WatchRow], **_context: Any
) -> dict[int, str]:
    """How many live reports watches have."""
    ids = [watch.id for watch in watches]
    counts = watched.live_counts(db.session(), ids)
    return {
        each: render_template("reports/_watch_count.html", count=counts.get(each, 0))
        for each in ids
    }


def followed_panel(ids: list[int], **_context: Any) -> str:
    reports = watched.reports_followed(db.session(), current_actor(), ids)
    return render_template("reports/_followed.html", reports=reports)


panels.register("watch.live", watched_panel)
panels.register("watch.card", watch_count_panels)
panels.register("watch.followed", followed_panel)
watches_choices.register_kinds(kinds.KINDS.values())


@panels.of_language
def about_panel(**_context: Any) -> str:
    spans = {
        kind.code: tuple(words_of(m) for m in (kind.half_life, kind.floor, kind.ceiling))
        for kind in kinds.KINDS.values()
    }
    return render_template(
        "reports/_about.html",
        kinds=list(kinds.KINDS.values()),
        spans=spans,
        belief=belief,
        back_per_report=permissions.BACK_PER_REPORT,
        back_per_day=permissions.BACK_PER_DAY,
    )


def contributions_panel(actor: Any, **_context: Any) -> str:
    reports = reading.reports_of(db.session(), actor, actor.id, limit=50)
    return render_template("reports/_of_member.html", reports=reports)


panels.register("contributions", contributions_panel)
panels.register("about", about_panel)
panels.register("profile", profile_panel)
referrals_linking.register_contributions(KIND, lazy_gettext("reports"), reading.published_by_group)
finding.register("reports", finding_queries.find)
