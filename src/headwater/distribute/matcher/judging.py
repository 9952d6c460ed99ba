"""Trees judged, compiled: what a tree counts for in the version looked at, and on what it rests.

A tree is read without recursion (which numba loses its way in when the loops come from disk): `list_nodes` finds where
its nodes begin, parts after what combines them, so that going through them backwards meets every part before its whole.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import Flags, Floats
from headwater.distribute.matcher.lists import Ints
from headwater.distribute.matcher.plan import ALL, ALWAYS, ANY, POSTED, WEIGHED

SIZE = ALL - 1
NO = -1.0


@njit(cache=True)
def after(tree: Ints, at: int) -> int:
    """Where the node behind the one at `at`, and all its parts, begins."""
    return at + 1 if tree[at] < ALL else at + 2 + tree[at + 1]


@njit(cache=True)
def first_part(tree: Ints, at: int) -> int:
    """Where a combinator's parts begin."""
    return at + 3 if tree[at] >= WEIGHED else at + 2


@njit(cache=True)
def list_nodes(tree: Ints, nodes: Ints) -> int:
    """Write where each node begins; returns how many there are."""
    at, n = 0, 0
    while at < len(tree):
        nodes[n] = at
        n += 1
        at = at + 1 if tree[at] < ALL else first_part(tree, at)
    return n


@njit(cache=True)
def judge(tree: Ints, nodes: Ints, worths: Floats, present: Flags, weights: Floats) -> float:
    """What the tree counts for: the sum over the literals it rests on; `NO` when it does not hold.

    `worths` gets the same for the node at each place; `nodes` is room to work in, as long as the tree.
    """
    for k in range(list_nodes(tree, nodes) - 1, -1, -1):
        at = nodes[k]
        number = tree[at]
        if number < 0:
            worths[at] = NO if present[-number] else 0.0
        elif number < ALL:
            feature = number & ~POSTED
            worths[at] = weights[feature] if present[feature] else NO
        elif number >= WEIGHED:
            factor = np.int32(tree[at + 2]).view(np.float32)
            worths[at] = worths[at + 3] * factor if worths[at + 3] >= 0 else NO
        else:
            worths[at] = _sum(tree, at, worths)
    return float(worths[0])


@njit(cache=True)
def _sum(tree: Ints, at: int, worths: Floats) -> float:
    is_all = tree[at] < ANY
    part, total, held = at + 2, 0.0, is_all
    for _ in range(tree[at] & SIZE):
        if worths[part] >= 0:
            total += worths[part]
            held = True
        elif is_all:
            return NO
        part = after(tree, part)
    return total if held else NO


@njit(cache=True)
def support(tree: Ints, worths: Floats, out: Ints, n: int) -> int:
    """Write the features a judged tree rests on behind the first `n`, from left to right; returns how many then."""
    at = 0
    while at < len(tree):
        number = tree[at]
        if worths[at] < 0:
            at = after(tree, at)
            continue
        if number >= ALL:
            at = first_part(tree, at)
            continue
        if number > 0 and number & ~POSTED != ALWAYS:
            out[n] = number & ~POSTED
            n += 1
        at += 1
    return n
