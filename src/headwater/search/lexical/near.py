"""NEAR, verified by ourselves: the index finds entries that have all parts, the words decide which have them near."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from headwater.search.language.errors import QueryError
from headwater.search.language.folding import stems_of
from headwater.search.language.nearness import WordPlaces, near_in
from headwater.search.language.query import Near

MOST_READ = 4_000_000  # words


@dataclass(frozen=True, slots=True)
class KeptWords:
    """An entry's words as the index keeps them: surfaces of the title and of the text."""

    language: str
    title: list[str]
    text: list[str]

    @classmethod
    def read(cls, kept: bytes) -> Self:
        """From the field `words`."""
        language, title, text = kept.decode().split("\n")
        return cls(language, title.split(), text.split())


@dataclass(slots=True)
class Looked:
    """What one question, or several of one asker, had looked for word by word: the entries that hold each NEAR.

    So many words are read for it and no more, that nobody holds up a server for minutes; it takes some seconds.
    """

    entries: dict[Near, list[int]] = field(default_factory=dict)
    read: int = 0

    def note(self, near: Near, words: KeptWords) -> None:
        """Count the words that are read. Raises QueryError when they are too many."""
        self.read += len(words.title) + len(words.text)
        if self.read > MOST_READ:
            raise QueryError("near_work", near.position)


def stands_near(near: Near, words: KeptWords, languages: Collection[str]) -> bool:
    """Whether the parts stand near each other in the title, or in the text unless only the title was asked."""
    language = words.language if words.language in languages else ""
    fields = [words.title] if near.parts[0].field == "title" else [words.title, words.text]
    return any(_near_in(near, field, language) for field in fields)


def _near_in(near: Near, words: list[str], language: str) -> bool:
    surfaces = WordPlaces(words)
    stems = WordPlaces(stems_of(words, language)) if language else surfaces
    return near_in(near, surfaces, stems, language) is not None
