"""The blueprint that the pages of insights share, and how they write days and numbers."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Blueprint
from flask_babel import get_locale

bp = Blueprint("insights", __name__)


@bp.app_template_global()
def decimal(value: float, digits: int) -> str:
    """Rounded to so many digits, in the reader's language."""
    return format_decimal(value, format="#,##0." + "0" * digits, locale=get_locale())


@bp.app_template_global()
def day(value: dt.date) -> str:
    return format_date(value, "medium", locale=get_locale())
