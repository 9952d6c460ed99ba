"""Two lexemes side by side → the row of the phrases that begin with them: an open-addressed table."""

from __future__ import annotations

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import PairArrays
from headwater.distribute.matcher.lists import Ints, Longs, Saved

EMPTY = -1
_FIRST = 1024
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


class Pairs:
    """Rows are numbered from 1 and stay a pair's own until `tidy` finds that nobody needs it."""

    def __init__(self) -> None:
        self._keys: Longs = np.full(_FIRST, EMPTY, np.int64)
        self._rows: Ints = np.zeros(_FIRST, np.int32)
        self._count = 0
        self._last = 0
        self._free: list[int] = []

    def saved(self) -> Saved:
        """The arrays, to keep."""
        return {"keys": self._keys, "rows": self._rows}

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called."""
        self._keys, self._rows = saved["keys"], saved["rows"]
        taken = self._rows[self._keys != EMPTY]
        self._count, self._last = len(taken), int(taken.max(initial=0))
        self._free = np.setdiff1d(np.arange(1, self._last + 1), taken).tolist()

    def arrays(self) -> PairArrays:
        """The arrays as they are now; they are replaced when the table grows."""
        return PairArrays(self._keys, self._rows)

    def parts(self) -> tuple[Longs, Ints]:
        """The same as a plain tuple: see `ListParts`."""
        return self._keys, self._rows

    def has_no_room(self, pairs: int) -> bool:
        """Whether so many new pairs may be too many for the table as it is: `tidy` first."""
        return 2 * (self._count + pairs) > len(self._keys)

    def has(self, first: int, second: int) -> bool:
        """Whether the pair has a row."""
        return bool(self._keys[pair_slot(self._keys, first, second)] != EMPTY)

    def row(self, first: int, second: int) -> int:
        """The pair's row, a new one if it has none yet; there is room for it."""
        at = pair_slot(self._keys, first, second)
        if self._keys[at] == EMPTY:
            self._count += 1
            self._keys[at] = (first << 32) | second
            self._rows[at] = self._new_row()
        return int(self._rows[at])

    @property
    def last(self) -> int:
        """The highest row that was ever given out."""
        return self._last

    def tidy(self, counts: Ints, more: int) -> None:
        """Make room for so many more: forget the pairs whose row has no phrases (`counts[row]` says how many), grow."""
        taken = self._keys != EMPTY
        live = taken & (counts[self._rows] > 0)
        self._free += self._rows[taken & ~live].tolist()
        self._count = int(np.count_nonzero(live))
        length = len(self._keys)
        while length <= 4 * (self._count + more):
            length *= 4
        keys, rows = self._keys[live], self._rows[live]
        self._keys, self._rows = np.full(length, EMPTY, np.int64), np.zeros(length, np.int32)
        _move_pairs(keys, rows, self.arrays())

    def _new_row(self) -> int:
        if self._free:
            return self._free.pop()
        self._last += 1
        return self._last


@njit(cache=True)
def pair_key(first: int, second: int) -> int:
    """Two lexemes in one number."""
    return int((np.int64(first) << 32) | np.int64(second))


@njit(cache=True)
def home_of(key: int, mask: int) -> int:
    """Where a table of `mask` + 1 places begins to look for a pair."""
    return int(np.int64((np.uint64(key) * _SPREAD) >> _SHIFT) & mask)


@njit(cache=True)
def pair_slot(keys: Longs, first: int, second: int) -> int:
    """Where in the table the pair is, or would be put."""
    key, mask = pair_key(first, second), len(keys) - 1
    at = home_of(key, mask)
    while keys[at] != EMPTY and keys[at] != key:
        at = (at + 1) & mask
    return int(at)


@njit(cache=True)
def _move_pairs(keys: Longs, rows: Ints, pairs: PairArrays) -> None:
    for at in range(len(keys)):
        key = keys[at]
        if key != EMPTY:
            slot = pair_slot(pairs.keys, key >> 32, key & 0xFFFFFFFF)
            pairs.keys[slot] = key
            pairs.rows[slot] = rows[at]
