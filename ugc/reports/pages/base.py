"""The blueprint of the pages of reports."""

from __future__ import annotations

from flask import Blueprint

from ugc.core import limits, panels

bp = Blueprint("reports", __name__)
limits.declare("report", "12 per 10 minutes")

panels.declare("talk", "the talk under a report", "subject_id", "public_id")
