"""When a reward counts. Pure."""

from __future__ import annotations

import datetime as dt

from ugc.fraud.rules import genuine as fraud_genuine
from ugc.reputation import rules as reputation_rules

# The action of the ledger for each degree. Their points halve with it (δ = ½): 20, 10, 5.
ACTIONS = {1: "referral", 2: "referral_2", 3: "referral_3"}
# Points of referrals that one member can be credited with in a day (UTC): ten of the 1st degree.
DAILY_CAP = 200

LEAST_AGE = dt.timedelta(hours=24)


def cause(newcomer_id: int) -> str:
    """What the ledger calls the reward for a newcomer."""
    return f"referral:{newcomer_id}"


def fits_the_day(credited: int, points: int) -> bool:
    """Whether `points` more are within the cap of a day on which `credited` were given."""
    return reputation_rules.fits_the_day(credited, points, DAILY_CAP)


def is_due(genuine: int, joined_at: dt.datetime, moment: dt.datetime) -> bool:
    """Whether a newcomer has done enough for who brought them: `genuine` things that stand now,
    and a day has passed. Whether anybody is doubted is asked beside it."""
    return genuine >= fraud_genuine.GENUINE_NEEDED and moment - joined_at >= LEAST_AGE


def wait_of_a_day(joined_at: dt.datetime, moment: dt.datetime) -> int:
    """Seconds until a day has passed since joining; 0 when it has."""
    return max(0, int((joined_at + LEAST_AGE - moment).total_seconds()))
