"""What very long texts are given to: a process of its own."""

import os

import pytest

from headwater.core import apart
from headwater.core.apart import VERY_LONG, apart_if_long
from headwater.search.language.fingerprint import fingerprint

TEXT = "The storm watch begins at level two on the river, for all who work there. " * 6_000


def where() -> tuple[int, int]:
    """The process, and how gladly it gives way."""
    return os.getpid(), os.nice(0)


def test_what_is_short_is_gone_through_here() -> None:
    assert apart_if_long(VERY_LONG, where) == where()


def test_what_is_long_is_gone_through_elsewhere_after_everything_else() -> None:
    here, gladly = where()
    there, more_gladly = apart_if_long(VERY_LONG + 1, where)
    assert there != here
    assert more_gladly > gladly


def test_it_finds_the_same() -> None:
    assert len(TEXT) > VERY_LONG
    assert apart_if_long(len(TEXT), fingerprint, TEXT) == fingerprint(TEXT) is not None


def test_where_that_process_dies_it_is_done_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(apart.sys, "executable", "/bin/false")
    assert apart_if_long(VERY_LONG + 1, where) == where()
    assert "is done here: ended with 1" in caplog.text


def test_where_there_is_no_such_process_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart.sys, "executable", "/nowhere/python")
    assert apart_if_long(VERY_LONG + 1, where) == where()


@pytest.mark.parametrize("command", ["/bin/true", "/bin/echo"])
def test_what_answers_nothing_or_rubbish_is_not_believed(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(apart.sys, "executable", command)
    assert apart_if_long(VERY_LONG + 1, where) == where()


def test_one_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LONGEST", 0.01)
    assert apart_if_long(VERY_LONG + 1, where) == where()


def test_what_goes_wrong_there_goes_wrong_here() -> None:
    with pytest.raises(ZeroDivisionError):
        apart_if_long(VERY_LONG + 1, divmod, 1, 0)
