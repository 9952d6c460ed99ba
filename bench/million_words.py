"""Texts of a million words, brought by the door that people use: a folder that Headwater watches."""

import time
from pathlib import Path
from typing import Any

WORDS = 1_000_000
LONGEST = 120.0  # seconds until a text is an entry


def usual_words(stories: list[str]) -> tuple[str, str]:
    """A text of many stories over and over, which concerns nearly everybody; and, shorter, what a query sees in it."""
    told = " ".join(stories)
    laps = WORDS // len(told.split()) + 1
    return " ".join([told] * laps), f"{told} {told}"


def different_words() -> str:
    """A text in which no word stands twice, and none that anybody asks for."""
    return " ".join(f"q{number}éz" for number in range(WORDS))


class Shelf:
    """A source whose folder is read again when something changes in it; everybody may read what comes from it."""

    def __init__(self, folder: Path, owner: Any, audience: Any) -> None:
        from headwater.core.actions import OPERATOR
        from headwater.gather.actions import create_source

        self._folder = folder
        place = {"path": str(folder)}
        self._source = create_source(
            OPERATOR, name="Shelf", kind="folder", owner=owner, settings=place, audience=audience
        )

    def put(self, name: str, text: str) -> None:
        """A file in the folder."""
        written = self._folder / f".{name}"
        written.write_text(text, encoding="utf-8")
        written.rename(self._folder / f"{name}.txt")

    def version_of(self, name: str) -> int:
        """The version that the file has become, once it is there. Raises `TimeoutError`."""
        from headwater.search.models import Entry

        ended = time.monotonic() + LONGEST
        while time.monotonic() < ended:
            entry = Entry.objects.filter(source_slug=self._source.slug, path__startswith=name).first()
            if entry is not None and entry.current_version_id is not None:
                return entry.current_version_id
            time.sleep(0.05)
        raise TimeoutError(f"{name} was not gathered")
