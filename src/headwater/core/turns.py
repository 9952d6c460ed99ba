"""What keeps Python busy for seconds takes turns in a process, so that whatever else goes on in it gets half of it.

Threads share one interpreter. Three that go through a text of a million words at the same time leave a fourth, which
has a thousand small things to do, a quarter of it and a wait before each; one leaves it half.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONG = 200_000  # characters that are gone through in about a fiftieth of a second
SWITCH = 0.001  # seconds that a busy thread keeps the interpreter when others want it

_turn = threading.Lock()


@contextmanager
def in_turn(size: int) -> Iterator[None]:
    """Go through so many characters of text: at once where they are few, else when nobody else is at it."""
    if size <= LONG:
        yield
        return
    with _turn:
        yield
