"""A world in which every list has as many rows as one wants, for `test_growing_lists`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask

from tests.databases import CITIES
from tests.factories.members import PASSWORD_HASH
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import Grant, Member, MemberName, Suspension, SuspensionNote
from ugc.accounts.rules.roles import Role
from ugc.brandapi import rules as brandapi_rules
from ugc.brandapi.models import ApiKey
from ugc.brands.models import Brand, BrandChange, BrandClaim, Fan, TeamInvitation
from ugc.campaigns.models import Invitation
from ugc.comments.models import Comment
from ugc.content.models import Version
from ugc.core import subjects
from ugc.core.access import SYSTEM, Actor, ActorKind
from ugc.core.db import Session, now
from ugc.fraud.models import Appeal, FraudScore, Ring, RingMember
from ugc.geography import geo
from ugc.geography.gazetteer import City
from ugc.influencers import rules as influencers_rules
from ugc.influencers.models import BrandConsent, PrescriptorScore, SpreadConsent
from ugc.media.models import Photo
from ugc.moderation.models import Case, Decision, DecisionNote, Flag
from ugc.notifications.models import Notification
from ugc.notifications.rules import KINDS
from ugc.places.models import Place, PlaceBrand, PlaceClaim, PlaceFact
from ugc.privateplaces import actions as privateplaces_actions
from ugc.privateplaces import rules as privateplaces_rules
from ugc.profiles.models import Profile
from ugc.referrals.models import CascadeReach, Referral, ReferralLink
from ugc.reports.models import Report, Vote
from ugc.reputation.models import Badge, PointEntry, PointTotals
from ugc.reputation.rules import BADGES
from ugc.reviews.models import Review
from ugc.rewards.models import ReferralReward
from ugc.watches.actions import watching as watches_watching
from ugc.watches.models import Follow, PushSubscription, Shape
from ugc.watches.rules import geometry as watches_geometry

MADRID = CITIES[0][0]
LON, LAT = -3.70, 40.41
# Kinds of contributed content, and what else cases are about.
CASES = ("report", "place", "review", "comment", "brand", "brand_claim", "brand_change",
         "place_claim", "invitation", "member", "ring", "appeal")  # fmt: skip
# What the cause of a notification names, by kind; others have one of no meaning.
DECIDED = ("approved", "refused", "account_false", "account_cleared")
REASON = {"code": "burst", "points": 70, "n": 4, "with": []}


def earlier(subject_id: int, revision: int, *, by: int | None = None, **said: str) -> list[Version]:
    """What a subject said in a revision, one row a field."""
    return [
        Version(subject_id=subject_id, revision=revision, field=name, body=body, replaced_by_id=by)
        for name, body in said.items()
    ]


class World:
    """`ana` owns a brand and what `grow` makes, `admin` runs the site; ids and public ids by name
    are in `of`."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session, self.rows = app, session, 0
        self.ids: dict[str, int] = {}
        self.of: dict[str, str] = {"handle": "ana"}
        self.member("ana")
        self.member("admin", Role.ADMINISTRATOR)
        for kind in CASES:
            self.member(f"of_{kind}", Role.MODERATOR, kind=kind)
        site = subjects.site(session)
        self.ids["site"] = site.id
        self.brand("brand", "The brand of Ana")
        session.add(Grant(role="owner", subject_id=self.ids["brand"], member_id=self.ids["ana"]))
        self.place("quiet place", "The quiet café", 0)
        for name, owner, about in (
            ("ana's", "ana", "site"),
            ("of ana to brand", "ana", "brand"),
            ("brand's", "brand", "brand"),
            ("of ana to a place", "ana", "quiet place"),
        ):
            link = ReferralLink(
                code=f"c{len(self.ids)}", owner_id=self.ids[owner], subject_id=self.ids[about]
            )
            session.add(link)
            session.flush()
            self.ids[name] = link.id
        session.commit()

    # one thing each --------------------------------------------------------------------------

    def subject(self, name: str, kind: str, *, visible: bool = True) -> int:
        made = subjects.create(self.session, kind, visible=visible)
        self.ids[name], self.of[name] = made.id, made.public_id
        return made.id

    def member(self, handle: str, role: Role | None = None, kind: str | None = None) -> int:
        member_id = self.subject(handle, "member")
        self.session.add(
            Member(
                id=member_id, handle=handle, email=f"{handle}@example.org", language="en",
                password_hash=PASSWORD_HASH, email_confirmed_at=now(self.session),
                city_id=MADRID, profile_lists="all", shown_to_far_contacts=True,
            )
        )  # fmt: skip
        self.session.flush()
        if role is not None:
            accounts_grants_actions.give(
                self.session, member_id, role, by=SYSTEM, kind=kind, announce=False
            )
        return member_id

    def brand(self, name: str, called: str, visibility: str = "published", **values: Any) -> int:
        brand_id = self.subject(name, "brand", visible=visibility == "published")
        values = {"author_id": self.ids["ana"], "claimed_at": now(self.session), **values}
        self.add(Brand(id=brand_id, name=called, visibility=visibility, **values))
        return brand_id

    def place(
        self, name: str, called: str, i: int, visibility: str = "published", **values: Any
    ) -> int:
        place_id = self.subject(name, "place", visible=visibility == "published")
        values = {"author_id": self.ids["ana"], **values}
        self.add(
            Place(
                id=place_id, name=called, category="cafe", visibility=visibility, city_id=MADRID,
                geom=self.point(i), timezone="Europe/Madrid", language="en", **values,
            )
        )  # fmt: skip
        return place_id

    def report(self, name: str, i: int, visibility: str = "published", **values: Any) -> int:
        report_id = self.subject(name, "report", visible=visibility == "published")
        values = {"author_id": self.ids["ana"], **values}
        self.add(
            Report(
                id=report_id, kind="jam", geom=self.point(i), visibility=visibility, city_id=MADRID,
                text=f"Slow at number {i}.", language="en",
                expires_at=now(self.session) + dt.timedelta(hours=3), **values,
            )
        )  # fmt: skip
        return report_id

    def review(
        self, name: str, place_id: int, author_id: int, visibility: str = "published"
    ) -> int:
        review_id = self.subject(name, "review", visible=visibility == "published")
        self.add(
            Review(
                id=review_id, place_id=place_id, author_id=author_id, visibility=visibility,
                rating=4, text="It is as a place should be, and open late.", language="en",
                revision=2, edited_at=now(self.session),
            ),
            *earlier(review_id, 1, rating="3", title="", text="It is so and so."),
        )  # fmt: skip
        return review_id

    def comment(
        self, name: str, about_id: int, author_id: int, visibility: str = "published"
    ) -> None:
        comment_id = self.subject(name, "comment", visible=visibility == "published")
        self.add(
            Comment(
                id=comment_id, about_id=about_id, author_id=author_id, visibility=visibility,
                text=f"I saw it too: {name}.", language="en",
            )
        )  # fmt: skip

    def invitation(self, name: str, author_id: int, visibility: str = "published") -> None:
        invitation_id = self.subject(name, "invitation", visible=visibility == "published")
        self.add(
            Invitation(
                id=invitation_id, brand_id=self.ids["brand"], author_id=author_id,
                visibility=visibility, text="Bring others.", thanks="Thank you.", language="en",
            )
        )  # fmt: skip

    def photo(self, subject_id: int, member_id: int, visibility: str = "published") -> None:
        sizes = {size: [9, 9] for size in ("thumb", "medium", "large")}
        self.add(
            Photo(
                key=subjects.new_code(24), subject_id=subject_id, member_id=member_id,
                state="ready", visibility=visibility, width=9, height=9, variants=sizes,
            )
        )  # fmt: skip

    def case(self, subject_id: int, reason: str = "held") -> int:
        case = Case(subject_id=subject_id, reason=reason)
        self.add(case)
        return case.id

    def decision(self, subject_id: int, outcome: str = "refused") -> int:
        """A case that was decided, with a note."""
        case = Case(subject_id=subject_id, reason="held", decided_at=now(self.session))
        self.add(case)
        row = Decision(
            case_id=case.id, moderator_id=self.ids["admin"], outcome=outcome,
            rule="false" if outcome == "refused" else None,
        )  # fmt: skip
        self.add(row)
        self.add(DecisionNote(decision_id=row.id, note="Say where."))
        return row.id

    def add(self, *rows: object) -> None:
        self.session.add_all(rows)
        self.session.flush()

    def point(self, i: int) -> str:
        return geo.Point(LON + i / 2000, LAT + i / 2000).ewkt

    def actor(self, handle: str) -> Actor:
        return Actor(ActorKind.MEMBER, id=self.ids[handle], handle=handle, confirmed=True)

    # rows of every list ----------------------------------------------------------------------

    def grow(self, many: int) -> None:
        """From now on there are `many` of each."""
        for i in range(self.rows, many):
            self.member(f"m{i}")
            self.contents(i)
            self.people(i, self.ids[f"m{i}"])
            self.of_the_brand(i, self.ids[f"m{i}"])
            self.of_ana(i, self.ids[f"m{i}"])
            self.told(i, self.ids[f"m{i}"])
            for kind in CASES:
                made: Callable[[int, int], int] = getattr(self, f"case_{kind}")
                self.case(made(i, self.ids[f"m{i}"]))
        self.rows = many
        self.session.commit()

    def contents(self, i: int) -> None:
        """What anybody reads."""
        session, author = self.session, self.ids[f"m{i}"]
        ana, brand = self.ids["ana"], self.ids["brand"]
        place = self.place(f"place{i}", f"Café number {i}", i)
        self.add(PlaceBrand(place_id=place, brand_id=brand, added_by_id=ana))
        report = self.report(f"report{i}", i)
        for subject in (place, report):
            self.photo(subject, ana)
            self.photo(subject, ana, "held")
        self.add(Vote(report_id=report, member_id=author, still_there=True))
        for about in ("place0", "report0"):
            self.photo(self.ids[about], author)
        self.review(f"review of ana {i}", place, ana)
        self.photo(self.review(f"review{i}", self.ids["place0"], author), author)
        self.comment(f"comment{i}", self.ids["report0"], author)
        self.comment(f"comment of ana {i}", report, ana)
        self.brand(f"brand{i}", f"Mark {i} of {i * 7}")
        self.add(
            City(
                id=9_000_000 + i, name=f"Madrid {i}", name_key=f"madrid {i}", country="US",
                population=1000, geom=geo.Point(-90, 40 + i).ewkt,
            ),
            *earlier(brand, i + 2, by=ana, name=f"Before {i}", website=""),
            *earlier(
                self.ids["review of ana 0"], i + 2, rating="3", title="", text="It was so and so."
            ),
        )  # fmt: skip
        session.flush()

    def people(self, i: int, member: int) -> None:
        """Contacts of Ana, and how things spread by them."""
        ana, brand, site = (self.ids[name] for name in ("ana", "brand", "site"))
        second = self.member(f"second{i}")
        link = ReferralLink(code=f"m{i}", owner_id=member, subject_id=site)
        self.add(link)
        self.add(
            Referral(member_id=member, parent_id=ana, link_id=self.ids["ana's"]),
            Referral(member_id=second, parent_id=member, grandparent_id=ana, link_id=link.id),
            CascadeReach(root_id=brand, member_id=member, link_id=self.ids["brand's"], degree=1),
            CascadeReach(
                root_id=brand, member_id=second, link_id=self.ids["of ana to brand"],
                sharer_id=member, degree=2,
            ),
            CascadeReach(
                root_id=self.ids["quiet place"], member_id=member, degree=1, sharer_id=ana,
                link_id=self.ids["of ana to a place"],
            ),
            SpreadConsent(member_id=member, named=True, contactable=True),
            ReferralReward(
                newcomer_id=member, beneficiary_id=ana, degree=1, points=20, state="held",
                given_on=now(self.session).date(),
            ),
            PointTotals(member_id=member, points=10 + i),
            PointEntry(
                member_id=ana, account="available", step="credit", action="report", points=5,
                cause=f"report:{i}", subject_id=self.ids[f"report{i}"],
            ),
            PointEntry(
                member_id=ana, account="held", step="credit", action="review", points=5,
                cause=f"review:{i}", subject_id=self.ids[f"review of ana {i}"],
            ),
        )  # fmt: skip
        if i < len(BADGES):
            self.add(Badge(member_id=ana, badge=list(BADGES)[i]))
        for root in (brand, site):
            for span in influencers_rules.SPANS:
                self.add(
                    PrescriptorScore(
                        root_id=root, span=span, category="", member_id=member, city_id=MADRID,
                        score=10 + i, first=12, second=4, third=1, joined=3, contributions=5,
                        caused=1, reliability=1, zone_focus=1, topic_focus=1, raw_first=12,
                        pagerank=1,
                    )
                )  # fmt: skip

    def of_the_brand(self, i: int, member: int) -> None:
        """What its team sees."""
        ana, brand = self.ids["ana"], self.ids["brand"]
        guest = self.member(f"guest{i}")
        key = brandapi_rules.new_key()
        self.add(
            Grant(role="analyst", subject_id=brand, member_id=member, given_by_id=ana),
            TeamInvitation(
                brand_id=brand, member_id=guest, role="analyst", invited_by_id=ana,
                expires_at=now(self.session) + dt.timedelta(days=5),
            ),
            ApiKey(
                brand_id=brand, name=f"Key {i}", hint=key[: brandapi_rules.HINT_LENGTH],
                key_hash=brandapi_rules.key_hash(key), scopes=list(brandapi_rules.SCOPES),
                created_by_id=ana,
            ),
            Fan(brand_id=brand, member_id=member),
        )  # fmt: skip
        self.of["key"] = key
        self.invitation(f"invitation{i}", ana)
        self.add(
            PlaceFact(
                place_id=self.ids[f"place{i}"], field="phone", origin="member",
                at=now(self.session), proposed="+34 910 000 000", proposed_origin="extract",
                proposed_at=now(self.session),
            )
        )  # fmt: skip

    def of_ana(self, i: int, member: int) -> None:
        """What one member has of their own."""
        ana = self.ids["ana"]
        public_id = watches_watching.add_watch(
            self.session, self.actor("ana"), shape=Shape.AREA, name=f"Area {i}",
            placed=watches_geometry.circle(geo.Point(LON, LAT), 5_000), kinds=(), least=0,
        )  # fmt: skip
        self.of["watch"] = public_id
        if i < privateplaces_rules.MOST - 1:
            privateplaces_actions.name_place(
                self.session, ana, name=f"Home {i}", point=geo.Point(LON + 1, LAT)
            )
        accounts_signing_in.open_session(self.session, ana, f"browser {i}")
        session_id = self.session.scalar(sa.text("SELECT max(id) FROM member_sessions"))
        admin = self.ids["admin"]
        suspension = Suspension(
            member_id=ana, reason="spam", by_id=admin,
            until=now(self.session) - dt.timedelta(days=1),
        )  # fmt: skip
        name = MemberName(member_id=ana, name="", by_id=admin, rule="insult", note="No.")
        self.add(
            suspension, name,
            Follow(member_id=ana, subject_id=self.ids[f"report{i}"]),
            Fan(brand_id=self.ids[f"brand{i}"], member_id=ana),
            BrandConsent(brand_id=self.ids[f"brand{i}"], member_id=ana),
            PushSubscription(
                member_id=ana, session_id=session_id, p256dh="", auth="",
                endpoint=f"https://push.example/{i}",
            ),
        )  # fmt: skip
        self.add(SuspensionNote(suspension_id=suspension.id, note="Told before."))
        self.ids[f"suspension{i}"], self.ids[f"name{i}"] = suspension.id, name.id
        accounts_grants_actions.give(
            self.session, member, Role.MODERATOR, by=SYSTEM, language="es", announce=False
        )

    def told(self, i: int, member: int) -> None:
        """A line of the inbox of each kind, all of one day: a page of the inbox has whole days."""
        for kind in KINDS:
            cause = f"any:{i}"
            if kind in DECIDED:
                cause = f"decision:{self.decision(self.member(f'decided {kind} {i}'))}"
            elif kind == "suspended":
                cause = f"suspension:{self.ids[f'suspension{i}']}"
            elif kind == "name_taken":
                cause = f"name:{self.ids[f'name{i}']}"
            self.add(
                Notification(
                    member_id=self.ids["ana"], kind=kind, cause=cause,
                    subject_id=self.ids[f"report{i}"],
                    facts={"who": member, "rule": "false", "n": i, "role": "owner",
                           "badge": next(iter(BADGES)), "of": "report"},
                )
            )  # fmt: skip

    # cases -----------------------------------------------------------------------------------

    def case_report(self, i: int, author: int) -> int:
        made = self.report(f"held report {i}", i, "held", author_id=author)
        self.photo(made, author, "held")
        self.add(Flag(subject_id=made, member_id=self.ids["ana"], rule="false", note="No."))
        return made

    def case_place(self, i: int, author: int) -> int:
        made = self.place(f"held place {i}", f"New café {i}", i, "held", author_id=author)
        self.photo(made, author, "held")
        return made

    def case_review(self, i: int, author: int) -> int:
        made = self.review(f"held review {i}", self.ids["quiet place"], author, "held")
        self.photo(made, author, "held")
        return made

    def case_comment(self, i: int, author: int) -> int:
        self.comment(f"held comment {i}", self.ids[f"report{i}"], author, "held")
        return self.ids[f"held comment {i}"]

    def case_brand(self, i: int, author: int) -> int:
        called = f"Suggested {i}"
        return self.brand(f"held brand {i}", called, "held", author_id=author, claimed_at=None)

    def case_brand_claim(self, i: int, author: int) -> int:
        claim_id = self.subject(f"claim {i}", "brand_claim", visible=False)
        self.add(
            BrandClaim(
                id=claim_id, brand_id=self.ids[f"brand{i}"], author_id=author,
                visibility="held", message="I answer its mail in the old town.",
            )
        )  # fmt: skip
        return claim_id

    def case_brand_change(self, i: int, author: int) -> int:
        change_id = self.subject(f"change {i}", "brand_change", visible=False)
        brand_id = self.ids[f"brand{i}"]
        self.add(
            BrandChange(
                id=change_id, brand_id=brand_id, author_id=author, visibility="held",
                name=f"Renamed {i}", website="https://new.example", old_name="Old",
                old_website="https://old.example",
            ),
            *earlier(brand_id, i + 2, by=author, name=f"Before {i}", website=""),
        )  # fmt: skip
        return change_id

    def case_place_claim(self, i: int, author: int) -> int:
        claim_id = self.subject(f"claim to a place {i}", "place_claim", visible=False)
        self.add(
            PlaceClaim(
                id=claim_id, place_id=self.ids[f"place{i}"], brand_id=self.ids[f"brand{i}"],
                author_id=author, visibility="held",
            )
        )  # fmt: skip
        return claim_id

    def case_invitation(self, i: int, author: int) -> int:
        self.invitation(f"held invitation {i}", author, "held")
        return self.ids[f"held invitation {i}"]

    def case_member(self, i: int, _author: int) -> int:
        member = self.member(f"shown{i}")
        self.add(
            Profile(id=member, author_id=member, text=f"I am number {i}.", visibility="held"),
            MemberName(member_id=member, name=f"Number {i}"),
            Photo(
                key=subjects.new_code(24), subject_id=member, member_id=member, state="ready",
                shape="square", visibility="held", width=9, height=9, variants={"face192": [9, 9]},
            ),
        )  # fmt: skip
        return member

    def case_ring(self, i: int, author: int) -> int:
        ring_id = self.subject(f"ring {i}", "ring", visible=False)
        suspects = [self.member(f"suspect{i}{letter}") for letter in "abc"]
        self.add(Ring(id=ring_id, ties=[["referral", suspects[0], suspects[1]]]))
        for suspect in suspects:
            self.add(
                FraudScore(member_id=suspect, score=70, reasons=[REASON]),
                RingMember(ring_id=ring_id, member_id=suspect, score=70, reasons=[REASON]),
            )
        # A ring that was decided about Ana stands on her own page.
        decided = self.subject(f"decided ring {i}", "ring", visible=False)
        self.add(Ring(id=decided))
        self.add(
            RingMember(
                ring_id=decided, member_id=self.ids["ana"], score=70, reasons=[REASON],
                outcome="cleared", decided_at=now(self.session),
                decision_id=self.decision(decided, "approved"),
            )
        )  # fmt: skip
        return ring_id

    def case_appeal(self, i: int, author: int) -> int:
        ring_id = self.subject(f"false ring {i}", "ring", visible=False)
        self.add(Ring(id=ring_id))
        self.add(
            RingMember(
                ring_id=ring_id, member_id=author, score=70, reasons=[REASON], outcome="false",
                decided_at=now(self.session), decision_id=self.decision(ring_id),
            )
        )  # fmt: skip
        appeal_id = self.subject(f"appeal {i}", "appeal", visible=False)
        self.add(Appeal(id=appeal_id, ring_id=ring_id, member_id=author, text="I am one person."))
        return appeal_id
