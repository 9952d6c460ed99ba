"""The words of plain ASCII texts straight from their bytes: most text is that, and making a string of every word would
cost more than all else that is done with it.

Every surface that was seen has a number here, and for each channel a column says which lexeme it is. What the analyzer
makes of plain letters and digits is said here once more, for bytes; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from headwater.distribute.matcher.arrays import Flags
from headwater.distribute.matcher.lists import Ints, lengthened
from headwater.distribute.matcher.reading import Channel
from headwater.search.language.folding import MAX_SURFACE

MOST_WORDS = 1 << 17
_TABLE = 4 * MOST_WORDS
_UNKNOWN = -1
LexemesOf = Callable[[list[str]], list[int]]
_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_SHIFT = np.uint64(32)


def _folded() -> Flags:
    """For each byte, the byte of its surface; 0 for one that is in no word."""
    return np.array(
        [ord(char.lower()) if char.isascii() and char.isalnum() else 0 for char in map(chr, range(256))], np.uint8
    )


class Cutter:
    """Numbers surfaces, and remembers which lexeme each is in each channel. Forgets all when there are too many."""

    def __init__(self) -> None:
        self._folded = _folded()
        self._clear()

    def takes(self, text: str) -> bool:
        """Whether a text is plain enough, and not so long that its words alone could be too many."""
        return len(text) <= MOST_WORDS and text.isascii()

    def lexemes(self, text: str, channel: Channel, lexemes_of: LexemesOf) -> Ints:
        """The lexemes in a channel of the words of a text that it takes, in order; `lexemes_of` says new ones'."""
        letters = np.frombuffer(text.encode("ascii"), np.uint8)
        numbers, unknown = np.empty((2, len(letters) // 2 + 1), np.int32)
        if len(self._surfaces) + len(numbers) > MOST_WORDS:
            self._clear()
        known, column = len(self._surfaces), self._column(channel)
        self._make_room(len(letters))
        n, now, asked = _cut(
            letters, self._table, self._letters, self._bounds, self._folded, column, numbers, unknown, known
        )
        if now > known:
            self._surfaces += self._surfaces_between(known, now)
        if asked:
            self._ask(set(unknown[:asked].tolist()), column, lexemes_of)
        found: Ints = column[numbers[:n]]
        return found

    def forget(self, channel: Channel) -> None:
        """What is a lexeme in the channel has changed: ask again, the next time that one is wanted."""
        self._changed.add(channel)

    def _clear(self) -> None:
        self._table: Ints = np.zeros(_TABLE, np.int32)
        self._letters: NDArray[np.uint8] = np.zeros(1 << 12, np.uint8)
        self._bounds: Ints = np.zeros(MOST_WORDS + 1, np.int32)
        self._surfaces: list[str] = []
        self._columns: dict[Channel, Ints] = {}
        self._changed: set[Channel] = set()

    def _make_room(self, letters: int) -> None:
        """Room for so many letters of words that are new."""
        most = int(self._bounds[len(self._surfaces)]) + letters
        if most > len(self._letters):
            self._letters = lengthened(self._letters, 2 * most)

    def _column(self, channel: Channel) -> Ints:
        column = self._columns.get(channel)
        if column is None:
            column = self._columns[channel] = np.full(MOST_WORDS, _UNKNOWN, np.int32)
        elif channel in self._changed:
            column[: len(self._surfaces)] = _UNKNOWN
        self._changed.discard(channel)
        return column

    def _surfaces_between(self, first: int, after: int) -> Iterator[str]:
        bounds = self._bounds[first : after + 1].tolist()
        letters = self._letters[bounds[0] : bounds[-1]].tobytes().decode("ascii")
        return (letters[begin - bounds[0] : end - bounds[0]] for begin, end in pairwise(bounds))

    def _ask(self, numbers: Iterable[int], column: Ints, lexemes_of: LexemesOf) -> None:
        asked = list(numbers)
        for number, lexeme in zip(asked, lexemes_of([self._surfaces[each] for each in asked]), strict=True):
            column[number] = lexeme


# `table` is open-addressed by a hash of the surface (FNV-1a: G. Fowler, L. C. Noll, K.-P. Vo): number + 1, or 0.
# Surface k is `letters[bounds[k] : bounds[k + 1]]`. These three grow by what is new.
# `folded` turns bytes of a text into bytes of a surface.


@njit(cache=True)
def _cut(
    text: Flags,
    table: Ints,
    letters: Flags,
    bounds: Ints,
    folded: Flags,
    column: Ints,
    numbers: Ints,
    unknown: Ints,
    known: int,
) -> tuple[int, int, int]:
    """Write the number of each word, a new one for what was not `known`, and those `unknown` to the column.

    Returns how many words there are, how many surfaces are known now, and how many are unknown, some of them twice.
    """
    mask = np.uint64(len(table) - 1)
    n, asked, at, end = 0, 0, 0, len(text)
    while at < end:
        if folded[text[at]] == 0:
            at += 1
            continue
        begin, key = at, _BASIS
        while at < end and folded[text[at]]:
            if at - begin < MAX_SURFACE:
                key = (key ^ np.uint64(folded[text[at]])) * _PRIME
            at += 1
        size = min(at - begin, MAX_SURFACE)
        slot = (key ^ (key >> _SHIFT)) & mask
        number = -1
        while table[slot]:
            first = bounds[table[slot] - 1]
            k = 0
            if bounds[table[slot]] - first == size:
                while k < size and letters[first + k] == folded[text[begin + k]]:
                    k += 1
            if k == size:
                number = table[slot] - 1
                break
            slot = (slot + np.uint64(1)) & mask
        if number < 0:
            number = known
            table[slot] = number + 1
            _write_surface(number, text[begin : begin + size], letters, bounds, folded)
            known += 1
        numbers[n] = unknown[asked] = number
        n += 1
        asked += column[number] == _UNKNOWN
    return n, known, asked


@njit(cache=True)
def _write_surface(number: int, word: Flags, letters: Flags, bounds: Ints, folded: Flags) -> None:
    bounds[number + 1] = bounds[number] + len(word)
    for k in range(len(word)):
        letters[bounds[number] + k] = folded[word[k]]
