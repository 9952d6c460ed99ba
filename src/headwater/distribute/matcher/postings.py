"""Growing lists of (slot, weight) in two flat arrays, one list for each term, changed and walked by compiled loops."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from headwater.distribute.matcher.lists import Saved
from headwater.distribute.matcher.saving import as_array, from_array

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
Flags = NDArray[np.uint8]
Kind = TypeVar("Kind", bound=np.generic)

_FIRST_ROWS = 256
_FIRST_ROOM = 2


class Postings:
    """List `row` is `slots` and `weights` from start[row] on, count[row] long; all lists are empty to begin with.

    A full list moves to a run of twice the room, and the run that it leaves is taken by the next list of that size.
    The arrays are replaced when they grow: fetch them from here for each call of a kernel.
    """

    def __init__(self) -> None:
        self.start: Longs = np.zeros(_FIRST_ROWS, np.int64)
        self.count: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self.slots: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self.weights: Floats = np.zeros(_FIRST_ROWS, np.float32)
        self._room: Ints = np.zeros(_FIRST_ROWS, np.int32)
        self._used = 0
        self._free: dict[int, list[int]] = {}

    def saved(self) -> Saved:
        """The arrays without what is unused at their ends, to keep."""
        return {
            "start": self.start,
            "count": self.count,
            "room": self._room,
            "slots": self.slots[: self._used],
            "weights": self.weights[: self._used],
            "free": as_array(list(self._free.items())),
        }

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called; the arrays are this one's from now on."""
        self.start, self.count, self._room = saved["start"], saved["count"], saved["room"]
        self.slots, self.weights = saved["slots"], saved["weights"]
        self._used = len(self.slots)
        self._free = dict(from_array(saved["free"]))

    def add(self, slot: int, rows: Ints, weights: Floats) -> None:
        """Post a slot that is not there yet under different rows, with a weight for each."""
        self._want(int(rows.max(initial=-1)))
        done = 0
        while done < len(rows):
            done = _add(slot, rows, weights, done, self.start, self.count, self._room, self.slots, self.weights)
            if done < len(rows):
                self._move(int(rows[done]))

    def remove(self, slot: int, rows: Ints) -> None:
        """Take a slot out of these rows, wherever it is there. The order of the others may change."""
        _remove(slot, rows, self.start, self.count, self.slots, self.weights)

    def weight(self, row: int, slot: int) -> float:
        """The weight of a slot that is in the list."""
        begin, after = int(self.start[row]), int(self.start[row]) + int(self.count[row])
        return float(self.weights[begin + int(np.argmax(self.slots[begin:after] == slot))])

    def _want(self, row: int) -> None:
        if row >= len(self.start):
            rows = max(row + 1, 2 * len(self.start))
            self.start, self.count, self._room = (
                longer(self.start, rows),
                longer(self.count, rows),
                longer(self._room, rows),
            )

    def _move(self, row: int) -> None:
        """Give a list twice the room."""
        old, count, room = int(self.start[row]), int(self.count[row]), int(self._room[row])
        begin = self._take(max(_FIRST_ROOM, 2 * room))
        for array in (self.slots, self.weights):
            array[begin : begin + count] = array[old : old + count]
        if room:
            self._free.setdefault(room, []).append(old)
        self.start[row], self._room[row] = begin, max(_FIRST_ROOM, 2 * room)

    def _take(self, room: int) -> int:
        free = self._free.get(room)
        if free:
            return free.pop()
        begin = self._used
        self._used += room
        if self._used > len(self.slots):
            size = max(self._used, len(self.slots) * 3 // 2)
            self.slots, self.weights = longer(self.slots, size), longer(self.weights, size)
        return begin


def longer(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    """A copy of the array with zeros added up to `length`."""
    copy = np.zeros(length, array.dtype)
    copy[: len(array)] = array
    return copy


@njit(cache=True)
def _add(
    slot: int,
    rows: Ints,
    weights: Floats,
    done: int,
    start: Longs,
    count: Ints,
    room: Ints,
    slots: Ints,
    posted: Floats,
) -> int:
    """Post from the row number `done` on, until a list is full; returns how many of the rows are done."""
    for k in range(done, len(rows)):
        row = rows[k]
        if count[row] == room[row]:
            return k
        at = start[row] + count[row]
        slots[at], posted[at] = slot, weights[k]
        count[row] += 1
    return len(rows)


@njit(cache=True)
def _remove(slot: int, rows: Ints, start: Longs, count: Ints, slots: Ints, posted: Floats) -> None:
    for row in rows:
        for at in range(start[row], start[row] + count[row]):
            if slots[at] == slot:
                last = start[row] + count[row] - 1
                slots[at], posted[at] = slots[last], posted[last]
                count[row] -= 1
                break
