"""Posting reports through HTTP, as a browser's form does (session, CSRF token, idempotency key,
city, similar reports near by, points and events enqueued), against bare inserts of the same rows.
"""

from __future__ import annotations

import http.client
import os
import secrets
import statistics
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

import psycopg
import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from benchmarks import common
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import KIND, Member
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core import subjects
from ugc.core.db import db, now, transaction

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
PER_ROUND = int(os.environ.get("BENCH_POSTS", "400"))
CLIENTS = 4
PER_MEMBER = 10  # below the limit of 12 in ten minutes


def cookies(url: str, port: int, count: int) -> tuple[list[str], str]:
    """Cookies of signed-in members, and the form token that they share."""
    app = common.application(url, port)
    made = []
    token = secrets.token_hex(20)
    with app.app_context():
        with transaction() as session:
            tokens = []
            for number in range(count):
                subject = subjects.create(session, KIND)
                session.add(
                    Member(
                        id=subject.id,
                        handle=f"bench-{number}",
                        email=f"bench-{number}@example.org",
                        email_confirmed_at=now(session),
                    )
                )
                session.flush()
                tokens.append(accounts_signing_in.open_session(session, subject.id, "bench"))
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        for each in tokens:
            value = signer.dumps({COOKIE_TOKEN: each, "csrf_token": token})
            made.append(f"{app.config['SESSION_COOKIE_NAME']}={value}")
        # The form's token is the session's, signed with the application's key.
        form_token = URLSafeTimedSerializer(common.SECRET, salt="wtf-csrf-token").dumps(token)
        db.engine.dispose()
    return made, str(form_token)


def parallel(work: Callable[[int, list[float]], None]) -> tuple[float, list[float]]:
    """(seconds, each duration in ms) of `CLIENTS` threads at once."""
    durations: list[list[float]] = [[] for _ in range(CLIENTS)]
    threads = [
        threading.Thread(target=work, args=(number, durations[number])) for number in range(CLIENTS)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, [each for part in durations for each in part]


def main() -> None:
    print(f"Posting reports: {PER_ROUND} in each of {ROUNDS} rounds, {CLIENTS} at once", flush=True)
    url = common.database("bench_posting")
    port = common.free_port()
    members, token = cookies(url, port, (ROUNDS + 1) * PER_ROUND // PER_MEMBER + CLIENTS)
    waiting = [cookie for cookie in members for _ in range(PER_MEMBER)]
    lock = threading.Lock()
    place = iter(range(10**9))
    failures: list[str] = []

    def post(_number: int, durations: list[float]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(PER_ROUND // CLIENTS):
            with lock:
                cookie, n = waiting.pop(), next(place)
            form = {
                "csrf_token": token,
                "idempotency_key": secrets.token_hex(16),
                "kind": "jam",
                "lat": f"{36 + (n % 900) / 100:.4f}",
                "lon": f"{-9 + (n // 900) / 100:.4f}",
                "text": "Slow from the roundabout on, as far as one can see.",
            }
            began = time.perf_counter()
            connection.request(
                "POST",
                "/reports",
                urlencode(form),
                {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"},
            )
            answer = connection.getresponse()
            answer.read()
            durations.append((time.perf_counter() - began) * 1000)
            if answer.status != 303:
                failures.append(str(answer.status))

    address = libpq_url(sqlalchemy_url(url))

    def insert(_number: int, durations: list[float]) -> None:
        with psycopg.connect(address) as connection:
            for _ in range(PER_ROUND // CLIENTS):
                began = time.perf_counter()
                made = connection.execute(
                    "INSERT INTO subjects (kind, public_id) VALUES ('report', %s) RETURNING id",
                    (secrets.token_hex(8),),
                ).fetchone()
                connection.execute(
                    "INSERT INTO reports (id, kind, geom, text, occurred_at, expires_at) VALUES"
                    " (%s, 'jam', ST_SetSRID(ST_MakePoint(-3.7, 40.4), 4326), 'Slow.', now(),"
                    " now() + interval '45 minutes')",
                    made,
                )
                connection.execute(
                    "INSERT INTO transitions (subject_id, field, new, reason, actor)"
                    " VALUES (%s, 'visibility', 'held', 'posted', 'bench')",
                    made,
                )
                connection.execute(
                    "INSERT INTO cases (subject_id, reason) VALUES (%s, 'held')", made
                )
                connection.commit()
                durations.append((time.perf_counter() - began) * 1000)

    ours, theirs, medians, tails = [], [], [], []
    with common.web_server(url, port):
        for round_number in range(ROUNDS + 1):
            seconds, durations = parallel(post)
            bare_seconds, bare = parallel(insert)
            if round_number == 0:
                continue
            ours.append(len(durations) / seconds)
            theirs.append(len(bare) / bare_seconds)
            medians.append(statistics.median(durations))
            tails.append(statistics.quantiles(durations, n=100)[98])
    engine = sa.create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        query = (
            "SELECT count(*), count(DISTINCT id) FROM reports WHERE author_id IS NOT NULL"
            " AND text LIKE 'Slow from%'"
        )
        rows = connection.execute(sa.text(query)).one()
    engine.dispose()
    expected = (ROUNDS + 1) * (PER_ROUND // CLIENTS) * CLIENTS
    common.tell("through HTTP", ours, "reports/s")
    common.tell("its median time", medians, "ms")
    common.tell("its 99th percentile", tails, "ms")
    common.tell("bare inserts of the same rows", theirs, "reports/s")
    common.tell_ratio("HTTP to bare inserts", ours, theirs)
    print(f"  rows afterwards: {rows[0]} of {expected} expected; refused: {len(failures)}")
    if failures or rows[0] != expected:
        raise SystemExit(f"✗ what was acknowledged is not what is stored: {failures[:5]}")


if __name__ == "__main__":
    main()
