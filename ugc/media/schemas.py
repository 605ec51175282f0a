"""The fields of `media/_field.html`, which any form may have; `pages.uploads()` reads them."""

from __future__ import annotations

import marshmallow as ma

from ugc.accounts.schemas import Form


class FormWithPhotos(Form):
    photo_text = ma.fields.Raw()
    kept_photo = ma.fields.Raw()
    kept_text = ma.fields.Raw()
    kept_drop = ma.fields.Raw()
