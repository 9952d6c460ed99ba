"""Going through a very long text in a process of its own, after everything else that wants the processor.

Threads share one interpreter, and a worker has many that have a thousand small things to do: a text of a million words
that one of them goes through, for a second or more, would hold up each of these. What is given to another process and
what comes back is pickled, by us and for us alone.
"""

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

Given = ParamSpec("Given")
Found = TypeVar("Found")

VERY_LONG = 400_000  # characters, about 65,000 words: shorter texts hold up nobody for more than a twentieth second
_NICE = 10
_LONGEST = 300  # seconds: for a hundred million words, or a process that hangs
_TOLD = 300  # characters of what went wrong


def apart_if_long(size: int, function: Callable[Given, Found], *args: Given.args, **named: Given.kwargs) -> Found:
    """What a function of a module makes of so many characters: in another process where they are very many.

    Where that process ends otherwise, as when it is killed, it is done here after all.
    """
    if size <= VERY_LONG:
        return function(*args, **named)
    try:
        return _apart(function, args, named)
    except (OSError, EOFError, pickle.UnpicklingError, subprocess.SubprocessError) as error:
        log.warning("going through a long text elsewhere failed, and is done here: %s", error)
        return function(*args, **named)


def _apart(function: Callable[..., Found], args: tuple[Any, ...], named: dict[str, Any]) -> Found:
    """Raises `SubprocessError`, `OSError`, or what pickle raises, when that process does not answer as it should."""
    given = pickle.dumps((function, args, named))
    command = [sys.executable, "-m", __spec__.name]
    done = subprocess.run(command, input=given, capture_output=True, timeout=_LONGEST, check=False)
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()[-_TOLD:]
        raise subprocess.SubprocessError(f"ended with {done.returncode}: {told}")
    found: Found = pickle.loads(done.stdout)  # our own process wrote it
    return found


def _answer() -> None:
    os.nice(_NICE)
    function, args, named = pickle.load(sys.stdin.buffer)  # our own process wrote it
    pickle.dump(function(*args, **named), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _answer()
