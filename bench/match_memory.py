"""match_memory: what 1,000,000 profiles take, how long they take to be loaded from their texts, and from a snapshot.

Each in a process of its own, which has compiled loops on its disk as a worker has after its first start. The resident
size is the whole process's: interpreter, libraries and profiles, after documents have gone through. A second line has
readers and documents in English, with stems.
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
from bench.million import MANY, NOW, lines, standing, version


def run() -> Iterator[Figure]:
    """Cold load, size after it, then the same from the snapshot it wrote."""
    for name, language in lines("match_memory"):
        with tempfile.TemporaryDirectory(prefix="headwater-snapshot-") as folder:
            _in_a_process("warm", folder, language)
            cold = _in_a_process("cold", folder, language)
            warm = _in_a_process("snapshot", folder, language)
            size = (Path(folder) / "standing").stat().st_size
        yield at_most(name, cold["resident"], "MB", 400)
        yield at_most(f"{name}_cold", cold["seconds"], "s", 20)
        yield at_most(f"{name}_snapshot", warm["seconds"], "s", 2)
        yield plain(f"{name}_from_snapshot", warm["resident"], "MB")
        yield plain(f"{name}_snapshot_written", cold["written"], "s")
        yield plain(f"{name}_snapshot_size", size / 2**20, "MB")
        unlike = float(cold["matches"] != warm["matches"])
        yield Figure(f"{name}_unlike", unlike, "1 if the snapshot matches otherwise", "exactly 0", not unlike)


def _in_a_process(*given: str) -> dict[str, float]:
    """See `_measured`."""
    done = subprocess.run([sys.executable, "-m", "bench.match_memory", *given], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def _measured(way: str, folder: str, language: str) -> dict[str, float]:
    from headwater.distribute.matcher.engine import Matcher, Profile
    from headwater.distribute.matcher.snapshot import read_snapshot, write_snapshot

    path, languages = Path(folder) / "standing", (language,) if language else ()
    texts = [str(query) for _, query in standing(MANY if way == "cold" else 10)]
    started = time.perf_counter()
    matcher = Matcher()
    if way == "snapshot":
        matcher.restore(read_snapshot(path)[1])
    else:
        matcher.put_all(Profile(number, text, languages) for number, text in enumerate(texts))
    seconds = time.perf_counter() - started
    del texts
    matches = sum(len(matcher.match(version(text, language), NOW).ids) for text in stories())
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
    sys.stdout.write(json.dumps(_measured(*sys.argv[1:])))
