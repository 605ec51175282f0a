"""What members are called beside their handle: rules, limits, moderation, and every page, mail and
answer of the API that names a member."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.forms import BRAND, PLACE, REPORT, REVIEW
from ugc.accounts.models import Member, MemberName
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.rules import naming as accounts_naming_rules
from ugc.cards.rules import cards as cards_cards
from ugc.config import ROOT
from ugc.core import people
from ugc.core.db import Session
from ugc.reputation.models import PointTotals

Browser = Callable[..., FlaskClient]
NAME = "Лусия Гомес"
NEWCOMER = {"handle": "lucia", "email": "lucia@example.org", "password": PASSWORD}


def member(session: Session, handle: str) -> Member:
    session.expire_all()
    return session.scalars(sa.select(Member).where(Member.handle == handle)).one()


# rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Lucía Gómez", "王小明", "محمد علي", "אבי כהן", "Anna-Maria", "O’Hara", "🦊 Zorro", "Modesto"],
)
def test_names_in_any_letters(name: str) -> None:
    assert accounts_naming_rules.problem(name, "Boca") is None


@pytest.mark.parametrize(
    "name",
    [
        "Admin", "Equipo de soporte", "Moderadora Ana", "Mоderator", "Boca oficial", "B0ca",
        "ana@x", "www.spam.example", "spam.com", "Ana ✓", "Ana ✅", "A" + "\u0301" * 9,
    ],
)  # fmt: skip
def test_names_that_pose_or_advertise(name: str) -> None:
    assert accounts_naming_rules.problem(name, "Boca") is not None


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Ana", "ana"),
        ("Аna", "ana"),
        ("Lucía Gómez", "lucia-gomez"),
        ("ＡＮＡ", "ana"),
        ("a_b", "a_b"),
    ],
)
def test_handles_that_a_name_looks_like(name: str, handle: str) -> None:
    assert handle in accounts_naming_rules.handles_like(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lucía Gómez", "LG"), ("ana", "A"), ("juan-luis_3", "J3"), ("Élan", "É"), ("王小明", "王"),
        ("محمد علي", "م"), ("🇪🇸 Ana", "🇪🇸"), ("👩‍🚀", "👩‍🚀"), ("Ñandú Öz", "ÑÖ"), ("…", "?"),
        ("Ana Ñúñez-Ávila", "AÑ"), ("Jean-Luc Picard", "JP"), ("María del Mar López", "ML"),
    ],
)  # fmt: skip
def test_initials(name: str, shown: str) -> None:
    assert people.initials(name) == shown
    # The drawn card says the same, and has its icon where that is no letter.
    assert cards_cards.initials(name) == (shown if shown[0].isalnum() else "")


def test_initials_are_legible_on_every_colour() -> None:
    tokens = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--((?:on-)?hue(?:-\d)?): light-dark\((#\w+, #\w+)\)", tokens))

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        r, g, b = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for number in range(1, people.HUES + 1):
        for ground, ink in zip(
            pairs[f"hue-{number}"].split(", "), pairs["on-hue"].split(", "), strict=True
        ):
            low, high = sorted((light(ground), light(ink)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (number, ground)


# joining and settings -------------------------------------------------------------------------


def test_a_name_is_given_at_joining_and_shown_once_the_address_is_confirmed(
    client: FlaskClient, session: Session
) -> None:
    assert "3 to 30 letters a–z" in client.get("/join").text
    refused = client.post("/join", data={**NEWCOMER, "name": "Admin"})
    assert refused.status_code == 422
    assert "kept for those who run the site" in refused.text
    assert client.post("/join", data={**NEWCOMER, "name": f" {NAME} "}).status_code == 303
    assert accounts_lookup.who(session, member(session, "lucia").id) == "lucia"
    assert NAME not in client.application.test_client().get("/members/lucia").text
    member(session, "lucia").email_confirmed_at = sa.func.now()  # type: ignore[assignment]
    session.commit()
    page = client.get("/members/lucia").text
    assert NAME in page
    assert "@lucia" in page


def test_a_name_changes_three_times_in_thirty_days(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana", language="en")
    for name in ("Ana A", "Ana B", "", "Ana C"):
        assert ana.post("/settings/name", data={"name": name}).status_code == 303
    refused = ana.post("/settings/name", data={"name": "Ana D"})
    assert refused.status_code == 422
    assert "3 times in 30 days" in refused.text
    assert 'value="Ana D"' in refused.text
    assert ana.post("/settings/name", data={"name": ""}).status_code == 303
    assert member(session, "ana").name == ""
    session.execute(
        sa.update(MemberName).values(set_at=sa.func.now() - sa.text("interval '31 days'"))
    )
    session.commit()
    assert ana.post("/settings/name", data={"name": "Ana D"}).status_code == 303


def test_no_name_is_the_handle_of_another(signed_in: Browser, session: Session) -> None:
    signed_in("ben")
    ana = signed_in("ana")
    assert ana.post("/settings/name", data={"name": "Веn"}).status_code == 422
    assert ana.post("/settings/name", data={"name": "Ana"}).status_code == 303
    assert ana.post("/settings/name", data={"name": "Ben Ana"}).status_code == 303


def test_no_name_is_that_of_a_claimed_brand(signed_in: Browser, session: Session) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post("/brands", data=BRAND)
    session.execute(sa.text("UPDATE brands SET claimed_at = now()"))
    session.commit()
    assert signed_in("ana").post("/settings/name", data={"name": BRAND["name"]}).status_code == 422


# moderation -----------------------------------------------------------------------------------


def test_a_moderator_takes_a_name_away_and_says_why(
    session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    mod, ana, ben = (
        signed_in("mod", role="moderator"),
        signed_in("ana", language="en"),
        signed_in("ben"),
    )
    ana.post("/settings/name", data={"name": "Ben Bean"})
    away = {"rule": "impersonation", "note": "Zz you are not Ben."}
    assert "Take the name away" not in ben.get("/members/ana").text
    assert ben.post("/members/ana/name/remove", data=away).status_code == 404
    assert mod.post("/members/mod/name/remove", data=away).status_code == 403
    assert "/members/ana/name/remove" in mod.get("/members/ana").text
    assert mod.post("/members/ana/name/remove", data={"rule": "none"}).status_code == 422
    assert mod.post("/members/ana/name/remove", data=away).status_code == 303
    assert member(session, "ana").name == ""
    run_jobs()
    told = ana.get("/inbox").text
    assert "A moderator took your name away" in told
    assert "Zz you are not Ben." in told
    assert ana.post("/settings/name", data={"name": "Ben Bеan"}).status_code == 422
    assert ana.post("/settings/name", data={"name": "Ana"}).status_code == 303


def test_a_flagged_profile_shows_its_name_to_the_moderator(
    session: Session, signed_in: Browser
) -> None:
    mod, ana, ben = signed_in("mod", role="moderator"), signed_in("ana"), signed_in("ben")
    ana.post("/settings/name", data={"name": NAME})
    subject = session.scalar(
        sa.text("SELECT public_id FROM subjects s JOIN members m USING (id) WHERE handle = 'ana'")
    )
    assert ben.post(f"/flag/{subject}", data={"rule": "impersonation"}).status_code == 303
    queue = mod.get("/moderation").text
    assert NAME in queue
    assert "/members/ana/name/remove" in queue


def test_a_suspended_member_goes_by_the_handle(session: Session, signed_in: Browser) -> None:
    ana, ben = signed_in("ana"), signed_in("ben")
    ana.post("/settings/name", data={"name": NAME})
    assert NAME in ben.get("/members/ana").text
    member(session, "ana").suspended_until = sa.text("now() + interval '1 day'")  # type: ignore[assignment]
    session.commit()
    assert NAME not in ben.get("/members/ana").text


# everywhere -----------------------------------------------------------------------------------


def test_the_two_ways_to_read_a_name_agree(
    session: Session, make_member: Callable[..., Member]
) -> None:
    make_member("ana", name=NAME)
    make_member("ben", name="Ben B", confirmed=False)
    make_member("eva", name="Eva E", suspended_until=sa.text("now() + interval '1 day'"))
    make_member("gus", name="Gus G", suspended_until=sa.text("now() - interval '1 day'"))
    session.commit()
    raw = session.execute(
        sa.text(f"SELECT handle, {people.WHO_SQL} FROM members m ORDER BY id")
    ).all()
    orm = session.execute(sa.select(Member.handle, Member.who).order_by(Member.id)).all()
    shown = {handle: who.called for handle, who in orm}
    assert shown == {"ana": NAME, "ben": "ben", "eva": "eva", "gus": "Gus G"}
    assert {handle: people.Who(*parts).called for handle, parts in raw} == shown


@pytest.fixture
def world(signed_in: Browser, session: Session) -> dict[str, str]:
    """Things of a member with a name, who moderates, so that all of it is public."""
    lucia = signed_in("lucia", role="moderator", name=NAME)
    report = lucia.post("/reports", data=REPORT).location
    place = lucia.post("/places", data=PLACE).location
    lucia.post(f"{place}/review", data=REVIEW)
    lucia.post(report.replace("/reports/", "/comments/"), data={"text": "Zz it moves."})
    for each in session.scalars(sa.select(Member.id)).all():
        session.execute(sa.insert(PointTotals).values(member_id=each, points=20))
    review = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'review'"))
    comment = session.scalar(sa.text("SELECT public_id FROM subjects WHERE kind = 'comment'"))
    subject = session.scalar(
        sa.text("SELECT public_id FROM subjects s JOIN members m USING (id) WHERE handle = 'lucia'")
    )
    session.commit()
    return {
        "report": report,
        "place": place,
        "review": f"/reviews/{review}",
        "comment": f"/share/{comment}",
        "profile": "/members/lucia",
        "shared": f"/share/{subject}",
        "leaderboard": "/leaderboard",
        "embed": f"/embed/{review}",
        "oembed": f"/oembed?url=http://localhost/reviews/{review}",
        "flag": f"/flag/{subject}",
        "suspensions": "/members/lucia/suspensions",
        "roles": "/moderation/roles",
    }


WHERE = ["report", "place", "review", "profile", "shared", "leaderboard"]
WHERE += ["oembed", "flag", "suspensions"]


@pytest.mark.parametrize("where", WHERE)
def test_every_page_that_names_a_member_says_the_name(
    world: dict[str, str], signed_in: Browser, where: str
) -> None:
    reader = signed_in("mod", role="moderator", language="en")
    answer = reader.get(world[where])
    assert answer.status_code == 200, answer.text
    said = answer.get_json()["author_name"] if where == "oembed" else answer.text
    assert NAME in said
    assert "lucia" in answer.text


# Attributes that hold a member where a template is given one.
NAMED = r"(?:\w+\.)?(?:author|handle|invited_by|given_by|ended_by|created_by|by|lifted_by)"
# The member's own name for signing in, and codes of a macro that names already.
FREE = {"brands/team.html", "accounts/mail_change.html"}


def test_no_template_prints_a_member_without_the_helper() -> None:
    bare = re.compile(r"\{\{\s*" + NAMED + r"(?:\s+or\s+[^}]*)?\s*\}\}")
    inside = re.compile(r"(?:name|who)=" + NAMED + r"\s*[,)]")
    wrong = [
        f"{path.relative_to(ROOT / 'templates')}: {found}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if str(path.relative_to(ROOT / "templates")) not in FREE
        for found in bare.findall(path.read_text(encoding="utf-8"))
        + inside.findall(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_a_stranger_s_plain_text_is_read_as_a_handle() -> None:
    assert people.who("ana").called == "ana"
    assert people.who(people.Who("ana", "Ana")).full == "Ana (@ana)"
