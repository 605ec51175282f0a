"""No text that a stranger sends costs more than a moment: what is long is refused before it is
read, and what is read costs a step a character."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import marshmallow as ma
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.core import worst
from ugc import config
from ugc.core import bodies, bounded
from ugc.core.bounded import Bounded
from ugc.geography import geo

CPU_S = 45  # for all shapes of all parsers: they take some three, a pattern gone wild takes hours


def schemas(family: type[ma.Schema] = ma.Schema) -> Iterator[type[ma.Schema]]:
    """Every schema of the product that reads what people or programs send."""
    for each in family.__subclasses__():
        module = each.__module__
        if module.startswith("ugc.") and not module.startswith(("ugc.imports", "ugc.core")):
            yield each
        yield from schemas(each)


def test_every_schema_refuses_what_is_long_before_it_reads_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = sorted(set(schemas()), key=lambda each: each.__name__)
    assert len(known) > 15
    assert [each.__name__ for each in known if not issubclass(each, Bounded)] == []

    def read(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a field was read")

    monkeypatch.setattr(ma.fields.Field, "deserialize", read)
    with app.test_request_context():
        for kind in known:
            schema = kind()
            assert isinstance(schema, Bounded)
            for name, field in schema.load_fields.items():
                key = field.data_key or name
                most = schema.longest(key)
                assert most is not None
                assert most <= bodies.FIELD_MAX
                with pytest.raises(ma.ValidationError, match="At most"):
                    schema.load({key: "x" * (most + 1)})


def test_parsers_cost_a_step_a_character() -> None:
    """In a process that the system ends when it took too much of the processor."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))

    done = subprocess.run(
        [sys.executable, "-m", "tests.core.worst"], cwd=config.ROOT, preexec_fn=limit,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == len(worst.PARSERS)


@pytest.mark.parametrize(
    "text", ["1" + " " * 90 + "x", "1" + " " * 10**6 + "x", "1," * 10**5, "1" * 10**6]
)
def test_coordinates_are_short(text: str) -> None:
    assert geo.Point.parsed(text) is None


@pytest.mark.parametrize(
    "text", ["40.4168, -3.7038", "40.4168,-3.7038", " 40.4168  -3.7038 ", "40.4168 ; -3.7038"]
)
def test_coordinates_are_read(text: str) -> None:
    assert geo.Point.parsed(text) == geo.Point(-3.7038, 40.4168)


def test_long_addresses_and_headers(client: FlaskClient) -> None:
    answer = client.get("/search?q=" + "x" * bounded.QUERY_MAX)
    assert answer.status_code == 414
    assert "too long" in answer.text
    long = {"Accept-Language": "a," * 20_000, "User-Agent": "x" * 60_000, "Accept": "a/b," * 9_000}
    assert client.get("/about", headers=long).status_code == 200


def test_a_long_field_is_refused(client: FlaskClient) -> None:
    long = "x" * (bodies.FIELD_MAX + 1)
    assert client.post("/theme", data={"theme": long}).status_code == 413
    assert client.post("/theme", data={"theme": ["dark", long]}).status_code == 413


def test_the_bounds_are_documented() -> None:
    text = (config.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.split("## Bounds of input", 1)[1].split("\n## ", 1)[0]
    assert [name for name in worst.PARSERS if f"| {name} |" not in table] == []
    for number in (bounded.QUERY_MAX, bounded.TEXT_MAX, bodies.FIELD_MAX, bodies.FIELDS_MAX):
        assert f"{number:,}" in table
