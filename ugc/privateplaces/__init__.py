"""Places that a member names for themselves alone (home, work), sealed with a key of their own;
and the area that is public instead of an exact place near one of them. No states, no events."""
