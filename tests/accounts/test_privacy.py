"""A person's data lies in every capability: the export holds all of it, and erasing leaves no word
of it anywhere in the database."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.deciding import decide, open_cases
from tests.factories.members import PASSWORD, grant
from tests.media.pictures import saved, scene
from ugc.accounts import jobs as accounts_jobs
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.core.access import SYSTEM
from ugc.core.db import Base, Session

REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Zzreport.", "accuracy_m": "7"}
PLACE = {
    "name": "Zzplace",
    "category": "cafe",
    "lat": "40.5",
    "lon": "-3.6",
    "address": "Zzstreet 1",
    "website": "https://zzplace.example",
}
REVIEW = {"rating": "4", "title": "Zztitle", "text": "Zzreview as it is now. " * 4}
# What names the person goes whatever they choose; the content stays or goes with it.
PERSONAL = ("zenobia", "zzbrowser", "zzabout", "zzflag", "zzclaim", "zzearlier", "zznote")
PERSONAL += ("zzwatch", "zzsaid", "zzwhy", "zzstopped", "zzrole", "zzcalled")
CONTENT = (
    "zzreport",
    "zzplace",
    "zzstreet",
    "zztitle",
    "zzreview",
    "zzphoto",
    "zzfalse",
    "zzcomment",
    "zzinvites",
    "zzthanks",
)

# Every column that points to a person, and what becomes of it. A new one is decided on here.
COLUMNS = {
    "brand_consents.member_id": "erased",
    "home_cities.member_id": "erased",
    "invitation_deliveries.member_id": "erased",
    "invitations.author_id": "erased",
    "profiles.author_id": "erased",
    "prescriptor_scores.member_id": "erased",
    "spread_consents.member_id": "erased",
    "account_tokens.member_id": "erased",
    "api_keys.created_by_id": "the node without a name",
    "appeals.member_id": "the node without a name",
    "badges.member_id": "the node without a name",
    "brand_changes.author_id": "erased",
    "versions.replaced_by_id": "erased",
    "brand_claims.author_id": "erased",
    "team_invitations.member_id": "the node without a name",
    "team_invitations.invited_by_id": "the node without a name",
    "team_invitations.ended_by_id": "the node without a name",
    "grants.member_id": "the node without a name",
    "grants.given_by_id": "the node without a name",
    "grants.ended_by_id": "the node without a name",
    "brands.author_id": "erased",
    "clearings.member_id": "erased",
    "comments.author_id": "erased",
    "follows.member_id": "erased",
    "mail_changes.member_id": "erased",
    "mail_choices.member_id": "erased",
    "member_positions.member_id": "erased",
    "member_names.member_id": "erased",
    "member_names.by_id": "the node without a name",
    "news.member_id": "erased",
    "news_choices.member_id": "erased",
    "push_subscriptions.member_id": "erased",
    "watches.member_id": "erased",
    "cascade_reaches.member_id": "the node without a name",
    "cascade_reaches.sharer_id": "the node without a name",
    "cascade_reaches.second_sharer_id": "the node without a name",
    "cascade_reaches.third_sharer_id": "the node without a name",
    "false_members.member_id": "the node without a name",
    "fraud_scores.member_id": "erased",
    "reach_counts.member_id": "the node without a name",
    "decisions.moderator_id": "the node without a name",
    "undone_decisions.member_id": "the node without a name",
    "fans.member_id": "erased",
    "flags.member_id": "the node without a name",
    "helpful_votes.member_id": "the node without a name",
    "fingerprints.member_id": "erased",
    "member_sessions.member_id": "erased",
    "suspensions.member_id": "the node without a name",
    "suspensions.by_id": "the node without a name",
    "suspension_lifts.by_id": "the node without a name",
    "notifications.member_id": "erased",
    "photos.member_id": "erased",
    "places.author_id": "erased",
    "places.website_by_id": "erased",
    "place_brands.added_by_id": "erased",
    "place_brands.ended_by_id": "erased",
    "place_claims.author_id": "erased",
    "private_places.member_id": "erased",
    "point_entries.member_id": "the node without a name",
    "referral_rewards.beneficiary_id": "the node without a name",
    "referral_rewards.newcomer_id": "the node without a name",
    "referrals.grandparent_id": "the node without a name",
    "referrals.great_grandparent_id": "the node without a name",
    "referrals.member_id": "the node without a name",
    "referrals.parent_id": "the node without a name",
    "reports.author_id": "erased",
    "reviews.author_id": "erased",
    "ring_members.member_id": "the node without a name",
    "point_totals.member_id": "the node without a name",
    "votes.member_id": "the node without a name",
}


def columns_of_people() -> list[sa.Column[int]]:
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "members" for key in column.foreign_keys)
    ]


def test_every_column_that_names_a_person_is_decided_on() -> None:
    assert {f"{c.table.name}.{c.name}" for c in columns_of_people()} == set(COLUMNS)


def words(session: Session, *markers: str) -> set[tuple[str, str]]:
    """(table, marker) for every table of the database with a row that holds it in any column."""
    tables = session.scalars(
        sa.text(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = relnamespace WHERE relkind = 'r' AND nspname = 'public'"
            " AND relname <> 'spatial_ref_sys'"
        )
    ).all()
    found = set()
    for table in tables:
        for marker in markers:
            query = f"SELECT EXISTS (SELECT FROM {table} t WHERE t::text ILIKE :marker)"
            if session.scalar(sa.text(query), {"marker": f"%{marker}%"}):
                found.add((table, marker))
    return found


def newest(session: Session, kind: str) -> str:
    query = "SELECT public_id FROM subjects WHERE kind = :kind ORDER BY id DESC LIMIT 1"
    return f"/{kind}s/{session.scalar(sa.text(query), {'kind': kind})}"


def approve(moderator: FlaskClient, session: Session, kind: str, note: str) -> None:
    """Approves the one open case of a kind of content."""
    [case] = open_cases(session, kind)
    assert decide(moderator, session, case=case, note=note) == 303


def send(browser: FlaskClient, to: str, /, **form: object) -> str:
    answer = browser.post(to, data=form)
    assert answer.status_code == 303, answer.text
    return answer.location


@pytest.fixture
def zenobia(
    app: Flask,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    run_jobs: Callable[[], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> FlaskClient:
    """Somebody who did everything that one can do, and whom others answered."""
    monkeypatch.setitem(app.config, "MEDIA_DIR", tmp_path)
    mod = signed_in("mod", role="moderator")
    send(mod, "/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    zenobia = app.test_client()
    zenobia.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Zzbrowser/1.0"
    via = zenobia.get(f"/r/{code}").location.rpartition("?")[2]
    send(zenobia, f"/join?{via}", handle="zenobia", email="zenobia@example.org", password=PASSWORD)
    run_jobs()
    session.execute(sa.text("UPDATE members SET email_confirmed_at = now()"))
    grant(session, "zenobia", "moderator", reason="Zzrole")
    session.commit()
    send(zenobia, "/settings/profile", about="Zzabout")
    send(zenobia, "/settings/name", name="Zzcalled Zz")
    send(zenobia, "/settings", language="es", timezone="Europe/Madrid")
    send(zenobia, "/settings/picture", photos=(io.BytesIO(saved(scene())), "me.jpg"))
    send(zenobia, "/settings/places", name="Zzhome", lat="-10", lon="-10")
    theirs = send(mod, "/reports", **REPORT | {"lat": "10", "text": "Another's."})
    send(zenobia, f"{theirs}/vote", still_there="yes", lat="10.01", lon="-3.71")
    send(zenobia, theirs.replace("/reports/", "/comments/"), text="Zzcomment.")
    circle = {"shape": "area", "how": "circle", "lat": "40.4", "lon": "-3.7", "radius_km": "5"}
    send(zenobia, "/watching", name="Zzwatch", **circle)
    send(mod, theirs.replace("/reports/", "/share/"))
    link = "SELECT code FROM referral_links ORDER BY id DESC LIMIT 1"
    zenobia.get(f"/r/{session.scalar(sa.text(link))}")
    send(zenobia, theirs.replace("/reports/", "/flag/"), rule="spam", note="Zzflag")
    photo = {"photos": (io.BytesIO(saved(scene())), "x.jpg"), "photo_text": "Zzphoto"}
    report = send(zenobia, "/reports", **REPORT, **photo)
    send(zenobia, f"{report}/edit", revision="1", text="Zzsaid it before.")
    send(zenobia, f"{report}/edit", revision="2", text="Zzreport.")
    send(zenobia, f"{report}/close")
    send(zenobia, f"{report}/reopen", note="Zzwhy it is not over")
    place = send(zenobia, "/places", **PLACE)
    send(zenobia, f"{place}/review", **REVIEW | {"text": "Zzearlier text. " * 5})
    review = newest(session, "review")
    send(zenobia, f"{review}/edit", **REVIEW, revision="1")
    cafe = send(
        mod, "/places", **PLACE | {"name": "Other", "lat": "1", "address": "", "website": ""}
    )
    send(mod, f"{cafe}/review", **REVIEW | {"title": "", "text": "Somebody else's. " * 4})
    send(zenobia, f"{newest(session, 'review')}/helpful", helpful="yes")
    brand = send(zenobia, "/brands", name="Mora")
    send(zenobia, f"{brand}/follow", following="yes")
    send(zenobia, f"{brand}/claim", message="Zzclaim: I run this brand, as its web says.")
    approve(mod, session, "brand_claim", "Zznote on the claim")
    send(zenobia, f"{brand}/edit", name="Mora y Loro", revision="1")
    approve(mod, session, "brand_change", "Zznote on the name")
    send(zenobia, f"{place}/brand", brand=brand.rsplit("/", 1)[-1])
    approve(mod, session, "place_claim", "Zznote on the place")
    send(zenobia, f"{place}/brand", brand="")
    send(zenobia, f"{brand}/team", handle="mod", role="analyst")
    key = {"name": "dashboard", "scopes": ["reports:read"]}
    assert zenobia.post(f"{brand}/keys", data=key).status_code == 200
    send(zenobia, "/settings/spread", city="Madrid", named="yes", contactable="yes")
    send(zenobia, f"{brand}/invite-me", allowed="yes")
    inviting = {"text": "Zzinvites you to Mora.", "thanks": "Zzthanks you for it."}
    send(zenobia, f"{brand}/invitations", **inviting)
    send(zenobia, "/contacts/link")
    # What others say about what she wrote.
    for number, address in enumerate((report, review)):
        flagging = f"/flag/{address.rsplit('/', 1)[-1]}"
        send(signed_in(f"eva{number}"), flagging, rule="false", note="Zzfalse")
    approve(mod, session, "review", "Zznote on the review")
    mine = session.scalars(sa.text("SELECT id FROM members WHERE handle = 'zenobia'")).one()
    accounts_suspending.suspend(
        session, SYSTEM, mine, reason="other", days=7, note="Zzstopped for a day"
    )
    accounts_suspending.reinstate(session, SYSTEM, mine)
    session.commit()
    run_jobs()
    return zenobia


def test_the_export_holds_everything(zenobia: FlaskClient, session: Session) -> None:
    mine = int(session.scalar(sa.text("SELECT id FROM members WHERE handle = 'zenobia'")) or 0)
    used = {
        f"{c.table.name}.{c.name}"
        for c in columns_of_people()
        if session.scalar(sa.select(sa.exists().where(c == mine)))
    }
    # She did all there is to do, but is nobody's parent and decided nothing.
    assert set(COLUMNS) - used == {
        "decisions.moderator_id", "undone_decisions.member_id",
        "referrals.parent_id", "referrals.grandparent_id",
        "referrals.great_grandparent_id", "cascade_reaches.sharer_id",
        "cascade_reaches.second_sharer_id", "cascade_reaches.third_sharer_id",
        "false_members.member_id", "fraud_scores.member_id", "reach_counts.member_id",
        "push_subscriptions.member_id", "mail_choices.member_id", "news.member_id",
        "news_choices.member_id", "mail_changes.member_id",
        "appeals.member_id", "clearings.member_id", "ring_members.member_id",
        "referral_rewards.beneficiary_id", "invitation_deliveries.member_id",
        "prescriptor_scores.member_id", "suspensions.by_id", "suspension_lifts.by_id",
        "grants.given_by_id", "grants.ended_by_id", "member_names.by_id",
        "team_invitations.member_id", "team_invitations.ended_by_id",
    }  # fmt: skip
    answer = zenobia.get("/settings/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = answer.text
    # But what others wrote about it when they flagged it is theirs.
    for marker in {*PERSONAL, *CONTENT, "europe/madrid"} - {"zzfalse"}:
        assert marker in text.lower(), marker
    data = json.loads(text)
    assert {each["shape"] for each in data["photos"]} == {"whole", "square"}
    assert data["reports"]["posted"][0]["accuracy_m"] == 7
    assert [vote["still_there"] for vote in data["reports"]["votes"]] == [True]
    assert len(data["reviews"]["found_helpful"]) == 1
    assert {each["badge"] for each in data["points"]["badges"]} >= {"first_report", "first_place"}
    assert data["points"]["ledger"]
    assert data["notifications"]
    assert {mark["kind"] for mark in data["rewards"]["marks"]} >= {"network", "mailbox"}
    assert data["account"]["links_by_mail"][0]["purpose"] == "confirm"
    assert len(data["account"]["sessions"]) == 1
    assert [each["name"] for each in data["api_keys"]] == ["dashboard"]
    assert {part: len(rows) for part, rows in data["brands"].items()} == {
        "suggested": 1, "follows": 1, "claims": 1, "changes": 1, "team_invitations": 1,
    }  # fmt: skip
    assert [each["role"] for each in data["roles"]["held"]] == ["moderator", "owner"]
    assert data["spreading"]["named_to_brands"] is True
    assert data["spreading"]["city"] == data["spreading"]["home_city"] == "Madrid"
    contacts = data["contacts"]
    assert len(contacts["joined_through"]) == len(contacts["links"]) == 1
    # She came to the site as a newcomer, and to a report that was shared with her.
    assert [reach["degree"] for reach in contacts["reached"]] == [1, 1]
    # What is secret stays so, also to its owner.
    assert "argon2" not in text
    assert "token_hash" not in text


@pytest.mark.parametrize("choice", ["keep", "remove"])
def test_erasing_leaves_no_word(
    session: Session,
    zenobia: FlaskClient,
    run_jobs: Callable[[], int],
    tmp_path: Path,
    choice: str,
) -> None:
    mine = int(session.scalar(sa.text("SELECT id FROM members WHERE handle = 'zenobia'")) or 0)
    for marker in (*PERSONAL, *CONTENT):
        assert words(session, marker), marker
    send(zenobia, "/settings/erase", password=PASSWORD, content=choice)
    run_jobs()
    session.expire_all()
    # The name itself is kept from being taken again; nothing else names the person.
    assert words(session, *PERSONAL) == {("used_handles", "zenobia")}
    for column in columns_of_people():
        if COLUMNS[f"{column.table.name}.{column.name}"] == "erased":
            assert not session.scalar(sa.select(sa.exists().where(column == mine))), column
    left = {marker for _, marker in words(session, *CONTENT)}
    assert left == (set(CONTENT) if choice == "keep" else set())
    assert bool(list(tmp_path.rglob("*.webp"))) is (choice == "keep")
    exact = "SELECT count(*) FROM reports WHERE author_id IS NULL AND accuracy_m IS NOT NULL"
    assert session.scalar(sa.text(exact)) == 0
    # The brand lost its last one: its keys open nothing.
    assert session.scalar(sa.text("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL")) == 0
    assert zenobia.get("/settings").status_code == 401


def test_sessions_that_ended_are_forgotten(
    session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana", role="moderator")
    signed_in("ben").post("/sign-out")
    session.execute(sa.text("SET LOCAL boca.clock_offset = '8 days'"))
    accounts_jobs.forget(session)
    assert session.scalar(sa.text("SELECT count(*) FROM member_sessions")) == 1
    assert ana.get("/settings").status_code == 200
