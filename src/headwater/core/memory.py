"""Memory that a worker no longer needs goes back to the machine."""

import contextlib
import ctypes
import threading
from collections.abc import Iterator

EVERY = 15.0  # seconds
_DO_NOT_NEED = 4  # MADV_DONTNEED: pages that are as their file has them are read again when they are wanted


_seldom_run: set[str] = set()


def give_back_memory(stop: threading.Event) -> None:
    """A service: after a gathering the C library keeps what was freed, some 40 MB, unless it is told to let go.

    Libraries that were let go of are so again, should they have run since. Where the C library has no `malloc_trim`
    (musl, other systems than Linux) it keeps what it likes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while not stop.wait(EVERY):
        if trim is not None:
            trim(0)
        for library in tuple(_seldom_run):
            let_go_of(library)


def let_go_of(library: str) -> int:
    """Lets go of the code of a shared library that runs seldom; how many bytes of addresses that were.

    A compiler's code weighs 65 MB once it has run. Only code is let go of, which nothing ever changes; it is read from
    its file again if it runs again, and a worker lets go of it again then. Does nothing on systems without /proc.
    """
    _seldom_run.add(library)
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return sum(size for start, size in _code_of(library) if madvise(start, size, _DO_NOT_NEED) == 0)


def _code_of(library: str) -> Iterator[tuple[int, int]]:
    """Address and size of each piece of code that was loaded from a file with this in its name."""
    with contextlib.suppress(FileNotFoundError), open("/proc/self/maps", encoding="utf-8") as pieces:
        for piece in pieces:
            place, rights, _offset, _device, _inode, *path = piece.split()
            if rights == "r-xp" and path and library in path[-1]:
                start, end = (int(number, 16) for number in place.split("-"))
                yield start, end - start
