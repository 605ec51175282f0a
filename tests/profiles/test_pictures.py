"""A photo as a member's picture: sent, prepared, shown wherever members are drawn, moderated, taken
back, and gone without a trace."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests.deciding import decide_only
from tests.forms import PLACE, REPORT, REVIEW
from tests.media import pictures
from tests.profiles.steps import public_id, reasons
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.models import Member
from ugc.core import people
from ugc.core.access import SYSTEM
from ugc.core.db import Session
from ugc.media.models import Photo

Browser = Callable[..., FlaskClient]
Jobs = Callable[[], int]


@pytest.fixture(autouse=True)
def media(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(app.config, "MEDIA_DIR", tmp_path)
    return tmp_path


def send(browser: FlaskClient, *contents: bytes) -> Any:
    files = [(io.BytesIO(content), "me.jpg") for content in contents]
    return browser.post("/settings/picture", data={"photos": files})


def show(browser: FlaskClient, run_jobs: Jobs) -> None:
    answer = send(browser, pictures.with_everything(6))
    assert answer.status_code == 303, answer.text
    run_jobs()


def newest(session: Session) -> Photo:
    session.expire_all()
    return session.scalars(sa.select(Photo).order_by(Photo.id.desc()).limit(1)).one()


def face(photo: Photo, side: int = people.SMALL_PX) -> str:
    return f"/photos/{photo.key}/face{side}.webp"


def member(session: Session, handle: str) -> Member:
    session.expire_all()
    return session.scalars(sa.select(Member).where(Member.handle == handle)).one()


def test_initials_until_it_is_ready_and_nothing_of_the_file_afterwards(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana = signed_in("ana", role="moderator", language="en")
    assert send(ana, pictures.with_everything(6)).status_code == 303
    assert "is being prepared" in ana.get("/settings").text
    assert 'hx-get="/settings/picture?tries=1"' in ana.get("/settings").text
    assert "avatar__photo" not in client.get("/members/ana").text
    run_jobs()
    photo = newest(session)
    assert "hx-get" not in ana.get("/settings/picture?tries=1").text
    page = client.get("/members/ana").text
    # The initials stay under it: what a browser cannot load leaves them.
    assert re.search(rf'aria-hidden="true">A<img [^>]*src="{face(photo, 192)}" alt=""', page)
    assert face(photo) in ana.get("/about").text  # the menu
    for side in (96, 192):
        answer = client.get(face(photo, side))
        assert answer.content_type == "image/webp"
        assert b"SecretCamera" not in answer.data
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert picture.size == (side, side)
            assert dict(picture.getexif()) == {}
    assert client.get(f"/photos/{photo.key}/large.webp").status_code == 404
    assert client.get(f"/photos/{photo.key}/figure").status_code == 404
    # It is no contribution: no points, and not among the photos of the profile.
    assert session.scalar(sa.text("SELECT count(*) FROM point_entries")) == 0
    assert f"/photos/{photo.key}/thumb.webp" not in page
    assert len([path for path in media.rglob("*") if path.is_file()]) == 2


def test_it_is_shown_wherever_members_are_named(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", role="moderator")
    show(ana, run_jobs)
    photo = newest(session)
    report = ana.post("/reports", data=REPORT).location
    ana.post(report.replace("/reports/", "/comments/"), data={"text": "Still so."})
    place = ana.post("/places", data=PLACE).location
    ana.post(f"{place}/review", data=REVIEW)
    run_jobs()
    found = sa.text("SELECT public_id FROM subjects WHERE kind = 'review'")
    review = f"/reviews/{session.scalar(found)}"
    for page in (report, place, review, "/leaderboard", "/members/ana"):
        assert face(photo)[:-7] in client.get(page).text, page
    linked = re.search(r'ld\+json">(.*?)</script>', client.get(review).text, re.S)
    assert linked is not None
    author = json.loads(linked[1])["author"]
    assert author["image"].endswith(face(photo, 192))
    assert author["image"].startswith("http")


def test_a_newcomers_waits_for_a_moderator(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana, judge = signed_in("ana", language="en"), signed_in("judge", role="moderator")
    show(ana, run_jobs)
    photo = newest(session)
    assert reasons(session) == ["held"]
    assert "Only you see this picture" in ana.get("/settings").text
    assert face(photo, 192) in ana.get("/settings").text
    assert "avatar__photo" not in ana.get("/members/ana").text
    assert client.get(face(photo)).status_code == 404
    held = ana.get(face(photo))
    assert (held.status_code, held.headers["Cache-Control"]) == (200, "private, no-store")
    queue = judge.get("/moderation").text
    assert f'src="{face(photo, 192)}"' in queue
    assert f'action="/moderation/photos/{photo.key}/remove"' in queue
    decide_only(judge, session, "approved")
    assert face(photo, 192) in client.get("/members/ana").text
    assert client.get(face(photo)).status_code == 200


def test_it_is_flagged_refused_and_another_is_looked_at(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", role="moderator", language="en")
    ben, judge = signed_in("ben"), signed_in("judge", role="moderator")
    show(ana, run_jobs)
    photo = newest(session)
    assert (
        ben.post(f"/flag/{public_id(session, 'ana')}", data={"rule": "impersonation"}).status_code
        == 303
    )
    decide_only(judge, session, "refused", rule="impersonation", note="Zz because.")
    # Pages that were kept show its address: 404, and a pixel through which the initials are seen.
    gone = client.get(face(photo))
    assert (gone.status_code, gone.headers["Cache-Control"]) == (404, "private, no-store")
    with Image.open(io.BytesIO(gone.data)) as pixel:
        assert (pixel.size, pixel.convert("RGBA").getpixel((0, 0))[3]) == ((1, 1), 0)
    assert "avatar__photo" not in client.get("/members/ana").text
    run_jobs()
    for page in ("/settings", "/members/ana"):
        assert "Poses as another person" in ana.get(page).text
    assert "Zz because." in ana.get("/settings").text
    # Taking it back does not make the way free for the next one.
    assert ana.post("/settings/picture/remove").status_code == 303
    show(ana, run_jobs)
    assert reasons(session) == ["held"]
    assert "avatar__photo" not in client.get("/members/ana").text
    decide_only(judge, session, "approved")
    assert face(newest(session), 192) in client.get("/members/ana").text


def test_a_moderator_removes_it_alone(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", role="moderator", language="en")
    judge = signed_in("judge", role="moderator")
    ana.post("/settings/profile", data={"about": "I walk the city."})
    show(ana, run_jobs)
    photo = newest(session)
    address = f"/moderation/photos/{photo.key}/remove"
    assert address in judge.get("/members/ana").text
    assert address not in ana.get("/members/ana").text
    assert ana.post(address, data={"rule": "insult"}).status_code == 403
    assert judge.post(address, data={"rule": "insult"}).status_code == 303
    page = client.get("/members/ana").text
    assert "avatar__photo" not in page
    assert "I walk the city." in page
    run_jobs()
    assert "A moderator removed a photo of yours" in ana.get("/inbox").text
    assert "Insults, hate or threats" in ana.get("/settings").text
    show(ana, run_jobs)
    assert reasons(session) == ["held"]


def test_suspended_members_may_take_it_back_and_not_change_it(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", role="moderator")
    show(ana, run_jobs)
    photo = newest(session)
    accounts_suspending.suspend(
        session, SYSTEM, member(session, "ana").id, reason="spam", days=7, note=""
    )
    session.commit()
    assert "avatar__photo" not in client.get("/members/ana").text
    assert send(ana, pictures.saved(pictures.scene())).status_code == 403
    assert newest(session).key == photo.key
    assert ana.post("/settings/picture/remove").status_code == 303
    assert member(session, "ana").picture is None


def test_taking_it_back_or_another_one_deletes_the_files(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana = signed_in("ana", role="moderator", language="en")
    show(ana, run_jobs)
    first = newest(session)
    show(ana, run_jobs)
    second = newest(session)
    assert first.key != second.key
    assert client.get(face(first)).status_code == 404
    assert {path.parent.name for path in media.rglob("*.webp")} == {second.key}
    assert ana.post("/settings/picture/remove").status_code == 303
    run_jobs()
    assert list(media.rglob("*.webp")) == []
    assert "avatar__photo" not in client.get("/members/ana").text
    answer = ana.post("/settings/picture/remove")
    assert answer.status_code == 409
    assert "You have no picture" in answer.text


def test_the_question_ends_when_a_newcomer_takes_it_back(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana")
    show(ana, run_jobs)
    ana.post("/settings/picture/remove")
    assert reasons(session) == []
    # Words that wait too stay a question, and emptied words leave the picture one.
    ana.post("/settings/profile", data={"about": "I walk the city."})
    show(ana, run_jobs)
    ana.post("/settings/picture/remove")
    assert reasons(session) == ["held"]
    show(ana, run_jobs)
    ana.post("/settings/profile", data={"about": ""})
    assert reasons(session) == ["held"]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ([], "Elige una foto."),
        ([pictures.saved(pictures.scene())] * 2, "Elige una foto."),
        ([b"GIF89a"], "no es una foto JPEG, PNG o WebP"),
        ([pictures.animated("WEBP")], "se mueve"),
    ],
)
def test_what_is_no_picture_is_refused_in_the_readers_language(
    session: Session, signed_in: Browser, contents: list[bytes], said: str
) -> None:
    answer = send(signed_in("ana", language="es"), *contents)
    assert answer.status_code == 422
    assert said in answer.text
    assert session.scalar(sa.select(sa.func.count(Photo.id))) == 0
