"""What was freed goes back to the machine, while the service runs and not a moment longer."""

import threading
import time
from pathlib import Path
from typing import Any

from headwater.core import memory


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_freed_memory_goes_back(monkeypatch: Any) -> None:
    kept = [[bytes(2_000) for _ in range(20_000)] for _ in range(4)]
    islands = [block[::40] for block in kept]  # small leftovers all over keep the rest from going by itself
    del kept
    before = resident()
    monkeypatch.setattr(memory, "EVERY", 0.01)
    stop = threading.Event()
    service = threading.Thread(target=memory.give_back_memory, args=(stop,))
    service.start()
    try:
        for _ in range(200):
            if resident() <= before - 30_000_000:
                break
            time.sleep(0.05)
    finally:
        stop.set()
        service.join(10)
    assert islands
    assert not service.is_alive()
    assert resident() <= before - 30_000_000


def test_code_that_was_let_go_of_still_runs() -> None:
    import lxml.etree as library

    page = "<a><b>one</b></a>"
    before = library.tostring(library.fromstring(page))
    assert memory.let_go_of("lxml/etree") > 100_000
    assert library.tostring(library.fromstring(page)) == before
    assert memory.let_go_of("no such library") == 0
