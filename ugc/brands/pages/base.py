"""The blueprint of the pages of brands."""

from __future__ import annotations

from flask import (
    Blueprint,
)

from ugc.core import panels

bp = Blueprint("brands", __name__)

panels.declare("brand.below", "a brand's page, below", "brand")
panels.declare("brand.side", "a brand's page, beside it", "brand")
