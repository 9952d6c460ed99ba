"""The workers: a hang, a hog and a death cost one document and nothing else."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headwater.gather.extract import Cause, Extracted, ExtractionFailed, Job, Limits, Pool
from headwater.gather.extract import pool as pool_module
from headwater.gather.extract.pool import _Worker


def failure_of(pool: Pool, content: bytes | Path, name: str = "a.txt") -> ExtractionFailed:
    with pytest.raises(ExtractionFailed) as failure:
        pool.extract(content, name)
    return failure.value


def test_outcomes_come_in_the_order_of_the_jobs_failures_among_them(tmp_path: Path) -> None:
    (tmp_path / "seven.md").write_text("# Seven\n\nwords")
    jobs = [Job(f"number {n} in words".encode(), f"{n}.txt") for n in range(7)]
    jobs += [Job(tmp_path / "seven.md", "seven.md"), Job(tmp_path / "missing.md", "m.md"), Job(b"", "empty.txt")]
    with Pool(2) as pool:
        outcomes = list(pool.extract_many(jobs))
    texts = [outcome.text for outcome in outcomes if isinstance(outcome, Extracted)]
    assert texts == [f"number {n} in words" for n in range(7)] + ["# Seven\n\nwords"]
    assert [outcome.cause for outcome in outcomes if isinstance(outcome, ExtractionFailed)] == [
        Cause.DAMAGED,
        Cause.EMPTY,
    ]


def test_a_worker_that_hangs_is_killed_and_the_next_file_is_read() -> None:
    with Pool(1, Limits(seconds=15.0)) as pool:
        assert pool.extract(b"warm words", "a.txt").text == "warm words"
        hanging = pool._free[0].process
        pool._free[0].limits = Limits(seconds=2.0)  # starting takes long on a busy machine; this one has started
        hanging.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        assert failure_of(pool, b"late words").cause == Cause.TIMEOUT
        assert time.monotonic() - started < 30
        assert hanging.poll() is not None
        assert pool.extract(b"next words", "b.txt").text == "next words"


def test_a_worker_that_dies_costs_one_document() -> None:
    with Pool(1) as pool:
        pool.extract(b"warm words", "a.txt")
        os.kill(pool._free[0].process.pid, signal.SIGKILL)
        pool._free[0].process.wait()
        assert failure_of(pool, b"lost words").cause == Cause.CRASHED
        assert pool.extract(b"next words", "b.txt").text == "next words"


def test_memory_over_the_limit_is_named_and_survived() -> None:
    limits = Limits(memory_bytes=400_000_000, seconds=20)
    with Pool(1, limits) as pool:
        hog = b'["' + b'","'.join([b"w"] * 8_000_000) + b'"]'
        assert failure_of(pool, hog, "a.json").cause in (Cause.MEMORY, Cause.CRASHED)
        assert pool.extract(b"next words", "b.txt").text == "next words"


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(50_000_000_000)
    with Pool(1, Limits(file_bytes=1_000_000)) as pool:
        assert failure_of(pool, huge).cause == Cause.TOO_LARGE
        assert pool._free == []


def test_many_threads_share_few_workers() -> None:
    with Pool(2) as pool, ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda n: pool.extract(f"word {n}".encode(), "a.txt").text, range(40)))
        assert texts == [f"word {n}" for n in range(40)]
        assert len(pool._free) <= 2


def test_idle_workers_end_by_themselves() -> None:
    with Pool(1, idle_seconds=0.3) as pool:
        pool.extract(b"words", "a.txt")
        process = pool._free[0].process
        deadline = time.monotonic() + 5
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is not None
        assert pool.extract(b"words again", "a.txt").text == "words again"


def test_one_idle_worker_is_kept_warm_and_the_others_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_SOON_SECONDS", 0.3)
    with Pool(2, idle_seconds=60) as pool:
        list(pool.extract_many([Job(f"words {n}".encode(), "a.txt") for n in range(8)]))
        processes = [worker.process for worker in pool._free]
        assert len(processes) == 2
        deadline = time.monotonic() + 5
        while len(pool._free) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert [worker.process for worker in pool._free] == processes[-1:]


def test_workers_hold_no_secrets_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    worker = _Worker(Limits())
    try:
        worker.read(b"words", Job(b"", "a.txt"))
        environment = Path(f"/proc/{worker.process.pid}/environ").read_bytes()
        assert b"secret" not in environment
        if os.geteuid() == 0:
            routes = Path(f"/proc/{worker.process.pid}/net/route").read_text().splitlines()
            assert len(routes) <= 1
    finally:
        worker.stop()


def test_a_closed_pool_leaves_no_process() -> None:
    pool = Pool(1)
    pool.extract(b"words", "a.txt")
    process = pool._free[0].process
    pool.close()
    assert process.poll() is not None
    with pytest.raises(RuntimeError):
        pool.extract(b"words", "a.txt")


def test_workers_outlive_the_threads_that_asked_for_them() -> None:
    with Pool(2) as pool:
        for _ in range(3):
            outcomes = list(pool.extract_many(Job(b"quite readable words", "a.txt") for _ in range(4)))
            assert [type(outcome) for outcome in outcomes] == [Extracted] * 4
