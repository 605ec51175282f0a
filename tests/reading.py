"""What a person reads on a page."""

import re


def words(page: str) -> str:
    """The text of `<main>` (of the whole page without one), without markup, blanks folded. Tokens
    and ids stand in attributes: what is not here is not shown, and no chance letters of theirs
    decide a test."""
    body = page.split("<main", 1)[-1].split("</main", 1)[0].partition(">")[2]
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", body, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).strip()
