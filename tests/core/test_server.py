"""The web server as `ugc serve` starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from ugc.config import ROOT


def answers(port: int, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.2)
    return False


def test_a_worker_that_is_killed_does_not_take_the_site_with_it(
    database_url: str, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "SECRET_KEY": "a secret of the tests, long enough",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(tmp_path),
    }
    command = [str(Path(sys.executable).with_name("ugc")), "serve", "--port", str(port)]
    server = subprocess.Popen([*command, "--workers", "1"], env=env, cwd=ROOT)
    try:
        assert answers(port)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for child in children:
            if "granian" in Path(f"/proc/{child}/cmdline").read_text():
                os.kill(int(child), signal.SIGKILL)
        time.sleep(0.5)
        assert answers(port)
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(30)
