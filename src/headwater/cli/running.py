"""`up`, `down` and `work`: the processes of an installation."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from pathlib import Path

from headwater.cli.errors import CommandFailed
from headwater.cli.port import port
from headwater.core.cluster.guardian import end_with_parent
from headwater.core.cluster.locks import FileLock
from headwater.core.home_folder import Installation, home_folder, installation_choices, prepare_environment
from headwater.core.mail_url import read_mail_url
from headwater.core.supervisor import Service, Supervisor

LONGEST_STOP = 60  # seconds `down` waits


def up(options: Namespace) -> None:
    """Run everything until SIGTERM or SIGINT. Only one `up` runs on a home folder."""
    from headwater.cli.installation import update_schema

    _refuse_mail_url()
    choices = installation_choices(home_folder())
    if options.demo and not choices.get("founded"):
        os.environ["HEADWATER_DEMO"] = "1"  # pages are served while it is being made
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # of the worker's many threads each would have a half-empty arena
    lock = FileLock(home_folder() / "up.lock")
    with prepare_environment() as installation:
        if not lock.own():
            raise CommandFailed(f"Headwater is running on {installation.home} already. `headwater down` stops it.")
        for number in (port(), port() + 1):
            _refuse_taken(number)
        update_schema(installation)
        process_file = installation.home / "up.pid"
        try:
            process_file.write_text(str(os.getpid()))
            _supervise(installation, options.demo and not choices.get("founded"))
        finally:
            process_file.unlink(missing_ok=True)


def _supervise(installation: Installation, demo: bool) -> None:
    """Serve at once; the worker waits until the demonstration is made, for its past is made in order."""
    founding = _start_founding() if demo else None

    def is_founded() -> bool:
        return founding is None or founding.poll() is not None

    waiting = [f"http://{address()}:{port()}/"]  # emptied when that has answered

    def tick() -> None:
        if waiting and _answers(waiting[0]):
            sys.stderr.write(f"Headwater is at {waiting.pop()}  (Ctrl-C stops it; home folder {installation.home})\n")
        if installation.cluster is not None:
            installation.cluster.revive()
        if founding is not None and founding.poll():
            supervisor.stop()

    supervisor = Supervisor(
        [
            Service("web", _headwater("serve", "web")),
            Service("live", _headwater("serve", "live")),
            Service("worker", _headwater("work"), is_founded),
        ],
        tick,
    )
    supervisor.run()
    if founding is not None and founding.poll() is None:
        founding.terminate()
    if founding is not None and founding.wait() > 0:
        raise CommandFailed("The demonstration could not be made (see above), so Headwater was stopped.")


def _headwater(*words: str) -> list[str]:
    return [sys.executable, "-m", "headwater", *words]


def _start_founding() -> "subprocess.Popen[bytes]":
    """Make the demonstration in a process of its own, so that `up` itself stays small and never loads Django."""
    command = _headwater("init", "--demo", "--unless-founded")
    return subprocess.Popen(command, preexec_fn=end_with_parent(signal.SIGTERM))


def _refuse_mail_url() -> None:
    """Say so at once when mail could never go out."""
    wish = os.environ.get("HEADWATER_MAIL_URL")
    try:
        if wish:
            read_mail_url(wish)
    except ValueError as error:
        raise CommandFailed(f"{error} Nothing was started.", code=2) from error


def _refuse_taken(number: int) -> None:
    """Say so when another program has the port; our own servers would share it silently."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address(), number))
        except OSError as error:
            raise CommandFailed(
                f"Port {number} is taken by another program. Nothing was started. Set HEADWATER_PORT to another "
                f"number (that port and the next one are used)."
            ) from error


def address() -> str:
    """The address that web and live pages listen on: loopback unless HEADWATER_ADDRESS says otherwise."""
    return os.environ.get("HEADWATER_ADDRESS") or "127.0.0.1"


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError:
        return True  # an answer is an answer
    except OSError:
        return False
    return True


def down(options: Namespace) -> None:
    """Stop the `up` of this home folder, and wait until it has stopped."""
    lock = FileLock(home_folder() / "up.lock")
    if not home_folder().exists() or not lock.is_held_elsewhere():
        sys.stderr.write("Headwater is not running.\n")
        return
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(_read_process(home_folder() / "up.pid"), signal.SIGTERM)
    if not lock.own(LONGEST_STOP):
        raise CommandFailed(f"Headwater has not stopped within {LONGEST_STOP} s. It is still stopping, or stuck.")
    lock.release()


def _read_process(path: Path) -> int:
    """The process number in the file; `up` writes it a moment after it takes the lock."""
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(path.read_text())


def work(options: Namespace) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    from headwater.cli.installation import open_installation

    _refuse_mail_url()
    with open_installation():
        from headwater.core import worker

        worker.work()
