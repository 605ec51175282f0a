"""Cards of the moderators' queue: brands, claims and changes."""

from __future__ import annotations

from typing import Any

from flask import (
    current_app,
    render_template,
)

from ugc.brands.models import CHANGE_KIND, CLAIM_KIND, KIND
from ugc.brands.queries import changes, reading
from ugc.brands.queries import claims as claims_queries
from ugc.core import panels, reserved
from ugc.core.access import current_actor
from ugc.core.db import db


def _doubts(name: str, brand_id: int) -> dict[str, Any]:
    """What a moderator should know of a name: the claimed brand that it looks like, and whether it
    says that the site speaks."""
    return {
        "looks_like": reading.claimed_look_alike(db.session(), name, brand_id),
        "of_the_site": reserved.is_reserved_name(name, current_app.config["SITE_NAME"]),
    }


def case_panel(subject_id: int, **_context: Any) -> str:
    brand = reading.brand_by_id(db.session(), current_actor(), subject_id)
    return render_template("brands/_case.html", brand=brand, **_doubts(brand.name, brand.id))


def claim_case_panel(subject_id: int, **_context: Any) -> str:
    claimed = claims_queries.claim_by_id(db.session(), current_actor(), subject_id)
    doubts = _doubts(claimed.brand.name, claimed.brand.id)
    return render_template("brands/_claim_case.html", claim=claimed, **doubts)


def change_case_panel(subject_id: int, **_context: Any) -> str:
    change = changes.change_by_id(db.session(), current_actor(), subject_id)
    return render_template(
        "brands/_change_case.html",
        change=change,
        versions=reading.versions(db.session(), change.brand.id),
        **_doubts(change.name, change.brand.id),
    )


panels.register(f"case.{KIND}", case_panel)

panels.register(f"case.{CLAIM_KIND}", claim_case_panel)

panels.register(f"case.{CHANGE_KIND}", change_case_panel)
