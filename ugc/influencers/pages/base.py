"""The blueprint of the pages of prescriptores."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("influencers", __name__)
