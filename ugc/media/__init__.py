"""Photos of any subject: checked in the request, kept raw in a private quarantine until a job has
made clean copies, served only after a look at who asks.

A photo is quarantined, ready, refused (it could not be decoded) or deleted (its files are gone).
Its visibility follows its subject's (`actions.follow`); on its own it can be withdrawn by its
author or removed by a moderator.
Events: `photo.uploaded`, `photo.published`, `photo.gone`."""
