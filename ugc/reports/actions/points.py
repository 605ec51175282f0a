"""Points of votes: held when cast, paid when they prove true. Nothing here commits."""

from __future__ import annotations

from ugc import events
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.reports.models import Report, ReportState
from ugc.reports.queries import proof as proof_queries
from ugc.reports.rules import proof as proof_rules
from ugc.reputation import actions as reputation_actions
from ugc.reputation import rules as reputation_rules
from ugc.reputation.queries import ledger as reputation_ledger

VOTER, AUTHOR = "confirmation", "confirmed"


def vote_cast(session: Session, event: events.ReportConfirmed) -> None:
    """Holds the voter's points, and the author's for a confirmation by an established member who is
    independent of them; once per voter, however often the vote changes."""
    cause = reputation_rules.vote_cause(event.report_id, event.member_id)
    author_id = event.author_id
    if not event.still_there or not proof_queries.confirms(
        session, event.report_id, event.member_id
    ):
        author_id = None
    people = [event.member_id] if author_id is None else [event.member_id, author_id]
    reputation_actions.lock_totals(session, people)
    place = {"subject_id": event.report_id, "city_id": event.city_id}
    reputation_actions.credit(session, event.member_id, VOTER, cause, held=True, **place)
    if author_id is not None:
        reputation_actions.credit(session, author_id, AUTHOR, cause, held=True, **place)
    settle(session, event.report_id)


def settle(session: Session, report_id: int) -> None:
    """Pays or forgets what waits for the votes on a report and on those merged into it, as it is
    now; may run any number of times."""
    report = session.get_one(Report, report_id, populate_existing=True)
    published = report.visibility == Visibility.PUBLISHED
    held = reputation_ledger.waiting(
        session, proof_queries.merged_here(session, report_id), (VOTER, AUTHOR)
    )
    if not held or not published or report.state == ReportState.MERGED:
        return
    reputation_actions.lock_totals(session, (each.member_id for each in held))
    bearings = proof_queries.bearings(session, report_id)
    last = (
        None
        if report.state == ReportState.OPEN
        else proof_queries.last_transition(session, report_id)
    )
    for each in held:
        verdict = proof_rules.Verdict.PROVED
        if each.action == VOTER:
            verdict = _verdict(bearings.get(each.member_id), last, each.member_id)
        if verdict is proof_rules.Verdict.PROVED:
            reputation_actions.release(session, each.cause, each.member_id)
            if each.action == VOTER:
                events.emit(session, events.VoteProved(report_id, each.member_id))
        elif verdict is proof_rules.Verdict.FORGOTTEN:
            reputation_actions.reverse_held(session, each.cause, each.member_id)


def _verdict(
    bearing: proof_rules.Bearing | None, last: proof_queries.LastTransition | None, member_id: int
) -> proof_rules.Verdict:
    """The verdict on a vote on a published report; a vote that merging dropped proves nothing."""
    if bearing is None:
        return proof_rules.Verdict.FORGOTTEN
    ending = None
    if last is not None:
        voter = Actor(ActorKind.MEMBER, id=member_id).reference
        ending = proof_rules.Ending(last.reason, by_voter=last.actor == voter)
    return proof_rules.verdict(bearing, ending, published=True)
