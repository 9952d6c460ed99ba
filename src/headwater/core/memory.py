"""Memory that a worker no longer needs goes back to the machine."""

import ctypes
import threading

EVERY = 15.0  # seconds


def give_back_memory(stop: threading.Event) -> None:
    """A service: after a gathering the C library keeps what was freed, some 40 MB, unless it is told to let go.

    Does nothing where that library has no `malloc_trim` (musl, other systems than Linux).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while not stop.wait(EVERY) and trim is not None:
        trim(0)
    stop.wait()
