"""What a member follows, and what they are told of it.

A follow joins a member and a subject; whoever follows is told once per cause, never of what they
did themselves. Reads events: `report.changed`."""
