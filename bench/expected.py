"""Stories and standing queries for measuring delivery, and the oracle: which query must bring which story.

The oracle turns the matcher's question round. For each word it knows, as a row of bits, the stories that have it; a
query is then a few operations on rows, and a phrase is looked for in the text itself. Of Headwater it uses the
analyzer alone, which says what a word is: no parser, no matcher, no index.
"""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import made
from bench.figures import data_folder

Bits = NDArray[np.uint8]
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Query:
    """A standing query. A: all of the words, O: any, P: side by side, N: all but the last, and not that."""

    kind: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As a person would type it."""
        joined = " ".join(self.words)
        if self.kind == "O":
            return " OR ".join(self.words)
        if self.kind == "P":
            return f'"{joined}"'
        return joined if self.kind == "A" else f"{' '.join(self.words[:-1])} NOT {self.words[-1]}"


def stories() -> list[str]:
    """Real stories where the data are, else 2,000 of the bench's own making, alike in length and in words."""
    path = data_folder() / "profiles" / "docs.txt"
    return path.read_text().splitlines() if path.is_file() else made.stories(1, 2_000)


def different_stories(given: list[str], wanted: int) -> list[str]:
    """So many different stories of the usual length: the given ones, then the beginning of one with another's end."""
    made = given[:wanted]
    for lap in count(1):
        if len(made) >= wanted:
            return made[:wanted]
        for at, story in enumerate(given):
            other = given[(at + 37 * lap) % len(given)]
            made.append(story[: len(story) // 2].rpartition(" ")[0] + " " + other[len(other) // 2 :].partition(" ")[2])
    raise AssertionError


def queries() -> Iterator[Query]:
    """The standing queries of the real data; without them, made ones that are alike."""
    path = data_folder() / "profiles" / "w1.tsv.gz"
    if not path.is_file():
        return (Query(kind, words) for kind, words in made.queries())
    return _read(path)


def _read(path: Path) -> Iterator[Query]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            _number, kind, words = line.rstrip("\n").split("\t")
            yield Query(kind, tuple(words.split()))


def stems_of(text: str) -> list[str]:
    """The stems of a text's words, in order."""
    from headwater.search.language.analyzer import analyze

    return analyze(text, LANGUAGE).stems


_stems_of_word = lru_cache(200_000)(stems_of)


def stemmed(query: Query) -> Query:
    """What a query asks for, as stems: for who cannot stem by themselves."""
    return Query(query.kind, stems_of_words(query.words))


def stems_of_words(words: Iterable[str]) -> tuple[str, ...]:
    """The stems of some words, each taken by itself."""
    return tuple(stem for word in words for stem in _stems_of_word(word))


class Oracle:
    """Says of each query which of the stories it must bring, by trying them all."""

    def __init__(self, texts: list[str]) -> None:
        stems = [stems_of(text) for text in texts]
        self._texts = [f" {' '.join(each)} " for each in stems]
        self._nothing = np.zeros((len(texts) + 7) // 8, np.uint8)
        self._having: dict[str, Bits] = {}
        for number, words in enumerate(stems):
            for word in set(words):
                row = self._having.setdefault(word, self._nothing.copy())
                row[number >> 3] |= 128 >> (number & 7)

    def matching(self, query: Query) -> NDArray[np.int64]:
        """The numbers of the stories that the query must bring, in order."""
        words = stemmed(query).words
        rows = [self._having.get(word, self._nothing) for word in words]
        if query.kind == "O":
            return _numbers(np.bitwise_or.reduce(rows))
        if query.kind == "N":
            return _numbers(np.bitwise_and.reduce(rows[:-1]) & ~rows[-1])
        found = _numbers(np.bitwise_and.reduce(rows))
        if query.kind == "A":
            return found
        phrase = f" {' '.join(words)} "
        return np.array([number for number in found if phrase in self._texts[number]], np.int64)


def _numbers(row: Bits) -> NDArray[np.int64]:
    return np.flatnonzero(np.unpackbits(row)) if row.any() else np.empty(0, np.int64)


def choosy(
    oracle: Oracle, offered: Iterable[Query], most: float, wanted: int
) -> Iterator[tuple[Query, NDArray[np.int64]]]:
    """The first `wanted` of the queries that bring at most so many of the stories, each with those it must bring."""
    chosen = 0
    for query in offered:
        brings = oracle.matching(query)
        if len(brings) <= most:
            yield query, brings
            chosen += 1
            if chosen == wanted:
                return
