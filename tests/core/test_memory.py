"""What was freed goes back to the machine, while the service runs and not a moment longer."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headwater.core import memory


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@contextmanager
def giving_back(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setattr(memory, "EVERY", 0.01)
    stop = threading.Event()
    service = threading.Thread(target=memory.give_back_memory, args=(stop,))
    service.start()
    try:
        yield
    finally:
        stop.set()
        service.join(10)
        assert not service.is_alive()


def eventually(check: Callable[[], bool]) -> bool:
    return any(check() or time.sleep(0.05) for _ in range(200))


def test_freed_memory_goes_back(monkeypatch: Any) -> None:
    kept = [[bytes(2_000) for _ in range(20_000)] for _ in range(4)]
    islands = [block[::40] for block in kept]  # small leftovers all over keep the rest from going by itself
    del kept
    before = resident()
    with giving_back(monkeypatch):
        assert eventually(lambda: resident() <= before - 30_000_000)
    assert islands


def test_code_that_was_let_go_of_still_runs() -> None:
    import lxml.etree as library

    page = "<a><b>one</b></a>"
    before = library.tostring(library.fromstring(page))
    assert memory.let_go_of("lxml/etree") > 100_000
    assert library.tostring(library.fromstring(page)) == before
    assert memory.let_go_of("no such library") == 0


def test_a_library_that_runs_again_is_let_go_of_again(monkeypatch: Any) -> None:
    import lxml.etree as library

    memory.let_go_of("lxml/etree")
    let_go = code_in_memory("lxml/etree")
    library.tostring(library.fromstring("<a><b>one</b></a>"))
    assert code_in_memory("lxml/etree") > let_go
    with giving_back(monkeypatch):
        assert eventually(lambda: code_in_memory("lxml/etree") <= let_go)


def code_in_memory(library: str) -> int:
    """Kilobytes of a library's code that this process has in memory."""
    pieces = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    ours = (piece for piece in pieces if " r-xp " in piece and library in piece.partition("\n")[0])
    return sum(int(size) for piece in ours for size in re.findall(r"^Rss: +(\d+)", piece, re.MULTILINE))
