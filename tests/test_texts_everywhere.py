"""Every text that people write is measured as browsers measure it, and stored in one form. A new
text field of a template, or a new field of a schema, has to be told here."""

import ast
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import marshmallow as ma
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories.members import join_team
from tests.forms import BRAND, PLACE, REPORT, REVIEW, WATCH, schemas
from ugc.config import ROOT
from ugc.core import identity, texts
from ugc.core.db import Session
from ugc.core.inputs import Name, Text
from ugc.core.websites import normal_website
from ugc.places.rules import written as places_written

Browser = Callable[..., FlaskClient]
INVITE = {"text": "Bring your friends to us.", "thanks": "A coffee for each of them."}
SUSPEND = {"reason": "spam", "days": "7"}
AWAY = {**PLACE, "lat": "41"}


@dataclass(frozen=True)
class Case:
    """A text field: the page that shows it, where it is sent, and the rest of its form."""

    page: str
    sent_to: str
    form: dict[str, str] = field(default_factory=dict)
    before: str = ""  # an address that is posted to first
    begins: str = ""  # what the value begins with to be one
    lines: bool = False


# (template, field) → how to try it, or why it is not tried here.
FIELDS: dict[tuple[str, str], Case | str] = {
    ("_pick.html", "lat"): "a position: tests/geography/test_positions.py",
    ("_pick.html", "lon"): "a position: tests/geography/test_positions.py",
    ("watches/form.html", "lat"): "a position: tests/geography/test_positions.py",
    ("watches/form.html", "lon"): "a position: tests/geography/test_positions.py",
    ("_pick.html", "place_name"): "the name of a city, looked for",
    ("accounts/join.html", "handle"): "ASCII, 3 to 30",
    ("accounts/roles.html", "handle"): "looked for",
    ("accounts/roles.html", "reason"): Case(
        "/moderation/roles", "/moderation/roles", {"handle": "other", "role": "moderator"}
    ),
    ("brandapi/keys.html", "name"): Case(
        "{brand}/keys", "{brand}/keys", {"scopes": "reports:read"}
    ),
    ("accounts/join.html", "name"): "tests/accounts/test_naming.py",
    ("brands/form.html", "name"): Case("/brands/new", "/brands", BRAND),
    ("brands/form.html", "about"): Case(
        "/brands/new", "/brands", {**BRAND, "name": "Kiosk"}, lines=True
    ),
    ("brands/form.html", "website"): Case(
        "/brands/new", "/brands", {**BRAND, "name": "Kiosk"}, begins="https://example.org/"
    ),
    ("brands/index.html", "q"): "looked for",
    ("brands/page.html", "message"): Case("{other_brand}", "{other_brand}/claim", lines=True),
    ("brands/team.html", "handle"): "looked for",
    ("cards/share.html", "text"): "goes into links, is not stored",
    ("comments/_talk.html", "text"): Case("{report}", "{comments}", lines=True),
    ("comments/form.html", "text"): "the same, after a refusal",
    ("influencers/_settings.html", "city"): "the name of a city, looked for",
    ("campaigns/invitations.html", "text"): Case(
        "{brand}/invitations", "{brand}/invitations", INVITE, lines=True
    ),
    ("campaigns/invitations.html", "thanks"): Case(
        "{brand}/invitations", "{brand}/invitations", INVITE, lines=True
    ),
    ("influencers/prescriptores.html", "city"): "the name of a city, looked for",
    ("layout.html", "q"): "looked for",
    ("livemap/search.html", "q"): "looked for",
    ("media/_field.html", "kept_text"): "tests/media",
    ("media/_field.html", "photo_text"): "tests/media",
    ("moderation/flag.html", "note"): Case("{flag}", "{flag}", {"rule": "spam"}, lines=True),
    ("moderation/queue.html", "note"): "decided in inputs.checked_text, as in flags",
    ("moderation/suspensions.html", "note"): Case(
        "/members/other/suspensions", "/members/other/suspend", SUSPEND, lines=True
    ),
    ("offline/_sheet.html", "text"): Case("/", "/reports", {**REPORT, "lat": "12"}, lines=True),
    ("places/form.html", "name"): Case("/places/new", "/places", AWAY),
    ("places/form.html", "address"): Case("/places/new", "/places", AWAY),
    ("places/form.html", "phone"): "a number: tests/places",
    ("places/form.html", "website"): Case(
        "/places/new", "/places", AWAY, begins="https://example.org/"
    ),
    ("places/_hours.html", "opening_hours"): "a language of its own: tests/places",
    ("places/index.html", "near"): "looked for",
    ("places/index.html", "q"): "looked for",
    ("privateplaces/places.html", "name"): Case(
        "/settings/places", "/settings/places", {"lat": "40.4", "lon": "-3.7"}
    ),
    ("profiles/_name_form.html", "note"): "decided in inputs.checked_text, as in flags",
    ("profiles/_settings.html", "name"): "tests/accounts/test_naming.py",
    ("profiles/_settings.html", "about"): Case("/settings", "/settings/profile", lines=True),
    ("reports/_vote.html", "vote_place"): "the name of a city, looked for",
    ("reports/edit.html", "text"): Case(
        "{report}/edit", "{report}/edit", {"revision": "1"}, lines=True
    ),
    ("reports/new.html", "text"): Case(
        "/reports/new", "/reports", {**REPORT, "lat": "14"}, lines=True
    ),
    ("reports/page.html", "answer"): Case("{report}", "{report}/answer", lines=True),
    ("reports/page.html", "note"): Case(
        "{report}", "{report}/reopen", before="{report}/close", lines=True
    ),
    ("reputation/leaderboard.html", "city"): "the name of a city, looked for",
    ("reviews/form.html", "title"): Case("{other}/review", "{other}/review", REVIEW),
    ("reviews/form.html", "text"): Case("{other}/review", "{other}/review", REVIEW, lines=True),
    ("fraud/_decide_ring.html", "note"): "decided in inputs.checked_text, as in flags",
    ("rewards/rewards.html", "text"): "decided in inputs.checked_text, as in claims",
    ("watches/form.html", "name"): Case("/watching/new", "/watching", WATCH),
    ("watches/form.html", "place_name"): "the name of a city, looked for",
}
TRIED = {key: case for key, case in FIELDS.items() if isinstance(case, Case)}
# Texts of forms that are codes, numbers, secrets or addresses, each read by a rule of its own.
NOT_TEXTS = {
    *("lat", "lon", "place_name", "accuracy_m", "radius_km", "distance_m", "drawn", "file"),
    *("heading", "as_history", "anyway", "visited_month", "shown_to_far_contacts", "timezone"),
    *("email", "password", "old_password", "token", "next", "handle"),
    "name",  # of a watch: tests/test_names_everywhere.py
}


# Up to its own end: what Jinja writes in it may hold a ">".
TAG = re.compile(r'<(?:textarea|input)\b(?:"[^"]*"|\{\{.*?\}\}|\{%.*?%\}|[^>"])*>')


def text_fields(template: str) -> set[str]:
    """Names of the fields of a template in which people write."""
    found = re.findall(r"ui\.textarea\('([\w-]+)'", template)
    template = re.sub(r"\n +", " ", template)  # a long field stands on several lines
    found += re.findall(r"ui\.field\('([\w-]+)'(?:(?!ui\.|\}\}).)*?maxlength=", template)
    for tag in TAG.findall(template):
        if "maxlength=" in tag:
            found += re.findall(r'\bname="([\w-]+)"', tag)
    return set(found)


def test_every_text_field_of_a_template_is_known() -> None:
    folder = ROOT / "templates"
    found = {
        (path.relative_to(folder).as_posix(), name)
        for path in folder.rglob("*.html")
        if path.name != "_ui.html"
        for name in text_fields(path.read_text(encoding="utf-8"))
    }
    assert found == set(FIELDS)


def test_every_text_of_a_schema_is_measured_in_one_place() -> None:
    wrong = [
        f"{schema.__module__}.{schema.__name__}.{name}"
        for schema in schemas()
        if schema.__module__.startswith("ugc.")
        and not schema.__module__.startswith(("ugc.brandapi", "ugc.imports"))
        for name, each in schema._declared_fields.items()
        if isinstance(each, ma.fields.String)
        and not isinstance(each, Name | Text)
        and not any(isinstance(v, ma.validate.OneOf) for v in each.validators)
        and name not in NOT_TEXTS
    ]
    assert wrong == []


def _compares_a_length(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Call)
        and getattr(node.left.func, "id", "") == "len"
        and any(
            re.fullmatch(r"(TEXT|NOTE|REASON|MESSAGE|ABOUT|DESCRIPTION|APPEAL|TITLE)_MAX", name)
            for right in node.comparators
            for name in (getattr(right, "attr", ""), getattr(right, "id", ""))
        )
    )


def test_no_length_of_a_text_is_counted_elsewhere() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "ugc").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _compares_a_length(node)
    ]
    assert wrong == []


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("ana", role="administrator")


@pytest.fixture
def site(mod: FlaskClient, signed_in: Browser, session: Session) -> dict[str, str]:
    """Addresses of things of an administrator, who also speaks for a brand, and of a member."""
    other = signed_in("other")
    place = mod.post("/places", data=PLACE).location
    brand = mod.post("/brands", data={**BRAND, "name": "Own"}).location
    join_team(session, "ana")
    session.commit()
    report = mod.post("/reports", data=REPORT).location
    others = other.post("/reports", data={**REPORT, "lat": "50"}).location
    return {
        "place": place,
        "other": mod.post("/places", data={**PLACE, "lat": "50"}).location,
        "brand": brand,
        "other_brand": mod.post("/brands", data={**BRAND, "name": "Free"}).location,
        "report": report,
        "comments": f"/comments/{report.rsplit('/', 1)[-1]}",
        "flag": f"/flag/{others.rsplit('/', 1)[-1]}",
    }


def filled(most: int, case: Case) -> str:
    """A value that fills a field of `most` exactly, as browsers count it and send it: composed and
    decomposed letters, emoji (two units), line ends (sent as CR LF, counted as one)."""
    piece = ("Cafe\u0301 🚲\n" if case.lines else "Cafe\u0301 🚲 ") if not case.begins else "x"
    value = case.begins + piece * most
    units = 0
    for at, char in enumerate(value):
        units += 2 if char > "\uffff" else 1
        if units >= most:
            value = value[:at] + "x" * (most - texts.length(value[:at]))
            break
    assert texts.length(value) == most
    return value.replace("\n", "\r\n")


@pytest.mark.parametrize("where", TRIED, ids="-".join)
def test_what_a_browser_lets_in_is_taken_and_no_more(
    mod: FlaskClient, site: dict[str, str], where: tuple[str, str]
) -> None:
    case, (_, name) = TRIED[where], where
    if case.before:
        mod.post(case.before.format(**site))
    page = mod.get(case.page.format(**site)).text
    tags = re.findall(rf'<(?:input|textarea)\b[^>]*\bname="{name}"[^>]*>', page)
    tag = next(each for each in tags if "maxlength" in each)
    assert 'dir="auto"' in tag
    most = int(re.findall(r'maxlength="(\d+)"', tag)[0])
    value = filled(most, case)
    address = case.sent_to.format(**site)

    too_long = case.begins + "x" * (most + 1 - len(case.begins))
    refused = mod.post(address, data={**case.form, name: too_long})

    assert refused.status_code == 422
    assert str(most) in html.unescape(refused.text)
    taken = mod.post(address, data={**case.form, name: f"  {value}"})
    assert taken.status_code < 400, re.findall(r'class="error"[^<]*<', taken.text)


def test_texts_are_stored_in_one_form(mod: FlaskClient, session: Session) -> None:
    typed = "  Cafe\u0301\r\nwith\rline ends \t\r\n"
    assert mod.post("/reports", data={**REPORT, "text": typed}).status_code == 303
    assert mod.post("/settings/profile", data={"about": typed}).status_code == 303
    kept = sa.text("SELECT text FROM reports UNION SELECT text FROM profiles")
    assert session.execute(kept).scalars().all() == ["Café\nwith\nline ends"]


@pytest.mark.parametrize(
    ("parse", "typed", "kept"),
    [
        (normal_website, "example.org:8080/a?b=c&d#part", "https://example.org:8080/a?b=c&d#part"),
        (normal_website, "HTTPS://Example.org/Ä/", "HTTPS://Example.org/Ä/"),
        (normal_website, "https://ana:secret@example.org", None),
        (normal_website, "https://example.org https://example.com", None),
        (identity.email, "Ana <ana@example.org>", None),
        (identity.email, "ana+boca@example.org", "ana+boca@example.org"),
        (identity.email, "ana@example.org, ben@example.org", None),
        (identity.email, "ana@example.org (work)", None),
        (
            places_written.normal_hours,
            'Mo-Fr 10:00-12:00 "by appointment"',
            'Mo-Fr 10:00-12:00 "by appointment"',
        ),
        (places_written.normal_hours, "Mo 10:00-12:00 (only in summer)", None),
    ],
)
def test_what_parsers_read_is_kept_or_refused(
    parse: Callable[[str], str | None], typed: str, kept: str | None
) -> None:
    try:
        found = parse(typed)
    except ValueError:
        found = None
    assert found == kept
