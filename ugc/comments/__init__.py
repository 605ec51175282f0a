"""Talk under any subject. A comment is content of its own: held for new members, flagged, decided,
withdrawn like all content. Its author and those who follow the subject are told.

A capability shows the talk of its subjects by the slot `talk`; who may read the subject, reads it.
Events: `content.posted`, `content.approved`, `content.gone`."""
