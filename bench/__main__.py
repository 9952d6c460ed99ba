"""`python -m bench [NAME…]`: run measurements, and print each figure as a line of JSON.

Exits with 1 when a bar does not hold or a measurement breaks. One that needs real data which are not
there says so and is left out.
"""

import importlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.figures import MissingData, machine

HELPERS = {"expected", "figures", "made", "million", "million_words", "network", "new_host", "odd_texts"}
HELPERS |= {"peers", "plots", "reuters", "signed_in", "stage"}


def names() -> list[str]:
    """The measurements there are."""
    return sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS and path.stem[0] != "_"
    )


def run_one(name: str) -> bool:
    """Run one measurement here; True when every bar holds, or when the real data that it needs are missing."""
    well = True
    try:
        for figure in importlib.import_module(f"bench.{name}").run():
            sys.stdout.write(json.dumps(asdict(figure) | {"machine": machine()}) + "\n")
            sys.stdout.flush()
            well = well and figure.holds is not False
    except MissingData as error:
        sys.stderr.write(f"{name}: not measured, {error}.\n")
    return well


def main(wanted: list[str]) -> int:
    """Run the wanted measurements, or all."""
    unknown = set(wanted) - set(names())
    if unknown:
        sys.stderr.write(f"There is no measurement {', '.join(sorted(unknown))}; there are {', '.join(names())}.\n")
        return 2
    if len(wanted) == 1:
        return 0 if run_one(wanted[0]) else 1
    # Each in a process of its own: what one loads and leaves behind shall not colour the next.
    results = [subprocess.run([sys.executable, "-m", "bench", name], check=False) for name in wanted or names()]
    return max((result.returncode for result in results), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
