"""Photos over HTTP: form in; rows, files and bytes served out."""

from __future__ import annotations

import html
import io
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests.deciding import ACTION_OF
from tests.media import pictures
from ugc.core import images, jobs
from ugc.core.db import Session
from ugc.media import actions as media_actions
from ugc.media import jobs as media_jobs
from ugc.media import rules as media_rules
from ugc.media.models import Photo
from ugc.moderation import actions as moderation_actions

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
Browser = Callable[..., FlaskClient]
Jobs = Callable[[], int]


def files(*contents: bytes, name: str = "IMG_1.jpg") -> dict[str, Any]:
    return {"photos": [(io.BytesIO(content), name) for content in contents]}


def post(browser: FlaskClient, *contents: bytes, **fields: Any) -> Any:
    return browser.post("/reports", data={**FORM, **files(*contents), **fields})


def photos(session: Session) -> list[Photo]:
    session.expire_all()
    return list(session.scalars(sa.select(Photo).order_by(Photo.id)))


def address(photo: Photo, variant: str = "large") -> str:
    return f"/photos/{photo.key}/{variant}.webp"


@pytest.fixture(autouse=True)
def media(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for each test."""
    monkeypatch.setitem(app.config, "MEDIA_DIR", tmp_path)
    return tmp_path


def stored(media: Path, folder: str) -> list[Path]:
    return sorted(path for path in (media / folder).rglob("*") if path.is_file())


def first_case(moderator: FlaskClient) -> tuple[str, str]:
    text = moderator.get("/moderation").text
    found = re.search(r'action="(/moderation/\d+)"', text)
    version = re.search(r'name="version" value="(\d+)"', text)
    assert found is not None
    assert version is not None
    return found[1], version[1]


def decide(moderator: FlaskClient, outcome: str) -> Any:
    case, version = first_case(moderator)
    rule = {"rule": "false"} if outcome == "refused" else {}
    return moderator.post(case, data={"version": version, "action": ACTION_OF[outcome], **rule})


def free_member(signed_in: Browser, handle: str = "free") -> FlaskClient:
    """Somebody whose contributions show at once."""
    return signed_in(handle, role="moderator")


def test_a_photo_is_cleaned_and_shown(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    author = free_member(signed_in)
    page = post(author, pictures.with_everything(6), photo_text="A queue of cars").location
    [raw] = stored(media, "quarantine")
    assert stat.S_IMODE(raw.stat().st_mode) == 0o600
    assert stat.S_IMODE(raw.parent.stat().st_mode) == 0o700
    [photo] = photos(session)
    assert client.get(address(photo)).status_code == 404
    assert "being prepared" in author.get(page).text
    assert photo.key not in client.get(page).text
    run_jobs()
    [photo] = photos(session)
    assert (photo.state, photo.visibility) == ("ready", "published")
    assert (photo.width, photo.height) == (480, 640)
    assert photo.variants["thumb"] == [240, 320]
    assert stored(media, "quarantine") == []
    assert len(stored(media, "photos")) == 3
    shown = client.get(page).text
    assert 'alt="A queue of cars"' in shown
    assert f"{address(photo, 'medium')} 480w" in shown
    assert 'width="480" height="640" loading="lazy"' in shown
    assert address(photo, "thumb") in client.get("/").text
    for variant in images.VARIANTS:
        answer = client.get(address(photo, variant))
        assert answer.content_type == "image/webp"
        for trace in (b"SecretCamera", b"EXIF", b"XMP ", b"adobe", b"comment"):
            assert trace not in answer.data
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert dict(picture.getexif()) == {}


def test_how_a_public_photo_is_served(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    author = free_member(signed_in)
    post(author, pictures.saved(pictures.scene()))
    run_jobs()
    [photo] = photos(session)
    answer = client.get(address(photo))
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{photo.key}-large.webp"'
    again = client.get(address(photo), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert author.get(address(photo)).headers["Cache-Control"] == "private, max-age=300"
    for wrong in ("nobody", photo.key[:-1], "../../secret"):
        assert client.get(f"/photos/{wrong}/large.webp").status_code == 404
    assert client.get(f"/photos/{photo.key}/raw.webp").status_code == 404
    photo.visibility = "hidden"
    session.commit()
    gone = client.get(address(photo), headers={"If-None-Match": answer.headers["ETag"]})
    assert gone.status_code == 404


def test_a_held_photo_waits_with_its_text(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana, ben = signed_in("ana"), signed_in("ben")
    page = post(ana, pictures.saved(pictures.scene())).location
    run_jobs()
    [photo] = photos(session)
    assert photo.visibility == "held"
    for other in (client, ben):
        assert other.get(address(photo)).status_code == 404
        assert photo.key not in other.get(page).text
        assert photo.key not in other.get("/").text
        assert "Traffic jam" in other.get(page).text
    moderator = signed_in("mod", role="moderator")
    for one in (ana, moderator):
        seen = one.get(address(photo))
        assert seen.status_code == 200
        assert seen.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in seen.headers
        assert photo.key in one.get(page).text
    assert photo.key in moderator.get("/moderation").text
    assert decide(moderator, "approved").status_code == 303
    assert client.get(address(photo)).status_code == 200
    assert photo.key in client.get(page).text


def test_a_refused_report_hides_its_photos(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana")
    post(ana, pictures.saved(pictures.scene()))
    run_jobs()
    assert decide(signed_in("mod", role="moderator"), "refused").status_code == 303
    [photo] = photos(session)
    assert photo.visibility == "hidden"
    assert client.get(address(photo)).status_code == 404
    assert ana.get(address(photo)).status_code == 200


def test_nobody_approves_what_nobody_has_seen(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    post(signed_in("ana"), pictures.saved(pictures.scene()))
    moderator = signed_in("mod", role="moderator")
    assert "being prepared" in moderator.get("/moderation").text
    early = decide(moderator, "approved")
    assert early.status_code == 409
    assert "still being prepared" in early.text
    stale_case, stale_version = first_case(moderator)
    run_jobs()
    stale = moderator.post(stale_case, data={"version": stale_version, "action": "approve"})
    assert stale.status_code == 409
    assert decide(moderator, "approved").status_code == 303
    assert photos(session)[0].visibility == "published"


def test_a_withdrawn_report_takes_its_files(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    author = free_member(signed_in)
    page = post(author, *[pictures.saved(pictures.scene())] * 2).location
    run_jobs()
    assert len(stored(media, "photos")) == 6
    author.post(f"{page}/withdraw")
    assert client.get(address(photos(session)[0])).status_code == 404
    assert author.get(address(photos(session)[0])).status_code == 404
    run_jobs()
    assert stored(media, "photos") == []
    assert [photo.state for photo in photos(session)] == ["deleted", "deleted"]


def test_withdrawn_before_it_was_cleaned(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    author = free_member(signed_in)
    page = post(author, pictures.saved(pictures.scene())).location
    author.post(f"{page}/withdraw")
    run_jobs()
    assert stored(media, "quarantine") == stored(media, "photos") == []
    assert photos(session)[0].state == "deleted"


def test_one_photo_is_its_authors_to_withdraw(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    author = free_member(signed_in)
    page = post(author, *[pictures.saved(pictures.scene())] * 2).location
    run_jobs()
    first, second = photos(session)
    path = f"/photos/{first.key}/withdraw"
    assert client.post(path).status_code == 401
    assert signed_in("ben").post(path).status_code == 403
    assert signed_in("mod", role="moderator").post(path).status_code == 403
    assert author.post(path, data={"next": page}).location == page
    run_jobs()
    assert client.get(address(first)).status_code == 404
    assert client.get(address(second)).status_code == 200
    assert len(stored(media, "photos")) == 3
    assert author.post(path).status_code == 403
    reasons = session.execute(
        sa.text("SELECT field, reason FROM transitions WHERE field LIKE 'photo:%'")
    )
    assert reasons.all() == [(f"photo:{first.id}", "withdrawn")]


def test_a_moderator_removes_one_photo_and_says_why(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    page = post(ana, *[pictures.saved(pictures.scene())] * 2).location
    run_jobs()
    first, second = photos(session)
    path = f"/moderation/photos/{first.key}/remove"
    assert ana.post(path, data={"rule": "private"}).status_code == 404
    assert moderator.post(path, data={"rule": "x"}).status_code == 422
    assert moderator.post(path, data={"rule": "private"}).location == "/moderation"
    assert moderator.post(path, data={"rule": "private"}).status_code == 409
    assert decide(moderator, "approved").status_code == 303
    for one in (client, ana):
        assert one.get(address(first)).status_code == 404
        assert one.get(address(second)).status_code == 200
    assert moderator.get(address(first)).headers["Cache-Control"] == "private, no-store"
    for language, text in (("en", "Personal data"), ("es", "Datos personales")):
        ana.post("/language", data={"language": language})
        assert text in ana.get(page).text
    assert text not in client.get(page).text
    move = session.execute(
        sa.text("SELECT old, new, reason FROM transitions WHERE field LIKE 'photo:%'")
    ).one()
    assert tuple(move) == ("held", "removed", "private")
    session.execute(sa.text("SET LOCAL boca.clock_offset = '31 days'"))
    media_actions.sweep(session)
    run_jobs()
    assert len(stored(media, "photos")) == 3


def test_a_moderator_does_not_decide_on_their_own_photo(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    author = free_member(signed_in)
    post(author, pictures.saved(pictures.scene()))
    run_jobs()
    path = f"/moderation/photos/{photos(session)[0].key}/remove"
    assert author.post(path, data={"rule": "private"}).status_code == 403


def test_photos_added_to_a_public_report_wait_alone(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    page = post(ana).location
    decide(moderator, "approved")
    more = files(pictures.saved(pictures.scene()))
    assert signed_in("ben").post(f"{page}/photos", data=more).status_code == 403
    more = files(pictures.saved(pictures.scene()))
    assert ana.post(f"{page}/photos", data=more).status_code == 303
    run_jobs()
    [photo] = photos(session)
    assert client.get(address(photo)).status_code == 404
    assert "Slow from" in client.get(page).text
    assert "This report is public already" in moderator.get("/moderation").text
    assert decide(moderator, "approved").status_code == 303
    assert client.get(address(photo)).status_code == 200


def test_adding_no_photo_or_too_many_is_told(session: Session, signed_in: Browser) -> None:
    author = free_member(signed_in)
    page = post(author, *[pictures.saved(pictures.scene(32, 32))] * 4).location
    assert author.post(f"{page}/photos").status_code == 422
    for _ in range(2):
        four = files(*[pictures.saved(pictures.scene(32, 32))] * 4)
        assert author.post(f"{page}/photos", data=four).status_code == 303
    one = files(pictures.saved(pictures.scene(32, 32)))
    refused = author.post(f"{page}/photos", data=one)
    assert refused.status_code == 422
    assert "12 in all" in refused.text
    assert len(photos(session)) == 12


SCENE = pictures.saved(pictures.scene())
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200


@pytest.mark.parametrize(
    ("contents", "name", "english", "spanish"),
    [
        ([b""], "a.jpg", "“a.jpg” is empty", "«a.jpg» está vacío"),
        ([SCENE + b"0" * 3000], "a.jpg", "more than 12 MB", "más de 12 MB"),
        ([SCENE] * 5, "a.jpg", "At most 4 photos", "Como mucho 4 fotos"),
        ([HEIC], "a.jpg", "Most Compatible", "Más compatible"),
        ([b"<svg onload='alert(1)'/>"], "a.png", "not a JPEG", "no es una foto JPEG"),
        ([pictures.animated("GIF")], "a.jpg", "not a JPEG", "no es una foto JPEG"),
        ([pictures.animated("WEBP")], "a.webp", "Only still photos", "Solo se admiten"),
        ([pictures.png_header(9_000, 9_000)], "a.png", "50 megapixels", "50 megapíxeles"),
        ([SCENE[:3000]], "<b>.jpg", "“&lt;b&gt;.jpg” is damaged", "«&lt;b&gt;.jpg» está dañad"),
    ],
)
def test_a_refused_photo_keeps_the_rest_of_the_form(
    session: Session,
    signed_in: Browser,
    contents: list[bytes],
    name: str,
    english: str,
    spanish: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 8000)
    browser = signed_in("ana")
    for language, text in (("en", english), ("es", spanish)):
        browser.post("/language", data={"language": language})
        answer = browser.post("/reports", data={**FORM, **files(*contents, name=name)})
        assert answer.status_code == 422
        [shown] = re.findall(r'id="photos-error">([^<]*)<', answer.text)
        assert text in shown
        assert FORM["text"] in answer.text
    assert photos(session) == []
    assert session.scalar(sa.text("SELECT count(*) FROM reports")) == 0


def test_the_name_of_a_file_says_nothing(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    browser = free_member(signed_in)
    odd = {"photos": [(io.BytesIO(SCENE), "../../evil.svg", "image/svg+xml")]}
    assert browser.post("/reports", data={**FORM, **odd}).status_code == 303
    run_jobs()
    assert photos(session)[0].state == "ready"


def kept_fields(text: str) -> dict[str, list[str]]:
    return {
        "kept_photo": re.findall(r'name="kept_photo" value="([^"]+)"', text),
        "kept_text": re.findall(r'name="kept_text" value="([^"]*)"', text),
    }


def test_a_refused_form_keeps_its_good_photos(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana = free_member(signed_in)
    two = files(SCENE, pictures.saved(pictures.scene(50, 50)))
    refused = ana.post(
        "/reports", data={**FORM, "lat": "91", **two, "photo_text": ["First", "Second"]}
    )
    assert refused.status_code == 422
    kept = kept_fields(refused.text)
    assert kept["kept_text"] == ["First", "Second"]
    assert photos(session) == []
    assert len(stored(media, "quarantine")) == 2
    dropped = re.findall(r'name="kept_drop" value="([^"]+)"', refused.text)[1]
    assert ana.post("/reports", data={**FORM, **kept, "kept_drop": dropped}).status_code == 303
    run_jobs()
    [photo] = photos(session)
    assert photo.description == "First"
    assert photo.state == "ready"
    # The same photos cannot be sent a second time, nor by somebody else.
    again = ana.post("/reports", data={**FORM, **kept, "kind": "waste"})
    assert again.status_code == 409
    ben = free_member(signed_in, "ben")
    assert ben.post("/reports", data={**FORM, **kept, "anyway": "yes"}).status_code == 303
    assert len(photos(session)) == 1


def test_a_similar_report_keeps_the_photos_while_it_asks(signed_in: Browser) -> None:
    post(signed_in("ana"))
    asked = post(signed_in("ben"), SCENE)
    assert asked.status_code == 409
    assert len(kept_fields(asked.text)["kept_photo"]) == 1


def age(paths: list[Path]) -> None:
    before = time.time() - media_rules.ORPHAN_SECONDS - 60
    for path in paths:
        os.utime(path, (before, before))


def test_what_no_row_names_is_swept(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana = signed_in("ana")
    refused = post(ana, SCENE, lat="91")
    assert refused.status_code == 422
    media_actions.sweep(session)
    [orphan] = stored(media, "quarantine")  # young: its form may be sent again
    post(ana, SCENE)
    remains = orphan.with_name(".cut.off")
    remains.write_bytes(b"half")
    unknown = media / "photos" / "ab" / "abcd" / "large.webp"
    unknown.parent.mkdir(parents=True)
    unknown.write_bytes(b"of a database that was restored")
    age([*stored(media, "quarantine"), unknown])
    media_jobs.sweep(session)
    assert [path.name for path in stored(media, "quarantine")] == [photos(session)[0].key]
    assert not unknown.exists()
    run_jobs()
    age(stored(media, "photos"))
    media_actions.sweep(session)
    assert len(stored(media, "photos")) == 3


def test_a_roll_back_leaves_no_row(
    session: Session, signed_in: Browser, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = signed_in("ana")

    def broken(*_args: object) -> None:
        raise RuntimeError("after the photos were attached")

    monkeypatch.setattr(moderation_actions, "open_first_case", broken)
    with pytest.raises(RuntimeError):
        post(ana, SCENE)
    session.rollback()
    assert photos(session) == []
    assert session.scalar(sa.text("SELECT count(*) FROM procrastinate_jobs")) == 0
    age(stored(media, "quarantine"))
    assert media_actions.sweep(session) == 1
    assert stored(media, "quarantine") == []


def test_the_job_may_run_twice(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    post(free_member(signed_in), SCENE)
    key = photos(session)[0].key
    raw = stored(media, "quarantine")[0].read_bytes()
    media_jobs.clean(session, key=key)
    first = [path.read_bytes() for path in stored(media, "photos")]
    media_jobs.clean(session, key=key)
    # Also when the first run ended between its files and its row.
    (media / "quarantine" / key).write_bytes(raw)
    photos(session)[0].state = "quarantined"
    session.flush()
    media_jobs.clean(session, key=key)
    run_jobs()
    assert [path.read_bytes() for path in stored(media, "photos")] == first
    assert photos(session)[0].state == "ready"
    assert stored(media, "quarantine") == []


def test_what_cannot_be_decoded_is_told_to_its_author(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    ana = free_member(signed_in)
    # Whole by its marks, empty inside: only decoding finds it.
    page = post(ana, pictures.png_header(300, 300)).location
    run_jobs()
    [photo] = photos(session)
    assert photo.state == "refused"
    assert stored(media, "quarantine") == []
    for language, text in (("en", "could not be read"), ("es", "no se ha podido leer")):
        ana.post("/language", data={"language": language})
        assert text in ana.get(page).text
        client.post("/language", data={"language": language})
        assert text not in client.get(page).text
    assert client.get(address(photo)).status_code == 404
    assert ana.get(address(photo)).status_code == 404
    assert "no se puede leer" in ana.get("/inbox").text


def test_no_room_is_told_and_nothing_is_stored(
    session: Session, signed_in: Browser, media: Path
) -> None:
    ana = signed_in("ana")
    (media / "quarantine").write_text("not a folder")
    for language, text in (("en", "cannot be stored"), ("es", "no se pueden guardar")):
        ana.post("/language", data={"language": language})
        answer = post(ana, SCENE)
        assert answer.status_code == 503
        assert text in answer.text
    assert photos(session) == []
    assert session.scalar(sa.text("SELECT count(*) FROM reports")) == 0


def test_the_same_form_sent_twice_sends_its_photos_once(
    session: Session, signed_in: Browser
) -> None:
    ana, other = signed_in("ana"), pictures.saved(pictures.scene(9, 9))
    first = post(ana, SCENE, other, idempotency_key="k1")
    second = post(ana, SCENE, other, idempotency_key="k1")
    assert first.status_code == 303
    assert first.location == second.location
    assert post(ana, other, SCENE, idempotency_key="k1").status_code == 422
    assert len(photos(session)) == 2


def balance(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(
        sa.text(
            "SELECT account, sum(points) FROM point_entries WHERE action = 'photo'"
            " GROUP BY account HAVING sum(points) <> 0 ORDER BY account"
        )
    )
    return [(row[0], int(row[1])) for row in rows]


def test_photos_earn_once_per_contribution(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    post(ana, SCENE, pictures.saved(pictures.scene(40, 40)))
    run_jobs()
    assert balance(session) == [("held", 2)]
    decide(moderator, "approved")
    run_jobs()
    assert balance(session) == [("available", 2)]
    first, second = photos(session)
    ana.post(f"/photos/{first.key}/withdraw")
    run_jobs()
    assert balance(session) == [("available", 2)]
    ana.post(f"/photos/{second.key}/withdraw")
    run_jobs()
    assert balance(session) == []


def test_a_file_that_is_no_photo_earns_nothing(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    post(free_member(signed_in), pictures.png_header(300, 300))
    run_jobs()
    assert balance(session) == []


@pytest.mark.parametrize("content", ["keep", "remove"])
def test_export_and_erasure(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    run_jobs: Jobs,
    media: Path,
    content: str,
) -> None:
    author = free_member(signed_in)
    post(author, SCENE, photo_text="My street")
    run_jobs()
    [photo] = photos(session)
    [exported] = author.get("/settings/export").get_json(force=True)["photos"]
    assert exported["description"] == "My street"
    assert address(photo) in exported["files"]
    form = {"content": content, "password": "correct horse battery"}
    assert author.post("/settings/erase", data=form).status_code == 303
    run_jobs()
    [photo] = photos(session)
    assert photo.member_id is None
    if content == "keep":
        assert client.get(address(photo)).status_code == 200
    else:
        assert (photo.state, photo.description) == ("deleted", "")
        assert client.get(address(photo)).status_code == 404
        assert stored(media, "photos") == []


def test_a_profile_shows_public_photos(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", profile_lists="all")
    moderator = signed_in("mod", role="moderator")
    post(ana, SCENE)
    run_jobs()
    key = photos(session)[0].key
    assert key not in client.get("/members/ana").text
    decide(moderator, "approved")
    assert key in client.get("/members/ana").text


def test_newcomers_without_a_confirmed_address_store_nothing(
    signed_in: Browser, media: Path
) -> None:
    assert post(signed_in("new", confirmed=False), SCENE).status_code == 403
    assert stored(media, "quarantine") == []


def test_a_list_asks_once_for_all_its_pictures(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    author = free_member(signed_in)
    counts = []
    for step in range(4):
        post(author, SCENE, lat=str(40 + step))
        run_jobs()
        statements: list[str] = []

        def note(
            _c: Any, _k: Any, statement: str, *_rest: Any, into: list[str] = statements
        ) -> None:
            into.append(statement)

        engine = session.connection().engine
        sa.event.listen(engine, "before_cursor_execute", note)
        assert client.get("/").text.count("item__cover") == step + 1
        sa.event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[-1]


def test_a_photo_withdrawn_while_it_is_cleaned_leaves_no_file(
    session: Session,
    signed_in: Browser,
    run_jobs: Jobs,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    author = free_member(signed_in)
    post(author, SCENE)
    key = photos(session)[0].key
    clean = images.clean

    def slow(raw: bytes, **options: bool) -> dict[str, images.Copy]:
        assert author.post(f"/photos/{key}/withdraw").status_code == 303
        return clean(raw)

    monkeypatch.setattr(images, "clean", slow)
    run_jobs()
    assert stored(media, "quarantine") == stored(media, "photos") == []
    assert photos(session)[0].state == "deleted"


def test_a_subject_that_is_not_visible_shows_no_photo(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    """Even when what moved it forgot its photos."""
    author = free_member(signed_in)
    post(author, SCENE)
    run_jobs()
    [photo] = photos(session)
    session.execute(sa.text("UPDATE subjects SET visible = false WHERE kind = 'report'"))
    session.commit()
    assert client.get(address(photo)).status_code == 404
    assert photo.key not in client.get("/").text
    assert author.get(address(photo)).headers["Cache-Control"] == "private, no-store"


def test_a_raw_file_that_is_missing_ends_in_the_dead_list(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path
) -> None:
    post(free_member(signed_in), SCENE)
    stored(media, "quarantine")[0].unlink()
    with pytest.raises(FileNotFoundError):
        run_jobs()
    assert photos(session)[0].state == "quarantined"


@pytest.mark.parametrize(("attempts", "told"), [(7, False), (8, True)])
def test_a_photo_whose_worker_dies_each_time_is_told(
    session: Session, signed_in: Browser, run_jobs: Jobs, media: Path, attempts: int, told: bool
) -> None:
    ana = free_member(signed_in)
    post(ana, SCENE)
    doing = (
        "UPDATE procrastinate_jobs SET status = 'doing', attempts = :attempts"
        " WHERE task_name = 'media.clean'"
    )
    session.execute(sa.text(doing), {"attempts": attempts})
    jobs.rescue_stalled(session)
    assert len(jobs.failed_jobs(session)) == told
    session.execute(sa.text("DELETE FROM procrastinate_jobs WHERE task_name = 'media.clean'"))
    run_jobs()
    assert ("could not be prepared" in ana.get("/inbox").text) is told
    # The raw file stays: the operator may run the job again.
    assert len(stored(media, "quarantine")) == 1


@pytest.mark.parametrize(("attempts", "told"), [(0, False), (8, True)])
def test_a_photo_whose_job_fails_each_time_is_told(
    app: Flask, session: Session, signed_in: Browser, run_jobs: Jobs, media: Path,
    monkeypatch: pytest.MonkeyPatch, attempts: int, told: bool,
) -> None:  # fmt: skip
    ana = free_member(signed_in)
    post(ana, SCENE)
    key = photos(session)[0].key
    session.execute(sa.text("DELETE FROM procrastinate_jobs WHERE task_name = 'media.clean'"))
    stored(media, "quarantine")[0].unlink()
    session.commit()
    monkeypatch.setattr(jobs, "_app", app)
    context = SimpleNamespace(job=SimpleNamespace(id=1, attempts=attempts))
    with pytest.raises(FileNotFoundError):
        jobs.queue.tasks["media.clean"].func(context, key=key)
    run_jobs()
    for language, text in (("en", "could not be prepared"), ("es", "no se pudo preparar")):
        ana.post("/language", data={"language": language})
        assert (text in ana.get("/inbox").text) is told


def test_one_text_is_for_all_and_has_a_limit(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    for language, text in (("en", "At most 300"), ("es", "Como mucho 300")):
        ana.post("/language", data={"language": language})
        refused = post(ana, SCENE, photo_text="x" * 301)
        assert refused.status_code == 422
        assert text in refused.text
    post(ana, SCENE, SCENE, photo_text="Both")
    assert [photo.description for photo in photos(session)] == ["Both", "Both"]


def test_a_request_that_is_far_too_large_is_told(
    app: Flask, session: Session, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 20_000)
    ana = signed_in("ana")
    for language, text in (("en", "too large"), ("es", "demasiado grande")):
        ana.post("/language", data={"language": language})
        answer = post(ana, *[SCENE] * 4)
        assert answer.status_code == 413
        assert text in answer.text
    assert photos(session) == []


PLACE = {"name": "Café Comercial", "category": "cafe", "lat": "40.43", "lon": "-3.70"}
REVIEW = {"rating": "4", "title": "Good", "text": "The coffee is good and the staff is kind. " * 2}


def with_photo_on_a_report(author: FlaskClient, content: bytes) -> str:
    return str(post(author, content).location)


def with_photo_on_a_place(author: FlaskClient, content: bytes) -> str:
    return str(author.post("/places", data={**PLACE, **files(content)}).location)


def with_photo_on_a_review(author: FlaskClient, content: bytes) -> str:
    place = author.post("/places", data=PLACE).location
    author.post(f"{place}/review", data={**REVIEW, **files(content)})
    return str(place)


@pytest.mark.parametrize(
    "made", [with_photo_on_a_report, with_photo_on_a_place, with_photo_on_a_review]
)
def test_a_photo_comes_by_itself_when_it_is_ready(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    run_jobs: Jobs,
    made: Callable[[FlaskClient, bytes], str],
) -> None:
    """On every page that shows photos; asked for a bounded number of times."""
    author = free_member(signed_in)
    page = made(author, pictures.with_everything(6))
    found = re.search(r'hx-get="([^"]+)" hx-trigger="load delay:1s"', author.get(page).text)
    assert found is not None
    ask = html.unescape(found[1])
    waits = []
    for _ in range(50):
        answer = author.get(ask)
        assert answer.headers["Cache-Control"] == "private, no-store, no-transform"
        again = re.search(r'hx-get="([^"]+)" hx-trigger="load delay:(\d+)s"', answer.text)
        if again is None:
            break
        ask = html.unescape(again[1])
        waits.append(int(again[2]))
    assert waits == sorted(waits) == list(media_rules.ASK_AGAIN_S[1:])
    assert "Reload the page in a moment." in answer.text  # and then it is the reader's turn
    assert client.get(ask).status_code == 404
    run_jobs()
    ready = author.get(found[1]).text
    assert address(photos(session)[0], "medium") in ready
    assert "hx-get" not in ready
    assert client.get(ask).status_code == 200
