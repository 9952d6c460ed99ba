"""Examples as rows of a sparse matrix. Without compiled loops: web processes weigh versions too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Examples as rows of a sparse matrix: row r has values[k] in column columns[k], start[r] ≤ k < start[r + 1]."""

    start: Longs
    columns: Ints
    values: Reals
    width: int

    def __len__(self) -> int:
        return len(self.start) - 1

    def picked(self, chosen: Longs) -> Rows:
        """These rows alone, in this order."""
        lengths = np.diff(self.start)[chosen]
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        at = np.repeat(self.start[:-1][chosen] - start[:-1], lengths) + np.arange(start[-1])
        return Rows(start, self.columns[at], self.values[at], self.width)

    def over(self, below: Rows) -> Rows:
        """These rows, then those of another matrix with the same columns."""
        start = np.concatenate([self.start, below.start[1:] + self.start[-1]])
        columns, values = np.concatenate([self.columns, below.columns]), np.concatenate([self.values, below.values])
        return Rows(start, columns, values, max(self.width, below.width))

    def times(self, factors: Reals) -> Rows:
        """The rows with each column multiplied by its factor."""
        return Rows(self.start, self.columns, self.values * factors[self.columns], self.width)

    def scaled(self, factors: Reals) -> Rows:
        """The rows, each multiplied by its factor."""
        values = self.values * np.repeat(factors, np.diff(self.start))
        return Rows(self.start, self.columns, values, self.width)

    def lengths(self) -> Reals:
        """The length of each row as a vector."""
        sums = np.concatenate([np.zeros(1), np.cumsum(self.values * self.values)])
        return np.sqrt(sums[self.start[1:]] - sums[self.start[:-1]])
