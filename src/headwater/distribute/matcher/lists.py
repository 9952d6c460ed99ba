"""Many growing lists of small integer records, kept in one flat array that a numba kernel can walk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Kind = TypeVar("Kind", bound=np.generic)

_FIRST_ROOM = 2
_FIRST_ROWS = 64


class Lists:
    """Lists numbered from 0, each a run of records of `width` int32 in `data`.

    List `row` occupies `data[start[row] : start[row] + count[row]]`. A full list moves to a run of twice the room; the
    run it leaves is used again by the next list of that size, so memory stays within about twice what is needed.
    The arrays are replaced when they grow: fetch them from here for every call of a kernel.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.start: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self.count: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self._room: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self.data: Ints = np.zeros((_FIRST_ROWS, width), np.int32)
        self._used = 0
        self._free: dict[int, list[int]] = {}

    def want(self, row: int) -> None:
        """Make sure that the list is there (empty, if new), so that a kernel may ask for it."""
        if row >= len(self.start):
            rows = max(row + 1, 2 * len(self.start))
            self.start, self.count, self._room = (lengthened(a, rows) for a in (self.start, self.count, self._room))

    def append(self, row: int, *record: int) -> None:
        """Add one record of `width` numbers at the end of a list; the list comes into being with its first record."""
        self.want(row)
        count = int(self.count[row])
        if count == self._room[row]:
            self._move(row, max(_FIRST_ROOM, 2 * count))
        self.data[self.start[row] + count] = record
        self.count[row] = count + 1

    def fill(self, row: int, records: Sequence[Sequence[int]] | Sequence[int]) -> None:
        """Replace a list's records by these (for width 1, plain numbers)."""
        self.want(row)
        size = len(records)
        self.count[row] = 0
        if size > self._room[row]:
            self._move(row, 1 << (size - 1).bit_length())
        if size:
            begin = self.start[row]
            self.data[begin : begin + size] = np.asarray(records, np.int32).reshape(size, self.width)
        self.count[row] = size

    def remove(self, row: int, first: int, second: int | None = None) -> list[list[int]]:
        """Take out the records that begin with these numbers, and return them; the order of the others may change."""
        if row >= len(self.count):
            return []
        begin, count = int(self.start[row]), int(self.count[row])
        hits = np.flatnonzero(self.data[begin : begin + count, 0] == first)
        removed: list[list[int]] = []
        for at in hits[::-1].tolist():
            record = self.data[begin + at].tolist()
            if second is None or record[1] == second:
                count -= 1
                self.data[begin + at] = self.data[begin + count]
                removed.append(record)
        self.count[row] = count
        return removed

    def clear(self, row: int) -> None:
        """Empty a list and give its run back."""
        if row < len(self.count) and self._room[row]:
            self._free.setdefault(int(self._room[row]), []).append(int(self.start[row]))
            self.start[row] = self.count[row] = self._room[row] = 0

    def records(self, row: int) -> Ints:
        """A list's records as they lie, shape (count, width). A view: copy it before changing the lists."""
        if row >= len(self.count):
            return self.data[:0]
        return self.data[self.start[row] : self.start[row] + self.count[row]]

    def _move(self, row: int, room: int) -> None:
        begin = self._take(room)
        old, count = int(self.start[row]), int(self.count[row])
        self.data[begin : begin + count] = self.data[old : old + count]
        if self._room[row]:
            self._free.setdefault(int(self._room[row]), []).append(old)
        self.start[row], self._room[row] = begin, room

    def _take(self, room: int) -> int:
        free = self._free.get(room)
        if free:
            return free.pop()
        begin = self._used
        self._used += room
        if self._used > len(self.data):
            self.data = lengthened(self.data, max(self._used, 2 * len(self.data)))
        return begin


def lengthened(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    """A copy of the array with zeros added to reach `length` along its first axis."""
    longer = np.zeros((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
