"""What decisions about rings and appeals may name. Pure."""

from __future__ import annotations

from flask_babel import lazy_gettext

APPEAL_MIN, APPEAL_MAX = 20, 2000
# How long a decision may suspend: days; 0 is not at all.
SUSPENSIONS = (0, 30, 365)

# What a refusal of a ring may name.
RULES = {
    "several_accounts": lazy_gettext("Several accounts of one person"),
    "bought": lazy_gettext("Accounts made to spread or praise something"),
    "machine": lazy_gettext("Accounts that a program runs"),
}
# What a refusal of an appeal may name.
APPEAL_RULES = {"upheld": lazy_gettext("The decision stands"), **RULES}
