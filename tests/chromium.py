"""The browser of the browser tests: one that is there, or one that can be installed.

`make test` runs this first: as root it installs Debian's package, otherwise playwright's own download. Where neither is
possible the browser tests are skipped with a loud line; HEADWATER_BROWSER=required (.ci/run) makes that a failure.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@functools.cache
def find_chromium() -> str | None:
    """The path of a Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found_there = sorted(downloads.glob("chromium*/chrome*-linux*/*chrome*"), reverse=True)
    return next((str(path) for path in found_there if os.access(path, os.X_OK) and path.is_file()), None)


def install_chromium() -> None:
    """Try Debian's package as root, then playwright's own. Quiet; success shows in `find_chromium`."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts.insert(0, ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
        attempts.insert(0, ["apt-get", "update", "-qq"])
    for command in attempts:
        if find_chromium() is None:
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)
            find_chromium.cache_clear()


def main() -> int:
    """Make sure there is a browser; 1 only when one is required and cannot be had."""
    if find_chromium() is None:
        print("No Chromium here; trying to install one for the browser tests…")  # noqa: T201  this is a program
        install_chromium()
    if find_chromium() is not None:
        return 0
    line = "!" * 100
    words = "!!  NO CHROMIUM COULD BE INSTALLED: THE BROWSER TESTS ARE SKIPPED."
    print(f"\n{line}\n{words}\n{line}", file=sys.stderr)  # noqa: T201
    return 1 if os.environ.get("HEADWATER_BROWSER") == "required" else 0


if __name__ == "__main__":
    sys.exit(main())
