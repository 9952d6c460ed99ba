"""A figure, its bar, and the machine it was measured on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value. `bar` says in words what it has to hold ("at most 90"); None where there is no bar."""

    name: str
    value: float
    unit: str
    bar: str | None = None
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    """A figure that must not be larger than its bar."""
    return Figure(name, round(value, 4), unit, f"at most {bar:g}", value <= bar)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    """A figure that must not be smaller than its bar."""
    return Figure(name, round(value, 4), unit, f"at least {bar:g}", value >= bar)


def plain(name: str, value: float, unit: str) -> Figure:
    """A figure that is reported without a bar."""
    return Figure(name, round(value, 4), unit)


def machine() -> str:
    """What this was measured on, in a few words."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores {_processor()}, {gigabytes:.0f} GB, Python {platform.python_version()}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def data_folder() -> Path:
    """Where the real data lie."""
    return Path(os.environ.get("HEADWATER_DATA") or Path(__file__).parents[2] / "shared" / "data")


class MissingData(Exception):
    """A measurement has nothing to measure on: what it needs of the real data is not there."""


def needed(*path: str) -> Path:
    """A file or folder of the real data that nothing made can stand for; raises `MissingData` where it is missing."""
    found = data_folder().joinpath(*path)
    if not found.exists():
        raise MissingData(f"needs {'/'.join(path)} of the real data; {data_folder()} does not have it (HEADWATER_DATA)")
    return found


def percentile(values: list[float], share: float) -> float:
    """The value below which that share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
