"""Dates: since a day, until a day, in the last so many days. However many profiles ask, there are only so many days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import Flags
from headwater.distribute.matcher.conditions import TimeSpec
from headwater.distribute.matcher.lists import Ints, lengthened
from headwater.distribute.matcher.reading import Reading

_FIRST = 64
_FARTHEST = date.max.toordinal()
_DAY = timedelta(days=1)


class TimeIndex:
    """The ends that dates are asked for by, each sort by itself."""

    def __init__(self) -> None:
        self._since, self._until, self._recent = Thresholds(), Thresholds(), Thresholds()

    def add(self, feature: int, spec: TimeSpec) -> None:
        """Let versions of these days bring the feature."""
        ends, least = self._place(spec)
        ends.add(feature, least)

    def drop(self, feature: int, spec: TimeSpec) -> None:
        """Undo `add`."""
        self._place(spec)[0].drop(feature)

    def mark(self, reading: Reading, now: datetime, present: Flags, found: Ints, n: int) -> int:
        """Mark the features present at a moment, and list them behind the first `n`; returns how many then."""
        if not (self._since or self._until or self._recent):
            return n
        published = reading.searchable.published_at
        day = published.astimezone(UTC).date().toordinal()
        n = self._since.mark(day, present, found, n)
        n = self._until.mark(-day, present, found, n)
        # In the last d days is since d days ago, to the moment: the days that have begun are at most d.
        return self._recent.mark((published - now) // _DAY, present, found, n)

    def _place(self, spec: TimeSpec) -> tuple[Thresholds, int]:
        """Where the spec belongs, and what its like, as `mark` has it, must be at least."""
        if spec.days is not None:
            return self._recent, -min(spec.days, _FARTHEST)
        if spec.until is not None:
            return self._until, -spec.until.toordinal()
        assert spec.since is not None
        return self._since, spec.since.toordinal()


class Thresholds:
    """Features that a number brings that is no less than theirs. All are compared, which costs a nanosecond each."""

    def __init__(self) -> None:
        self._least: Ints = np.zeros(_FIRST, np.int32)
        self._features: Ints = np.zeros(_FIRST, np.int32)
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, feature: int, least: int) -> None:
        """Let numbers from the least on bring the feature."""
        place = len(self._places)
        if place == len(self._features):
            self._least, self._features = lengthened(self._least, 2 * place), lengthened(self._features, 2 * place)
        self._least[place], self._features[place] = least, feature
        self._places[feature] = place

    def drop(self, feature: int) -> None:
        """Undo `add`: the last takes its place."""
        place, last = self._places.pop(feature), len(self._places)
        if place < last:
            self._least[place], self._features[place] = self._least[last], self._features[last]
            self._places[int(self._features[last])] = place

    def mark(self, number: int, present: Flags, found: Ints, n: int) -> int:
        """Mark the features that the number brings, and list them behind the first `n`; returns how many then."""
        if not self._places:
            return n
        return int(_mark_reached(number, self._least, self._features, len(self._places), present, found, n))


@njit(cache=True)
def _mark_reached(number: int, least: Ints, features: Ints, count: int, present: Flags, found: Ints, n: int) -> int:
    for at in range(count):
        # Without a branch: `found` has room for one more than there are features.
        is_there = number >= least[at]
        present[features[at]] |= is_there
        found[n] = features[at]
        n += is_there
    return n
