"""The inner loops, compiled by numba and kept on disk once compiled.

All arrays are flat; `start`, `count` and `data` are a `Lists`. Nothing here allocates, and every mark set while a
version is looked at is taken back by the caller, so the cost of a version does not grow with the size of the tables.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from headwater.distribute.matcher.plan import PROGRAM

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Flags = NDArray[np.uint8]

EMPTY = -1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@njit(cache=True, nogil=True)
def mark_words(lexemes: Ints, start: Ints, count: Ints, data: Ints, present: Flags, found: Ints, n: int) -> int:
    """Mark the features that single lexemes bring (`data`: feature); returns how many are found, `n` included."""
    for lexeme in lexemes:
        for at in range(start[lexeme], start[lexeme] + count[lexeme]):
            feature = data[at, 0]
            if present[feature] == 0:
                present[feature] = 1
                found[n] = feature
                n += 1
    return n


@njit(cache=True, nogil=True)
def pair_slot(keys: Longs, first: int, second: int) -> int:
    """Where in the open-addressed table the pair of lexemes is, or would be put."""
    mask = np.uint64(len(keys) - 1)
    key = (np.int64(first) << 32) | np.int64(second)
    at = ((np.uint64(key) * _SPREAD) >> _SHIFT) & mask
    while keys[at] != EMPTY and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return int(at)


@njit(cache=True, nogil=True)
def move_pairs(old_keys: Longs, old_rows: Ints, keys: Longs, rows: Ints) -> None:
    """Put every pair of a table that became too small into a larger, empty one."""
    for at in range(len(old_keys)):
        key = old_keys[at]
        if key != EMPTY:
            slot = pair_slot(keys, key >> 32, key & 0xFFFFFFFF)
            keys[slot] = key
            rows[slot] = old_rows[at]


@njit(cache=True, nogil=True)
def mark_phrases(
    lexemes: Ints,
    keys: Longs,
    rows: Ints,
    start: Ints,
    count: Ints,
    data: Ints,
    tail_start: Ints,
    tail_count: Ints,
    tails: Ints,
    present: Flags,
    found: Ints,
    n: int,
) -> int:
    """Mark the features whose lexemes stand side by side. `data`: feature, row of its tail."""
    for here in range(len(lexemes) - 1):
        if lexemes[here] == 0 or lexemes[here + 1] == 0:
            continue
        slot = pair_slot(keys, lexemes[here], lexemes[here + 1])
        if keys[slot] == EMPTY:
            continue
        pair = rows[slot]
        for at in range(start[pair], start[pair] + count[pair]):
            feature = data[at, 0]
            tail = data[at, 1]
            if present[feature] == 0 and _continues(lexemes, here + 2, tails, tail_start[tail], tail_count[tail]):
                present[feature] = 1
                found[n] = feature
                n += 1
    return n


@njit(cache=True, nogil=True)
def _continues(lexemes: Ints, here: int, tails: Ints, begin: int, size: int) -> bool:
    if here + size > len(lexemes):
        return False
    at = 0
    while at < size and lexemes[here + at] == tails[begin + at, 0]:
        at += 1
    return at == size


@njit(cache=True, nogil=True)
def holds(check: int, present: Flags, code_start: Ints, code: Ints) -> bool:
    """Whether a check holds: a feature, a feature's absence, or a program."""
    if check < 0:
        return present[-check] == 0
    if check < PROGRAM:
        return present[check] != 0
    base = code_start[check - PROGRAM]
    step = 0
    while step >= 0:
        literal = code[base + step, 0]
        true = present[literal] != 0 if literal > 0 else present[-literal] == 0
        step = code[base + step, 1] if true else code[base + step, 2]
    return step == -1


@njit(cache=True, nogil=True)
def match_profiles(
    found: Ints,
    present: Flags,
    start: Ints,
    count: Ints,
    data: Ints,
    code_start: Ints,
    code: Ints,
    weights: Floats,
    hit: Flags,
    scores: Floats,
    out: Ints,
) -> int:
    """Put each slot posted under a feature found, whose checks hold, in `out` once; returns how many.

    `data` holds (slot, check, check, check), 0 where there is none. The score adds the weights of the anchors found
    and of the features checked. `hit` and `scores` must be zero before, and are to be zeroed for `out` afterwards.
    """
    n = 0
    for feature in found:
        for at in range(start[feature], start[feature] + count[feature]):
            worth = weights[feature]
            ok = True
            for k in range(1, 4):
                check = data[at, k]
                if check == 0:
                    break
                if not holds(check, present, code_start, code):
                    ok = False
                    break
                if 0 < check < PROGRAM:
                    worth += weights[check]
            if not ok:
                continue
            slot = data[at, 0]
            if hit[slot] == 0:
                hit[slot] = 1
                out[n] = slot
                n += 1
            scores[slot] += worth
    return n
