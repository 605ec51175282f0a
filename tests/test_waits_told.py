"""What waits for a moderator is said when it is sent, and only when something waits."""

import datetime as dt
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.deciding import decide, open_cases
from tests.media.pictures import saved, scene
from tests.reading import words
from ugc.core.db import Session
from ugc.moderation import actions as moderation_actions
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.notifications import rules as notifications_rules

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70"}
PLACE = {"name": "Café Comercial", "category": "cafe", "lat": "40.43", "lon": "-3.70"}
REVIEW = {"rating": "4", "title": "Good", "text": "The coffee is good and the staff is kind. " * 2}
BRAND = {"name": "Mora", "about": "", "website": ""}
WAIT = ("waits for a moderator: until", "wait for a moderator: until")


def photo() -> dict[str, object]:
    return {"photos": (io.BytesIO(saved(scene(), "JPEG")), "x.jpg")}


# How each kind is sent: (the form's address, what is sent, what waits of a newcomer's).
SENT = {
    "report": ("/reports", REPORT, moderation_rules.Waiting.NOTHING),
    "report with a text": ("/reports", {**REPORT, "text": "Slow."}, moderation_rules.Waiting.TEXT),
    "report with a photo": ("/reports", {**REPORT, "photo": "1"}, moderation_rules.Waiting.PHOTOS),
    "report with both": (
        "/reports",
        {**REPORT, "text": "Slow.", "photo": "1"},
        moderation_rules.Waiting.BOTH,
    ),
    "place": ("/places", PLACE, moderation_rules.Waiting.ALL),
    "review": ("{place}/review", REVIEW, moderation_rules.Waiting.ALL),
    "comment": ("/comments/{report}", {"text": "I saw it too."}, moderation_rules.Waiting.ALL),
    "brand": ("/brands", BRAND, moderation_rules.Waiting.ALL),
    "profile": ("/settings/profile", {"about": "I like maps."}, moderation_rules.Waiting.ALL),
    "photo of a report": ("{own}/photos", {"photo": "1"}, moderation_rules.Waiting.PHOTOS),
}


@pytest.mark.parametrize("free", [False, True], ids=["newcomer", "free"])
@pytest.mark.parametrize("sent", SENT)
def test_it_is_said_when_it_is_sent(
    signed_in: Browser, session: Session, sent: str, free: bool
) -> None:
    address, form, waits = SENT[sent]
    mod = signed_in("mod", role="moderator")
    place = mod.post("/places", data={**PLACE, "lat": "50"}).location
    other = mod.post("/reports", data={**REPORT, "lat": "50"}).location.rsplit("/", 1)[-1]
    ana = signed_in("ana", role="moderator" if free else None)
    own = ana.post("/reports", data={**REPORT, "lat": "45"}).location if "{own}" in address else ""
    form = dict(form)
    if form.pop("photo", None):
        form |= photo()  # type: ignore[arg-type]
    answer = ana.post(address.format(place=place, report=other, own=own), data=form)
    assert answer.status_code == 303
    said = words(ana.get(answer.location).text.split('id="notices"', 1)[1].split("</div>", 1)[0])
    page = words(ana.get(answer.location).text)
    if free or waits is moderation_rules.Waiting.NOTHING:
        assert not any(each in said for each in WAIT)
        assert not any(each in page for each in WAIT)
    else:
        assert str(moderation_rules.WAITING[waits]) in said
        assert "Half of the decisions" not in said  # too few were decided to say


def test_how_long_it_takes_is_said_when_it_is_known(
    signed_in: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation_queries, "usual_wait", lambda _session: dt.timedelta(hours=3))
    ana = signed_in("ana")
    ana.post("/reports", data={**REPORT, "text": "Slow."})
    assert "Half of the decisions take less than 3 hours." in ana.get("/").text


def test_a_queue_in_the_browser_is_told_the_same(signed_in: Browser) -> None:
    ana = signed_in("ana")
    json = {"Accept": "application/json"}
    bare = ana.post("/reports", data=REPORT, headers=json).get_json()
    assert bare["message"] == "Thank you. Your report is on the map."
    text = ana.post("/reports", data={**REPORT, "lat": "41", "text": "x"}, headers=json).get_json()
    assert "The text waits for a moderator" in text["message"]


def test_contributions_say_what_waits_of_each(signed_in: Browser) -> None:
    ana = signed_in("ana")
    ana.post("/reports", data=REPORT)
    assert "wait" not in words(ana.get("/contributions").text).split("Reports", 1)[1]
    ana.post("/reports", data={**REPORT, "lat": "41", "text": "Slow."})
    assert "The text waits for a moderator" in words(ana.get("/contributions").text)


@pytest.mark.parametrize("outcome", ["approved", "refused"])
def test_each_kind_that_is_decided_has_a_sentence_of_its_own(outcome: str) -> None:
    told_otherwise = {"brand_claim", "ring"}
    kinds = {kind for kind in moderation_actions.reviewables() if kind not in told_otherwise}
    said = {
        kind: notifications_rules.KINDS[outcome].say(notifications_rules.Told(title="X", of=kind))
        for kind in kinds
    }
    general = notifications_rules.KINDS[outcome].say(notifications_rules.Told(title="X"))
    assert general not in said.values()
    assert len(set(said.values())) == len(kinds) >= 8


def test_two_things_are_told_as_two(
    signed_in: Browser, session: Session, run_jobs: Callable[[], int]
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    report = ana.post("/reports", data=REPORT).location
    ana.post(f"/comments/{report.rsplit('/', 1)[-1]}", data={"text": "Still there at noon."})
    for case in open_cases(session):
        assert decide(mod, session, case=case) == 303
    run_jobs()
    inbox_page = words(ana.get("/inbox").text)
    assert "A moderator approved your report: Traffic jam" in inbox_page
    assert "A moderator approved your comment on: Traffic jam" in inbox_page
