"""`make run`: starts the servers, the web server and the job worker; Ctrl-C stops all of them."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("BOCA_VAR") or ROOT / "var")
UGC = str(ROOT / ".venv" / "bin" / "ugc")
STACK = str(ROOT / "scripts" / "stack.sh")
START_SECONDS = 60


def environment(port: int) -> dict[str, str]:
    """The product's settings for this machine; what is set outside wins."""
    secret = VAR / "secret"
    if not secret.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    vapid = VAR / "vapid"
    if not vapid.exists():
        key = subprocess.run([UGC, "vapid-key"], capture_output=True, text=True, check=True).stdout
        vapid.touch(mode=0o600)
        vapid.write_text(key.strip())
    printed = subprocess.run([STACK, "env"], capture_output=True, text=True, check=True).stdout
    urls = dict(word.split("=", 1) for word in shlex.split(printed)[1:])
    return {
        "SECRET_KEY": secret.read_text(),
        "VAPID_PRIVATE_KEY": vapid.read_text(),
        "VAPID_CONTACT": "mailto:nobody@localhost",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(VAR / "data"),
        "PORT": str(port),
        **urls,
        **os.environ,
    }


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_up(port: int, web: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if web.poll() is not None:
            sys.exit("✗ The web server stopped; its message is above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"✗ No answer within {START_SECONDS} s.")


def users_file() -> Path:
    return VAR / "users"


def join_stack() -> None:
    """Several of us may share the checkout's servers; the last one to leave stops them."""
    subprocess.run([STACK, "up"], check=True)
    with users_file().open("a") as file:
        file.write(f"{os.getpid()}\n")


def leave_stack() -> None:
    others = []
    for line in users_file().read_text().split():
        if line != str(os.getpid()) and Path(f"/proc/{line}").exists():
            others.append(line)
    users_file().write_text("".join(f"{pid}\n" for pid in others))
    if not others:
        subprocess.run([STACK, "down"], check=False)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    port = int(os.environ.get("PORT", "8000"))
    if not port_is_free(port):
        sys.exit(f"✗ Port {port} is taken. Choose another: PORT={port + 1} make run")

    def interrupted(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell that starts us in the background has it ignored.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupted)
    processes: list[subprocess.Popen[bytes]] = []
    env = environment(port)
    join_stack()
    try:
        print("· migrating the database", flush=True)
        subprocess.run([UGC, "migrate"], check=True, env=env, cwd=ROOT)
        subprocess.run([UGC, "demo", "--if-empty"], check=True, env=env, cwd=ROOT)
        # Sessions of their own: Ctrl-C reaches only us, and we stop them in order.
        start = {"env": env, "cwd": ROOT, "start_new_session": True}
        web = subprocess.Popen([UGC, "serve", "--port", str(port)], **start)
        worker = subprocess.Popen([UGC, "worker"], **start)
        processes += [web, worker]
        wait_until_up(port, web)
        print(f"\n  {env.get('SITE_NAME', 'Boca')} is at {env['SITE_URL']}")
        subprocess.run([UGC, "demo", "--sign-ins"], check=True, env=env, cwd=ROOT)
        print(
            f"  Mail that it sends is in {env['DATA_DIR']}/mail. Ctrl-C stops everything.\n",
            flush=True,
        )
        while web.poll() is None:
            if worker.poll() is not None:
                print("· the job worker stopped; starting it again", flush=True)
                time.sleep(1)
                worker = subprocess.Popen([UGC, "worker"], **start)
                processes.append(worker)
            time.sleep(0.5)
        sys.exit(web.returncode)
    except KeyboardInterrupt:
        print("\n· stopping", flush=True)
    finally:
        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        stop(processes)
        leave_stack()


if __name__ == "__main__":
    main()
