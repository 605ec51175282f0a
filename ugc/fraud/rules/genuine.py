"""What counts as a genuine contribution of a newcomer. Pure."""

from __future__ import annotations

GENUINE_NEEDED = 2
# Votes are cheap: however many proved true, they count as one of the genuine things.
VOTES_COUNTED = 1


def genuine_things(contributions: int, votes: int) -> int:
    """What counts for who brought a newcomer: `contributions` that stand after approval, and
    `votes` that proved true, which alone are never enough."""
    return contributions + min(votes, VOTES_COUNTED)
