"""A checkout may lie in any folder: blanks, quotes, letters beyond ASCII, a per cent sign."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from ugc.config import ROOT

FOLDERS = ["with a blank", "it's ñandú 100%"]
# The server answers SQLAlchemy and libpq at the address that `stack.sh env` prints.
ASK = """
import os, psycopg, redis, sqlalchemy as sa
from ugc.config import libpq_url, sqlalchemy_url
url = os.environ["DATABASE_URL"]
given = sa.engine.make_url(sqlalchemy_url(url)).render_as_string(hide_password=False)
for address in (url, given):
    with psycopg.connect(libpq_url(address)) as connection:
        connection.execute("SELECT 1")
    with sa.create_engine(sqlalchemy_url(address)).connect() as connection:
        connection.execute(sa.text("SELECT 1"))
redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
"""


@pytest.mark.parametrize("folder", FOLDERS)
def test_servers_start_and_are_reached(folder: str) -> None:
    # A short path: a socket's is used as it is up to 80 characters.
    home = Path(tempfile.mkdtemp(prefix="b "))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL")
    } | {"BOCA_VAR": str(home / folder), "BOCA_FSYNC": "off"}
    stack = str(ROOT / "scripts/stack.sh")
    try:
        subprocess.run(
            [stack, "run", sys.executable, "-c", ASK], env=environment, cwd=ROOT, check=True
        )
    finally:
        subprocess.run([stack, "wipe"], env=environment, check=True)
    home.rmdir()


@pytest.mark.parametrize("folder", FOLDERS)
def test_migrations_are_found(tmp_path: Path, folder: str) -> None:
    checkout = tmp_path / folder
    checkout.mkdir()
    shutil.copy(ROOT / "pyproject.toml", checkout)
    (checkout / "migrations").symlink_to(ROOT / "migrations")
    scripts = ScriptDirectory.from_config(Config(toml_file=checkout / "pyproject.toml"))
    assert scripts.get_current_head() is not None
