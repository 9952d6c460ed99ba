"""A separating plane between two sets of examples, fitted by a compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from headwater.distribute.matcher.rows import Ints, Longs, Reals, Rows

_ROUNDS = 80
_ENOUGH = 0.02


@dataclass(frozen=True)
class Plane:
    """The points x with `weights`·x + `offset` = 0; `weights` has one number for each column."""

    weights: Reals
    offset: float

    def heights(self, rows: Rows, chosen: Longs) -> Reals:
        """How far each chosen row lies above the plane, in units of the margin."""
        return _heights(rows.start, rows.columns, rows.values, chosen, self.weights, self.offset)

    def kept(self, most: int) -> Plane:
        """The same plane with its `most` heaviest weights only."""
        if np.count_nonzero(self.weights) <= most:
            return self
        weights = np.zeros_like(self.weights)
        heaviest = np.argsort(-np.abs(self.weights), kind="stable")[:most]
        weights[heaviest] = self.weights[heaviest]
        return Plane(weights, self.offset)


def fit(rows: Rows, chosen: Longs, signs: Reals, costs: Reals, start: Plane) -> Plane:
    """The plane nearest to `start` that has the chosen rows on the side of their sign (+1, -1) by a margin of one.

    Minimises |w - w₀|² / 2 + Σ costᵢ · max(0, 1 - signᵢ · (w·xᵢ + b))², the offset counted as one more weight, by dual
    coordinate descent: Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale
    linear SVM" (ICML 2008). Starting elsewhere than at nothing is Yang, Yan and Hauptmann, "Cross-domain video concept
    detection using adaptive SVMs" (ACM Multimedia 2007). `signs` and `costs` go with `chosen`. The same input gives the
    same plane.
    """
    weights = np.append(start.weights, start.offset)
    _descend(rows.start, rows.columns, rows.values, chosen, signs, costs, weights, _ROUNDS, _ENOUGH)
    return Plane(weights[:-1], float(weights[-1]))


@njit(cache=True, nogil=True)
def _heights(start: Longs, columns: Ints, values: Reals, chosen: Longs, weights: Reals, offset: float) -> Reals:
    heights = np.empty(len(chosen))
    for at in range(len(chosen)):
        height = offset
        for k in range(start[chosen[at]], start[chosen[at] + 1]):
            height += values[k] * weights[columns[k]]
        heights[at] = height
    return heights


@njit(cache=True, nogil=True)
def _descend(
    start: Longs, columns: Ints, values: Reals, chosen: Longs, signs: Reals, costs: Reals, weights: Reals,
    rounds: int, enough: float,
) -> None:  # fmt: skip
    """Change `weights` (the offset last) until no row would pull by more than `enough`, or for `rounds` rounds."""
    count = len(chosen)
    pulls = np.zeros(count)
    squares = np.empty(count)
    for at in range(count):
        squares[at] = 1.0 + 0.5 / costs[at]
        for k in range(start[chosen[at]], start[chosen[at] + 1]):
            squares[at] += values[k] * values[k]
    order = np.arange(count)
    state = np.uint64(88172645463325252)
    for _ in range(rounds):
        # A new order for each round, drawn by a shift register of our own: the same on every machine.
        for last in range(count - 1, 0, -1):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            drawn = np.int64(state % np.uint64(last + 1))
            order[last], order[drawn] = order[drawn], order[last]
        worst = 0.0
        for number in range(count):
            at = order[number]
            row, sign = chosen[at], signs[at]
            height = weights[-1]
            for k in range(start[row], start[row + 1]):
                height += values[k] * weights[columns[k]]
            slope = sign * height - 1.0 + 0.5 / costs[at] * pulls[at]
            if pulls[at] == 0.0 and slope >= 0.0:
                continue
            worst = max(worst, abs(slope))
            pull = max(pulls[at] - slope / squares[at], 0.0)
            change = (pull - pulls[at]) * sign
            pulls[at] = pull
            for k in range(start[row], start[row + 1]):
                weights[columns[k]] += change * values[k]
            weights[-1] += change
        if worst < enough:
            return
