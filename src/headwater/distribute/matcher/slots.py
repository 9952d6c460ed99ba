"""Where each profile lies: its number from outside ↔ its slot, 0, 1, 2 …; a slot that is given back is used again."""

from __future__ import annotations

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import Floats, SlotArrays, SlotParts
from headwater.distribute.matcher.lists import Ints, Longs, Saved, lengthened

_FIRST = 256
COUNT, USED, FREE, NEWEST = 0, 1, 2, 3
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Slots:
    """The arrays above, growing."""

    def __init__(self) -> None:
        self._ids: Longs = np.zeros(_FIRST, np.int64)
        self._since: Longs = np.zeros(_FIRST, np.int64)
        self._state: Longs = np.zeros(4, np.int64)
        self._scores: Floats = np.zeros(_FIRST, np.float32)
        self._table = _table(_FIRST)

    def saved(self) -> Saved:
        """The arrays, to keep; the others follow from them."""
        return {"ids": self._ids[: self.used], "since": self._since[: self.used], "state": self._state}

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called."""
        self._ids, self._since, self._state = saved["ids"], saved["since"], saved["state"]
        self._scores, self._table = np.zeros(len(self._ids), np.float32), _table(len(self._ids))
        _enter_all(self.arrays())

    def __len__(self) -> int:
        return int(self._state[COUNT])

    def __contains__(self, profile_id: int) -> bool:
        return self.find(profile_id) >= 0

    @property
    def used(self) -> int:
        """How many slots were ever used: all slots in use are below."""
        return int(self._state[USED])

    def ids(self) -> Longs:
        """The numbers of all profiles."""
        used = self._ids[: self.used]
        return used[used >= 0]

    @property
    def scores(self) -> Floats:
        """Room for a score of each slot: all zeros between two versions."""
        return self._scores

    def find(self, profile_id: int) -> int:
        """The slot of a profile, or -1."""
        return int(find_slot(self.arrays(), profile_id))

    def find_all(self, profile_ids: Longs) -> Ints:
        """The slot of each of these profiles, or -1."""
        slots: Ints = find_slots(self.arrays(), profile_ids)
        return slots

    def arrays(self) -> SlotArrays:
        """The arrays as they are now; they are replaced when they grow."""
        return SlotArrays(self._table, self._ids, self._since, self._state, self._scores)

    def parts(self) -> SlotParts:
        """The same as a plain tuple."""
        return self._table, self._ids, self._since, self._state, self._scores

    def want(self, more: int) -> int:
        """Make room for so many more profiles; returns how many slots there are."""
        needed = self.used + more
        if needed > len(self._ids):
            length = max(needed, 2 * len(self._ids))
            longer = [lengthened(column, length) for column in (self._ids, self._since)]
            scores, table = lengthened(self._scores, length), _table(length)
            (self._ids, self._since), self._scores, self._table = longer, scores, table
            _enter_all(self.arrays())
        return len(self._ids)


def _table(slots: int) -> Ints:
    """An empty table, at most half full when all the slots are in use."""
    return np.zeros(1 << (2 * slots).bit_length(), np.int32)


@njit(cache=True)
def _home(table: Ints, profile_id: int) -> int:
    spread = (np.uint64(profile_id) * _SPREAD) >> np.uint64(24)
    return int(np.int64(spread & np.uint64(len(table) - 1)))


@njit(cache=True)
def _enter_all(slots: SlotArrays) -> None:
    for slot in range(slots.state[USED]):
        if slots.ids[slot] >= 0:
            _enter(slots, slot)


@njit(cache=True)
def _enter(slots: SlotArrays, slot: int) -> None:
    mask = len(slots.table) - 1
    at = _home(slots.table, slots.ids[slot])
    while slots.table[at]:
        at = (at + 1) & mask
    slots.table[at] = slot + 1


@njit(cache=True)
def _place_of(slots: SlotArrays, profile_id: int) -> int:
    """Where in the table the profile is entered, or would be."""
    mask = len(slots.table) - 1
    at = _home(slots.table, profile_id)
    while slots.table[at] and slots.ids[slots.table[at] - 1] != profile_id:
        at = (at + 1) & mask
    return at


@njit(cache=True)
def find_slot(slots: SlotArrays, profile_id: int) -> int:
    """The slot of a profile, or -1."""
    return int(slots.table[_place_of(slots, profile_id)]) - 1


@njit(cache=True)
def find_slots(slots: SlotArrays, profile_ids: Longs) -> Ints:
    """The slot of each profile, or -1."""
    found = np.empty(len(profile_ids), np.int32)
    for k in range(len(profile_ids)):
        found[k] = find_slot(slots, profile_ids[k])
    return found


@njit(cache=True)
def new_slot(slots: SlotArrays, profile_id: int) -> int:
    """A slot for a profile that has none; the caller has seen to it that there is one."""
    if slots.state[FREE]:
        slot = slots.state[FREE] - 1
        slots.state[FREE] = slots.since[slot]
    else:
        slot = slots.state[USED]
        slots.state[USED] += 1
    slots.state[COUNT] += 1
    slots.ids[slot] = profile_id
    _enter(slots, slot)
    return int(slot)


@njit(cache=True)
def free_slot(slots: SlotArrays, slot: int) -> None:
    """Give a slot back. What was entered behind it in the table moves up, so that it is still found."""
    mask = len(slots.table) - 1
    hole = _place_of(slots, slots.ids[slot])
    at = (hole + 1) & mask
    while slots.table[at]:
        home = _home(slots.table, slots.ids[slots.table[at] - 1])
        if (at - home) & mask >= (at - hole) & mask:
            slots.table[hole] = slots.table[at]
            hole = at
        at = (at + 1) & mask
    slots.table[hole] = 0
    slots.ids[slot] = -1
    slots.since[slot] = slots.state[FREE]
    slots.state[FREE] = slot + 1
    slots.state[COUNT] -= 1
