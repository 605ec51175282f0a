"""The published formula, as tables and properties."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.reports.rules import belief as reports_belief
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules.belief import Cast, Damping

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
JAM = reports_kinds.KINDS["jam"].span
NEW = reports_belief.trust(0, 0)


def said(still_there: bool, minutes: float, weight: float = 1.0, stranger: bool = False) -> Cast:
    return Cast(still_there, weight, NOON + minutes * MINUTE, stranger)


def test_belief_halves_with_every_half_life() -> None:
    alone = reports_belief.fold(0.8, [], NOON, JAM.half_life)
    assert alone.at(NOON) == pytest.approx(0.8)
    assert alone.at(NOON + JAM.half_life) == pytest.approx(0.4)
    assert alone.at(NOON + 3 * JAM.half_life) == pytest.approx(0.1)
    faded = alone.fades_at(0.2)
    assert faded == NOON + 2 * JAM.half_life
    assert alone.at(faded) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("prior", "votes", "expected"),
    [
        (0.8, [], 0.8),
        # At once: (0.8 x 1 + 1) / 2 and (0.8 x 1) / 2.
        (0.8, [said(True, 0)], 0.9),
        (0.8, [said(False, 0)], 0.4),
        # Half of the presence is gone when the vote comes: (0.4 x 1 + 1) / 2.
        (0.8, [said(True, 60)], 0.7),
        (0.5, [said(True, 0, weight=0.0)], 0.5),
    ],
)
def test_a_vote_adds_its_weight(prior: float, votes: list[Cast], expected: float) -> None:
    assert reports_belief.fold(prior, votes, NOON, JAM.half_life).expectation == pytest.approx(
        expected
    )


VOTES = st.lists(
    st.builds(
        said,
        st.booleans(),
        st.floats(0, 600),
        st.floats(0, 1),
        st.booleans(),
    ),
    max_size=30,
)


@given(VOTES, st.floats(0.05, 0.95), st.randoms(use_true_random=False))
def test_the_order_of_the_log_does_not_matter(votes: list[Cast], prior: float, chance) -> None:  # type: ignore[no-untyped-def]
    mixed = list(votes)
    chance.shuffle(mixed)
    one = reports_belief.fold(prior, sorted(votes, key=lambda v: v.at), NOON, JAM.half_life)
    other = reports_belief.fold(prior, mixed, NOON, JAM.half_life)
    if len({v.at for v in votes}) == len(votes):
        assert other == one
    assert 0 <= one.expectation <= 1


@given(VOTES, st.floats(0.05, 0.95))
def test_a_confirmation_never_harms_and_a_denial_never_helps(
    votes: list[Cast], prior: float
) -> None:
    before = reports_belief.fold(prior, votes, NOON, JAM.half_life)
    later = 601.0
    now = NOON + later * MINUTE
    for weight in (0.1, 1.0):
        assert before.after(said(True, later, weight)).expectation >= before.at(now) - 1e-12
        assert before.after(said(False, later, weight)).expectation <= before.at(now) + 1e-12


@given(VOTES)
def test_lives_between_floor_and_ceiling_after_it_was_last_seen(votes: list[Cast]) -> None:
    folded = reports_belief.fold(NEW, votes, NOON, JAM.half_life)
    seen = [v.at for v in votes if v.still_there and v.weight > 0 and not v.stranger]
    last = max([NOON, *seen])
    end = reports_belief.expires_at(folded, votes, NOON, JAM)
    assert last + JAM.floor <= end <= last + JAM.ceiling


HALF = JAM.half_life


@pytest.mark.parametrize(
    ("votes", "ends"),
    [
        ([said(False, 1)], False),  # never one alone
        ([said(False, 1), said(False, 2)], True),
        # A confirmation in between begins the count again, but a stranger's does not.
        ([said(False, 1), said(True, 2), said(False, 3)], False),
        ([said(False, 1), said(True, 2, 0.4, stranger=True), said(False, 3)], True),
        # What two confirmed needs as much weight against it, and less when time has passed.
        ([said(True, 0), said(True, 1), said(False, 2, 0.7), said(False, 3, 0.7)], False),
        ([said(True, 0), said(True, 1), *(said(False, n, 0.7) for n in (2, 3, 4))], True),
        ([said(True, 0), said(True, 1), said(False, 62, 0.7), said(False, 63, 0.7)], True),
        # Strangers end nothing, however many, and add little to what others say.
        ([said(False, n, stranger=True) for n in range(30)], False),
        ([said(False, 1, 0.6), *(said(False, n, stranger=True) for n in range(2, 30))], False),
    ],
)
def test_what_ends_a_report(votes: list[Cast], ends: bool) -> None:
    assert reports_belief.is_denied(votes, HALF) is ends


@given(VOTES)
def test_strangers_never_end_a_report_and_never_keep_it(votes: list[Cast]) -> None:
    strangers = [Cast(v.still_there, v.weight, v.at, stranger=True) for v in votes]
    assert not reports_belief.is_denied(strangers, HALF)
    assert reports_belief.last_seen(strangers, NOON) == NOON
    weighs = [v.weight for v in reports_belief.counted(strangers) if v.still_there]
    assert sum(weighs) <= reports_belief.STRANGERS_TOGETHER + 1e-9


def test_thirty_strangers_neither_make_nor_kill_a_jam() -> None:
    weight = reports_belief.vote_weight(NEW, [Damping.STRANGER])
    deny = [said(False, n / 10, weight, stranger=True) for n in range(30)]
    honest = reports_belief.fold(NEW, deny, NOON, JAM.half_life)
    assert not reports_belief.is_denied(deny, HALF)
    assert reports_belief.expires_at(honest, deny, NOON, JAM) > NOON + JAM.floor
    assert reports_belief.out_of_ten(honest.expectation) >= 4
    confirm = [said(True, n / 10, weight, stranger=True) for n in range(30)]
    fake = reports_belief.fold(0.3, confirm, NOON, JAM.half_life)
    assert reports_belief.out_of_ten(fake.expectation) <= 6
    # The same number of people with a record of their own are believed.
    known = [said(True, n / 10, reports_belief.vote_weight(0.9)) for n in range(30)]
    assert (
        reports_belief.out_of_ten(reports_belief.fold(0.3, known, NOON, JAM.half_life).expectation)
        >= 9
    )


@pytest.mark.parametrize(
    ("hours", "graduated", "proved_true", "established"),
    [
        (23, True, 9.0, False),
        (25, False, 0.0, False),
        (25, True, 0.0, True),
        (25, False, 3.0, True),
        (9999, False, 2.9, False),
    ],
)
def test_who_is_established(
    hours: int, graduated: bool, proved_true: float, established: bool
) -> None:
    age = dt.timedelta(hours=hours)
    found = reports_belief.is_established(age, graduated=graduated, proved_true=proved_true)
    assert found is established


def test_one_person_bears_out_another_a_few_times_only() -> None:
    alone = [reports_belief.Statement(True, [reports_belief.Heard(7, True, 1.0)])] * 10
    assert reports_belief.record(alone) == pytest.approx((reports_belief.PERSON_MOST, 0.0))
    many = [reports_belief.Statement(True, [reports_belief.Heard(n, True, 1.0)]) for n in range(10)]
    assert reports_belief.record(many) == pytest.approx((10.0, 0.0))
    gone = [
        reports_belief.Statement(True, taken_away=True),
        reports_belief.Statement(False, taken_away=True),
    ]
    assert reports_belief.record(gone) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("said_at", "seen_at", "contradicted_at", "again"),
    [(5, 0, None, False), (5, 6, None, True), (5, 0, 6, True), (5, 0, 4, False)],
)
def test_when_the_same_word_counts_again(
    said_at: int, seen_at: int, contradicted_at: int | None, again: bool
) -> None:
    found = reports_belief.may_say_again(
        NOON + said_at * MINUTE,
        NOON + seen_at * MINUTE,
        None if contradicted_at is None else NOON + contradicted_at * MINUTE,
    )
    assert found is again


@pytest.mark.parametrize(
    ("trust", "dampings", "companions", "expected"),
    [
        (0.95, [], 0, 1.0),
        (0.5, [], 0, 0.0),
        (0.2, [], 0, 0.0),
        (0.725, [], 0, 0.5),
        (0.95, [Damping.NEWCOMER], 0, 0.25),
        (0.95, [Damping.TOGETHER], 3, 0.25),
        (0.95, [Damping.NO_POSITION], 0, 0.5),
        (0.95, [Damping.STRANGER], 0, 1.0),
        (0.95, [Damping.FAR, Damping.TOO_FAST], 0, 0.0625),
    ],
)
def test_what_a_vote_weighs(
    trust: float, dampings: list[Damping], companions: int, expected: float
) -> None:
    weight = reports_belief.vote_weight(trust, dampings, companions=companions)
    assert weight == pytest.approx(expected)


def test_a_record_is_a_beta_reputation() -> None:
    assert reports_belief.trust(0, 0) == pytest.approx(2 / 3)
    assert reports_belief.trust(8, 2) == pytest.approx(10 / 13)
    assert reports_belief.trust(0, 50) < 0.05
    assert reports_belief.trust(1000, 0) == reports_belief.TRUST_MAX
    assert reports_belief.agreement(True, [(True, 0.2), (False, 0.1)]) == pytest.approx((0.2, 0.1))
    assert reports_belief.agreement(True, [(True, 3.0), (False, 1.0)]) == pytest.approx(
        (0.75, 0.25)
    )
    assert reports_belief.agreement(False, []) == (0, 0)


@pytest.mark.parametrize(
    ("common", "mine", "theirs", "together"),
    [(5, 5, 5, True), (4, 4, 4, False), (8, 10, 10, False), (9, 10, 10, True), (9, 50, 10, False)],
)
def test_accounts_that_always_move_together(
    common: int, mine: int, theirs: int, together: bool
) -> None:
    assert reports_belief.are_together(common, mine, theirs) is together


@pytest.mark.parametrize(
    ("distance", "moved", "hours", "found"),
    [
        (1, None, None, []),
        (None, None, None, []),
        (500, None, None, [Damping.FAR]),
        (1, 500, 2 / 60, [Damping.TOO_FAST]),
        (1, 500, 5, []),
        (1, 15, 1 / 60, []),  # two cells of a tenth of a degree, side by side
    ],
)
def test_impossible_positions(
    distance: float | None, moved: float | None, hours: float | None, found: list[Damping]
) -> None:
    assert reports_belief.position_dampings(distance, moved, hours) == found


@pytest.mark.parametrize(
    ("expectation", "held", "expected"),
    [(0.0, False, 0), (0.049, False, 0), (0.05, False, 1), (0.667, False, 7), (0.95, True, 5)],
)
def test_out_of_ten(expectation: float, held: bool, expected: int) -> None:
    assert reports_belief.out_of_ten(expectation, held=held) == expected
    assert not math.isnan(expectation)
