"""Rows that tests begin with: each factory writes one thing as it stands in the tables, without the
cases, points and events that follow when a member does it. No other test writes raw INSERTs."""
