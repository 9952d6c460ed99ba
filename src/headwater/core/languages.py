"""Two languages of a reader: the one they read in, and the one that pages can speak to them.

Somebody reads in Arabic although nobody has translated the pages into it yet: their searches, profiles and topics are
in Arabic, and the pages around them in English, from left to right, rather than English words set from right to left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.utils import translation

_reading: ContextVar[str] = ContextVar("reading", default="")


def spoken(code: str) -> str:
    """The language in which pages and mail speak to who reads in that one: it, or English where it has no catalogue."""
    known = (tag for tag in (code, code.partition("-")[0]) if tag in settings.SPOKEN_LANGUAGES)
    return next(known, settings.LANGUAGE_CODE)


@contextmanager
def speaking(code: str) -> Iterator[str]:
    """Speak to somebody who reads in that language; gives the one that is spoken."""
    token = _reading.set(code)
    try:
        with translation.override(spoken(code)):
            yield spoken(code)
    finally:
        _reading.reset(token)


def reading() -> str:
    """The language that whoever is spoken to reads in: for topics and other words that people keep in several."""
    return _reading.get() or translation.get_language() or settings.LANGUAGE_CODE
