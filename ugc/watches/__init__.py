"""What a member watches (a report, an area, a way), and what they are told of it.

A follow joins a member and a subject; a watch is a shape on the map with kinds and a least
reliability, live or paused. What happens to a report becomes news of all who watch it:
one row per member, report and kind of news, whichever of their watches it came through, so that
no member is told the same twice. News is in the inbox at once; mail (at once, in a daily or weekly
digest, never in quiet hours) and web push are handed over by jobs. Reads events: `report.changed`,
`still_there.asked`; emits none."""
