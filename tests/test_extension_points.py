"""What capabilities register with those below them: known, used, documented, in order."""

import inspect
import re
import subprocess
import sys
from types import FunctionType

import pytest
from flask import Flask

from ugc import config, events
from ugc.core import limits, panels

SHOWN = re.compile(r"(?:panel_slots|panels\.render(?:_rows)?)\(f?['\"]([a-z_.]+)")
# Views that change something and count no use, each with the reason.
UNLIMITED = {
    "accounts.confirm": "the door counts it in the database",
    "accounts.reset": "the door counts it in the database",
    "accounts.sign_in": "the door counts it in the database",
    "accounts.end_session": "makes an account safe",
    "accounts.sign_out": "makes an account safe",
    "accounts.stop_mail_change": "makes an account safe",
    "brandapi.revoke_key": "makes an account safe",
    "offline.share": "keeps nothing",
    "referrals.answer_invitation": "writes a cookie alone",
    "site.set_language": "writes a cookie alone",
    "site.set_theme": "writes a cookie alone",
}


def source_of(view: object) -> str:
    """The text of a view beneath its decorators."""
    return inspect.getsource(inspect.unwrap(view))  # type: ignore[arg-type]


def test_every_view_that_changes_something_states_a_limit(app: Flask) -> None:
    free = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.methods and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
        and "limits.hit(" not in source_of(app.view_functions[rule.endpoint])
    }  # fmt: skip
    assert free == set(UNLIMITED)


def test_limits_are_declared_and_counted(app: Flask) -> None:
    named = {
        name
        for path in (config.ROOT / "ugc").rglob("*.py")
        for name in re.findall(
            r"limits\.(?:hit|allows)\(\"(\w+)\"", path.read_text(encoding="utf-8")
        )
    }
    assert named == limits.LIMITS.keys() | {"api"}
    with pytest.raises(ValueError, match="60 per minute"):
        limits.declare("write", "61 per minute")


def test_every_slot_is_shown_and_filled(app: Flask) -> None:
    shown = {
        name.rstrip(".") + (".*" if name.endswith(".") else "")
        for folder, ending in (("templates", "*.html"), ("ugc", "*.py"))
        for path in (config.ROOT / folder).rglob(ending)
        for name in SHOWN.findall(path.read_text(encoding="utf-8"))
    }
    assert set(panels.declared()) == shown
    filled = panels.filled()
    empty = [
        name
        for name in panels.declared()
        if not any(each == name or f"{each.partition('.')[0]}.*" == name for each in filled)
    ]
    assert empty == []


def test_a_panel_for_an_unknown_slot_ends_the_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_slots", {"report.bellow": {}})
    with pytest.raises(LookupError, match=r"report\.bellow"):
        panels.arrange({})


def test_several_panels_of_a_slot_have_an_order(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = "a.one", "b.other"
    monkeypatch.setattr(panels, "_slots", {"about": {one: str, other: str}})
    panels.arrange({"about": (other, one)})
    assert panels.filled() == {"about": [other, one]}
    for wrong in ({}, {"about": (one,)}, {"about": (one, other), "join": ()}):
        with pytest.raises(LookupError, match=r"about|join"):
            panels.arrange(wrong)


def test_a_slot_gets_what_it_takes(app: Flask) -> None:
    with pytest.raises(TypeError, match="takes place"):
        panels.render("place.below", report=1)
    with pytest.raises(TypeError, match="takes watches, for rows"):
        panels.render("watch.card", watches=[])


def test_every_event_has_a_listener(app: Flask) -> None:
    abstract = (events.Event, events.ContentEvent, events.PhotoEvent)
    names = {
        kind.name()
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind not in abstract
    }
    assert names == set(events.subscribers())


def test_what_happens_to_one_thing_is_heard_in_order(app: Flask) -> None:
    """Jobs about one place, report, review or brand wait for each other, capability by
    capability."""
    for event in (
        events.PlaceChanged(7),
        events.VoteProved(7, 1),
        events.BrandClaimDecided(7, 1, True),
    ):
        orders = [job.in_order for job in events._jobs_of(event)]
        assert orders
        assert all(order is not None and order.endswith(":7") for order in orders)


def test_every_event_is_emitted_somewhere() -> None:
    lines = (config.ROOT / "docs" / "events.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    assert len(rows) > 20
    assert [row[0] for row in rows if len(row) < 4 or not row[2].strip()] == []


def test_the_pages_about_extension_points_are_current() -> None:
    script = config.ROOT / "scripts" / "extension_points.py"
    ran = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_views_are_functions(app: Flask) -> None:
    """`source_of` reads them."""
    for name, view in app.view_functions.items():
        assert isinstance(inspect.unwrap(view), FunctionType), name
