"""`ugc live` as browsers meet it: a real process, a real database, real streams."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import MutableMapping
from typing import Any

import pytest

from tests.livemap.conftest import EVERYWHERE, SOON, LiveSite
from ugc.content.actions import set_visibility
from ugc.core.subjects import Visibility
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reports.actions import votes as reports_votes
from ugc.reports.actions.posting import REPORTS
from ugc.stream.application import create_app
from ugc.stream.hub import Hub
from ugc.stream.server import MOST_UNFINISHED


def test_who_watches_is_told_of_the_life_of_a_report(live: LiveSite) -> None:
    # Their word counts by what became of it in other tests: these two have none yet.
    author, voter = (live.member(f"{name}{time.time_ns()}") for name in ("author", "voter"))
    stream = live.read("-4,40,-3,41")
    report = live.post(by=author)
    first = stream.expect("upsert", report)
    assert first["geometry"]["coordinates"] == [-3.7, 40.4]
    assert first["properties"]["mark"] == "report-jam"

    live.act(reports_votes.confirm_or_deny, report, voter, ..., still_there=False)
    stream.wait(lambda: stream.ids("upsert").count(report) == 2)
    second = stream.named("upsert")[-1].data
    assert second["properties"]["reliability"] < first["properties"]["reliability"]
    assert second["properties"]["version"] != first["properties"]["version"]

    live.act(reports_life_actions.close, report, author, ...)
    stream.expect("gone", report)
    assert stream.on_the_map() == live.alive() == set()


def test_a_stream_hears_of_its_view_only(live: LiveSite) -> None:
    madrid = live.read("-4,40,-3,41")
    fiji = live.read("170,-20,-170,-10")
    waste = live.read(kinds="waste,ufo")
    everything = live.read()
    posted = [
        live.post(),
        live.post(kind="waste"),
        live.post(179.9, -17),
        live.post(-179.9, -17),
        live.post(-150, -17, "waste"),
    ]
    everything.wait(lambda: len(everything.ids("upsert")) == 5)
    assert everything.ids("upsert") == posted
    # Whoever is told later has been told everything before.
    last = live.post(-3.5, 40.5, "waste")
    live_fiji = live.post(175, -15)
    madrid.expect("upsert", last)
    waste.expect("upsert", last)
    fiji.expect("upsert", live_fiji)
    assert madrid.ids("upsert") == [posted[0], posted[1], last]
    assert fiji.ids("upsert") == [posted[2], posted[3], live_fiji]
    assert waste.ids("upsert") == [posted[1], posted[4], last]


@pytest.mark.parametrize("how", ["hidden", "withdrawn", "merged", "expired", "closed"])
def test_what_leaves_the_map_is_told_as_gone(live: LiveSite, how: str) -> None:
    stream = live.read("-4,40,-3,41")
    elsewhere = live.read("2,41,3,42")
    report, other = live.post(), live.post(-3.71, 40.41)
    stream.expect("upsert", other)
    if how == "hidden":
        live.act(set_visibility, report, REPORTS, ..., Visibility.HIDDEN, "test", "system")
    elif how == "withdrawn":
        live.act(reports_posting_actions.withdraw, report, live.author, ...)
    elif how == "merged":
        into = live.sql("SELECT id FROM subjects WHERE public_id = %s", other)[0][0]
        live.act(reports_life_actions.merge, report, live.voter, ..., into)
    elif how == "closed":
        live.act(reports_life_actions.close, report, live.author, ...)
    else:
        # Nobody writes anything to it when its time runs out.
        live.sql(
            "UPDATE reports SET expires_at = app_now() + interval '1.5 seconds' WHERE id ="
            " (SELECT id FROM subjects WHERE public_id = %s)",
            report,
        )
    stream.expect("gone", report)
    if how == "expired":
        assert live.sql(
            "SELECT state FROM reports JOIN subjects USING (id) WHERE public_id = %s", report
        ) == [("open",)]
    assert stream.on_the_map() == live.alive() == {other}
    assert elsewhere.ids("gone") == []


def test_what_moves_out_of_a_view_is_gone_from_it(live: LiveSite) -> None:
    madrid, barcelona = live.read("-4,40,-3,41"), live.read("2,41,3,42")
    report = live.post()
    madrid.expect("upsert", report)
    move = (
        "WITH moved AS (UPDATE reports SET geom = ST_SetSRID(ST_MakePoint(%s, %s), 4326) WHERE id ="
        " (SELECT id FROM subjects WHERE public_id = %s) RETURNING id)"
        " UPDATE subjects SET changed_txid = pg_current_xact_id() FROM moved"
        " WHERE moved.id = subjects.id"
    )
    live.sql(move, 2.2, 41.4, report)
    madrid.expect("gone", report)
    barcelona.expect("upsert", report)
    live.sql(move, -3.7, 40.4, report)
    barcelona.expect("gone", report)
    madrid.wait(lambda: madrid.on_the_map() == {report})


def test_held_and_hidden_things_show_what_the_public_may_see(live: LiveSite) -> None:
    stream = live.read()
    report = live.post()
    stream.expect("upsert", report)
    live.act(set_visibility, report, REPORTS, ..., Visibility.HIDDEN, "test", "system")
    stream.expect("gone", report)
    held = live.post(-3.6, 40.4)
    stream.expect("upsert", held)
    live.sql(
        "WITH held AS (UPDATE reports SET visibility = 'held' WHERE id ="
        " (SELECT id FROM subjects WHERE public_id = %s) RETURNING id)"
        " UPDATE subjects SET changed_txid = pg_current_xact_id() FROM held"
        " WHERE held.id = subjects.id",
        held,
    )
    stream.wait(lambda: stream.ids("upsert").count(held) == 2)
    told = stream.named("upsert")[-1].data
    assert told["properties"]["held"] is True
    assert set(told["properties"]) == {
        "id",
        "at",
        "held",
        "layer",
        "mark",
        "reliability",
        "version",
    }
    assert "Secret" not in json.dumps([each.data for each in stream.events])


def test_a_long_transaction_keeps_nobody_waiting_and_is_not_missed(live: LiveSite) -> None:
    stream = live.read()
    before = live.post(-3.1)
    stream.expect("upsert", before)
    with live.connect() as slow:
        # Takes its number now, writes, and commits only after everybody else.
        [row] = slow.execute(
            "UPDATE subjects SET changed_txid = pg_current_xact_id() WHERE public_id = %s"
            " RETURNING changed_txid::text::bigint", (before,)
        ).fetchall()  # fmt: skip
        slow_txid = row[0]
        during = [live.post(-3.2), live.post(-3.3)]
        for report in during:
            version = int(stream.expect("upsert", report)["properties"]["version"])
            assert version > slow_txid
        resumed_from = stream.cursor
        assert stream.ids("upsert").count(before) == 1
        late = live.read(cursor=resumed_from)
        again = live.post(-3.4)
        late.expect("upsert", again)
        stream.expect("upsert", again)
        slow.commit()
    stream.wait(lambda: stream.ids("upsert").count(before) == 2)
    late.wait(lambda: before in late.ids("upsert"))
    told = stream.named("upsert")[-1].data["properties"]
    assert (told["id"], told["version"]) == (before, str(slow_txid))
    # Everything once: nothing was read twice while the slow one ran.
    assert stream.ids("upsert") == [before, *during, again, before]
    assert late.ids("upsert") == [again, before]
    # Who comes back with a cursor from before the commit is told too.
    back = live.read(cursor=resumed_from)
    assert set(back.ids("upsert")) == {again, before}


def test_who_comes_back_after_the_process_died_has_missed_nothing(live: LiveSite) -> None:
    """440 changes while it is away, Valkey killed and wiped: the same set as the database."""
    stream = live.read()
    reports = [live.post(-3 - n / 100) for n in range(40)]
    stream.wait(lambda: len(stream.ids("upsert")) == 40)
    cursor = stream.cursor
    live.stop(kill=True)
    stream.wait(lambda: stream.over)
    for report in reports[:20]:
        live.act(reports_life_actions.close, report, live.author, ...)
    live.post_many(400, -10, 0.02)
    for report in reports[20:]:
        live.act(reports_votes.confirm_or_deny, report, live.voter, ..., still_there=True)
    live.kill_valkey()
    polled = live.app.test_client().get(
        "/map/changes", query_string={"bbox": "-4,40,-2,41", "cursor": cursor}
    )
    live.start()

    # More than one stream is told at once: it looks at everything anew.
    wide = live.read(cursor=cursor)
    assert [each.name for each in wide.events] == ["resync"]
    wide.wait(lambda: wide.over)
    # A view with fewer of them goes on where it was; the header wins over the address.
    bbox = "-4,40,-2,41"
    back = live.read(bbox, cursor="nonsense", headers={"Last-Event-ID": cursor})
    back.wait(lambda: back.named("cursor"))
    stream.events += [each for each in back.events if each.name != "cursor"]
    assert sorted(back.ids("gone")) == sorted(reports[:20])
    assert sorted(back.ids("upsert")) == sorted(reports[20:])
    assert stream.on_the_map() == set(reports[20:])
    assert len(live.alive()) == 420
    # Who polled meanwhile knows the same, without Valkey too.
    told = polled.get_json()
    assert sorted(told["gone"]) == sorted(reports[:20])
    assert sorted(each["properties"]["id"] for each in told["upserts"]) == sorted(reports[20:])


@pytest.mark.parametrize("cursor", ["nonsense", "ff.9:9:.1764000000000", "1.2:1:.1"])
def test_a_cursor_that_leads_nowhere_means_looking_anew(live: LiveSite, cursor: str) -> None:
    stream = live.read(cursor=cursor)
    assert [each.name for each in stream.events] == ["resync"]
    stream.wait(lambda: stream.over)


def test_a_slow_reader_is_told_to_look_anew_and_others_are_not(live: LiveSite) -> None:
    quick = live.read()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", live.port))
    slow.sendall(f"GET /live?bbox={EVERYWHERE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    while live.health()["streams"] != 2:
        time.sleep(0.02)
    reports = live.post_many(200, -3, 0.01)
    ids = live.sql("SELECT id FROM subjects WHERE public_id = ANY(%s)", reports)
    # Two megabytes, a batch each: more than the system and the process keep for one.
    for _ in range(40):
        told = len(quick.events)
        live.sql(
            "UPDATE subjects SET changed_txid = pg_current_xact_id() WHERE id = ANY(%s)",
            [row[0] for row in ids],
        )
        quick.wait(lambda told=told: len(quick.events) > told + 200)
    data = b""
    slow.settimeout(SOON)
    while b"event: resync" not in data[-200:]:
        part = slow.recv(1 << 20)
        assert part, data[-500:]
        data += part
    slow.close()
    last = live.post(-3.05)
    quick.expect("upsert", last)
    assert quick.named("resync") == []


def test_when_a_great_deal_changes_at_once_everybody_looks_anew(live: LiveSite) -> None:
    stream = live.read()
    report = live.post()
    stream.expect("upsert", report)
    live.post_many(2_500, 10, 0)
    stream.wait(lambda: stream.named("resync"))
    stream.wait(lambda: stream.over)


def test_the_stream_of_a_suspended_or_signed_out_member_ends(live: LiveSite) -> None:
    bea, carl = live.member(f"bea{time.time_ns()}"), live.member(f"carl{time.time_ns()}")
    cookies = live.cookie(bea), live.cookie(carl), live.cookie(bea)
    first, second, other = (live.read(headers=each) for each in cookies)
    anonymous = live.read()
    live.sql(
        "UPDATE member_sessions SET revoked_at = now() WHERE id ="
        " (SELECT max(id) FROM member_sessions WHERE member_id = %s)",
        bea.id,
    )
    other.wait(lambda: other.over)
    live.sql("UPDATE members SET suspended_until = now() + interval '1 day' WHERE id = %s", carl.id)
    second.wait(lambda: second.over)
    assert [each.events[-1].name for each in (second, other)] == ["ended", "ended"]
    refused = live.read(headers=cookies[1])
    assert refused.answer.status == 403
    # A cookie that means nobody any more is nobody's: the map is public.
    nobody = live.read(headers=cookies[2])
    report = live.post()
    for stream in (first, anonymous, nobody):
        stream.expect("upsert", report)
    assert not first.over
    assert not anonymous.over


def test_streams_are_limited_by_address_and_in_all(live: LiveSite) -> None:
    live.stop()
    live.start(LIVE_STREAMS_PER_ADDRESS="2", LIVE_STREAMS="3", PROXY_HOPS="1")
    try:

        def from_address(address: str) -> int:
            stream = live.read(headers={"X-Forwarded-For": f"10.0.0.1, {address}"})
            if stream.answer.status == 503:
                assert int(stream.answer.headers["Retry-After"]) > 0
                assert json.load(stream.answer)["code"] == "unavailable"
            return stream.answer.status

        network = "2001:db8:1:2"
        assert [from_address(f"{network}::{n}") for n in range(3)] == [200, 200, 503]
        assert [from_address(f"192.0.2.{n}") for n in range(2)] == [200, 503]
        # Who leaves makes room.
        for reader in live.readers:
            reader.close()
        while live.health()["streams"]:
            time.sleep(0.02)
        assert from_address(f"{network}::9") == 200
    finally:
        live.stop()


def test_only_our_own_pages_may_read_with_cookies(live: LiveSite) -> None:
    ours = live.read(headers={"Origin": "http://127.0.0.1:4"}).answer.headers
    assert ours["Access-Control-Allow-Origin"] == "http://127.0.0.1:4"
    assert ours["Access-Control-Allow-Credentials"] == "true"
    assert ours["Content-Type"].startswith("text/event-stream")
    assert ours["Cache-Control"] == "no-store"
    others = live.read(headers={"Origin": "http://evil.example"}).answer.headers
    assert "Access-Control-Allow-Origin" not in others
    assert live.read("1,2").answer.status == 422


def test_while_messages_are_away_it_looks_by_itself(live: LiveSite) -> None:
    stream = live.read()
    first = live.post()
    stream.expect("upsert", first)
    live.sql("DROP TRIGGER tell_insert ON subjects")
    try:
        second = live.post(-3.2)
        stream.expect("upsert", second)
    finally:
        live.sql(
            "CREATE TRIGGER tell_insert AFTER INSERT ON subjects REFERENCING NEW TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_of_subjects()"
        )


def test_after_the_database_cut_it_off_it_goes_on(live: LiveSite) -> None:
    stream = live.read()
    live.sql(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE application_name = 'ugc live' AND datname = current_database()"
    )
    report = live.post()
    stream.expect("upsert", report)
    while not live.health().get("listening"):
        time.sleep(0.05)
    again = live.post(-3.2)
    stream.expect("upsert", again)
    assert stream.ids("upsert") == [report, again]


def test_a_process_that_ends_takes_nobody_in(live: LiveSite) -> None:
    """Who was cut off comes back at once, while it still listens."""
    hub = Hub("")
    hub.close()
    process = create_app(dict(live.app.config), hub)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/live", "client": ("192.0.2.1", 1),
        "query_string": b"bbox=0,0,1,1", "headers": [],
    }  # fmt: skip
    # In a thread: tests of browsers leave a loop running in this one.
    thread = threading.Thread(target=asyncio.run, args=(process(scope, receive, send),))
    thread.start()
    thread.join(SOON)
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["code"] == "unavailable"


def test_half_requests_of_one_address_are_few_and_have_an_end(live: LiveSite) -> None:
    """With six hundred of them, streams and others are served, and most are ended at once."""
    stream = live.read()
    half = b"GET /live?bbox=0,0,1,1 HTTP/1.1\r\nHost: live\r\nX-"
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(600):
            each = socket.create_connection(("127.0.0.1", live.port), timeout=SOON)
            sockets.append(stack.enter_context(each))
            with contextlib.suppress(OSError):
                each.sendall(half)
        other = socket.create_connection(
            ("127.0.0.1", live.port), SOON, source_address=("127.8.8.8", 0)
        )
        with other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: live\r\nConnection: close\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200 ")
        ended = select.poll()
        for each in sockets:
            ended.register(each, select.POLLHUP | select.POLLRDHUP)
        at_once = len(ended.poll(2000))
        assert at_once >= 600 - 50 - MOST_UNFINISHED
        for each in sockets:  # the others end by themselves
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(1) == b""
    report = live.post()
    stream.expect("upsert", report)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_is_not_waited_for(live: LiveSite, method: str) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=SOON) as connection:
        head = f"{method} /live?bbox=0,0,1,1 HTTP/1.1\r\nHost: live\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\nhalf".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
