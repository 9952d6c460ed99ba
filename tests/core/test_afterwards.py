"""What is done a moment after an answer was sent: by one thread, once, whatever happens there."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from queue import Queue

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse

from headwater.core import afterwards as module
from headwater.core.afterwards import AfterwardsMiddleware, Later, _Piece, afterwards

SOON = 20  # seconds: no test waits so long unless it fails


class _Answer(HttpResponse):
    def __init__(self, done: list[str]) -> None:
        super().__init__("Yes")
        self.done = done

    def close(self) -> None:
        self.done.append("closed")


def _answered(done: list[str], *wanted: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        for name in wanted:
            afterwards(request, name, partial(_do, done, name))
        return _Answer(done)

    return AfterwardsMiddleware(view)(HttpRequest())


def _do(done: list[str], name: str) -> None:
    done.append(name)
    if name == "fails":
        raise RuntimeError(name)


def test_it_is_done_once_the_answer_is_closed_and_not_before() -> None:
    done: list[str] = []
    answer = _answered(done, "one")
    assert done == []
    answer.close()
    assert sorted(done) == ["closed", "one"]


def test_without_anything_to_do_it_is_only_closed() -> None:
    done: list[str] = []
    _answered(done).close()
    assert done == ["closed"]


def test_what_fails_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    _answered(done, "fails", "other").close()
    assert sorted(done) == ["closed", "fails", "other"]
    assert "after an answer" in caplog.text


def test_what_cannot_be_handed_over_is_told_and_the_answer_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module._later, "_begin", lambda: _do([], "fails"))
    done: list[str] = []
    _answered(done, "one").close()
    assert done == ["closed"]
    assert "after an answer" in caplog.text
    monkeypatch.undo()
    _answered(done, "two").close()
    assert done == ["closed", "one", "two", "closed"]


# --- The thread -------------------------------------------------------------------------------------------------------


class _Waits:
    """A piece of work that begins and goes on when it is told."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.began.set()
        assert self.go_on.wait(SOON)


@pytest.fixture
def waits() -> Iterator[_Waits]:
    """Goes on at the end of the test, if not before."""
    waits = _Waits()
    yield waits
    waits.go_on.set()


def _put(later: Later, name: str, do: Callable[[], object]) -> None:
    def done() -> None:
        do()

    later.put(_Piece(name, done))


def _tell_thread(threads: Queue[tuple[int, str]], number: int) -> None:
    threads.put((number, threading.current_thread().name))


def test_one_thread_does_one_after_the_other_in_their_order() -> None:
    later, threads = Later(pause=0), Queue[tuple[int, str]]()
    for number in range(20):
        _put(later, f"piece {number}", partial(_tell_thread, threads, number))
    assert [threads.get(timeout=SOON) for _ in range(20)] == [(number, "afterwards") for number in range(20)]


def test_nobody_waits_for_it_and_the_process_may_end_meanwhile(waits: _Waits) -> None:
    later = Later(pause=0)
    _put(later, "one", waits)
    assert waits.began.wait(SOON)
    assert later._thread
    assert later._thread.daemon


def test_it_waits_for_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    slept, done = Queue[float](), Queue[str]()
    monkeypatch.setattr(module.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(module.time, "sleep", slept.put)
    _put(Later(pause=7), "one", lambda: done.put("one"))
    assert done.get(timeout=SOON) == "one"
    assert slept.get_nowait() == 7


def test_after_a_fault_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    later, done = Later(pause=0), Queue[str]()
    _put(later, "fails", lambda: _do([], "fails"))
    _put(later, "other", lambda: done.put("other"))
    assert done.get(timeout=SOON) == "other"
    assert "after an answer" in caplog.text


def test_what_waits_or_is_being_done_is_not_done_twice(waits: _Waits) -> None:
    later, done = Later(pause=0), Queue[str]()
    _put(later, "one", waits)
    assert waits.began.wait(SOON)
    _put(later, "one", lambda: done.put("one, which is being done"))
    _put(later, "two", lambda: done.put("two"))
    _put(later, "two", lambda: done.put("two, which waits"))
    waits.go_on.set()
    assert done.get(timeout=SOON) == "two"
    _put(later, "three", lambda: done.put("three"))
    assert done.get(timeout=SOON) == "three"
    _put(later, "one", lambda: done.put("one again"))
    assert done.get(timeout=SOON) == "one again"


def test_what_is_too_much_is_left_undone(waits: _Waits) -> None:
    later, done = Later(pause=0, at_most=3), Queue[str]()
    _put(later, "one", waits)
    for name in ("two", "three", "four", "five"):
        _put(later, name, partial(done.put, name))
    waits.go_on.set()
    assert [done.get(timeout=SOON), done.get(timeout=SOON)] == ["two", "three"]
    assert later._waiting.empty()


def test_where_the_thread_is_no_more_another_begins() -> None:
    """As in a process that was forked: threads do not come along."""
    later, done = Later(pause=0), Queue[str]()
    later._thread = threading.Thread()
    assert not later._thread.is_alive()
    _put(later, "one", lambda: done.put("one"))
    assert done.get(timeout=SOON) == "one"


@pytest.mark.django_db
def test_it_is_outside_of_every_transaction_and_gives_its_connection_back() -> None:
    later, seen = Later(pause=0), Queue[tuple[bool, bool]]()

    def look() -> None:
        held = connection.connection is not None
        connection.ensure_connection()
        seen.put((held, connection.in_atomic_block))

    assert connection.in_atomic_block
    for name in ("one", "two"):
        _put(later, name, look)
    assert [seen.get(timeout=SOON), seen.get(timeout=SOON)] == [(False, False), (False, False)]
    closed = threading.Event()
    _put(later, "last", closed.set)
    assert closed.wait(SOON)
