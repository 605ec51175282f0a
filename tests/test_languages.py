"""A language is added by its catalogue alone."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import make_database, redis_url
from ugc import languages
from ugc.config import ROOT

PAIR = {"es", "en"}
FRENCH = {
    "accounts": {"Confirm your e-mail address": "Confirmez votre adresse"},
    "site": {"Leaderboard": "Classement", "Zoom in": "Agrandir"},
    "reports": {("taxonomy", "Accident"): "Accident de la route"},
    "places": {("categories.aspects.shop", "Service"): "Accueil"},
    "reputation": {("badges", "First photo"): "Première photo"},
}
VISIT = """
import json, os
from email import message_from_bytes, policy
from pathlib import Path
from ugc import languages
from ugc.app import create_app
from ugc.core import jobs
from ugc.core.db import db
from ugc.reports.rules.kinds import KINDS
from ugc.reputation.rules import BADGES
from ugc.brandapi.schemas import vocabulary
from ugc.places.rules.categories import CATEGORIES
from ugc.reports.rules.asked import kind_said

app = create_app(dict(os.environ), WTF_CSRF_ENABLED=False)
browser = app.test_client()
browser.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
told = {"folder": str(languages.TRANSLATIONS), "codes": languages.CODES}
told["english"] = browser.get("/about?lang=en").text
told["asked"] = browser.get("/about", headers={"Accept-Language": "fr-CA, de;q=0.5"}).text
browser.post("/language", data={"language": "fr"})
told["chosen"] = browser.get("/about").text
told["embed"] = browser.get("/embed/none?lang=fr").text
told["manifest"] = browser.get("/manifest.webmanifest?lang=fr").json["lang"]
told["joined"] = browser.post("/join", data={
    "handle": "leo", "email": "leo@example.org", "password": "correct horse battery",
    "timezone": "UTC",
}).status_code
told["settings"] = browser.get("/settings").text
told["saved"] = browser.post("/settings", data={"language": "fr", "timezone": "UTC"}).status_code
told["report"] = browser.get("/reports/new").text
with app.app_context():
    jobs.run_waiting(db.session())
    db.session().commit()
mails = sorted((Path(os.environ["DATA_DIR"]) / "mail").glob("*.eml"))
told["mails"] = [
    str(message_from_bytes(each.read_bytes(), policy=policy.default)["Subject"]) for each in mails
]
told["badge"] = BADGES["first_photo"].name("fr")
told["untranslated"] = KINDS["jam"].name("fr")
told["aspects"] = [each.name("fr") for each in CATEGORIES["shop"].aspects]
told["api"] = vocabulary.kinds()[0]["name"]
told["found"] = kind_said("accident de la route")
print(json.dumps(told))
"""


def _write(folder: Path) -> None:
    for capability, texts in FRENCH.items():
        lines = ['msgid ""', 'msgstr "Content-Type: text/plain; charset=utf-8\\n"', ""]
        for key, text in texts.items():
            context, message = key if isinstance(key, tuple) else ("", key)
            lines += [f'msgctxt "{context}"'] if context else []
            lines += [f'msgid "{message}"', f'msgstr "{text}"', ""]
        (folder / f"{capability}.po").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product as it is, with one more folder of catalogues."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "ugc", tmp_path / "ugc", ignore=ignored)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=ignored)
    for name in ("templates", "static"):
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / "ugc" / "translations" / "fr"
    folder.mkdir()
    _write(folder)
    return tmp_path


def _run(copy: Path, arguments: list[str], **environ: str) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(copy), **environ},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


def test_a_catalogue_adds_a_language(copy: Path, worker_id: str) -> None:
    _run(copy, ["scripts/i18n.py", "compile"])
    told = json.loads(
        _run(
            copy,
            ["-c", VISIT],
            BOCA_ENV="test",
            DATABASE_URL=make_database(f"test_languages_{worker_id}"),
            REDIS_URL=redis_url(worker_id),
            SECRET_KEY="a secret of the tests, long enough",
            SITE_URL="http://localhost",
            DATA_DIR=str(copy / "data"),
        )
    )
    assert told["folder"] == str(copy / "ugc" / "translations")
    assert told["codes"] == ["es", "fr", "en"]
    # The chooser of a page in English offers it, by its own name.
    assert 'value="fr" lang="fr"' in told["english"]
    assert "Français" in told["english"]
    assert "Español" in told["english"]
    for page in (told["asked"], told["chosen"]):
        assert '<html lang="fr"' in page
        assert "Classement" in page
        assert "Leaderboard" not in page
    assert 'content="fr_FR"' in told["chosen"]
    assert 'lang="fr"' in told["embed"]
    assert told["manifest"] == "fr"
    # A member keeps it, and is written to in it.
    assert told["joined"] == 303
    assert '<option value="fr" selected' in told["settings"]
    assert told["saved"] == 303
    assert "Confirmez votre adresse" in told["mails"]
    # What files of data name is called so: kinds, ratings of places, badges.
    assert "Accident de la route" in told["report"]
    assert "Agrandir" in told["report"]
    assert told["badge"] == "Première photo"
    assert told["aspects"] == ["Choice", "Accueil", "Value"]
    assert told["untranslated"] == "Traffic jam"
    assert told["api"] == {"en": "Accident", "es": "Accidente", "fr": "Accident de la route"}
    assert told["found"] == ["accident", 1.0]


def test_i18n_takes_messages_into_a_new_catalogue(copy: Path) -> None:
    _run(copy, ["scripts/i18n.py", "update"])
    written = (copy / "ugc" / "translations" / "fr" / "reports.po").read_text(encoding="utf-8")
    assert 'msgctxt "taxonomy"\nmsgid "Accident"\nmsgstr "Accident de la route"' in written
    assert 'msgctxt "taxonomy"\nmsgid "Traffic jam"\nmsgstr ""' in written
    assert (copy / "ugc" / "translations" / "fr" / "watches.po").exists()


def test_languages_are_those_of_the_folders() -> None:
    assert languages.CODES == ("es", "en")
    assert languages.NAMES == {"es": "Español", "en": "English"}
    assert [languages.locale_of(code) for code in languages.CODES] == ["es_ES", "en_GB"]
    assert [languages.counts_to_24(code) for code in languages.CODES] == [True, False]


def _texts(node: ast.AST) -> set[object]:
    parts: list[ast.expr | None] = []
    if isinstance(node, ast.Dict):
        parts = list(node.keys)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = list(node.elts)
    return {part.value for part in parts if isinstance(part, ast.Constant)}


def _names(node: ast.AST) -> str | None:
    match node:
        case ast.Attribute(attr=name) | ast.keyword(arg=name) | ast.arg(arg=name):
            return name
        case ast.Name(id=name):
            return name
    return None


def test_no_code_lists_the_languages() -> None:
    """No field, argument or variable is called as one, and no list or table holds them."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "ugc").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _names(node) in PAIR or _texts(node) == PAIR
    ]
    assert found == []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        assert "Español" not in path.read_text(encoding="utf-8"), path
