"""The blueprint of the pages of people."""

from __future__ import annotations

from flask import Blueprint

from ugc.core import limits

bp = Blueprint("accounts", __name__)
limits.declare("join", "10 per hour")
limits.declare("mail", "5 per hour")
limits.declare("password", "10 per 15 minutes")
