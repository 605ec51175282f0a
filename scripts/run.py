"""`make run`: starts the servers, the web server, the live map and the job worker; Ctrl-C stops
all of them.

    python scripts/run.py          start, and stay until told to stop
    python scripts/run.py stop     stop every start of this checkout, and what a killed one left

Everything that a start leaves running carries `BOCA_RUN=<folder of the data>` in its environment.
Needs nothing but Python, so that it works before the libraries are there."""

from __future__ import annotations

import fcntl
import os
import secrets
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("BOCA_VAR") or ROOT / "var")
UGC = str(ROOT / ".venv" / "bin" / "ugc")
STACK = str(ROOT / "scripts" / "stack.sh")
DEMO_CITY = str(ROOT / "scripts" / "demo_city.py")
MARK = f"BOCA_RUN={VAR}"
START_SECONDS = 60
STOP_SECONDS = 10
# A process that lived shorter than this is started again after a longer pause.
SHORT_LIFE_SECONDS = 5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """The text says what to do."""


def say(text: str) -> None:
    # The terminal may be gone, and we still have servers to stop.
    with suppress(OSError):
        print(text, flush=True)


def port_wanted() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Failed(f"PORT is {text!r}: set it to a number from 1 to 65535.")
    return int(text)


def environment(port: int, live: int) -> dict[str, str]:
    """The product's settings for this machine; what is set outside wins."""
    secret = VAR / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    vapid = VAR / "vapid"
    if not vapid.exists():
        key = subprocess.run([UGC, "vapid-key"], capture_output=True, text=True, check=True).stdout
        vapid.touch(mode=0o600)
        vapid.write_text(key.strip())
    printed = subprocess.run([STACK, "env"], capture_output=True, text=True, check=True).stdout
    urls = dict(word.split("=", 1) for word in shlex.split(printed)[1:])
    given = {name: value for name, value in os.environ.items() if value}
    return {
        "SECRET_KEY": secret.read_text(),
        "VAPID_PRIVATE_KEY": vapid.read_text(),
        "VAPID_CONTACT": "mailto:nobody@localhost",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(VAR / "data"),
        "LIVE_URL": f"http://127.0.0.1:{live}",
        "LIVE_PORT": str(live),
        **urls,
        **given,
        "PORT": str(port),
    }


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def live_port(port: int) -> int:
    """LIVE_PORT, else the first free one after the web server's."""
    text = os.environ.get("LIVE_PORT")
    if text:
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise Failed(f"LIVE_PORT is {text!r}: set it to a number from 1 to 65535.")
        return int(text)
    after = (each for each in range(port + 1, min(port + 100, 65536)) if port_is_free(each))
    found = next(after, None)
    if found is None:
        raise Failed("No port for the live map is free: set LIVE_PORT to one.")
    return found


# The checkout's servers, which several starts may share ------------------------------------------


@contextmanager
def locked(name: str) -> Iterator[IO[str]]:
    with (VAR / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def am_alone(users: IO[str]) -> bool:
    """Whether no other start of this checkout is alive. The kernel forgets those that died."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def stack(command: str) -> bool:
    # Without our mark: the servers outlive a killed start, and the next one uses them.
    env = {name: value for name, value in os.environ.items() if name != "BOCA_RUN"}
    popen = subprocess.Popen([STACK, command], env=env, start_new_session=True)
    try:
        return popen.wait() == 0
    except KeyboardInterrupt:
        popen.wait()  # half a start could not be undone
        raise


def join_stack(users: IO[str], port: int) -> None:
    with locked("joining"):
        if am_alone(users):
            stop_marked(starts=False)
        fcntl.flock(users, fcntl.LOCK_SH)
    if not port_is_free(port):
        other = port + 1 if port < 65535 else 8000
        raise Failed(f"Port {port} is taken. Choose another: PORT={other} make run")
    with locked("joining"):
        if not stack("up"):
            raise Failed("The servers did not start; the reason is above.")


def leave_stack(users: IO[str]) -> None:
    """The last one to leave stops the servers."""
    with locked("joining"):
        if am_alone(users):
            stack("down")


# Processes ---------------------------------------------------------------------------------------


def marked_processes(starts: bool) -> list[int]:
    """What runs of this checkout, whoever its parent is now; with or without the starts."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if MARK.encode() in (folder / "environ").read_bytes().split(b"\0") and (
                starts or b"scripts/run.py" not in (folder / "cmdline").read_bytes()
            ):
                found.append(int(folder.name))
    return found


def stop_marked(starts: bool) -> None:
    """Asks them to stop, waits, then insists."""

    def send(number: int, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    asked = marked_processes(starts)
    send(signal.SIGTERM, asked)
    deadline = time.monotonic() + 2 * STOP_SECONDS
    while asked and (asked := marked_processes(starts)) and time.monotonic() < deadline:
        time.sleep(0.1)
    send(signal.SIGKILL, asked)


class Process:
    """One of ours, in a session of its own: Ctrl-C reaches only us, and we stop it in order."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.name, self.command, self.env = name, command, env
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.popen = subprocess.Popen(
            self.command, env=self.env, cwd=ROOT, start_new_session=True, stdin=subprocess.DEVNULL
        )

    def keep_up(self) -> None:
        if self.popen.poll() is None:
            return
        self.kill()
        say(f"· the {self.name} stopped; starting it again")
        time.sleep(1 if time.monotonic() - self.started > SHORT_LIFE_SECONDS else 5)
        self.start()

    def kill(self) -> None:
        """With its children, which may outlive it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def stop(self, deadline: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(max(0.0, deadline - time.monotonic()))
        self.kill()
        self.popen.wait()


class Once(Process):
    """One that does its work and ends."""

    def keep_up(self) -> None:
        pass


def stop(processes: list[Process]) -> None:
    for process in processes:
        process.popen.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.stop(deadline)


def prepare(env: dict[str, str]) -> str:
    """Migrates, and fills an empty database; returns the sign-ins of the demo world."""
    demo = [] if env.get("BOCA_ENV") == "production" else ["--demo"]
    with locked("preparing"):
        made = subprocess.run(
            [UGC, "migrate", *demo], stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT,
            check=False, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    if made.returncode:
        raise Failed("Nothing was started; the reason is above.")
    return made.stdout


def wait_until_up(port: int, web: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if web.popen.poll() is not None:
            raise Failed("The web server stopped; its message is above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise Failed(f"The web server gave no answer within {START_SECONDS} s.")


def hung_up(terminal: int) -> bool:
    """Whether the window was closed. Only the session's leader gets SIGHUP; that may be make, which
    then waits for us."""
    poll = select.poll()
    poll.register(terminal, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def serve(port: int, processes: list[Process]) -> None:
    env = environment(port, live_port(port))
    say("· migrating the database")
    sign_ins = prepare(env)
    web = Process("web server", [UGC, "serve", "--port", str(port)], env)
    processes.append(web)
    processes.append(Process("job worker", [UGC, "worker"], env))
    processes.append(Process("live map", [UGC, "live"], env))
    wait_until_up(port, web)
    mail = "" if "MAIL_URL" in env else f"Mail that it sends is in {env['DATA_DIR']}/mail. "
    say(f"\n  {env.get('SITE_NAME', 'Boca')} is at {env['SITE_URL']}")
    say(f"{sign_ins}  {mail}Ctrl-C stops everything.\n")
    if sign_ins:
        extracts = str(Path(env["DATA_DIR"]) / "extracts")
        python = str(Path(UGC).with_name("python"))
        processes.append(Once("demo city", [python, DEMO_CITY, extracts, UGC], env))
    terminal = os.isatty(0)
    while not (terminal and hung_up(0)):
        for process in processes:
            process.keep_up()
        time.sleep(0.5)


def interrupted(_signal: int, _frame: object) -> None:
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    port = port_wanted()
    VAR.mkdir(parents=True, exist_ok=True)
    processes: list[Process] = []
    with (VAR / "users").open("a") as users:
        # SIGINT too: a shell that starts us in the background has it ignored.
        for name in SIGNALS:
            signal.signal(name, interrupted)
        try:
            join_stack(users, port)
            serve(port, processes)
        except KeyboardInterrupt:
            say("\n· stopping")
        finally:
            for name in SIGNALS:
                signal.signal(name, signal.SIG_IGN)
            stop(processes)
            leave_stack(users)


if __name__ == "__main__":
    if sys.argv[1:] == ["stop"]:
        stop_marked(starts=True)
        sys.exit()
    if os.environ.get("BOCA_RUN") != str(VAR):
        # A mark that /proc shows must be there when the program begins.
        os.environ["BOCA_RUN"] = str(VAR)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    try:
        main()
    except Failed as error:
        sys.exit(f"✗ {error}")
