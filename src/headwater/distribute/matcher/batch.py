"""Profiles on their way into the matcher."""

from __future__ import annotations

from array import array

import numpy as np

from headwater.distribute.matcher.lists import Ints, Longs


class Batch:
    """Profiles on their way in: their trees as one run of numbers."""

    def __init__(self) -> None:
        self._ids, self._since = array("q"), array("q")
        self._bounds, self._trees = array("q", [0]), array("i")
        self.longest = 0

    def add(self, profile_id: int, since: int, tree: list[int]) -> None:
        """One more."""
        self._ids.append(profile_id)
        self._since.append(since)
        self._trees.extend(tree)
        self._bounds.append(len(self._trees))
        self.longest = max(self.longest, len(tree))

    def arrays(self) -> tuple[Longs, Longs, Longs, Ints]:
        """Numbers, since, where each tree begins and the last ends, and the trees."""
        ids, since, bounds = (np.frombuffer(each, np.int64) for each in (self._ids, self._since, self._bounds))
        return ids, since, bounds, np.frombuffer(self._trees, np.int32)


def has_twice(ids: Longs) -> bool:
    """Whether any number is there more than once."""
    ordered = np.sort(ids)
    return bool((ordered[1:] == ordered[:-1]).any())
