"""match_memory: what 1,000,000 profiles take, how long they take to be loaded from their texts, and from a snapshot.

Each in a process of its own, which has compiled loops on its disk as a worker has after its first start. The resident
size is the whole process's: interpreter, libraries and profiles, after documents have gone through.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.expected import stories
from bench.figures import Figure, at_most, plain
from bench.million import MANY, NOW, standing, version


def run() -> Iterator[Figure]:
    """Cold load, size after it, then the same from the snapshot it wrote."""
    with tempfile.TemporaryDirectory(prefix="headwater-snapshot-") as folder:
        _in_a_process("warm", folder)
        cold = _in_a_process("cold", folder)
        warm = _in_a_process("snapshot", folder)
        size = (Path(folder) / "standing").stat().st_size
    yield at_most("match_memory", cold["resident"], "MB", 400)
    yield at_most("match_memory_cold", cold["seconds"], "s", 20)
    yield at_most("match_memory_snapshot", warm["seconds"], "s", 2)
    yield plain("match_memory_from_snapshot", warm["resident"], "MB")
    yield plain("match_memory_snapshot_written", cold["written"], "s")
    yield plain("match_memory_snapshot_size", size / 2**20, "MB")
    unlike = float(cold["matches"] != warm["matches"])
    yield Figure("match_memory_unlike", unlike, "1 if the snapshot matches otherwise", "exactly 0", not unlike)


def _in_a_process(way: str, folder: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "bench.match_memory", way, folder], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def _measured(way: str, path: Path) -> dict[str, float]:
    from headwater.distribute.matcher.engine import Matcher, Profile
    from headwater.distribute.matcher.snapshot import read_snapshot, write_snapshot

    texts = [str(query) for _, query in standing(MANY if way == "cold" else 10)]
    started = time.perf_counter()
    matcher = Matcher()
    if way == "snapshot":
        matcher.restore(read_snapshot(path)[1])
    else:
        matcher.put_all(Profile(number, text) for number, text in enumerate(texts))
    seconds = time.perf_counter() - started
    del texts
    matches = sum(len(matcher.match(version(text), NOW).ids) for text in stories())
    resident = _resident()
    started = time.perf_counter()
    if way == "cold":
        write_snapshot(path, matcher.saved(), None)
    return {
        "seconds": seconds,
        "resident": resident,
        "matches": matches,
        "written": time.perf_counter() - started,
    }


def _resident() -> float:
    """Megabytes of this process that are in memory."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]) / "standing")))
