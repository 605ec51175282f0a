"""Photos of any subject: checked in the request, kept raw in a private quarantine until a job has
made clean copies, served only after a look at who asks.

A photo is quarantined, ready, refused (it could not be decoded) or deleted (its files are gone).
Its visibility follows its subject's (`actions.follow`); on its own it can be withdrawn by its
author or removed by a moderator.

A content package includes `media/_field.html` in its form (multipart, a schema that is a
`FormWithPhotos`), reads `pages.uploads()` first in its view, gives them to `actions.attach` and
calls `actions.follow` wherever its visibility moves; it shows `queries.photos_of` in
`media/_gallery.html` and `queries.covers` in `media/_cover.html`. Photos added later by a member
who is still held need `moderation.open_case`, before the content's row is locked.
Events: `photo.uploaded`, `photo.published`, `photo.gone`."""
