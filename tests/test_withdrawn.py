"""Withdrawn is withdrawn, for its author too, whatever kind of thing it is."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.reading import words
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
PLACE = {"name": "Café Comercial", "category": "cafe", "lat": "40.43", "lon": "-3.70"}
REVIEW = {"rating": "4", "title": "Good", "text": "The coffee is good and the staff is kind. " * 2}
# What each form sends, so that a refusal is one of the thing's standing and not of a field.
SENT = {
    "still_there": "yes", "following": "yes", "helpful": "yes", "note": "It is there.",
    "text": "Something to say.", "answer": "An answer.", "into": "x", "revision": "1",
    "allowed": "yes", "brand": "", **PLACE, **REVIEW,
}  # fmt: skip


def make_report(author: FlaskClient, _session: Session) -> str:
    return str(author.post("/reports", data=REPORT).location)


def make_place(author: FlaskClient, _session: Session) -> str:
    return str(author.post("/places", data=PLACE).location)


def make_review(author: FlaskClient, session: Session) -> str:
    place = make_place(author, session)
    assert author.post(f"{place}/review", data=REVIEW).status_code == 303
    found = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'review'"))
    return f"/reviews/{found}"


def make_comment(author: FlaskClient, session: Session) -> str:
    report = make_report(author, session)
    author.post(f"/comments/{report.rsplit('/', 1)[-1]}", data={"text": "I saw it too."})
    found = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'comment'"))
    return f"/comments/{found}"


KINDS = {
    "report": make_report, "place": make_place, "review": make_review, "comment": make_comment,
}  # fmt: skip


def test_every_kind_that_can_be_withdrawn_is_tried_here(app: Flask) -> None:
    """Photos are a part of a thing, invitations a brand's: their own tests show them."""
    ways = {
        rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if "/withdraw" in rule.rule
    }
    assert ways - {"photos", "invitations", "brands"} == {f"{kind}s" for kind in KINDS}


@pytest.fixture(params=[(kind, role) for kind in KINDS for role in (None, "moderator")], ids=str)
def withdrawn(
    request: pytest.FixtureRequest, signed_in: Browser, session: Session
) -> tuple[FlaskClient, str]:
    """A browser of the author, a newcomer or not, and the address of what they withdrew."""
    kind, role = request.param
    author = signed_in("ana", role=role)
    address = KINDS[kind](author, session)
    answer = author.post(f"{address}/withdraw")
    assert (answer.status_code, answer.location) == (303, "/contributions")
    return author, address


def test_it_is_withdrawn_and_nothing_else(withdrawn: tuple[FlaskClient, str]) -> None:
    author, address = withdrawn
    own = author.get("/contributions").text
    assert own.count("withdrawn</span>") == 1
    if address.startswith("/comments"):
        return
    page = author.get(address).text
    assert page.count("withdrawn</span>") == 1
    said = words(page)
    assert "You took this back" in said
    for other in ("not public", " live ", " over ", "unconfirmed", "Reliability", "Follow"):
        assert other not in said, other
    main = page.split("<main", 1)[1].split("</main", 1)[0]
    assert "<form" not in main


def test_nothing_can_be_done_to_it(app: Flask, withdrawn: tuple[FlaskClient, str]) -> None:
    author, address = withdrawn
    base = address.rsplit("/", 1)[0]
    ways = [
        rule.rule.replace("<public_id>", address.rsplit("/", 1)[1])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{base}/<public_id>") and "POST" in (rule.methods or ())
    ]
    assert len(ways) >= 2
    done = {way: author.post(way, data=SENT).status_code for way in ways}
    assert all(status >= 400 for status in done.values()), done
    about = f"/comments/{address.rsplit('/', 1)[1]}"
    assert author.post(about, data={"text": "More to say."}).status_code >= 400


def test_its_history_tells_it(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana")
    address = make_report(ana, session)
    before = re.search(r"Reliability (\d+) of 10", ana.get(address).text)
    assert before is not None
    ana.post(f"{address}/withdraw")
    page = words(ana.get(address).text)
    assert "What happened" in page
    assert "Its author took it back" in page
    assert signed_in("bea").get(address).status_code == 404


def test_a_comment_is_withdrawn_where_the_talk_goes_on(
    signed_in: Browser, session: Session
) -> None:
    ana = signed_in("ana")
    comment = make_comment(ana, session)
    report = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'report'"))
    page = ana.get(f"/reports/{report}").text
    form = page[page.index(f'action="{comment}/withdraw"') :]
    back = re.search(r'name="next" value="([^"]+)"', form)
    assert back is not None
    answer = ana.post(f"{comment}/withdraw", data={"next": back[1]})
    assert answer.location == f"/reports/{report}#talk"
