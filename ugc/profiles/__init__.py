"""What members show of themselves: one text and one picture each, moderated like any content.

It is shown once it is published, and only while its author is confirmed and not suspended. A
newcomer's waits for a moderator; the profile itself (its name and picture too) can be flagged. The
subject is the member's own. Events: `case.decided` of moderation, none of its own."""
