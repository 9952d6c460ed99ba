"""The supervisor behind `headwater up`: starts the processes of an installation and starts again what dies.

Each process leads a group of its own, and the kernel asks it to end when the supervisor dies, however it dies. A
process that ends is started again whatever its exit status, for a job worker whose database went away exits with 0.
"""

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwater.core.cluster.guardian import end_with_parent

LOOK_EVERY = 0.5  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a process that keeps dying is started again
STEADY_AFTER = 20.0  # a process that lived this long gets the first pause again
POLITE_STOP = 15.0  # seconds between asking a process to end and killing it

logger = logging.getLogger("headwater.supervisor")


@dataclass(frozen=True)
class Service:
    """One process to keep running, from the moment that `may_start` allows it."""

    name: str
    command: Sequence[str]
    may_start: Callable[[], bool] = lambda: True


class _Running:
    """A service's process, and how long to wait before starting it again."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.pause = FIRST_PAUSE
        self.start_at = 0.0
        self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Notice a death, and start when it is time."""
        if self.process is not None and self.process.poll() is not None:
            self._bury(self.process)
        if self.process is None and time.monotonic() >= self.start_at and self.service.may_start():
            self._start()

    def _start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.service.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )

    def _bury(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill what the dead process left behind (its own children hold ports and locks) and plan the next start."""
        _signal_group(process, signal.SIGKILL)
        self.pause = FIRST_PAUSE if time.monotonic() - self.started > STEADY_AFTER else self.pause * 2
        self.pause = min(self.pause, LONGEST_PAUSE)
        self.start_at = time.monotonic() + self.pause
        self.process = None
        name, status = self.service.name, process.returncode
        logger.warning("%s ended with status %s; starting it again in %.1f s", name, status, self.pause)

    def ask_to_end(self) -> None:
        """Ask politely."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    def end(self, seconds: float) -> None:
        """Wait for the end, and do not ask again after that many seconds."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        _signal_group(self.process, signal.SIGKILL)
        self.process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class Supervisor:
    """Keeps services running until it is told to stop. `tick` is called at every look, from the same thread."""

    def __init__(self, services: Sequence[Service], tick: Callable[[], None]) -> None:
        self._running = [_Running(service) for service in services]
        self._tick = tick
        self._stop = threading.Event()
        self._wake = threading.Event()

    def run(self) -> None:
        """Start everything, and return when everything has ended after SIGTERM, SIGINT or `stop`."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())
        signal.signal(signal.SIGCHLD, lambda *_: self._wake.set())
        try:
            while not self._stop.is_set():
                self._look()
                self._wake.wait(LOOK_EVERY)
                self._wake.clear()
        finally:
            self._end()

    def stop(self) -> None:
        """Make `run` end everything and return."""
        self._stop.set()
        self._wake.set()

    def _look(self) -> None:
        try:
            self._tick()
        except Exception:
            logger.exception("A look after the installation failed; it is tried again")
        for running in self._running:
            running.look()

    def _end(self) -> None:
        for running in self._running:
            running.ask_to_end()
        deadline = time.monotonic() + POLITE_STOP
        for running in self._running:
            running.end(max(0.1, deadline - time.monotonic()))
