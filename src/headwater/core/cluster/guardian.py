"""The guardian: a small process that is the parent of PostgreSQL.

It starts PostgreSQL, starts it again when it dies (being the parent, it sees the death and clears the zombie that would
make `postmaster.pid` look alive), and stops it when nobody uses it any more. If the guardian itself is killed, the
kernel asks PostgreSQL to shut down, and the next command starts both again.

Run as `python -m headwater.core.cluster.guardian PLAN`, where PLAN is a `Plan` as JSON.
"""

import ctypes
import json
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from headwater.core.cluster.locks import FileLock

LOOK_EVERY = 0.25  # seconds between looks at the users' lock and at PostgreSQL
LONGEST_PAUSE = 5.0  # seconds between attempts to start a PostgreSQL that keeps dying
FAST_STOP, IMMEDIATE_STOP = 60, 10  # seconds allowed for each way of stopping
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, from <linux/prctl.h>

logger = logging.getLogger("headwater.guardian")


@dataclass(frozen=True)
class Plan:
    """What to run, and when to end it. `erase` lists folders to delete at the end (throw-away clusters)."""

    command: list[str]
    user: str | None
    control: str
    erase: list[str]

    def as_text(self) -> str:
        """The plan as it is passed on the command line."""
        return json.dumps(asdict(self))


class Guardian:
    """Keeps one PostgreSQL running until nobody needs it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users = FileLock(Path(plan.control) / "users.lock")
        self.wake = threading.Event()
        self.asked_to_stop = False
        self.process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start, watch, stop. Returns when PostgreSQL has stopped for good."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: self.wake.set())
        pause, started = 0.0, 0.0
        while not self._finished():
            if self.process is None or self.process.poll() is not None:
                pause = 0.1 if time.monotonic() - started > LONGEST_PAUSE else min(LONGEST_PAUSE, pause * 2)
                self.wake.wait(pause if self.process else 0)
                started = time.monotonic()
                self._start()
            self.wake.wait(LOOK_EVERY)
            self.wake.clear()
        self._stop()
        for folder in self.plan.erase:
            shutil.rmtree(folder, ignore_errors=True)

    def _ask_to_stop(self, *_: object) -> None:
        self.asked_to_stop = True
        self.wake.set()

    def _finished(self) -> bool:
        """Asked to stop, or the last user has gone; then their lock is ours until we end, and newcomers wait."""
        return self.asked_to_stop or self.users.own()

    def _start(self) -> None:
        if self.process is not None:
            logger.warning("PostgreSQL ended with status %s; starting it again", self.process.returncode)
        user = self.plan.user
        self.process = subprocess.Popen(
            self.plan.command,
            stdin=subprocess.DEVNULL,
            cwd="/",
            umask=0o077,
            preexec_fn=end_with_parent(signal.SIGINT),
            start_new_session=True,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )

    def _stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        for number, seconds in ((signal.SIGINT, FAST_STOP), (signal.SIGQUIT, IMMEDIATE_STOP), (signal.SIGKILL, 5)):
            self.process.send_signal(number)
            try:
                self.process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                logger.warning("PostgreSQL did not stop within %s s of signal %s", seconds, number)


def end_with_parent(number: int) -> Callable[[], None]:
    """For Popen's preexec_fn: the kernel sends the child this signal when its parent dies.

    The library is loaded here, before the fork, because little is safe between fork and exec.
    """
    set_option = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def ask_the_kernel() -> None:
        if set_option is not None:
            set_option(SET_DEATH_SIGNAL, number)

    return ask_the_kernel


def main(arguments: list[str]) -> int:
    """Guard one cluster, in the background; 0 also when another guardian already does.

    Returns when the lock is held, so that whoever started it can see by the lock whether it lives.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    plan = Plan(**json.loads(arguments[0]))
    lock = FileLock(Path(plan.control) / "guardian.lock")
    if not lock.own(wait=2):  # somebody may be looking whether it is held
        return 0
    if os.fork():
        os._exit(0)  # the child keeps the lock, and is nobody's zombie when it ends
    process_file = Path(plan.control) / "guardian.pid"
    _note_process(process_file)
    Guardian(plan).run()
    process_file.unlink(missing_ok=True)
    return 0


def _note_process(process_file: Path) -> None:
    """By its number the guardian can be told to stop at once. On a full disk it does without, and looks for itself."""
    try:
        process_file.write_text(str(os.getpid()))
    except OSError:
        process_file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
