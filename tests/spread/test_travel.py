"""How far a shared thing went: its author sees all, who shared it their part, others nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.spread.conftest import World
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.referrals.models import FalseMember
from ugc.reports.models import Report

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def member_of(session: Session) -> Callable[[str], Member]:
    return lambda handle: session.scalars(sa.select(Member).where(Member.handle == handle)).one()


def a_report(world: World, author: Member) -> subjects.Subject:
    subject = subjects.create(world.session, "report")
    world.session.add(
        Report(
            id=subject.id,
            kind="roadworks",
            author_id=author.id,
            geom="SRID=4326;POINT(-3.7 40.4)",
            visibility="published",
            expires_at=now(world.session) + dt.timedelta(days=1),
        )
    )
    world.session.flush()
    return subject


def figures(page: str) -> list[int]:
    """What stands under the rings, by degree."""
    sums = page[page.index('class="rings-sums"') :]
    return [int(n) for n in re.findall(r"<dd>(\d+)</dd>", sums[: sums.index("</dl>")])]


def travelled(world: World, root: subjects.Subject, sharer: Member) -> dict[str, Member]:
    """sharer → near, shy, false; near → far → farther → farthest; somebody else → alone."""
    people = {
        "near": world.someone("near"),
        "shy": world.someone("shy"),
        "false": world.someone("false"),
        "far": world.someone("far", shown_to_far_contacts=True),
        "farther": world.someone("farther"),
        "farthest": world.someone("farthest"),
        "other": world.someone("other"),
        "alone": world.someone("alone"),
    }
    ways = [
        ("near", sharer), ("shy", sharer), ("false", sharer), ("far", people["near"]),
        ("farther", people["far"]), ("farthest", people["farther"]), ("alone", people["other"]),
    ]  # fmt: skip
    for number, (name, by) in enumerate(ways):
        world.reach(people[name], by, days=9 - number, root_id=root.id, joined=name == "near")
    world.refer(people["near"], sharer)
    world.session.add(FalseMember(member_id=people["false"].id))
    world.session.commit()
    return people


def test_who_shared_it_sees_their_part(
    world: World, signed_in: SignIn, member_of: Callable[[str], Member]
) -> None:
    browser = signed_in("ana", language="en")
    report = a_report(world, world.owner)
    world.link(member_of("ana").id, report.id)
    travelled(world, report, member_of("ana"))
    page = browser.get(f"/spread/of/{report.public_id}").text
    # The 4th degree is nobody's contact, the false count nowhere.
    assert figures(page) == [2, 1, 1]
    assert "Who came by your word" in page
    assert "/members/near" in page
    assert "/members/far" in page
    assert "through near" in page
    for hidden in ("shy", "false", "farther", "farthest", "alone", "other"):
        assert not re.search(rf">\s*{hidden}\b", page), hidden
    assert "Structural virality" not in page
    share = browser.get(f"/share/{report.public_id}").text
    assert "2 members came by your link, and 2 by the links of those." in share
    assert f'href="/spread/of/{report.public_id}"' in share


def test_its_author_sees_all_of_it(
    world: World, signed_in: SignIn, member_of: Callable[[str], Member]
) -> None:
    browser = signed_in("ana", language="es")
    report = a_report(world, member_of("ana"))
    travelled(world, report, member_of("ana"))
    page = browser.get(f"/spread/of/{report.public_id}").text
    assert figures(page) == [3, 1, 1]
    facts = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page[page.index("shape-title") :])
    # The last three are of the largest tree: seven nodes, with the false one that holds its place.
    assert facts[:5] == [
        ("Miembros que llegaron", "6"),
        ("Más allá del tercer grado", "1"),
        ("Profundidad, en enlaces", "4"),
        ("Viralidad estructural", "2,48"),
        ("La mitad llegó en", "2 días"),
    ]


def test_others_see_nothing(
    world: World, signed_in: SignIn, member_of: Callable[[str], Member], app: object
) -> None:
    report = a_report(world, world.owner)
    browser = signed_in("ana")
    assert browser.get(f"/spread/of/{report.public_id}").status_code == 404
    assert browser.get("/spread/of/nothing").status_code == 404
    world.link(member_of("ana").id, report.id)
    world.session.commit()
    page = browser.get(f"/spread/of/{report.public_id}", headers={"Accept-Language": "en"})
    assert "No member has come by a link yet" in page.text
    # A hidden thing is nobody's to look at any more, but its author's.
    world.session.get_one(Report, report.id).visibility = "removed"
    world.session.commit()
    assert browser.get(f"/spread/of/{report.public_id}").status_code == 404


def test_a_team_sees_tens_only(
    world: World, browser_of: Callable[[str], FlaskClient], signed_in: SignIn
) -> None:
    team = browser_of("owner")
    world.link(world.owner.id, world.brand_id)
    world.reach(world.someone(), world.owner)
    world.session.commit()
    answer = team.get(f"/spread/of/{world.brand}")
    assert answer.status_code == 303
    assert answer.location == f"/brands/{world.brand}/spread"
    for page in ("/contacts", f"/share/{world.brand}"):
        assert team.get(page).status_code == 200
        assert f"/spread/of/{world.brand}" not in team.get(page).text
        assert "came by your link" not in team.get(page, headers={"Accept-Language": "en"}).text


def test_what_i_shared_stands_beside_my_contacts(
    world: World, signed_in: SignIn, member_of: Callable[[str], Member]
) -> None:
    browser = signed_in("ana", language="en")
    first, second = a_report(world, world.owner), a_report(world, world.owner)
    for each in (first, second):
        world.link(member_of("ana").id, each.id)
    travelled(world, second, member_of("ana"))
    page = browser.get("/contacts").text
    rows = re.findall(r'href="/spread/of/(\w+)">[^<]*</a></th><td>(\d+)</td><td>(\d+)</td>', page)
    # The link to the site is that by which one of them joined.
    assert set(rows[1:]) == {(first.public_id, "0", "0"), ("site", "0", "0")}
    assert rows[0] == (second.public_id, "0", "2")
