"""What the API tells of the photos of a thing."""

from __future__ import annotations

from ugc.core.resources import URI, Field

# `site` is SITE_URL as it stands inside of a JSON string. Photos come with the rest of a page.
_PHOTOS = (
    "'[' || coalesce((SELECT string_agg('\"' || %(site)s::text || '/photos/' || f.key ||"
    " '/large.webp\"', ',' ORDER BY f.id) FROM photos f WHERE f.subject_id = c.id"
    " AND f.state = 'ready' AND f.visibility = 'published'), '') || ']'"
)


PHOTOS_FIELD = Field("photos", _PHOTOS, "raw", {"type": "array", "items": URI})
