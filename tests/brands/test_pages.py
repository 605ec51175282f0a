"""Brands over HTTP: suggesting, following, claiming, the team, places and links."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide
from ugc.accounts.models import Grant
from ugc.brands.models import Brand, BrandClaim, Fan
from ugc.core.db import Session
from ugc.referrals.models import CascadeReach

Browser = Callable[..., FlaskClient]
FORM = {"name": "Café Mora", "about": "Coffee and books.", "website": "cafemora.example"}
MESSAGE = "I run the shop in the old town and answer its mail."


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


@pytest.fixture
def address(mod: FlaskClient) -> str:
    location = mod.post("/brands", data=FORM).location
    assert isinstance(location, str)
    return location


@pytest.fixture
def owner(session: Session, signed_in: Browser, mod: FlaskClient, address: str) -> FlaskClient:
    """Somebody whose claim was approved."""
    browser = signed_in("owner")
    assert browser.post(f"{address}/claim", data={"message": MESSAGE}).status_code == 303
    assert decide(mod, session, "approved") == 303
    return browser


def test_a_newcomers_suggestion_waits(
    client: FlaskClient, signed_in: Browser, mod: FlaskClient
) -> None:
    ana = signed_in("ana")
    where = ana.post("/brands", data=FORM).location
    assert "waits for a moderator" in ana.get(where).text
    assert client.get(where).status_code == 404
    assert "Café Mora" in mod.get("/moderation").text


def test_brands_are_found_with_typos(client: FlaskClient, address: str) -> None:
    for text in ("cafe mora", "Mroa cafe", "mor"):
        assert "Café Mora" in client.get("/brands", query_string={"q": text}).text
    assert "No brand found" in client.get("/brands?q=xylophone").text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "a brand with this name"), ("es", "una marca con este nombre")]
)
def test_a_name_is_taken_once(
    session: Session, signed_in: Browser, address: str, language: str, words: str
) -> None:
    answer = signed_in("bea", language=language).post("/brands", data={**FORM, "name": "CAFE MORA"})
    assert answer.status_code == 409
    assert words in answer.text
    assert len(session.scalars(sa.select(Brand)).all()) == 1


def test_following(client: FlaskClient, session: Session, signed_in: Browser, address: str) -> None:
    bea = signed_in("bea")
    for _ in range(2):
        assert bea.post(f"{address}/follow", data={"following": "yes"}).status_code == 303
    assert len(session.scalars(sa.select(Fan)).all()) == 1
    assert "<strong>1 follower</strong>" in client.get(address).text
    assert "Café Mora" in bea.get("/members/bea").text
    assert "Brands you follow" not in client.get("/members/bea").text
    bea.post(f"{address}/follow", data={"following": "no"})
    assert session.scalars(sa.select(Fan)).all() == []


def test_a_claim_is_decided_in_the_queue(
    client: FlaskClient, session: Session, signed_in: Browser, mod: FlaskClient, address: str
) -> None:
    ana = signed_in("ana")
    assert "unclaimed" in client.get(address).text
    assert ana.post(f"{address}/claim", data={"message": "short"}).status_code == 422
    assert ana.post(f"{address}/claim", data={"message": MESSAGE}).status_code == 303
    assert ana.post(f"{address}/claim", data={"message": MESSAGE}).status_code == 409
    queue = mod.get("/moderation").text
    assert MESSAGE in queue
    assert "does not belong to the brand" in queue
    assert decide(mod, session, "approved") == 303
    assert "verified team" in client.get(address).text
    assert "For the team" in ana.get(address).text
    assert "For the team" not in client.get(address).text
    assert signed_in("bea").post(f"{address}/claim", data={"message": MESSAGE}).status_code == 403


def test_an_address_of_the_brands_domain_is_evidence(
    session: Session,
    make_member: Callable[..., object],
    signed_in: Browser,
    mod: FlaskClient,
    address: str,
) -> None:
    ana = signed_in("ana")
    session.execute(
        sa.text("UPDATE members SET email = 'ana@cafemora.example' WHERE handle = 'ana'")
    )
    ana.post(f"{address}/claim", data={"message": MESSAGE})
    assert "belongs to the brand" in mod.get("/moderation").text


def test_a_refused_claim_leaves_the_brand_unclaimed(
    client: FlaskClient, session: Session, signed_in: Browser, mod: FlaskClient, address: str
) -> None:
    ana = signed_in("ana")
    ana.post(f"{address}/claim", data={"message": MESSAGE})
    assert decide(mod, session, "refused", note="Show a document.") == 303
    assert "unclaimed" in client.get(address).text
    assert (
        session.scalars(
            sa.select(Grant).where(Grant.subject_id.is_not(None), Grant.ended_at.is_(None))
        ).all()
        == []
    )
    [claim] = session.scalars(sa.select(BrandClaim))
    assert claim.decided_at is not None
    assert ana.post(f"{address}/claim", data={"message": MESSAGE}).status_code == 303


def test_only_the_team_edits_and_nobody_over_a_newer_version(
    client: FlaskClient, signed_in: Browser, owner: FlaskClient, address: str
) -> None:
    changed = {**FORM, "about": "Coffee, books and chess.", "revision": "1"}
    assert signed_in("bea").post(f"{address}/edit", data=changed).status_code == 403
    assert owner.post(f"{address}/edit", data=changed).status_code == 303
    assert "chess" in client.get(address).text
    assert owner.post(f"{address}/edit", data=changed).status_code == 409
    bad = owner.post(
        f"{address}/edit", data={**changed, "website": "javascript:x", "revision": "2"}
    )
    assert bad.status_code == 422


def test_the_cascade_counts_degrees_from_the_brands_own_link(
    app: object, session: Session, signed_in: Browser, owner: FlaskClient, address: str
) -> None:
    brand = address.rsplit("/", 1)[-1]
    owner.post(f"{address}/link")
    ana, bea, cai = signed_in("ana"), signed_in("bea"), signed_in("cai")
    public = app.test_client()  # type: ignore[attr-defined]
    for browser in (ana, bea, cai):
        browser.post(f"/share/{brand}")

    def code_of(handle: str | None) -> str:
        query = (
            "SELECT code FROM referral_links l JOIN members m ON m.id = l.owner_id"
            " WHERE m.handle = :handle"
            if handle
            else "SELECT code FROM referral_links WHERE owner_id = subject_id"
        )
        return str(session.execute(sa.text(query), {"handle": handle}).scalar_one())

    assert ana.get(f"/r/{code_of(None)}").location == address
    bea.get(f"/r/{code_of('ana')}")
    cai.get(f"/r/{code_of('bea')}")
    # The first time counts: later ways in change nothing, nor does one's own link.
    cai.get(f"/r/{code_of(None)}")
    ana.get(f"/r/{code_of('ana')}")
    public.get(f"/r/{code_of('cai')}")
    # A sharer whom no link had brought counts as the root's own.
    mod_share = signed_in("dan")
    mod_share.post(f"/share/{brand}")
    app.test_client().get(f"/r/{code_of('dan')}")  # type: ignore[attr-defined]
    rows = session.execute(
        sa.select(CascadeReach.degree, sa.func.count()).group_by(CascadeReach.degree)
    )
    assert dict(map(tuple, rows)) == {1: 1, 2: 1, 3: 1}
    # Whoever comes as nobody is a visit of the degree that they would have.
    visits = session.execute(
        sa.text(
            "SELECT handle, degree, visits FROM visit_days JOIN referral_links l ON l.id = link_id"
            " LEFT JOIN members m ON m.id = owner_id ORDER BY 1"
        )
    ).all()
    assert visits == [("ana", 2, 1), ("bea", 3, 1), ("cai", 4, 1), ("dan", 1, 1), (None, 1, 1)]
    by_root = session.execute(sa.text("SELECT degree, visits FROM root_days ORDER BY 1")).all()
    assert by_root == [(1, 2), (2, 1), (3, 1), (4, 1)]


def test_a_visitor_who_joins_keeps_their_degree(
    app: object, client: FlaskClient, session: Session, owner: FlaskClient, address: str
) -> None:
    owner.post(f"{address}/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    via = client.get(f"/r/{code}").location.rpartition("?")[2]
    assert session.scalars(sa.select(CascadeReach)).all() == []
    form = {"handle": "newcomer", "email": "n@example.org", "password": "correct horse battery"}
    assert client.post(f"/join?{via}", data=form).status_code == 303
    [reach] = session.scalars(sa.select(CascadeReach))
    assert (reach.degree, reach.joined, reach.sharer_id) == (1, True, None)


def test_a_link_to_what_is_gone_says_so_and_reaches_nobody(
    client: FlaskClient, session: Session, signed_in: Browser, owner: FlaskClient, address: str
) -> None:
    owner.post(f"{address}/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links WHERE owner_id = subject_id"))
    session.execute(sa.text("UPDATE brands SET visibility = 'hidden'"))
    session.commit()
    answer = client.get(f"/r/{code}", headers={"Accept-Language": "es"}, follow_redirects=True)
    assert answer.request.path == "/"
    assert "ya no está" in answer.text
    assert session.scalars(sa.select(CascadeReach)).all() == []


def test_machines_and_the_team_are_no_people(
    client: FlaskClient, session: Session, owner: FlaskClient, address: str
) -> None:
    owner.post(f"{address}/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    client.get(f"/r/{code}", headers={"User-Agent": "WhatsApp/2.23"})
    client.head(f"/r/{code}")
    owner.get(f"/r/{code}")
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 0
    assert session.scalars(sa.select(CascadeReach)).all() == []
    client.get(f"/r/{code}")
    assert session.scalar(sa.text("SELECT sum(visits) FROM root_days")) == 1


def test_who_signs_in_later_keeps_their_degree(
    app: object,
    client: FlaskClient,
    session: Session,
    make_member: Callable[..., object],
    signed_in: Browser,
    owner: FlaskClient,
    address: str,
) -> None:
    """A member opens the brand's link before signing in; whom they bring is of degree 2."""
    make_member("late")
    owner.post(f"{address}/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    via = client.get(f"/r/{code}").location.rpartition("?")[2]
    client.post(
        f"/sign-in?{via}", data={"email": "late@example.org", "password": "correct horse battery"}
    )
    client.post(f"/share/{address.rsplit('/', 1)[-1]}")
    code = session.scalar(
        sa.text(
            "SELECT code FROM referral_links l JOIN members m ON m.id = l.owner_id"
            " WHERE m.handle = 'late'"
        )
    )
    signed_in("next").get(f"/r/{code}")
    degrees = session.execute(
        sa.select(CascadeReach.degree, CascadeReach.joined).order_by(CascadeReach.id)
    ).all()
    assert degrees == [(1, False), (2, False)]


@pytest.mark.parametrize(
    ("language", "words", "stored"),
    [("en", "changed while you were", "stored now"), ("es", "Esto cambió", "guardado ahora")],
)
def test_an_older_form_shows_what_is_stored(
    owner: FlaskClient, address: str, language: str, words: str, stored: str
) -> None:
    owner.post("/language", data={"language": language})
    changed = {**FORM, "about": "Coffee, books and chess.", "revision": "1"}
    assert owner.post(f"{address}/edit", data=changed).status_code == 303
    stale = owner.post(f"{address}/edit", data={**changed, "about": "My long text."})
    assert stale.status_code == 409
    for text in (words, stored, "Coffee, books and chess.", ">My long text.</textarea>"):
        assert text in stale.text


def test_erasure_takes_fans_and_teams(
    client: FlaskClient, session: Session, owner: FlaskClient, address: str
) -> None:
    owner.post(f"{address}/follow", data={"following": "yes"})
    form = {"content": "keep", "password": "correct horse battery"}
    assert owner.post("/settings/erase", data=form).status_code == 303
    assert session.scalars(sa.select(Fan)).all() == []
    assert (
        session.scalars(
            sa.select(Grant).where(Grant.subject_id.is_not(None), Grant.ended_at.is_(None))
        ).all()
        == []
    )
    assert "unclaimed" in client.get(address).text


def test_who_is_suspended_changes_nothing_of_the_brand(
    session: Session, signed_in: Browser, owner: FlaskClient, address: str
) -> None:
    signed_in("friend")
    owner.post(f"{address}/keys", data={"name": "site", "scopes": "reports:read"})
    owner.post(f"{address}/team", data={"handle": "friend"})
    key, friend = session.execute(
        sa.text("SELECT k.id, m.id FROM api_keys k, members m WHERE m.handle = 'friend'")
    ).one()
    session.execute(
        sa.text("UPDATE members SET suspended_until = now() + interval '1 day'"
                " WHERE handle = 'owner'")
    )  # fmt: skip
    session.commit()
    for path, form in (
        ("/team", {"handle": "mod"}),
        (f"/team/{friend}/remove", {}),
        ("/link", {}),
        (f"/keys/{key}/revoke", {}),
        ("/keys", {"name": "another", "scopes": "reports:read"}),
    ):
        assert owner.post(address + path, data=form).status_code == 403, path
