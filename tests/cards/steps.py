"""Links that members take, and pictures of cards."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient
from PIL import Image


def link_on(page: str) -> str:
    found = re.search(r'id="link" readonly value="(http://localhost/r/\w+)"', page)
    assert found is not None
    return found[1]


def share(browser: FlaskClient, public_id: str, **values: str) -> str:
    """Makes the link; returns the page."""
    answer = browser.post(f"/share/{public_id}", data=values)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.location).text


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")
