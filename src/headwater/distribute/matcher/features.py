"""The features: each distinct leaf of any profile's query once, numbered, counted, and found in a version in one go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.conditions import (
    FacetIndex,
    FacetSpec,
    JudgedIndex,
    JudgedSpec,
    PathIndex,
    PathSpec,
    PrefixIndex,
    PrefixSpec,
    TimeIndex,
    TimeSpec,
)
from headwater.distribute.matcher.lists import Ints, lengthened
from headwater.distribute.matcher.plan import ALWAYS
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.words import WordIndex, WordSpec

Spec = WordSpec | PrefixSpec | FacetSpec | PathSpec | TimeSpec | JudgedSpec

_FIRST = 256
# How much what profiles ask for counts, in documents, against what documents were seen to have.
_PRIOR_WEIGHT = 10.0
_PRIORS = {FacetSpec: 0.2, TimeSpec: 0.9, PathSpec: 0.02, PrefixSpec: 0.05}
_WORD_PRIOR = 0.001


class _Index(Protocol):
    """What finds the features of one sort of spec."""

    def add(self, feature: int, spec: Any) -> None: ...

    def drop(self, feature: int, spec: Any) -> None: ...


class Features:
    """The numbered leaves of all profiles. Number 0 is never used; `ALWAYS` is present in every version."""

    def __init__(self) -> None:
        self.present: NDArray[np.uint8] = np.zeros(_FIRST, np.uint8)
        self.weights: NDArray[np.float32] = np.zeros(_FIRST, np.float32)
        self.found: Ints = np.zeros(_FIRST, np.int32)
        self._uses: Ints = np.zeros(_FIRST, np.int32)
        self._seen: NDArray[np.float32] = np.zeros(_FIRST, np.float32)
        self._born: NDArray[np.float32] = np.zeros(_FIRST, np.float32)
        self._documents = 0
        self._numbers: dict[Spec, int] = {}
        self._specs: list[Spec | None] = [None, None]
        self._triggers: dict[int, int] = {}
        self._free: list[int] = []
        self._fresh: list[int] = []
        self._words = WordIndex()
        self._prefixes = PrefixIndex()
        self._facets = FacetIndex()
        self._paths = PathIndex()
        self._times = TimeIndex()
        self._judged = JudgedIndex()
        self._indexes: dict[type, _Index] = {
            WordSpec: self._words,
            PrefixSpec: self._prefixes,
            FacetSpec: self._facets,
            PathSpec: self._paths,
            TimeSpec: self._times,
        }

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, spec: Spec) -> int:
        """The feature's number; a new one is looked for from the next version on. Held by nobody until `hold`."""
        feature = self._numbers.get(spec)
        return self._create(spec) if feature is None else feature

    def number_judged(self, spec: JudgedSpec, needs: int) -> int:
        """The same for a leaf that is judged one by one, and only where the feature `needs` is present."""
        feature = self._numbers.get(spec)
        if feature is None:
            feature = self._create(spec)
            self._judged.add(feature, spec, needs)
            self._triggers[feature] = needs
            self.hold([needs])
        return feature

    def spec(self, feature: int) -> Spec:
        """What a feature stands for. Raises `KeyError` when there is no such feature."""
        spec = self._specs[feature]
        if spec is None:
            raise KeyError(feature)
        return spec

    def hold(self, features: Iterable[int]) -> None:
        """Count one more profile for each."""
        for feature in features:
            self._uses[feature] += 1

    def release(self, features: Iterable[int]) -> None:
        """Count one profile less for each; those that nobody uses any more are forgotten."""
        for feature in features:
            self._uses[feature] -= 1
            self._forget_unused(feature)

    def settle(self) -> None:
        """Forget what was numbered since the last time and is still not used."""
        while self._fresh:
            self._forget_unused(self._fresh.pop())

    def cost(self, feature: int) -> float:
        """The share of versions expected to have the feature: as seen so far, tempered by how many ask for it."""
        if feature == ALWAYS:
            return 1.0
        prior = _PRIORS.get(type(self._specs[feature]), _WORD_PRIOR) + self._uses[feature] / (1.0 + len(self._numbers))
        lived = self._documents - self._born[feature]
        return min(0.99, float((self._seen[feature] + _PRIOR_WEIGHT * min(1.0, prior)) / (lived + _PRIOR_WEIGHT)))

    def mark(self, reading: Reading, now: datetime) -> Ints:
        """Mark what a version has in `present`; returns the numbers, a view that the next call overwrites."""
        self.present[ALWAYS] = 1
        self.found[0] = ALWAYS
        n = self._words.mark(reading, self.present, self.found, 1)
        for index in (self._prefixes, self._facets, self._paths):
            n = self._mark(index.find(reading), n)
        n = self._mark(self._times.find(reading, now), n)
        n = self._mark(self._judged.find(reading, self.found[:n].tolist()), n)
        return self.found[:n]

    def unmark(self, found: Ints) -> None:
        """Take back the marks of one version."""
        self.present[found] = 0

    def _mark(self, features: Iterable[int], n: int) -> int:
        for feature in features:
            if not self.present[feature]:
                self.present[feature] = 1
                self.found[n] = feature
                n += 1
        return n

    def weigh(self, found: Ints) -> None:
        """Count a version's features, and set their weights: rarer counts more, what every version has nothing."""
        self._documents += 1
        self._seen[found] += 1
        lived = self._documents - self._born[found]
        self.weights[found] = np.log((lived + _PRIOR_WEIGHT) / (self._seen[found] + 0.5))
        self.weights[ALWAYS] = 0

    def _create(self, spec: Spec) -> int:
        if self._free:
            feature = self._free.pop()
        else:
            feature = len(self._specs)
            self._specs.append(None)
            if feature >= len(self.present):
                self._lengthen(2 * len(self.present))
        self._numbers[spec], self._specs[feature] = feature, spec
        self._uses[feature] = self._seen[feature] = 0
        self._born[feature] = self._documents
        self._fresh.append(feature)
        if not isinstance(spec, JudgedSpec):
            self._indexes[type(spec)].add(feature, spec)
        return feature

    def _forget_unused(self, feature: int) -> None:
        spec = self._specs[feature]
        if spec is None or self._uses[feature] > 0:
            return
        del self._numbers[spec]
        self._specs[feature] = None
        self._free.append(feature)
        if isinstance(spec, JudgedSpec):
            needs = self._triggers.pop(feature)
            self._judged.drop(feature, needs)
            self.release([needs])
        else:
            self._indexes[type(spec)].drop(feature, spec)

    def _lengthen(self, length: int) -> None:
        self.present = lengthened(self.present, length)
        self.weights = lengthened(self.weights, length)
        self.found = lengthened(self.found, length)
        self._uses = lengthened(self._uses, length)
        self._seen = lengthened(self._seen, length)
        self._born = lengthened(self._born, length)
