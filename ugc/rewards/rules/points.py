"""When a reward counts, and who is doubted. Pure."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext

from ugc.reputation import rules as reputation_rules

# From this fraud score on a member is doubted: points stay held, and what they spread counts for
# no one until a moderator has decided.
DOUBTED = 60

# The action of the ledger for each degree. Their points halve with it (δ = ½): 20, 10, 5.
ACTIONS = {1: "referral", 2: "referral_2", 3: "referral_3"}
# Points of referrals that one member can be credited with in a day (UTC): ten of the 1st degree.
DAILY_CAP = 200

GENUINE_NEEDED = 2
# Votes are cheap: however many proved true, they count as one of the genuine things.
VOTES_COUNTED = 1

LEAST_AGE = dt.timedelta(hours=24)

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


def cause(newcomer_id: int) -> str:
    """What the ledger calls the reward for a newcomer."""
    return f"referral:{newcomer_id}"


def fits_the_day(credited: int, points: int) -> bool:
    """Whether `points` more are within the cap of a day on which `credited` were given."""
    return reputation_rules.fits_the_day(credited, points, DAILY_CAP)


def genuine_things(contributions: int, votes: int) -> int:
    """What counts for who brought a newcomer: `contributions` that stand after approval, and
    `votes` that proved true, which alone are never enough."""
    return contributions + min(votes, VOTES_COUNTED)


def is_due(genuine: int, joined_at: dt.datetime, moment: dt.datetime) -> bool:
    """Whether a newcomer has done enough for who brought them: `genuine` things that stand now,
    and a day has passed. Whether anybody is doubted is asked beside it."""
    return genuine >= GENUINE_NEEDED and moment - joined_at >= LEAST_AGE


def wait_of_a_day(joined_at: dt.datetime, moment: dt.datetime) -> int:
    """Seconds until a day has passed since joining; 0 when it has."""
    return max(0, int((joined_at + LEAST_AGE - moment).total_seconds()))
