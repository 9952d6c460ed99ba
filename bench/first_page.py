"""first_page: `make run` in a fresh copy of this checkout, packages in pip's cache, to the first page that answers.

Also what the whole system weighs when nobody uses it: proportional set sizes of every process it started.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, at_most
from bench.stage import clean_environment

CHECKOUT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis"
)
LONGEST = 600  # seconds
SETTLE = 40  # seconds until the system counts as idle


def run() -> Iterator[Figure]:
    """Seconds to the first page, then megabytes when idle."""
    with tempfile.TemporaryDirectory(prefix="headwater-checkout-") as folder:
        checkout = Path(folder) / "headwater"
        shutil.copytree(CHECKOUT, checkout, ignore=LEFT_OUT)
        port = free_port()
        environment = clean_environment(Path(folder) / "home", port)
        environment.pop("PYTHONPATH")
        started = time.monotonic()
        process = subprocess.Popen(
            ["make", "run"], cwd=checkout, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            await_page(port, process)
            yield at_most("first_page", time.monotonic() - started, "s", 90)
            await_founding(environment["HEADWATER_HOME"])
            time.sleep(SETTLE)
            yield at_most("first_page_idle_memory", resident_megabytes(environment["HEADWATER_HOME"]), "MB", 600)
        finally:
            subprocess.run([checkout / ".venv/bin/headwater", "down"], env=environment, check=False)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
            _remove_cluster(Path(environment["HEADWATER_HOME"]))


def _remove_cluster(home: Path) -> None:
    from headwater.core.cluster import Cluster

    if (home / "cluster").exists():
        shutil.rmtree(Cluster(home).place.folder, ignore_errors=True)


def free_port() -> int:
    """A port that is free together with the next one."""
    for number in range(8300, 9300, 2):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", number))
                second.bind(("127.0.0.1", number + 1))
            except OSError:
                continue
            return number
    raise OSError("no two free ports between 8300 and 9300")


def await_page(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait for a page with status 200. Raises when the process ends or takes too long."""
    deadline = time.monotonic() + LONGEST
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"make run did not serve a page (status {process.poll()})")
        time.sleep(0.1)


def await_founding(home: str) -> None:
    """Wait until the demonstration is made: before that the system is not idle."""
    deadline = time.monotonic() + LONGEST
    while not Path(home, "installation.json").exists() and time.monotonic() < deadline:
        time.sleep(0.5)


def resident_megabytes(home: str, word: str = "") -> float:
    """What every process of that home folder weighs together, or those alone that have the word in their command.

    Pages that several processes have in common count for each in part.
    """
    wanted = [process for process in processes_of(home) if not word or word in _command(process)]
    return sum(map(_proportional_kilobytes, wanted)) / 1024


def processor_seconds(home: str) -> float:
    """What every process of that home folder has had of the processors so far, their ended children included."""
    ticks = 0
    for process in processes_of(home):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended while we looked
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def processes_of(home: str) -> set[int]:
    """Every process of that home folder and those that they started, but this one."""
    parents: dict[int, int] = {}
    members: set[int] = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if f"HEADWATER_HOME={home}\0".encode() in (path / "environ").read_bytes():
                members.add(int(path.name))
        except OSError:
            continue  # it ended while we looked
    grown = True
    while grown:
        children = {process for process, parent in parents.items() if parent in members} - members
        members |= children
        grown = bool(children)
    return members - {os.getpid()}


def _command(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _proportional_kilobytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
