"""Links in mails."""

from __future__ import annotations

import re


def links_in(mails: list[str]) -> list[str]:
    return [found for mail in mails for found in re.findall(r"http://localhost(/\S+)", mail)]
