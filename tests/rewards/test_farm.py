"""Whole stories over HTTP: a farm, a school, a home, a ring of praise; decisions and appeals."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import counted_queries
from tests.factories import content
from tests.factories.members import PASSWORD
from tests.reading import words
from tests.rewards.conftest import FIREFOX, World, decide, first_ring
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.rules.roles import Role
from ugc.core.access import SYSTEM
from ugc.core.db import Session
from ugc.fraud import jobs as fraud_jobs
from ugc.fraud.queries import evidence as fraud_evidence
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.fraud.rules import score as fraud_score
from ugc.moderation import actions as moderation_actions
from ugc.reputation.queries import ledger as reputation_ledger
from ugc.rewards import actions as rewards_actions
from ugc.rewards import rules as rewards_rules

Browser = Callable[..., FlaskClient]
FARM, SOME = 50, 12


def doubted(session: Session) -> set[int]:
    return set(session.scalars(fraud_untrusted.doubted()))


def plant(world: World, many: int) -> dict[str, FlaskClient]:
    """boss makes many accounts on one network with one browser, by the own link."""
    boss = world.join("boss", address="203.0.113.1", agent=FIREFOX)
    link = world.link_of(boss)
    people = {"boss": boss}
    for number in range(many):
        handle = f"sybil-{number}"
        people[handle] = world.join(handle, link, address=f"203.0.113.{number + 2}", agent=FIREFOX)
    world.run_jobs()
    return people


@pytest.fixture
def farm(world: World) -> dict[str, FlaskClient]:
    return plant(world, SOME)


def test_a_farm_earns_nothing(world: World, session: Session, signed_in: Browser) -> None:
    farm = plant(world, FARM)
    boss = world.id_of("boss")
    # Held, and capped: ten of fifty.
    assert reputation_ledger.balance(session, boss) == (0, rewards_rules.DAILY_CAP)
    world.score_all()
    assert {h for h, s in world.scores().items() if s >= fraud_score.DOUBTED} == set(farm)
    assert doubted(session) == {world.id_of(handle) for handle in farm}

    # They do genuine-looking things; a like ring around boss; post, delete, post again.
    moderator = signed_in("mod", role="moderator")
    reports = [world.report(farm["boss"], place) for place in range(5)]
    strangers = [world.report(moderator, 10)]
    world.approve_all(moderator)
    for handle in list(farm)[1:9]:
        for report in (*reports, *strangers):
            world.confirm(farm[handle], report)
    again = farm["sybil-0"]
    for _ in range(3):
        address = world.report(again, 40)
        world.approve_all(moderator)
        again.post(f"{address}/withdraw")
    world.run_jobs()
    world.later("25 hours")
    world.score_all()
    for handle in farm:
        rewards_actions.release(session, world.id_of(handle))
    session.commit()
    # Whatever they did: doubted, so nothing is released.
    assert "released" not in world.states("boss").values()
    assert reputation_ledger.balance(session, boss)[1] == rewards_rules.DAILY_CAP
    reasons = set(
        session.scalars(
            sa.text("SELECT r->>'code' FROM fraud_scores, jsonb_array_elements(reasons) r")
        )
    )
    assert reasons >= {
        "self_browser", "self_contacts", "same_browser", "praise", "gone_again", "burst",
        "doubted_contacts", "genuine",
    }  # fmt: skip

    # One case for all, with a drawing and a table.
    page = moderator.get("/moderation").text
    assert page.count('class="ring__drawing"') == 1
    assert page.count('class="ring__dot"') == 40
    assert "and 11 more" in page
    assert "ring__line--referral" in page
    assert "ring__line--browser" in page
    assert "style=" not in page.split("<main")[1].split("</main>")[0]
    assert page.count('name="member"') == FARM + 1

    # All are false: rewards, their points and what their votes gave go.
    refused = decide(moderator, "false")
    assert refused.status_code == 422
    assert "A refusal names the rule." in refused.text
    before = reputation_ledger.balance(session, world.id_of("mod"))[0]
    done = decide(moderator, "false", rule="several_accounts", note="One person.", suspend="30")
    assert done.status_code == 303
    world.run_jobs()
    assert session.scalar(sa.text("SELECT count(*) FROM false_members")) == FARM + 1
    for handle in farm:
        assert reputation_ledger.balance(session, world.id_of(handle)) == (0, 0)
    # The moderator's own report keeps its points: eight confirmations of strangers gave it none.
    assert reputation_ledger.balance(session, world.id_of("mod"))[0] == before == 6
    assert set(world.states("boss").values()) == {"reversed", "capped"}
    first = session.scalar(
        sa.text(
            "SELECT coalesce(sum(first), 0) + (SELECT coalesce(sum(change), 0) FROM reach_deltas"
            " WHERE member_id = :id AND degree = 1) FROM reach_counts WHERE member_id = :id"
        ),
        {"id": boss},
    )
    assert first == 0
    assert "Nothing waits" in moderator.get("/moderation").text
    world.ledger_adds_up()
    assert farm["boss"].post("/reports", data={"kind": "jam"}).status_code == 403

    # Told in their language, with rule and note.
    for language, text in (("en", "Several accounts of one person"), ("es", "Varias cuentas")):
        farm["sybil-3"].post("/language", data={"language": language})
        for address in ("/inbox", "/rewards"):
            assert text in farm["sybil-3"].get(address).text
    assert "One person." in farm["sybil-3"].get("/inbox").text


def test_a_decision_for_some_leaves_the_others_in_a_new_case(
    world: World, session: Session, farm: dict[str, FlaskClient], signed_in: Browser
) -> None:
    world.score_all()
    moderator, second = signed_in("mod", role="moderator"), signed_in("mod2", role="moderator")
    chosen = [world.id_of(f"sybil-{n}") for n in range(5)]
    seen = first_ring(second)
    nobody = decide(moderator, "false", who="some", rule="machine")
    assert nobody.status_code == 422
    stranger = decide(moderator, "false", who="some", rule="machine", member=[world.id_of("mod")])
    assert stranger.status_code == 422
    assert session.scalar(sa.text("SELECT count(*) FROM decisions")) == 0
    some = decide(moderator, "false", who="some", rule="machine", member=chosen)
    assert some.status_code == 303
    assert session.scalar(sa.text("SELECT count(*) FROM false_members")) == 5
    # The second moderator decided on what is over.
    late = second.post(seen[0], data={"version": seen[1], "who": "all", "action": "clear"})
    assert late.status_code == 409
    # A new case holds the rest.
    page = second.get("/moderation").text
    assert page.count('name="member"') == SOME - 4
    address, version = first_ring(second)
    assert address != seen[0]
    # The queue's own form cannot decide a ring.
    other = address.replace("/rings", "")
    wrong = second.post(other, data={"version": version, "action": "approve"})
    assert wrong.status_code == 422
    assert decide(second, "cleared").status_code == 303
    assert doubted(session) == set(chosen)
    # The same evidence brings no new case.
    world.score_all()
    assert session.scalar(sa.text("SELECT count(*) FROM cases WHERE decided_at IS NULL")) == 0
    assert doubted(session) == set(chosen)
    world.ledger_adds_up()


def test_cleared_people_bring_their_points(
    world: World, session: Session, farm: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator = signed_in("mod", role="moderator")
    for place in range(2):
        world.report(farm["sybil-1"], place)
    world.approve_all(moderator)
    world.run_jobs()
    world.score_all()
    world.later("25 hours")
    rewards_actions.release(session, world.id_of("sybil-1"))
    assert world.states("boss")["sybil-1"] == "held"
    assert decide(moderator, "cleared").status_code == 303
    world.run_jobs()
    assert world.states("boss")["sybil-1"] == "released"
    assert world.states("boss")["sybil-2"] == "held"
    world.ledger_adds_up()


def test_one_appeal_decided_by_another(
    world: World, session: Session, farm: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator, second = signed_in("mod", role="moderator"), signed_in("mod2", role="moderator")
    for place in range(2):
        world.report(farm["sybil-1"], place)
    world.approve_all(moderator)
    world.run_jobs()
    world.score_all()
    assert decide(moderator, "false", rule="machine", suspend="365").status_code == 303
    world.run_jobs()
    ring_id = session.scalar(sa.text("SELECT id FROM rings"))
    one = farm["sybil-1"]
    assert moderator.post(f"/rewards/{ring_id}/appeal", data={"text": "x" * 30}).status_code == 404
    for language, text in (("en", "at least 20"), ("es", "al menos 20")):
        one.post("/language", data={"language": language})
        short = one.post(f"/rewards/{ring_id}/appeal", data={"text": "No."})
        assert short.status_code == 422
        assert text in short.text
    sent = one.post(f"/rewards/{ring_id}/appeal", data={"text": "I am one of a large family."})
    assert sent.status_code == 303
    again = one.post(f"/rewards/{ring_id}/appeal", data={"text": "And I say so again, please."})
    assert again.status_code == 409
    case = session.execute(sa.text("SELECT id, version FROM cases WHERE reason = 'appealed'")).one()
    granting = {"version": str(case.version), "action": "grant", "note": "Sorry."}
    own = moderator.post(f"/moderation/{case.id}", data=granting)
    assert own.status_code == 403
    page = second.get("/moderation").text
    assert "I am one of a large family." in page
    assert "Accounts that a program runs" in page
    assert second.post(f"/moderation/{case.id}", data=granting).status_code == 303
    world.run_jobs()
    me = world.id_of("sybil-1")
    assert me not in doubted(session)
    assert len(doubted(session)) == SOME
    # The two reports' points are theirs again; boss, who is still false, has none for them.
    assert reputation_ledger.balance(session, me) == (12, 0)
    assert world.states("boss")["sybil-1"] == "reversed"
    assert world.member("sybil-1").suspended_until is None
    assert "Tu recurso fue aceptado" in one.get("/rewards").text
    assert "Sorry." in one.get("/inbox").text
    world.ledger_adds_up()

    # A refused one is final.
    other = farm["sybil-2"]
    other.post(f"/rewards/{ring_id}/appeal", data={"text": "We are all honest people here."})
    case = session.execute(
        sa.text("SELECT id, version FROM cases WHERE reason = 'appealed' AND decided_at IS NULL")
    ).one()
    refusing = {"version": str(case.version), "action": "uphold", "rule": "upheld"}
    assert second.post(f"/moderation/{case.id}", data=refusing).status_code == 303
    world.run_jobs()
    assert "This is final." in other.get("/rewards").text
    assert world.id_of("sybil-2") in doubted(session)
    # boss is granted one too: what sybil-1 was worth comes back with it, the others' not.
    farm["boss"].post(f"/rewards/{ring_id}/appeal", data={"text": "They are not all mine at all."})
    case = session.execute(
        sa.text("SELECT id, version FROM cases WHERE reason = 'appealed' AND decided_at IS NULL")
    ).one()
    form = {"version": str(case.version), "action": "grant"}
    assert second.post(f"/moderation/{case.id}", data=form).status_code == 303
    assert reputation_ledger.balance(session, world.id_of("boss")) == (0, 20)
    assert world.states("boss")["sybil-1"] == "held"
    world.ledger_adds_up()


def test_a_school_is_not_doubted(world: World, session: Session, signed_in: Browser) -> None:
    """Thirty in one computer room, by the link of their teacher, who then do different things."""
    moderator = signed_in("mod", role="moderator")
    teacher = world.join("teacher", address="198.51.100.1", agent=FIREFOX)
    link = world.link_of(teacher)
    pupils = [
        world.join(f"pupil-{n}", link, address=f"198.51.100.{n + 2}", agent=FIREFOX)
        for n in range(30)
    ]
    for number, pupil in enumerate(pupils):
        for step in range(2):
            world.report(pupil, number * 2 + step, lat=str(number), lon=str(step))
    world.approve_all(moderator)
    world.score_all()
    scores = world.scores()
    assert max(scores.values()) < fraud_score.DOUBTED
    assert scores["pupil-0"] > 0  # flagged, with its reasons
    assert doubted(session) == set()
    assert session.scalar(sa.text("SELECT count(*) FROM rings")) == 0


def test_a_school_with_telephones_is_not_doubted_on_the_first_day(
    world: World, session: Session, signed_in: Browser
) -> None:
    link = world.link_of(world.join("teacher", address="198.51.100.1"))
    for n in range(30):
        world.join(f"pupil-{n}", link, address="198.51.100.1")
    world.run_jobs()
    world.score_all()
    assert doubted(session) == set()


def test_a_home_is_not_doubted(world: World, session: Session) -> None:
    """Four at one computer, one after the other, who confirm each other and do nothing more."""
    link = world.link_of(world.join("mum", address="192.0.2.7", agent=FIREFOX))
    for handle in ("dad", "kid-1", "kid-2"):
        world.join(handle, link, address="192.0.2.7", agent=FIREFOX)
    world.run_jobs()
    world.score_all()
    assert doubted(session) == set()
    world.later("20 days")
    world.score_all()
    assert doubted(session) == set()
    assert 0 < max(world.scores().values()) < fraud_score.DOUBTED


def test_the_same_mailbox_and_throw_away_mail(world: World, session: Session) -> None:
    ana = world.join("ana", email="an.a@gmail.com")
    world.join("ana2", world.link_of(ana), email="ana+2@gmail.com")
    world.join("thrown", email="thrown@mailinator.com")
    world.run_jobs()
    world.score_all()
    assert world.scores() == {"ana": 60, "ana2": 60, "thrown": 25}
    # One case for the two, none for who only uses such an address.
    assert session.scalar(sa.text("SELECT count(*) FROM ring_members")) == 2
    assert session.scalar(sa.text("SELECT count(*) FROM rings")) == 1


def test_a_chain_that_comes_back_is_a_ring(world: World, session: Session) -> None:
    """A brings B from elsewhere, B brings C, who is at A's machine."""
    a = world.join("a-one", address="192.0.2.1", agent=FIREFOX)
    b = world.join("b-two", world.link_of(a), address="198.51.100.9")
    world.join("c-three", world.link_of(b), address="192.0.2.1", agent=FIREFOX)
    world.score_all()
    scores = world.scores()
    assert scores == {"a-one": 35, "c-three": 35}


def test_a_circle_without_a_common_mark(world: World, session: Session, signed_in: Browser) -> None:
    """Five brought by one another, each from elsewhere, who confirm only what the others post."""
    moderator = signed_in("mod", role="moderator")
    ring = {"c-0": world.join("c-0")}
    for number in range(1, 5):
        ring[f"c-{number}"] = world.join(f"c-{number}", world.link_of(ring[f"c-{number - 1}"]))
    # By the same links in the same hours, and one whom the ring praises: neither took part.
    for handle in ("reader", "praised"):
        ring[handle] = world.join(handle, world.link_of(ring["c-1"]))
    posts = {handle: world.report(ring[handle], place) for place, handle in enumerate(ring)}
    world.approve_all(moderator)
    world.score_all()
    assert doubted(session) == set()
    for handle in list(ring)[:5]:
        for author in ring:
            if author not in (handle, "reader"):
                world.confirm(ring[handle], posts[author])
    world.run_jobs()
    world.score_all()
    assert doubted(session) == {world.id_of(f"c-{number}") for number in range(5)}
    # 20 votes among the five and 5 for who is praised, seven heads; their posts are no merit.
    assert world.scores()["c-4"] >= 80
    assert "praise each other" in words(ring["c-4"].get("/rewards").text)
    ring["c-4"].post("/language", data={"language": "es"})
    assert "se elogian entre sí" in words(ring["c-4"].get("/rewards").text)


def test_throw_away_mail_in_a_circle_of_it(world: World, session: Session) -> None:
    link = world.link_of(world.join("first"))
    for number in range(3):
        world.join(f"t-{number}", link, email=f"t{number}@mailinator.com")
    world.join("real", link)
    world.score_all()
    # Who brought three doubted ones of four is asked about that, and not doubted.
    assert world.scores() == {"t-0": 70, "t-1": 70, "t-2": 70, "first": 36}


def test_praise_of_one_brand_alone(world: World, session: Session, signed_in: Browser) -> None:
    ana = world.join("ana")
    brand = content.brand(session, name="Zeta")
    for _ in range(3):
        place = content.place(session)
        content.run_place(session, place.id, brand.id)
        content.review(session, place.id, author_id=world.id_of("ana"), rating=5)
    session.commit()
    world.score_all()
    assert world.scores() == {"ana": 20}
    world.report(ana)
    world.approve_all(signed_in("mod", role="moderator"))
    world.score_all()
    # Something else, and the reviews are genuine too.
    assert world.scores() == {}


def test_marks_are_hashes_that_go(
    world: World, session: Session, run_jobs: Callable[[], int]
) -> None:
    ana = world.join("ana", address="203.0.113.9")
    kinds = session.scalars(sa.text("SELECT kind FROM fingerprints ORDER BY kind")).all()
    assert kinds == ["browser", "mailbox", "network"]
    exported = ana.get("/settings/export").get_json(force=True)["rewards"]
    assert [each["kind"] for each in exported["marks"]] == kinds
    assert "203.0.113" not in str(exported)
    world.later("89 days")
    fraud_jobs.forget_fingerprints(session)
    assert session.scalar(sa.text("SELECT count(*) FROM fingerprints")) == 3
    world.later("91 days")
    fraud_jobs.forget_fingerprints(session)
    assert session.scalar(sa.text("SELECT count(*) FROM fingerprints")) == 0


def test_who_may_see_and_decide(
    world: World, session: Session, farm: dict[str, FlaskClient], client: FlaskClient,
    signed_in: Browser,
) -> None:  # fmt: skip
    world.score_all()
    moderator = signed_in("mod", role="moderator")
    address, version = first_ring(moderator)
    form = {"version": version, "who": "all", "action": "clear"}
    assert client.post(address, data=form).status_code == 401
    assert farm["boss"].post(address, data=form).status_code == 404
    assert client.get("/rewards").status_code == 401
    assert moderator.post("/moderation/rings/999999", data=form).status_code == 404
    assert moderator.post(address, data={**form, "version": "x"}).status_code == 422
    assert moderator.post(address, data={**form, "action": "x"}).status_code == 422
    assert moderator.post(address, data={**form, "suspend": "7"}).status_code == 422
    # Who is of the ring decides nothing about it.
    boss = world.member("boss").id
    accounts_grants_actions.give(session, boss, Role.MODERATOR, by=SYSTEM, announce=False)
    session.commit()
    assert farm["boss"].post(address, data=form).status_code == 403
    # Everybody reads what speaks against themselves, and names nobody else by it.
    seen = words(farm["sybil-0"].get("/rewards").text)
    assert "The same network and browser as who brought this account" in seen
    assert "boss" not in seen
    assert "sybil-1" not in seen


def test_who_leaves_an_open_ring_leaves_no_word(
    world: World, session: Session, farm: dict[str, FlaskClient], signed_in: Browser
) -> None:
    world.score_all()
    moderator = signed_in("mod", role="moderator")
    seen = first_ring(moderator)
    ids = {handle: world.id_of(handle) for handle in farm}
    form = {"password": PASSWORD, "content": "keep"}
    assert farm["sybil-0"].post("/settings/erase", data=form).status_code == 303
    # The case changed: nobody decides by what they saw before.
    stale = {"version": seen[1], "who": "all", "action": "clear"}
    assert moderator.post(seen[0], data=stale).status_code == 409
    assert moderator.get("/moderation").text.count('name="member"') == SOME
    chosen = [ids["sybil-1"], ids["sybil-2"]]
    some = decide(moderator, "false", who="some", rule="bought", member=chosen)
    assert some.status_code == 303
    ring_id = session.scalar(sa.text("SELECT id FROM rings"))
    text = "Zzappeal: I am one of many here."
    assert (
        farm["sybil-1"].post(f"/rewards/{ring_id}/appeal", data={"text": text}).status_code == 303
    )
    exported = farm["sybil-1"].get("/settings/export").get_json(force=True)["rewards"]
    assert exported["appeals"][0]["text"] == text
    assert exported["decisions"][0]["rule"] == "bought"
    assert farm["sybil-1"].post("/settings/erase", data=form).status_code == 303
    world.run_jobs()
    assert session.scalar(sa.text("SELECT count(*) FROM appeals WHERE text <> ''")) == 0
    open_appeals = "SELECT count(*) FROM cases WHERE reason = 'appealed' AND decided_at IS NULL"
    assert session.scalar(sa.text(open_appeals)) == 0
    for table in ("fingerprints", "fraud_scores", "clearings"):
        gone = sa.text(f"SELECT count(*) FROM {table} WHERE member_id = ANY(:ids)")
        assert session.scalar(gone, {"ids": [ids["sybil-0"], ids["sybil-1"]]}) == 0
    # Who was found to be false stays so, as a node without a name.
    assert (
        session.scalars(sa.text("SELECT member_id FROM false_members ORDER BY 1")).all() == chosen
    )
    # When all others have left, nothing is there to decide.
    for handle in farm:
        if handle not in ("sybil-0", "sybil-1", "sybil-2"):
            assert farm[handle].post("/settings/erase", data=form).status_code == 303
    assert "Nothing waits" in moderator.get("/moderation").text
    world.ledger_adds_up()


def test_the_evidence_of_many_is_a_bounded_number_of_queries(
    world: World, session: Session, farm: dict[str, FlaskClient]
) -> None:
    everybody = [world.id_of(handle) for handle in farm]
    tables = moderation_actions.counted_tables()
    counts = []
    for some in (everybody[:3], everybody):
        with counted_queries() as seen:
            fraud_evidence.gather(session, some, tables, lambda: 1.0)
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 1 <= 20
    with counted_queries() as seen:
        world.score_all()
    assert len(seen) < 90
