"""The blueprint of the pages of brands."""

from __future__ import annotations

from flask import (
    Blueprint,
)

bp = Blueprint("brands", __name__)
