"""The blueprint of the pages of reports."""

from __future__ import annotations

from flask import Blueprint

from ugc.core import panels

bp = Blueprint("reports", __name__)

panels.declare("talk", "the talk under a report", "subject_id", "public_id")
