"""The inbox: what a member is told, once per cause.

It subscribes to events and keeps codes and ids only; the words are made when it is read, in the
reader's language. What a subject is called comes from `core.subjects`, what a moderator wrote from
the slot `notification.case_decided`. Read ones go after 90 days."""
