"""Where a visitor goes on after joining or signing in: the page they came from, as `next` of the
links, forms and mails between. Only addresses of this site are kept (`render.safe_next`)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, request
from markupsafe import Markup

from ugc.core import render
from ugc.core.db import SAFE_METHODS

FIELD = "next"
LONGEST = 2_000
# Not of the page: who invited (`ugc.referrals` carries that on by itself), and this way's own.
NOT_KEPT = frozenset({"via", FIELD})
# What mails and rows of jobs may hold of a query: ids, codes and numbers, no words of a person.
PLAIN = re.compile(r"[\w.,:/+-]{0,64}")
WORDS = frozenset({"q", "near", "text", "place_name"})
# Steps of the way itself: they hand on where it leads.
STEPS = frozenset(
    {
        "accounts.join_page",
        "accounts.join",
        "accounts.sign_in_page",
        "accounts.sign_in",
        "accounts.forgotten_page",
        "accounts.forgotten",
        "accounts.reset_page",
        "accounts.reset",
        "accounts.welcome_page",
        "accounts.send_confirmation_again",
        "accounts.confirm_page",
        "accounts.confirm",
    }
)


@lru_cache(maxsize=512)
def checked(target: str | None) -> str:
    """`target` as an address of this site; `/` for anything else."""
    there = urlsplit(render.safe_next(target))
    query = [
        each for each in parse_qsl(there.query, keep_blank_values=True) if each[0] not in NOT_KEPT
    ]
    fragment = there.fragment if re.fullmatch(r"[\w.,:/=-]{0,100}", there.fragment) else ""
    kept = there._replace(query=urlencode(query, safe=",:/"), fragment=fragment).geturl()
    return kept if 0 < len(kept) <= LONGEST else "/"


def plain(target: str | None) -> str:
    """`checked`, without what a person typed into it: for mails, and the rows of jobs."""
    there = urlsplit(checked(target))
    query = [
        (name, value)
        for name, value in parse_qsl(there.query, keep_blank_values=True)
        if name not in WORDS and PLAIN.fullmatch(value)
    ]
    return there._replace(query=urlencode(query, safe=",:/")).geturl()


def target() -> str:
    """Where this request says that one goes on to."""
    return checked(request.values.get(FIELD))


def here() -> str:
    """What a link to join or sign in carries: this page; on the steps themselves what they carry;
    for a form that was refused the page that it stood on."""
    if request.endpoint in STEPS:
        return target()
    if request.blueprint == "offline":
        return "/"  # the shell stands for every page without a network
    if request.method in SAFE_METHODS:
        return checked(request.full_path.rstrip("?"))
    sent_from = urlsplit(request.headers.get("Referer", ""))
    own = sent_from.netloc == request.host
    return checked(sent_from._replace(scheme="", netloc="").geturl()) if own else "/"


def with_next(endpoint: str, to: str | None = None) -> str:
    """The address of a step that leads to `to`, or back here."""
    there = here() if to is None else checked(to)
    given = {} if there == "/" else {"next": there}
    return render.address(endpoint, **given)


def carried(link: str, to: str) -> str:
    """`link`, an address in a mail, that leads on to `to`."""
    there = checked(to)
    if there == "/":
        return link
    return f"{link}{'&' if '?' in link else '?'}{urlencode({FIELD: there})}"


def next_field() -> Markup:
    """The hidden field of a step's form."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, target())


def join_address(to: str | None = None) -> str:
    return with_next("accounts.join_page", to)


def sign_in_address(to: str | None = None) -> str:
    return with_next("accounts.sign_in_page", to)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        join_address=join_address,
        sign_in_address=sign_in_address,
        with_next=with_next,
        next_field=next_field,
    )
