"""A few warm reading workers. One that hangs, grows or dies is killed and replaced; the run goes on."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Condition, Timer
from time import monotonic
from typing import Any

from headwater.gather.extract.outcome import Cause, Extracted, ExtractionFailed, Limits
from headwater.gather.extract.worker import receive, send

# A worker that has loaded the picture models holds some 700 MB, any other 100 MB: only one light one is kept warm.
_HEAVY_BYTES = 350_000_000
_SOON_SECONDS = 20.0
_DOCUMENTS_PER_WORKER = 2_000


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read: its bytes or where they lie, its name, and the type its sender claimed."""

    content: bytes | Path
    name: str = ""
    mime: str = ""


class _Worker:
    """One reading process and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.documents = 0
        self.resident = 0
        self.idle_since = monotonic()
        self.channel, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__.replace("pool", "worker"), str(theirs.fileno()), str(limits.memory_bytes)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env=_bare_environment(),
        )
        theirs.close()

    def read(self, content: bytes, job: Job) -> Extracted:
        """The outcome of one file. Raises ExtractionFailed; OSError or EOFError when the process is lost."""
        deadline = monotonic() + self.limits.seconds
        self.channel.settimeout(self.limits.seconds)
        message = {"name": job.name, "mime": job.mime, "size": len(content), "limits": asdict(self.limits)}
        send(self.channel, message, content)
        reply = self._reply(deadline)
        if reply.get("more_time"):
            reply = self._reply(deadline + self.limits.scan_seconds)
        self.documents += 1
        self.resident = int(reply.get("resident", 0))
        if "cause" in reply:
            raise ExtractionFailed(Cause(reply["cause"]), str(reply.get("detail", "")))
        return Extracted.from_message(reply["extracted"])

    def _reply(self, deadline: float) -> dict[str, Any]:
        self.channel.settimeout(max(deadline - monotonic(), 0.01))
        return receive(self.channel)

    @property
    def spent(self) -> bool:
        return self.documents >= _DOCUMENTS_PER_WORKER or self.resident > self.limits.memory_bytes // 2

    def stop(self) -> None:
        """Ends the process for good; waits until it is gone."""
        self.channel.close()
        self.process.kill()
        self.process.wait()


class Pool:
    """Reads files in up to `workers` processes. Safe to call from several threads.

    Processes start with the first file and end after `idle_seconds` without one, so that an idle installation holds
    none. All but one, and those that loaded the picture models, end 20 s after their last file.
    """

    def __init__(self, workers: int = 2, limits: Limits | None = None, idle_seconds: float = 600.0) -> None:
        self.limits = limits or Limits()
        self.idle_seconds = idle_seconds
        self._most = workers
        self._free: list[_Worker] = []
        self._busy = 0
        self._changed = Condition()
        self._reaper: Timer | None = None
        self._closed = False
        # The kernel ends a worker when the thread that started it ends, so all are started by one that lasts.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start-extractor")

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def extract(self, content: bytes | Path, name: str = "", mime: str = "") -> Extracted:
        """The text of one file. Raises ExtractionFailed with a cause, a message and a remedy, and nothing else."""
        job = Job(content, name or (content.name if isinstance(content, Path) else ""), mime)
        data = self._load(job)
        worker = self._take()
        try:
            extracted = worker.read(data, job)
        except ExtractionFailed:
            self._give_back(worker)
            raise
        except TimeoutError:
            self._lose(worker)
            raise ExtractionFailed(Cause.TIMEOUT, f"{self.limits.seconds:g} seconds") from None
        except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
            self._lose(worker)
            raise ExtractionFailed(Cause.CRASHED, type(error).__name__) from error
        except BaseException:
            self._lose(worker)
            raise
        self._give_back(worker)
        return extracted

    def extract_many(self, jobs: Iterable[Job]) -> Iterator[Extracted | ExtractionFailed]:
        """Outcomes in the order of the jobs, read in parallel; a failure is an outcome like any other.

        Takes only a few jobs ahead of what was consumed, so a long list need not fit into memory.
        """
        waiting: list[Future[Extracted | ExtractionFailed]] = []
        with ThreadPoolExecutor(self._most, thread_name_prefix="extract") as threads:
            for job in jobs:
                waiting.append(threads.submit(self._outcome, job))
                if len(waiting) > self._most * 2:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()

    def _outcome(self, job: Job) -> Extracted | ExtractionFailed:
        try:
            return self.extract(job.content, job.name, job.mime)
        except ExtractionFailed as failure:
            return failure

    def _load(self, job: Job) -> bytes:
        """Reads at most one byte more than the limit, so that a huge file is refused and never held."""
        if isinstance(job.content, bytes):
            data = job.content
        else:
            try:
                with job.content.open("rb") as file:
                    data = file.read(self.limits.file_bytes + 1)
            except OSError as error:
                raise ExtractionFailed(Cause.DAMAGED, error.strerror or str(error)) from error
        if len(data) > self.limits.file_bytes:
            raise ExtractionFailed(Cause.TOO_LARGE, f"the limit is {self.limits.file_bytes // 1_000_000} MB")
        return data

    def _take(self) -> _Worker:
        with self._changed:
            while not self._free and self._busy >= self._most:
                self._changed.wait()
            if self._closed:
                raise RuntimeError("The pool is closed; open a new one")
            self._busy += 1
            if self._free:
                return self._free.pop()
        return self._start()

    def _start(self) -> _Worker:
        try:
            return self._starter.submit(_Worker, self.limits).result()
        except BaseException:
            self._release()
            raise

    def _give_back(self, worker: _Worker) -> None:
        if worker.spent or self._closed:
            self._lose(worker)
            return
        worker.idle_since = monotonic()
        with self._changed:
            self._free.append(worker)
            self._plan_reaping()
        self._release()

    def _lose(self, worker: _Worker) -> None:
        worker.stop()
        self._release()

    def _release(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def _plan_reaping(self) -> None:
        """One timer at a time; called with the lock held."""
        if self._reaper is None and self._free and not self._closed:
            self._reaper = Timer(min(self.idle_seconds, _SOON_SECONDS), self._reap)
            self._reaper.daemon = True
            self._reaper.start()

    def _reap(self) -> None:
        with self._changed:
            self._reaper = None
            stale = [worker for worker in self._free if self._is_stale(worker)]
            self._free = [worker for worker in self._free if worker not in stale]
            self._plan_reaping()
        for worker in stale:
            worker.stop()

    def _is_stale(self, worker: _Worker) -> bool:
        is_kept_warm = worker is self._free[-1] and worker.resident <= _HEAVY_BYTES
        allowed = self.idle_seconds if is_kept_warm else min(self.idle_seconds, _SOON_SECONDS)
        return monotonic() - worker.idle_since >= allowed

    def close(self) -> None:
        """Waits for the files being read in other threads, then ends all processes."""
        with self._changed:
            self._closed = True
            while self._busy:
                self._changed.wait()
            free, self._free = self._free, []
            if self._reaper:
                self._reaper.cancel()
            self._changed.notify_all()
        for worker in free:
            worker.stop()
        self._starter.shutdown()


def _bare_environment() -> dict[str, str]:
    """No secrets for whoever reads strangers' files: only what Python and its libraries need to run."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    package_root = str(Path(__file__).resolve().parents[3])
    threads = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
    return {**kept, **threads, "PYTHONPATH": package_root, "PYTHONDONTWRITEBYTECODE": "1"}
