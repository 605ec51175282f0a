"""One queue for what is held and what is flagged: approve or refuse, with a rule and a note.

It knows no content: a content package registers how its kind is shown (`case.<kind>` panels) and
how its visibility moves. A case is open until decided; a decision is append-only and final.
Events: `content.flagged`, `case.decided`."""
