"""What a new host costs until it serves: `headwater up` with an empty home, until its pages are answered.

What it starts lies on this machine's disk and has been read before; nothing that an earlier start has kept is there.
"""

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.figures import Figure, plain
from bench.first_page import resident_megabytes
from bench.network import Host, end
from bench.signed_in import ask

PORT = 8000
LONGEST = 120.0  # seconds
SETTLE = 20  # seconds until its worker has found what there is to do
PAGES = {"sign_in": "/accounts/login/", "today": "/o/bench/"}


def until_it_serves(host: Host, environment: Mapping[str, str], session: str) -> Iterator[Figure]:
    """Seconds to the sign-in page, and to Today of somebody with that session; what its processes weigh by then."""
    home = Path(environment["HEADWATER_HOME"])
    given = {"HEADWATER_ADDRESS": host.address, "HEADWATER_ORIGIN": f"http://{host.address}:{PORT}"}
    started = time.perf_counter()
    process = host.start([sys.executable, "-m", "headwater", "up"], {**environment, **given}, home / "log")
    try:
        for name, path in PAGES.items():
            _await_page(host, path, session if name == "today" else "")
            yield plain(f"hosts_new_{name}", time.perf_counter() - started, "s")
        time.sleep(SETTLE)
        yield plain("hosts_new_memory", resident_megabytes(str(home)), "MB")
        yield plain("hosts_new_memory_web", resident_megabytes(str(home), "web"), "MB")
    finally:
        end(process)


def _await_page(host: Host, path: str, session: str) -> None:
    """Until the page is answered with 200."""
    ended = time.monotonic() + LONGEST
    while time.monotonic() < ended:
        with contextlib.suppress(OSError):
            if ask(host.address, PORT, path, session) == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"the new host did not serve {path}")
