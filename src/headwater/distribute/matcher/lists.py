"""Many growing lists of small integer records, kept in one flat array that compiled loops walk and change."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)

Saved = dict[str, NDArray[Any]]
"""What a part of the engine keeps in a snapshot: arrays by name."""

BEGIN, COUNT, ROOM = 0, 1, 2
_USED = 32
_FIRST = 64


class ListArrays(NamedTuple):
    """What compiled loops see of `Lists`: they may change everything in it, but cannot make it longer.

    `rows` holds for each list where it begins in `data`, how many records it has and how many it has room for (a power
    of two). `state[k]` is one more than the first free run of 2**k records, or 0; a free run's first number points on
    in the same way. `state[32]` is how much of `data` was ever given out.
    """

    rows: Ints
    state: Longs
    data: Ints


ListParts = tuple[Ints, Longs, Ints]
"""What is in `ListArrays`, for calls made for every change: of a plain tuple numba sees in half the time what it is."""


class Lists:
    """Lists numbered from 0, each a run of records of `width` int32.

    A full list moves to a run of twice the room; the run it leaves serves the next list of that size, so memory stays
    within about twice what is needed. The arrays are replaced when they grow: ask `arrays` for every compiled call.
    """

    def __init__(self, width: int) -> None:
        self._rows: Ints = np.zeros((_FIRST, 3), np.int32)
        self._state: Longs = np.zeros(_USED + 1, np.int64)
        self._data: Ints = np.zeros((_FIRST, width), np.int32)

    def arrays(self) -> ListArrays:
        """The arrays as they are now."""
        return ListArrays(self._rows, self._state, self._data)

    def parts(self) -> ListParts:
        """The same as a plain tuple."""
        return self._rows, self._state, self._data

    @property
    def rows(self) -> Ints:
        """Where the lists lie, as in `ListArrays`."""
        return self._rows

    @property
    def data(self) -> Ints:
        """The records of all lists, as in `ListArrays`."""
        return self._data

    def saved(self) -> Saved:
        """The arrays without what is unused at their ends, to keep."""
        return {"rows": self._rows, "state": self._state, "data": self._data[: self._state[_USED]]}

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called."""
        self._rows, self._state, self._data = saved["rows"], saved["state"], saved["data"]

    def want(self, row: int, records: int = 0) -> None:
        """See to it that there is a list of that number, and room for so many records at the end of all."""
        if row >= len(self._rows):
            self._rows = lengthened(self._rows, max(row + 1, 2 * len(self._rows)))
        if records and (needed := int(self._state[_USED]) + records) > len(self._data):
            self._data = lengthened(self._data, max(needed, len(self._data) * 3 // 2))

    def records(self, row: int) -> Ints:
        """A list's records as they lie, shape (count, width). A view: copy it before changing the lists."""
        begin, count = self._rows[row, BEGIN], self._rows[row, COUNT]
        return self._data[begin : begin + count]

    def clear(self, row: int) -> None:
        """Empty a list and give its run back."""
        vacate(self.arrays(), row)


@njit(cache=True)
def room_for(records: int) -> int:
    """The smallest power of two that holds so many."""
    room = 1
    while room < records:
        room *= 2
    return room


@njit(cache=True)
def _class_of(room: int) -> int:
    k = 0
    while room > 1:
        room >>= 1
        k += 1
    return k


@njit(cache=True)
def is_room(lists: ListArrays, records: int) -> bool:
    """Whether so many records fit at the end of `data`."""
    return lists.state[32] + records <= len(lists.data)


@njit(cache=True)
def _take_run(lists: ListArrays, room: int) -> int:
    """A run of that many records, a power of two; the caller has seen to it that there is one."""
    k = _class_of(room)
    free = lists.state[k]
    if free:
        lists.state[k] = lists.data[free - 1, 0]
        return int(free - 1)
    begin = lists.state[32]
    lists.state[32] = begin + room
    return int(begin)


@njit(cache=True)
def _give_run(lists: ListArrays, begin: int, room: int) -> None:
    k = _class_of(room)
    lists.data[begin, 0] = lists.state[k]
    lists.state[k] = begin + 1


@njit(cache=True)
def place(lists: ListArrays, row: int) -> int:
    """Where the list's next record goes, which counts from now on; moves the list when it is full."""
    begin, count, room = lists.rows[row, 0], lists.rows[row, 1], lists.rows[row, 2]
    if count == room:
        wider = room_for(count + 1)
        moved = _take_run(lists, wider)
        for at in range(count):
            for k in range(lists.data.shape[1]):
                lists.data[moved + at, k] = lists.data[begin + at, k]
        if room:
            _give_run(lists, begin, room)
        begin = moved
        lists.rows[row, 0] = begin
        lists.rows[row, 2] = wider
    lists.rows[row, 1] = count + 1
    return int(begin + count)


@njit(cache=True)
def fill(lists: ListArrays, row: int, numbers: Ints) -> None:
    """Give an empty list, of records of one number, these; `room_for` says how much room that takes."""
    room = room_for(len(numbers))
    begin = _take_run(lists, room)
    lists.rows[row, 0], lists.rows[row, 1], lists.rows[row, 2] = begin, len(numbers), room
    for k in range(len(numbers)):
        lists.data[begin + k, 0] = numbers[k]


@njit(cache=True)
def vacate(lists: ListArrays, row: int) -> None:
    """Empty a list and give its run back."""
    if lists.rows[row, 2]:
        _give_run(lists, lists.rows[row, 0], lists.rows[row, 2])
    lists.rows[row, 0] = lists.rows[row, 1] = lists.rows[row, 2] = 0


@njit(cache=True)
def take_out(lists: ListArrays, row: int, first: int) -> int:
    """Take out the records that begin with this number, and return how many; the order of the others may change."""
    begin = lists.rows[row, 0]
    last = begin + lists.rows[row, 1] - 1
    at, taken = begin, 0
    while at <= last:
        if lists.data[at, 0] == first:
            for k in range(lists.data.shape[1]):
                lists.data[at, k] = lists.data[last, k]
            last -= 1
            taken += 1
        else:
            at += 1
    lists.rows[row, 1] -= taken
    if taken and lists.rows[row, 1] == 0:
        vacate(lists, row)
    return taken


@njit(cache=True)
def take_at(lists: ListArrays, row: int, at: int) -> None:
    """Take out the record that lies there, and put the list's last in its place."""
    last = lists.rows[row, 0] + lists.rows[row, 1] - 1
    for k in range(lists.data.shape[1]):
        lists.data[at, k] = lists.data[last, k]
    lists.rows[row, 1] -= 1
    if lists.rows[row, 1] == 0:
        vacate(lists, row)


def lengthened(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    """A copy of the array with zeros added to reach `length` along its first axis."""
    longer = np.zeros((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
