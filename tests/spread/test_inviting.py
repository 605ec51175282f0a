"""Consents and invitations: who is asked, what a brand learns of it, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.spread.conftest import World, actor_of
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.accounts.models import Member
from ugc.brands.queries import reading as brands_reading
from ugc.campaigns import actions as campaigns_actions
from ugc.campaigns import queries as campaigns_queries
from ugc.campaigns import rules as campaigns_rules
from ugc.campaigns.models import Invitation, InvitationDelivery
from ugc.content import actions as content_actions
from ugc.core import privacy
from ugc.core.access import SYSTEM
from ugc.core.db import now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Subject, Visibility
from ugc.influencers.actions import consents as influencers_consents
from ugc.influencers.models import BrandConsent, SpreadConsent
from ugc.influencers.queries import consents as influencers_consents_queries
from ugc.notifications.models import Notification
from ugc.spread.queries import dashboard as spread_dashboard

TEXT, THANKS = "Bring a friend to Mora, please.", "Thank you so much!"
SignIn = Callable[[str], FlaskClient]


def write(world: World) -> str:
    brand = brands_reading.brand_by_id(world.session, actor_of(world.owner), world.brand_id)
    public_id = campaigns_actions.write_invitation(
        world.session, actor_of(world.owner), brand, text=TEXT, thanks=THANKS, language="en"
    )
    row = world.session.scalars(
        sa.select(Invitation).join(Subject, Subject.id == Invitation.id)
        .where(Subject.public_id == public_id)
    ).one()  # fmt: skip
    if row.visibility == "held":
        content_actions.set_visibility(
            world.session,
            campaigns_actions.INVITATIONS,
            row.id,
            Visibility.PUBLISHED,
            "decision:0",
            "system",
        )
    world.session.commit()
    return public_id


def id_of(world: World, public_id: str) -> int:
    return world.session.scalars(sa.select(Subject.id).where(Subject.public_id == public_id)).one()


def agree(world: World, member: Member) -> None:
    influencers_consents.allow_brand(world.session, actor_of(member), world.brand_id, allowed=True)
    world.session.flush()


def told(world: World) -> set[int]:
    return set(
        world.session.scalars(
            sa.select(Notification.member_id).where(Notification.kind == "invitation")
        )
    )


def test_both_the_setting_and_the_brand_are_needed(world: World) -> None:
    session = world.session
    both, brand_only, setting_only, nobody = (world.someone() for _ in range(4))
    agree(world, both)
    session.add(BrandConsent(brand_id=world.brand_id, member_id=brand_only.id))
    session.add(SpreadConsent(member_id=setting_only.id, contactable=True))
    agree(world, world.owner)  # the team invites itself not
    session.flush()
    public_id = write(world)
    campaigns_actions.send_invitation(session, actor_of(world.owner), id_of(world, public_id))
    assert told(world) == {both.id}
    assert nobody.id not in told(world)


def test_the_suspended_are_neither_invited_nor_named(world: World) -> None:
    session = world.session
    one, other = world.someone(email="one@example.org"), world.someone()
    for member in (one, other):
        agree(world, member)
        influencers_consents.choose(
            session, actor_of(member), named=True, contactable=True, city_id=None
        )
    accounts_suspending.suspend(session, SYSTEM, one.id, reason="spam", days=7)
    assert campaigns_queries.invitable(session, world.brand_id) == [other.id]
    assert set(spread_dashboard.agreed_names(session, {one.id, other.id})) == {other.id}


def test_a_brand_learns_no_small_number(world: World) -> None:
    for _ in range(13):
        agree(world, world.someone())
    sent = campaigns_actions.send_invitation(
        world.session, actor_of(world.owner), id_of(world, write(world))
    )
    assert sent == 10


def test_once_and_then_a_rest(world: World) -> None:
    session = world.session
    member = world.someone()
    agree(world, member)
    owner = actor_of(world.owner)
    first, second = id_of(world, write(world)), id_of(world, write(world))
    campaigns_actions.send_invitation(session, owner, first)
    with pytest.raises(Conflict):
        campaigns_actions.send_invitation(session, owner, first)
    with pytest.raises(Conflict):
        campaigns_actions.send_invitation(session, owner, second)
    session.execute(
        sa.text("UPDATE invitations SET sent_at = sent_at - :days * interval '1 day'"),
        {"days": campaigns_rules.REST_DAYS},
    )
    # The brand may again; the member heard of it too lately.
    assert campaigns_queries.invitable(session, world.brand_id) == []
    session.execute(
        sa.text("UPDATE invitation_deliveries SET sent_at = sent_at - :days * interval '1 day'"),
        {"days": campaigns_rules.REST_DAYS},
    )
    campaigns_actions.send_invitation(session, owner, second)
    assert session.scalar(sa.select(sa.func.count()).select_from(InvitationDelivery)) == 2


def test_stopping_by_the_brand_and_by_the_setting(world: World) -> None:
    session = world.session
    one, other = world.someone(), world.someone()
    for member in (one, other):
        agree(world, member)
    influencers_consents.allow_brand(session, actor_of(one), world.brand_id, allowed=False)
    influencers_consents.choose(
        session, actor_of(other), named=False, contactable=False, city_id=None
    )
    session.flush()
    assert campaigns_queries.invitable(session, world.brand_id) == []
    # Whoever lets brands invite them again chooses each anew.
    influencers_consents.choose(
        session, actor_of(other), named=False, contactable=True, city_id=None
    )
    session.flush()
    assert campaigns_queries.invitable(session, world.brand_id) == []


def test_only_the_team_writes_and_sends(world: World) -> None:
    stranger = actor_of(world.someone())
    brand = brands_reading.brand_by_id(world.session, stranger, world.brand_id)
    with pytest.raises(Forbidden):
        campaigns_actions.write_invitation(
            world.session, stranger, brand, text=TEXT, thanks=THANKS, language="en"
        )
    with pytest.raises(Forbidden):
        campaigns_actions.send_invitation(world.session, stranger, id_of(world, write(world)))


@pytest.mark.parametrize("text", ["", "short", "x" * (campaigns_rules.TEXT_MAX + 1)])
def test_texts_have_a_length(world: World, text: str) -> None:
    brand = brands_reading.brand_by_id(world.session, actor_of(world.owner), world.brand_id)
    with pytest.raises(Invalid) as error:
        campaigns_actions.write_invitation(
            world.session, actor_of(world.owner), brand, text=text, thanks=text, language="en"
        )
    assert set(error.value.fields) == {"text", "thanks"}


def test_the_whole_way_in_the_browser(
    world: World, browser_of: SignIn, signed_in: Callable[..., FlaskClient], client: FlaskClient,
    run_jobs: Callable[[], int],
) -> None:  # fmt: skip
    fan, owner = signed_in("fan"), browser_of("owner")
    page = fan.get(f"/brands/{world.brand}").text
    assert "It may invite me" in page
    assert fan.post(f"/brands/{world.brand}/invite-me", data={"allowed": "yes"}).status_code == 303
    assert "Stop it" in fan.get(f"/brands/{world.brand}").text
    refused = owner.post(
        f"/brands/{world.brand}/invitations", data={"text": "no", "thanks": THANKS}
    )
    assert refused.status_code == 422
    assert THANKS in refused.text  # what was typed survives
    made = owner.post(
        f"/brands/{world.brand}/invitations", data={"text": TEXT, "thanks": THANKS}
    ).location
    public_id = made.rpartition("/")[2]
    # The owner is new here: a moderator looks first.
    assert fan.get(made).status_code == 404
    assert "It waits for a moderator" in owner.get(made).text
    assert owner.post(f"{made}/send").status_code == 409
    mod = signed_in("mod", role="moderator")
    assert TEXT in mod.get("/moderation").text
    case_id, version = world.session.execute(
        sa.text("SELECT id, version FROM cases WHERE subject_id = :id"),
        {"id": id_of(world, public_id)},
    ).one()
    decided = mod.post(f"/moderation/{case_id}", data={"version": version, "action": "approve"})
    assert decided.status_code in (200, 303), decided.text
    sent = owner.post(f"{made}/send", follow_redirects=True).text
    assert "fewer than ten people" in sent
    run_jobs()
    inbox = fan.get("/inbox").text
    assert "Bring others: Invitation of Mora" in inbox
    assert made in inbox
    # Anybody may read it; members take a link; who brought somebody is thanked.
    assert TEXT in client.get(made).text
    assert THANKS not in client.get(made).text
    assert fan.post(f"{made}/link").location == f"{made}#link"
    assert "Nobody came by it yet." in fan.get(made).text
    member = world.session.scalars(sa.select(Member).where(Member.handle == "fan")).one()
    world.links[member.id, world.brand_id] = world.session.scalar(
        sa.text("SELECT id FROM referral_links WHERE owner_id = :id"), {"id": member.id}
    )
    world.reach(world.someone(), member)
    world.session.commit()
    assert THANKS in fan.get(made).text
    # It can be flagged, and stopped.
    flagged = fan.post(f"/flag/{public_id}", data={"rule": "spam", "note": ""})
    assert flagged.status_code != 404
    assert f"/flag/{public_id}" in fan.get(made).text or "flag" in fan.get(made).text.lower()
    stop = {"allowed": "no", "next": made}
    assert fan.post(f"/brands/{world.brand}/invite-me", data=stop).location == made
    assert campaigns_queries.invitable(world.session, world.brand_id) == []
    # Nothing of it tells the brand who that was.
    for path in (made, f"/brands/{world.brand}/invitations", f"/brands/{world.brand}/spread.json"):
        told_page = owner.get(path).text
        assert "fan@example.org" not in told_page
        assert ">fan<" not in told_page


def test_withdrawn_by_the_team(world: World, browser_of: SignIn, client: FlaskClient) -> None:
    public_id = write(world)
    assert client.get(f"/invitations/{public_id}").status_code == 200
    owner = browser_of("owner")
    answer = owner.post(f"/invitations/{public_id}/withdraw")
    assert answer.location == f"/brands/{world.brand}/invitations"
    assert client.get(f"/invitations/{public_id}").status_code == 404


def test_settings_in_both_languages(world: World, signed_in: Callable[..., FlaskClient]) -> None:
    browser = signed_in("ana")
    assert "Brands and lists of prescriptores may show my name" in browser.get("/settings").text
    wrong = browser.post("/settings/spread", data={"city": "Xyzzyx", "named": "yes"})
    assert wrong.status_code == 422
    assert "No city with this name is known" in wrong.text
    assert 'value="Xyzzyx"' in wrong.text
    member = world.session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    assert not influencers_consents_queries.consent_of(world.session, member.id).named
    saved = browser.post("/settings/spread", data={"city": "madrid", "named": "yes"})
    assert saved.location == "/settings#spreading"
    consent = influencers_consents_queries.consent_of(world.session, member.id)
    assert (consent.named, consent.contactable, consent.city) == (True, False, "Madrid")
    browser.post("/settings/spread", data={"city": ""})
    assert influencers_consents_queries.consent_of(world.session, member.id).city == ""
    browser.post("/language", data={"language": "es"})
    assert "Las marcas y las listas de prescriptores" in browser.get("/settings").text


def test_what_a_member_exports_and_what_erasing_leaves(world: World) -> None:
    session = world.session
    member = world.someone()
    agree(world, member)
    public_id = write(world)
    campaigns_actions.send_invitation(session, actor_of(world.owner), id_of(world, public_id))
    exported = privacy.export(session, member.id)["spreading"]
    assert exported["brands_may_invite"] is True
    assert [row["id"] for row in exported["received"]] == [public_id]
    influencers_consents.erase_member(session, member.id, False)
    campaigns_actions.erase_member(session, member.id, False)
    assert session.get(SpreadConsent, member.id) is None
    assert campaigns_queries.invitable(session, world.brand_id) == []
    campaigns_actions.erase_member(session, world.owner.id, True)
    session.flush()
    row = session.get_one(Invitation, id_of(world, public_id))
    assert (row.text, row.thanks, row.author_id, row.visibility) == ("", "", None, "withdrawn")
    assert now(session) >= row.created_at
