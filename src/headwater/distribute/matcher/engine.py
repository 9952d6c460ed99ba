"""`Matcher`: standing profiles in, versions through, and out comes who is concerned and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher import kernels
from headwater.distribute.matcher.asked import feature_of, languages_key
from headwater.distribute.matcher.features import Features
from headwater.distribute.matcher.lists import Ints, Lists, lengthened
from headwater.distribute.matcher.plan import ALWAYS, Tree, anchors_of, flattened, literals, raised, tree_of
from headwater.distribute.matcher.programs import Programs
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.reasons import Reason, reason_for
from headwater.search.language.query import Query
from headwater.search.language.searchable import Searchable

_FIRST = 256


@dataclass(frozen=True, slots=True)
class Matches:
    """The profiles that match a version: their ids, ascending, and a score for each (larger is closer)."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


class Matcher:
    """Standing profiles held in memory. Not for several threads at once: the caller sees to that.

    A profile put, changed or removed counts from the next version on.
    """

    def __init__(self) -> None:
        self._features = Features()
        self._slots: dict[int, int] = {}
        self._ids: NDArray[np.int64] = np.zeros(_FIRST, np.int64)
        self._free: list[int] = []
        self._trees = Lists(1)
        self._anchors = Lists(1)
        self._posts = Lists(4)
        self._programs = Programs()
        self._hit: NDArray[np.uint8] = np.zeros(_FIRST, np.uint8)
        self._scores: NDArray[np.float32] = np.zeros(_FIRST, np.float32)
        self._out: Ints = np.zeros(_FIRST, np.int32)

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, profile_id: int) -> bool:
        return profile_id in self._slots

    def put(self, profile_id: int, query: Query, languages: Sequence[str] = ()) -> None:
        """Add a profile, or change it. `languages` are its reader's: words are matched by their stems in each.

        Raises `TooLarge` for a query beyond what is matched; what was there before is kept then.
        """
        reader = languages_key(tuple(languages))
        tree = tree_of(query, lambda leaf: feature_of(leaf, reader, self._features))
        self._features.hold(_features_in(tree))
        self._features.settle()
        self.remove(profile_id)
        slot = self._take_slot(profile_id)
        self._trees.fill(slot, flattened(tree))
        anchors = anchors_of(tree, self._features.cost)
        self._anchors.fill(slot, sorted({anchor.feature for anchor in anchors}))
        for anchor in anchors:
            checks = self._programs.checks(sorted(anchor.checks, key=self._dearness))
            self._posts.append(anchor.feature, slot, *checks)

    def remove(self, profile_id: int) -> bool:
        """Forget a profile; returns whether there was one."""
        slot = self._slots.pop(profile_id, None)
        if slot is None:
            return False
        for feature in self._anchors.records(slot)[:, 0].tolist():
            for record in self._posts.remove(feature, slot):
                self._programs.drop(record[1:])
        tree = raised(self._trees.records(slot)[:, 0].tolist())
        self._trees.clear(slot)
        self._anchors.clear(slot)
        self._free.append(slot)
        self._features.release(_features_in(tree))
        return True

    def match(self, version: Searchable | Reading, now: datetime | None = None) -> Matches:
        """The profiles that match, judged as of `now` (default: this moment)."""
        reading = version if isinstance(version, Reading) else Reading(version)
        features, posts = self._features, self._posts
        found = features.mark(reading, now or datetime.now(UTC))
        features.weigh(found)
        posts.want(len(features.present))
        n = kernels.match_profiles(
            found, features.present, posts.start, posts.count, posts.data, *self._programs.arrays(),
            features.weights, self._hit, self._scores, self._out,
        )  # fmt: skip
        features.unmark(found)
        return self._collected(self._out[:n])

    def explain(
        self, profile_ids: Iterable[int], version: Searchable | Reading, now: datetime | None = None
    ) -> dict[int, Reason | None]:
        """Why each of these profiles matches; None for one that does not, or that is not there."""
        reading = version if isinstance(version, Reading) else Reading(version)
        found = self._features.mark(reading, now or datetime.now(UTC))
        try:
            return {profile_id: self._reason(profile_id, reading) for profile_id in profile_ids}
        finally:
            self._features.unmark(found)

    def feature_count(self) -> int:
        """How many different words, phrases and conditions all profiles ask for."""
        return len(self._features)

    def takes_all(self, profile_id: int) -> bool:
        """Whether every version matches, whatever is in it. Raises `KeyError` when there is no such profile."""
        return self._tree(profile_id) == ALWAYS

    def _dearness(self, check: Tree) -> float:
        """Cheap checks that often fail come first: presence of what is rare, then absences, then programs."""
        if not isinstance(check, int):
            return 2.0
        return self._features.cost(check) if check > 0 else 1.0

    def _tree(self, profile_id: int) -> Tree:
        return raised(self._trees.records(self._slots[profile_id])[:, 0].tolist())

    def _reason(self, profile_id: int, reading: Reading) -> Reason | None:
        if profile_id not in self._slots:
            return None
        return reason_for(self._tree(profile_id), self._features.present, self._features.spec, reading)

    def _take_slot(self, profile_id: int) -> int:
        slot = self._free.pop() if self._free else len(self._slots)
        if slot >= len(self._ids):
            length = 2 * len(self._ids)
            self._ids, self._out = lengthened(self._ids, length), lengthened(self._out, length)
            self._hit, self._scores = lengthened(self._hit, length), lengthened(self._scores, length)
        self._slots[profile_id] = slot
        self._ids[slot] = profile_id
        return slot

    def _collected(self, slots: Ints) -> Matches:
        ids, scores = self._ids[slots], self._scores[slots]
        self._hit[slots] = 0
        self._scores[slots] = 0
        order = np.argsort(ids)
        return Matches(ids[order], scores[order])


def _features_in(tree: Tree) -> set[int]:
    return {abs(literal) for literal in literals(tree)} - {ALWAYS}
