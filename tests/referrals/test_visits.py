"""Visits: counted once a day, batched, kept by month, and naming nobody."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.referrals.conftest import Crowd
from ugc.core.batches import WriteBehind
from ugc.core.db import Session, db, transaction
from ugc.referrals import queries as referrals_queries
from ugc.referrals import rules as referrals_rules
from ugc.referrals.actions import visits as referrals_visits
from ugc.referrals.models import VisitSalt

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
TODAY = NOON.date()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"


def seen(link_id: int, number: int, day: dt.date = TODAY, **values: Any) -> referrals_rules.Seen:
    mark = number.to_bytes(referrals_rules.MARK_BYTES)
    return referrals_rules.Seen(link_id, day, mark, **{"channel": "link", "at": NOON} | values)


@pytest.fixture
def link_id(crowd: Crowd) -> int:
    return links(crowd, 1)[0]


def links(crowd: Crowd, count: int) -> list[int]:
    codes = [crowd.code_of(each) for each in crowd.people(count)]
    return [crowd.run(lambda s, c=code: referrals_queries.link_by_code(s, c).id) for code in codes]


def counted(crowd: Crowd, link_id: int) -> dict[tuple[str, str, int], int]:
    def read(session: Session) -> dict[tuple[str, str, int], int]:
        rows = session.execute(
            sa.text("SELECT day, channel, degree, visits FROM visit_days WHERE link_id = :l"),
            {"l": link_id},
        )
        return {(str(row[0]), row[1], row[2]): row[3] for row in rows}

    return crowd.run(read)


def test_a_mark_counts_once_a_day(crowd: Crowd, link_id: int) -> None:
    day = [seen(link_id, 1), seen(link_id, 1), seen(link_id, 2), seen(link_id, 3, channel="qr")]
    assert crowd.run(lambda session: referrals_visits.count_visits(session, day)) == 3
    following = [*day, seen(link_id, 1, NOON.date() + dt.timedelta(days=1))]
    assert crowd.run(lambda session: referrals_visits.count_visits(session, following)) == 1
    assert counted(crowd, link_id) == {
        ("2026-11-24", "link", 1): 2,
        ("2026-11-24", "qr", 1): 1,
        ("2026-11-25", "link", 1): 1,
    }


def test_processes_that_count_the_same_at_once_neither_lose_nor_double(crowd: Crowd) -> None:
    """Ten write overlapping batches in different orders."""
    several = links(crowd, 4)
    all_seen = [seen(link, number) for link in several for number in range(50)]

    def write(number: int) -> Callable[[Session], int]:
        part = all_seen[number * 7 :] + all_seen[: number * 7]
        return lambda session: referrals_visits.count_visits(session, part[:170])

    assert sum(crowd.at_once([write(number) for number in range(10)], threads=10)) == 200
    for link in several:
        assert counted(crowd, link) == {("2026-11-24", "link", 1): 50}


def test_nothing_that_is_stored_names_anybody(
    client: FlaskClient, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    signed_in("ana").post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    agent = FIREFOX.format(77, 77)
    client.get(
        f"/r/{code}",
        headers={"User-Agent": agent, "Accept-Language": "tlh"},
        environ_base={"REMOTE_ADDR": "192.0.2.77"},
    )
    [row] = session.execute(sa.text("SELECT * FROM visits")).mappings().all()
    assert set(row) == {"visited_on", "link_id", "visitor_key", "channel", "degree", "visited_at"}
    assert len(bytes(row["visitor_key"])) == referrals_rules.MARK_BYTES
    for table in ("visits", "visit_days", "root_days", "visit_salts"):
        text = str(session.scalars(sa.text(f"SELECT t::text FROM {table} t")).all())
        for told in ("192.0.2", "Firefox", "tlh"):
            assert told not in text


def test_the_same_browser_counts_once_and_another_does_too(
    client: FlaskClient, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    signed_in("ana").post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    for agent, address in ((1, 7), (1, 7), (2, 7), (1, 8)):
        client.get(
            f"/r/{code}",
            headers={"User-Agent": FIREFOX.format(agent, agent)},
            environ_base={"REMOTE_ADDR": f"192.0.2.{address}"},
        )
    assert session.scalar(sa.text("SELECT sum(visits) FROM visit_days")) == 3


def test_salts_are_one_a_day_for_all_and_go_when_it_is_over(crowd: Crowd) -> None:
    today = NOON.date()
    crowd.run(lambda s: s.execute(sa.delete(VisitSalt)))  # other tests made some of other days
    salts = crowd.at_once([lambda s: referrals_visits.day_salt(s, today) for _ in range(12)])
    assert len(set(salts)) == 1
    assert len(salts[0]) == 32
    tomorrow = crowd.run(lambda s: referrals_visits.day_salt(s, today + dt.timedelta(days=1)))
    assert tomorrow != salts[0]
    days = crowd.run(lambda s: list(s.scalars(sa.select(VisitSalt.day))))
    assert days == [today + dt.timedelta(days=1)]
    assert crowd.run(lambda s: referrals_visits.forget_salts(s, today + dt.timedelta(days=1))) == 0
    assert crowd.run(lambda s: referrals_visits.forget_salts(s, today + dt.timedelta(days=2))) == 1


def test_months_have_partitions_of_their_own_until_they_are_old(crowd: Crowd, link_id: int) -> None:
    def named(session: Session) -> dict[str, int]:
        rows = session.execute(
            sa.text("SELECT tableoid::regclass::text, count(*) FROM visits WHERE link_id = :l"
                    " GROUP BY 1"), {"l": link_id},
        )  # fmt: skip
        return dict(map(tuple, rows))

    today = dt.date(2031, 3, 15)
    days = [dt.date(2031, 3, 31), dt.date(2031, 4, 1), dt.date(2029, 12, 31), today]
    crowd.run(lambda s: referrals_visits.count_visits(s, [seen(link_id, 1, day) for day in days]))
    assert crowd.run(named) == {"visits_other": 4}
    made, dropped = crowd.run(lambda s: referrals_visits.keep_partitions(s, today, 13))
    assert made == ["visits_2031_03", "visits_2031_04", "visits_2031_05"]
    assert dropped == []
    # What lay there moved into its own; what is older than 13 months is gone.
    assert crowd.run(named) == {"visits_2031_03": 2, "visits_2031_04": 1}
    assert crowd.run(lambda s: referrals_visits.keep_partitions(s, today, 13)) == ([], [])
    # Marks still count once, and new ones find their month.
    again = [seen(link_id, 1, dt.date(2031, 4, 1)), seen(link_id, 2, dt.date(2031, 5, 2))]
    assert crowd.run(lambda s: referrals_visits.count_visits(s, again)) == 1
    assert crowd.run(named)["visits_2031_05"] == 1
    _, dropped = crowd.run(lambda s: referrals_visits.keep_partitions(s, dt.date(2032, 5, 1), 13))
    assert dropped == ["visits_2031_03"]
    assert crowd.run(named) == {"visits_2031_04": 1, "visits_2031_05": 1}
    # What is counted stays.
    assert sum(counted(crowd, link_id).values()) == 5


def test_partitions_are_made_while_visits_come(crowd: Crowd, link_id: int) -> None:
    day = dt.date(2033, 1, 10)
    works: list[Any] = [
        lambda s, n=number: referrals_visits.count_visits(s, [seen(link_id, n, day)])
        for number in range(40)
    ]
    works.insert(20, lambda s: referrals_visits.keep_partitions(s, day, 13))
    crowd.at_once(works, threads=8)
    assert counted(crowd, link_id) == {("2033-01-10", "link", 1): 40}
    moved = "SELECT count(*) FROM ONLY visits_2033_01"
    assert crowd.run(lambda s: s.scalar(sa.text(moved))) == 40


# Batches ---------------------------------------------------------------------------------------


def batch_of(
    crowd: Crowd, write: Any = referrals_visits.count_visits, **options: Any
) -> WriteBehind[Any]:
    return WriteBehind(crowd.app, "referrals.visits", write, **{"every_s": 3600} | options)


def test_a_batch_writes_by_itself_and_what_waits_at_the_end(crowd: Crowd, link_id: int) -> None:
    batch = batch_of(crowd, every_s=0.05)
    batch.add(seen(link_id, 1))
    deadline = time.monotonic() + 10
    while not counted(crowd, link_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 1}
    batch.add(seen(link_id, 2))
    batch.close()
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 2}


def test_a_process_that_ends_writes_what_waits(crowd: Crowd, link_id: int) -> None:
    """Also a forked one, as the web server's are, which leave without asking `atexit`."""
    batch = batch_of(crowd)
    batch.add(seen(link_id, 1))

    def work() -> None:
        with crowd.app.app_context():
            db.engine.dispose(close=False)  # the connections are the parent's
        batch.add(seen(link_id, 2))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    # What was added before the fork is the parent's to write.
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 1}
    batch.close()
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 2}


def test_many_threads_add_and_nothing_is_lost(crowd: Crowd, link_id: int) -> None:
    batch = batch_of(crowd, every_s=0.01)

    def add(part: int) -> None:
        for number in range(100):
            batch.add(seen(link_id, part * 100 + number))

    threads = [threading.Thread(target=add, args=(part,)) for part in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch.close()
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 600}


def test_while_the_database_is_away_visits_wait_up_to_a_bound(
    crowd: Crowd, link_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    away = [True]

    def write(session: Session, items: list[referrals_rules.Seen]) -> None:
        if away[0]:
            session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        referrals_visits.count_visits(session, items)

    batch = batch_of(crowd, write, bound=10)
    with caplog.at_level(logging.WARNING):
        for number in range(8):
            batch.add(seen(link_id, number))
        assert batch.flush() == 0
        assert "not written yet" in caplog.text
        for number in range(8, 13):
            batch.add(seen(link_id, number))
        assert batch.flush() == 0
        assert "3 items are lost" in caplog.text
    away[0] = False
    assert batch.flush() == 10
    assert batch.flush() == 0
    assert counted(crowd, link_id) == {("2026-11-24", "link", 1): 10}
    batch.close()


def test_what_cannot_be_written_does_not_stop_the_rest(
    crowd: Crowd, link_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    batch = batch_of(crowd)
    batch.add(seen(2**62, 1))  # no such link
    with caplog.at_level(logging.ERROR):
        assert batch.flush() == 0
    assert "1 items are lost" in caplog.text
    batch.add(seen(link_id, 1))
    assert batch.flush() == 1
    batch.close()


def test_opening_a_link_is_batched(crowd: Crowd) -> None:
    [person] = crowd.people(1)
    code = crowd.code_of(person)
    client = crowd.app.test_client()
    for number in range(5):
        answer = client.get(f"/r/{code}", headers={"User-Agent": FIREFOX.format(number, number)})
        assert answer.status_code == 302
    batch: WriteBehind[Any] = crowd.app.extensions["boca_visits"]
    batch.flush()
    with crowd.app.app_context(), transaction() as session:
        link = referrals_queries.link_by_code(session, code).id
    assert sum(counted(crowd, link).values()) == 5
