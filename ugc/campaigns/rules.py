"""Invitations of brands. Pure."""

TEXT_MIN, TEXT_MAX = 10, 600
# A brand writes to its people, and a member hears of it, at most once in so many days.
REST_DAYS = 14
