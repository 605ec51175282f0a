"""Every name and every text of the product is refused when something is hidden in it, or nothing is
seen of it. A new column called name or title, or a new field of a form, has to be told here."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD, join_team
from tests.forms import BRAND, PLACE, REPORT, REVIEW, WATCH, schemas
from ugc.core.db import Base, Session
from ugc.core.inputs import Name

Browser = Callable[..., FlaskClient]
HIDDEN = ["Mo\u200bra Mora", "\u202eMora Mora", "Mora\u0007 Mora"]
NOTHING = "\u2800\u3164\u200b\ufe0f" * 20
# Column → how its names come in: a form below, or why none does.
COLUMNS = {
    "brands.name": "form",
    "brand_changes.name": "form of the brand",
    "places.name": "form",
    "reviews.title": "form",
    "watches.name": "form",
    "api_keys.name": "form",
    "members.handle": "form",
    "members.name": "form",
    "member_names.name": "of members",
    "used_handles.handle": "of members",
    "sources.name": "mapping of an operator (tests/imports)",
    "cities.name": "bundled",
    "roads.name": "OpenStreetMap, cleaned (tests/streets)",
    "streets.name": "of roads",
    "localities.name": "OpenStreetMap, cleaned (tests/streets)",
    "extract_places.name": "OpenStreetMap, cleaned (tests/streets)",
}


def test_every_column_of_names_is_known() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in ("name", "title", "handle", "label", "caption")
    }
    assert found == set(COLUMNS)


def test_every_field_of_a_name_is_one() -> None:
    wrong = [
        f"{schema.__module__}.{schema.__name__}.{name}"
        for schema in schemas()
        if schema.__module__.startswith("ugc.")
        for name, field in schema._declared_fields.items()
        if name in ("name", "title", "label", "caption")
        and not isinstance(field, Name)
        # Told in the action, with its own text.
        and schema.__name__ != "WatchForm"
    ]
    assert wrong == []


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


@pytest.fixture
def site(mod: FlaskClient, session: Session) -> dict[str, str]:
    """Addresses of things of a moderator, who also speaks for the brand."""
    place = mod.post("/places", data=PLACE).location
    other = mod.post("/places", data={**PLACE, "lat": "50"}).location
    mod.post(f"{place}/review", data=REVIEW)
    brand = mod.post("/brands", data=BRAND).location
    report = mod.post("/reports", data=REPORT).location
    watch = mod.post("/watching", data=WATCH).location
    review = session.execute(
        sa.text("SELECT public_id FROM subjects WHERE kind = 'review'")
    ).scalar_one()
    return {
        "place": place,
        "other": other,
        "review": f"/reviews/{review}",
        "brand": brand,
        "report": report,
        "comments": f"/comments/{report.rsplit('/', 1)[-1]}",
        "watch": watch,
    }


@pytest.fixture
def team(session: Session, site: dict[str, str]) -> None:
    """The moderator joins the brand's team."""
    join_team(session, "mod")
    session.commit()


JOIN = {"email": "ana@example.org", "password": PASSWORD}
INVITE = {"text": "Bring your friends to us.", "thanks": "A coffee for each of them."}
REASON = "It is there again since this morning."
# (where, field, the rest of the form)
NAMES: list[tuple[str, str, dict[str, str]]] = [
    ("/brands", "name", BRAND),
    ("{brand}/edit", "name", {**BRAND, "revision": "1"}),
    ("/places", "name", {**PLACE, "lat": "41"}),
    ("/places", "address", {**PLACE, "lat": "42"}),
    ("{place}/edit", "name", {**PLACE, "revision": "1"}),
    ("{other}/review", "title", REVIEW),
    ("{review}/edit", "title", {**REVIEW, "revision": "1"}),
    ("/watching", "name", WATCH),
    ("{watch}/edit", "name", WATCH),
    ("{brand}/keys", "name", {"scopes": "reports:read"}),
    ("/join", "handle", JOIN),
    ("/join", "name", {**JOIN, "handle": "new-ana"}),
    ("/settings/name", "name", {}),
]
TEXTS: list[tuple[str, str, dict[str, str]]] = [
    # The claim before the team, which claims nothing; the answer before the end.
    ("{brand}/claim", "message", {}),
    ("/brands", "name", BRAND),
    ("/places", "name", {**PLACE, "lat": "41"}),
    ("/watching", "name", WATCH),
    ("{brand}/keys", "name", {"scopes": "reports:read"}),
    ("{other}/review", "text", REVIEW),
    ("{review}/edit", "text", {**REVIEW, "revision": "1"}),
    ("{comments}", "text", {}),
    ("{brand}/invitations", "text", INVITE),
    ("{brand}/invitations", "thanks", INVITE),
    ("{report}/answer", "answer", {"closes": "yes"}),
    ("{report}/reopen", "note", {}),
]


@pytest.mark.parametrize("language", ["en", "es"])
def test_hidden_characters_are_refused_in_every_name(
    client: FlaskClient, mod: FlaskClient, site: dict[str, str], team: None, language: str
) -> None:
    told = {
        "en": ("hidden or control characters", "3 to 30 letters"),
        "es": ("caracteres ocultos o de control", "3 a 30 letras"),
    }[language]
    wrong = []
    for where, field, form in NAMES:
        browser = client if where == "/join" else mod
        browser.post("/language", data={"language": language})
        for hidden in HIDDEN:
            answer = browser.post(where.format(**site), data={**form, field: hidden})
            if answer.status_code != 422 or told[field == "handle"] not in answer.text:
                wrong.append((where, field, hidden, answer.status_code))
    assert wrong == []


def test_nothing_is_posted_of_which_nothing_is_seen(
    mod: FlaskClient, site: dict[str, str], request: pytest.FixtureRequest
) -> None:
    wrong = []
    for where, field, form in TEXTS:
        if where.endswith("/reopen"):
            mod.post(f"{site['report']}/close")
        if "/keys" in where:
            request.getfixturevalue("team")
        for nothing in (NOTHING, f"a{NOTHING}") if field != "name" else (NOTHING,):
            answer = mod.post(where.format(**site), data={**form, field: nothing})
            if answer.status_code != 422:
                wrong.append((where, field, nothing[0], answer.status_code))
    assert wrong == []


def test_an_optional_text_of_which_nothing_is_seen_is_none(
    mod: FlaskClient, session: Session
) -> None:
    assert mod.post("/settings/profile", data={"about": NOTHING}).status_code == 303
    assert mod.post("/reports", data={**REPORT, "text": NOTHING}).status_code == 303
    kept = sa.text("SELECT about FROM members UNION SELECT text FROM reports")
    assert session.execute(kept).scalars().all() == [""]


def test_hidden_characters_do_not_hide_what_is_looked_for(
    client: FlaskClient, site: dict[str, str]
) -> None:
    for where, found in (
        ("/places?q=Come\u200brcial", PLACE["name"]),
        ("/search?q=\u202eComercial", PLACE["name"]),
        ("/brands?q=Mo\u00adra", f">{BRAND['name']}<"),
    ):
        assert found in client.get(where).text
