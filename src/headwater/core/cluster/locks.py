"""Locks that the kernel holds for a process and lets go when it dies, however it dies (flock).

Three files in the cluster's control folder:
    start.lock     held while one process creates or starts the cluster
    users.lock     held shared by every process that uses the database; exclusively by who stops it, or replaces it
    guardian.lock  held by the guardian for as long as it lives
"""

import fcntl
import os
import time
from pathlib import Path


class FileLock:
    """One handle on a lock file. `wait` is in seconds; a lock not obtained in time gives False."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    @property
    def _descriptor(self) -> int:
        if self._handle is None:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._handle

    def share(self, wait: float = 0) -> bool:
        """Hold it together with others who share it."""
        return self._take(fcntl.LOCK_SH, wait)

    def own(self, wait: float = 0) -> bool:
        """Hold it alone."""
        return self._take(fcntl.LOCK_EX, wait)

    def is_held_elsewhere(self) -> bool:
        """Whether somebody else holds it, in either way. Leaves it unlocked."""
        free = self.own()
        self.release()
        return not free

    def release(self) -> None:
        """Let go; harmless when nothing is held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _take(self, kind: int, wait: float) -> bool:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.01)
