"""A small application behind the front, with bounds that a test can reach."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from multiprocessing.util import Finalize
from pathlib import Path

from flask import Flask, Response, request

from ugc.front.application import Front
from ugc.front.bounds import Bounds
from ugc.front.static import StaticFiles

FOLDER = Path(os.environ.get("SMALL_FOLDER", "/nonexistent"))
BODY = 1 << 20
PAGE = "<p>The same again.</p>" * 100
app = Flask(__name__)


def note(text: str) -> None:
    """Appends a line to what was done; lines so short are never mixed."""
    with (FOLDER / "done").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


@app.get("/healthz")
def health() -> str:
    return "well"


@app.get("/address")
def address() -> str:
    return f"{request.remote_addr} {request.headers.get('X-Forwarded-For', '-')}"


@app.get("/process")
def process() -> str:
    return str(os.getpid())


@app.get("/large")
def large() -> str:
    return "x" * (8 << 20)


@app.get("/page")
def page() -> Response:
    response = Response(PAGE)
    response.set_etag("page")
    return response.make_conditional(request)


@app.post("/echo")
def echo() -> str:
    data = request.get_data()
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


@app.post("/slow")
def slow() -> str:
    time.sleep(0.05)
    note(request.get_data(as_text=True))
    return "done"


def build(bounds: Bounds) -> Front:
    """Deadlines of a second, in place of ten and more."""
    Finalize(None, note, args=("the worker's end",), exitpriority=1)
    shorter = dataclasses.replace(bounds, head_s=1, grace_s=1, stalled_s=1, linger_s=1, body=BODY)
    texts = {"en": {"too_large": "Too large."}, "es": {"too_large": "Demasiado grande."}}
    static = StaticFiles(FOLDER, "/static/build", [])
    hops = 1 if bounds.peer is None else 0
    return Front(app, static, shorter, spool=FOLDER / "spool", hops=hops, texts=texts)
