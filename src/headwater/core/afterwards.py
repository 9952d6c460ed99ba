"""What is done a moment after an answer was sent, by one thread of the process: nobody waits for it.

It may be left undone, if the process ends there or too much waits: it is for work that somebody else finds and does,
too. It is done a moment later because who has a page often asks for another at once, and would wait for it there.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple

from django.db import connections
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)
PAUSE = 0.3  # seconds
AT_MOST = 1000  # pieces of work that wait


class _Piece(NamedTuple):
    """A piece of work, and what it is, so that it does not wait twice."""

    name: Hashable
    do: Callable[[], None]


class Later:
    """Work that one thread does, piece by piece in the order it came, each not before `pause` seconds have passed."""

    def __init__(self, pause: float = PAUSE, at_most: int = AT_MOST) -> None:
        self._pause, self._at_most = pause, at_most
        self._waiting: SimpleQueue[tuple[float, _Piece]] = SimpleQueue()
        self._names: set[Hashable] = set()  # of what waits, and of what is being done
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, piece: _Piece) -> None:
        """Have this done later. Left out: what waits or is being done under its name, and what is too much."""
        with self._lock:
            if piece.name in self._names or len(self._names) >= self._at_most:
                return
            self._names.add(piece.name)
        self._waiting.put((time.monotonic() + self._pause, piece))
        self._begin()

    def do_waiting(self) -> None:
        """Do all that waits now, in this thread: for tests, beside which nothing shall go on."""
        while not self._waiting.empty():
            self._do(self._waiting.get()[1])

    def _begin(self) -> None:
        """The thread is there from the first piece on; in a process that was forked since, a new one."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="afterwards", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            when, piece = self._waiting.get()
            time.sleep(max(0.0, when - time.monotonic()))
            self._do(piece)
            _try(connections.close_all)  # back to the pool: the next piece may be hours away

    def _do(self, piece: _Piece) -> None:
        _try(piece.do)
        with self._lock:
            self._names.discard(piece.name)


_later = Later()


def afterwards(request: HttpRequest, name: Hashable, do: Callable[[], None]) -> None:
    """Do this a moment after the request was answered, outside its transaction and its organisation.

    It is left out while something of the same name waits or is being done.
    """
    vars(request).setdefault("afterwards", []).append(_Piece(name, do))


class AfterwardsMiddleware:
    """Hands over what `afterwards` was asked for when the server closes the answer, which it does once it was sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if pieces := vars(request).get("afterwards"):
            _then(response, pieces)
        return response


def _then(response: HttpResponse, pieces: Iterable[_Piece]) -> None:
    close = response.close

    def hand_over_and_close() -> None:
        for piece in pieces:
            _try(partial(_later.put, piece))
        close()

    response.close = hand_over_and_close  # type: ignore[method-assign]  # which is how a server says that it was sent


def _try(do: Callable[[], None]) -> None:
    try:
        do()
    except Exception:
        log.exception("what was to be done after an answer failed")
