"""Scripts against what they stand on, without a browser."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HTMX = ROOT / "node_modules" / "htmx.org" / "dist" / "htmx.esm.js"
EVENT = re.compile(r"['\"](htmx:[A-Za-z:]+)['\"]")
SCRIPTS = [
    path
    for path in sorted((ROOT / "static" / "js").glob("*.mjs"))
    if EVENT.search(path.read_text(encoding="utf-8"))
]


def test_scripts_listen_to_events_that_htmx_tells() -> None:
    """An event of another version of htmx never comes, and what waits for it never happens."""
    told = set(EVENT.findall(HTMX.read_text(encoding="utf-8")))
    assert "htmx:after:swap" in told
    assert SCRIPTS
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert set(EVENT.findall(text)) <= told, path.name
        # What was taken out of the page tells its events at the document.
        assert not re.search(r"body\.addEventListener\(\s*['\"]htmx:", text), path.name


# A page of report `r`, its stream, and a clock that the test turns.
PAGE = """
let clock = 0;
Object.defineProperty(globalThis, 'performance', {value: {now: () => clock}});
globalThis.document = Object.assign(new EventTarget(), {
  hidden: false, matches: (selector) => selector === '.votes',
  querySelector: (selector) => (THANKS && selector.startsWith('#notices') ? {} : null),
});
globalThis.addEventListener = () => {};
globalThis.fetch = async () => ({
  ok: true, headers: {get: () => '1'}, json: async () => ({features: [{properties: {id: 'r'}}]}),
});
let stream;
globalThis.EventSource = class extends EventTarget {
  constructor() { super(); stream = this; }
  close() {}
};
const {watchReport} = await import(process.argv[1]);
const dataset = {id: 'r', lon: '1', lat: '1', reportLive: '/l'};
const box = {dataset, firstElementChild: {hidden: true}};
watchReport(box);
await new Promise((done) => { setTimeout(done, 20); });
const say = (name, data) => stream.dispatchEvent(Object.assign(new Event(name), {data}));
function change(version, at) {
  clock = at;
  say('upsert', JSON.stringify({properties: {id: 'r', version}}));
  say('cursor', version);
  return box.firstElementChild.hidden ? 'quiet' : 'told';
}
function vote(at) {
  clock = at;
  for (const name of ['htmx:before:request', 'htmx:after:request']) {
    document.dispatchEvent(new Event(name));
  }
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="without Node.js no script runs here")
@pytest.mark.parametrize(
    ("thanks", "story", "told"),
    [
        ("false", "[change('2', 9000)]", "told"),
        ("false", "[vote(9000), change('2', 20000)]", "quiet"),
        ("false", "[vote(9000), change('2', 20000), change('3', 21000)]", "quiet"),
        ("false", "[vote(9000), change('2', 20000), change('3', 30000)]", "told"),
        ("false", "[vote(9000), change('2', 90000)]", "told"),
        ("true", "[change('2', 9000)]", "quiet"),
        ("true", "[change('2', 9000), change('3', 20000)]", "told"),
    ],
)
def test_a_report_page_tells_changes_of_others_only(thanks: str, story: str, told: str) -> None:
    script = f"const THANKS = {thanks};{PAGE}console.log({story}.at(-1)); process.exit(0);"
    module = (ROOT / "static" / "js" / "report-live.mjs").as_uri()
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", script, module],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.stdout.strip() == told, answer.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="without Node.js no script runs here")
@pytest.mark.parametrize(
    ("zone", "zones", "told"),
    [
        ("Europe/Madrid", None, "1,2,3"),
        ("Europe/Madrid", {"Europe/Lisbon": [4, 5, 6]}, "1,2,3"),
        ("Europe/Madrid", {"Europe/Lisbon": [4, 5, 6], "Europe/Madrid": [7, 8, 9]}, "7,8,9"),
        # The same zone by its names of old and of now, and one that no browser knows.
        ("Asia/Calcutta", {"Asia/Kolkata": [4, 5, 6]}, "4,5,6"),
        ("Europe/Madrid", {"Europe/Nowhere": [4, 5, 6]}, "1,2,3"),
    ],
)
def test_a_map_begins_in_the_zone_of_its_visitor(
    zone: str, zones: dict[str, list[int]] | None, told: str
) -> None:
    said = {"lon": "1", "lat": "2", "zoom": "3"} | ({"zones": json.dumps(zones)} if zones else {})
    script = (
        "const {firstView} = await import(process.argv[1]);"
        "const {center, zoom} = firstView(JSON.parse(process.argv[2]));"
        "console.log(`${center},${zoom}`);"
    )
    module = (ROOT / "static" / "js" / "first-view.mjs").as_uri()
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", script, module, json.dumps(said)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TZ": zone},
    )  # fmt: skip
    assert answer.stdout.strip() == told, answer.stderr
