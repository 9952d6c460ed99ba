"""What is done once an answer was sent: when the server closes it, whatever happens there."""

import pytest
from django.http import HttpRequest, HttpResponse

from headwater.core.afterwards import AfterwardsMiddleware, afterwards


class _Answer(HttpResponse):
    def __init__(self, done: list[str]) -> None:
        super().__init__("Yes")
        self.done = done

    def close(self) -> None:
        self.done.append("closed")


def _answered(done: list[str], *wanted: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        for name in wanted:
            afterwards(request, lambda name=name: _do(done, name))  # type: ignore[misc]
        return _Answer(done)

    return AfterwardsMiddleware(view)(HttpRequest())


def _do(done: list[str], name: str) -> None:
    done.append(name)
    if name == "fails":
        raise RuntimeError(name)


def test_it_is_done_when_the_answer_is_closed_and_not_before() -> None:
    done: list[str] = []
    answer = _answered(done, "one")
    assert done == []
    answer.close()
    assert done == ["one", "closed"]


def test_without_anything_to_do_it_is_only_closed() -> None:
    done: list[str] = []
    _answered(done).close()
    assert done == ["closed"]


def test_what_fails_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    _answered(done, "other", "fails").close()
    assert sorted(done) == ["closed", "fails", "other"]
    assert done[-1] == "closed"
    assert "after an answer" in caplog.text
