"""The words of plain ASCII texts straight from their bytes: most text is that, and making a string of every word would
cost more than all else that is done with it.

Every surface that was seen has a number here, and for each channel a column says which lexeme it is. What the analyzer
makes of plain letters and digits is said here once more, for bytes; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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


class CutArrays(NamedTuple):
    """The words seen, as compiled loops see them.

    `table` is open-addressed by a hash of the surface (FNV-1a: G. Fowler, L. C. Noll, K.-P. Vo): number + 1, or 0.
    Surface k is `letters[bounds[k] : bounds[k + 1]]`. `folded` turns bytes of a text into bytes of a surface.
    """

    table: Ints
    letters: Flags
    bounds: Ints
    folded: Flags


class Cutter:
    """Numbers surfaces, and remembers which lexeme each is in each channel. Forgets all when there are too many."""

    def __init__(self) -> None:
        self._folded = _folded()
        self._clear()

    def takes(self, text: str) -> bool:
        """Whether a text is plain enough, and not so long that its words alone could be too many."""
        return len(text) <= MOST_WORDS and text.isascii()

    def numbers(self, text: str) -> Ints:
        """The numbers of the surfaces of a text that it takes, in order."""
        letters = np.frombuffer(text.encode("ascii"), np.uint8)
        out = np.empty(len(letters) // 2 + 1, np.int32)
        if len(self._surfaces) + len(out) > MOST_WORDS:
            self._clear()
        known = len(self._surfaces)
        self._make_room(len(letters))
        n, now = _cut(letters, CutArrays(self._table, self._letters, self._bounds, self._folded), out, known)
        self._surfaces += [self._surface(number) for number in range(known, now)]
        return out[:n]

    def lexemes(self, numbers: Ints, channel: Channel, lexemes_of: LexemesOf) -> Ints:
        """The lexemes of numbered surfaces in a channel; `lexemes_of` says it of those not asked for before."""
        column = self._columns.get(channel)
        if column is None:
            column = self._columns[channel] = np.full(MOST_WORDS, _UNKNOWN, np.int32)
        found: Ints = column[numbers]
        if found.size and found.min() == _UNKNOWN:
            unknown = list(set(numbers[found == _UNKNOWN].tolist()))
            column[unknown] = lexemes_of([self._surfaces[number] for number in unknown])
            found = column[numbers]
        return found

    def forget(self, channel: Channel) -> None:
        """What is a lexeme in the channel has changed: ask again."""
        column = self._columns.get(channel)
        if column is not None:
            column[: len(self._surfaces)] = _UNKNOWN

    def _clear(self) -> None:
        self._table: Ints = np.zeros(_TABLE, np.int32)
        self._letters: NDArray[np.uint8] = np.zeros(1 << 12, np.uint8)
        self._bounds: Ints = np.zeros(MOST_WORDS + 1, np.int32)
        self._surfaces: list[str] = []
        self._columns: dict[Channel, Ints] = {}

    def _make_room(self, letters: int) -> None:
        """Room for so many letters of words that are new."""
        most = int(self._bounds[len(self._surfaces)]) + letters
        if most > len(self._letters):
            self._letters = lengthened(self._letters, 2 * most)

    def _surface(self, number: int) -> str:
        return self._letters[self._bounds[number] : self._bounds[number + 1]].tobytes().decode("ascii")


@njit(cache=True)
def _cut(text: Flags, words: CutArrays, out: Ints, known: int) -> tuple[int, int]:
    """Write the number of each word, with a new one for what was not `known`; how many words, how many known now."""
    table, letters, bounds, folded = words.table, words.letters, words.bounds, words.folded
    mask = np.uint64(len(table) - 1)
    n, at, end = 0, 0, len(text)
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
            bounds[number + 1] = bounds[number] + size
            for k in range(size):
                letters[bounds[number] + k] = folded[text[begin + k]]
            known += 1
        out[n] = number
        n += 1
    return n, known
