"""The features: each distinct leaf of any profile's query once, numbered, counted, and found in a version in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.arrays import FeatureArrays, FeatureParts
from headwater.distribute.matcher.conditions import (
    Condition,
    FacetIndex,
    FacetSpec,
    JudgedSpec,
    PathSpec,
    PrefixIndex,
    PrefixSpec,
    TimeSpec,
    heard,
    said,
)
from headwater.distribute.matcher.globs import PathIndex
from headwater.distribute.matcher.kernels import unmark_features
from headwater.distribute.matcher.lists import Ints, Saved, lengthened
from headwater.distribute.matcher.nears import JudgedIndex
from headwater.distribute.matcher.plan import ALWAYS, MAX_FEATURES
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.saving import as_array, below, from_array, joined, kept_all
from headwater.distribute.matcher.times import TimeIndex
from headwater.distribute.matcher.words import WordIndex, WordSpec

Spec = WordSpec | Condition

_FIRST = 256
# The share of documents expected to have a feature of a sort, before any was seen.
_PRIORS: dict[type[Condition], float] = {
    FacetSpec: 0.2,
    TimeSpec: 0.9,
    PathSpec: 0.02,
    PrefixSpec: 0.05,
    JudgedSpec: 0.001,
}
_WORD_PRIOR = 0.001


class _Index(Protocol):
    """What finds the features of one sort of spec."""

    def add(self, feature: int, spec: Any) -> None: ...

    def drop(self, feature: int, spec: Any) -> None: ...


class Features:
    """The numbered leaves of all profiles. Number 0 is never used; `ALWAYS` is present in every version."""

    def __init__(self) -> None:
        kinds = (np.uint8, np.float32, np.int32, np.float32, np.float32, np.float32, np.int32)
        self._arrays = FeatureArrays._make([*(np.zeros(_FIRST, kind) for kind in kinds), np.zeros(2, np.int64)])
        self.found: Ints = np.zeros(_FIRST, np.int32)
        # By sort: as the tuples they are, conditions of two sorts may be equal.
        self._numbers: dict[type[Condition], dict[Condition, int]] = {sort: {} for sort in _PRIORS}
        self._specs: dict[int, Condition] = {}
        self._last = ALWAYS
        self._free: list[int] = []
        self._fresh: list[int] = []
        self.words = WordIndex()
        self._prefixes = PrefixIndex()
        self._facets = FacetIndex()
        self._paths = PathIndex()
        self._times = TimeIndex()
        self._judged = JudgedIndex()
        self._indexes: dict[type, _Index] = {
            PrefixSpec: self._prefixes,
            FacetSpec: self._facets,
            PathSpec: self._paths,
            TimeSpec: self._times,
        }

    def __len__(self) -> int:
        return self._last - ALWAYS - len(self._free)

    @property
    def last(self) -> int:
        """The highest number in use."""
        return self._last

    def saved(self) -> Saved:
        """Everything about the features, to keep."""
        columns: list[NDArray[Any]] = list(self._arrays[:-1])
        names = FeatureArrays._fields[:-1]
        conditions = [(feature, said(spec)) for feature, spec in self._specs.items()]
        return {
            **{name: column[: self._last + 1] for name, column in zip(names, columns, strict=True)},
            "state": self._arrays.state,
            "conditions": as_array(conditions),
            **joined({"words": self.words, "judged": self._judged}),
        }

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called."""
        self._arrays = FeatureArrays(*(saved[name] for name in FeatureArrays._fields))
        self._last = len(self._arrays.sizes) - 1
        self.found = np.zeros(len(self._arrays.sizes), np.int32)
        self.words.restore(below(saved, "words"), self._arrays.sizes)
        self._judged.restore(below(saved, "judged"))
        with kept_all():
            for feature, words in from_array(saved["conditions"]):
                self._restore_condition(feature, heard(words))
        taken = {*np.flatnonzero(self._arrays.sizes).tolist(), *self._specs}
        self._free = [feature for feature in range(ALWAYS + 1, self._last + 1) if feature not in taken]

    def _restore_condition(self, feature: int, spec: Condition) -> None:
        self._name(feature, spec)
        if not isinstance(spec, JudgedSpec):
            self._indexes[type(spec)].add(feature, spec)

    def arrays(self) -> FeatureArrays:
        """The arrays as they are now; they are replaced when they grow."""
        return self._arrays

    def parts(self) -> FeatureParts:
        """The same as a plain tuple: see `ListParts`."""
        present, weights, uses, seen, born, prior, sizes, state = self._arrays
        return present, weights, uses, seen, born, prior, sizes, state

    def number(self, spec: WordSpec | PrefixSpec | FacetSpec | PathSpec | TimeSpec) -> int:
        """The feature's number; a new one is looked for from the next version on. Held by nobody until it is used."""
        if isinstance(spec, WordSpec):
            return self.words.find(spec) or self._new_words(spec)
        return self._numbers[type(spec)].get(spec) or self._new_condition(spec)

    def number_judged(self, spec: JudgedSpec, parts: Sequence[int]) -> int:
        """The same for a leaf that is judged one by one, and only where the features of all its parts are present."""
        feature = self._numbers[JudgedSpec].get(spec)
        if feature is None:
            feature = self._create(_PRIORS[JudgedSpec])
            self._judged.add(feature, spec, parts, self.parts())  # as a whole or, without memory, not at all
            self._name(feature, spec)
        return feature

    def spec(self, feature: int) -> Spec:
        """What a feature stands for. Raises `KeyError` when there is no such feature."""
        size = int(self._arrays.sizes[feature])
        return self.words.spec(feature, size) if size else self._specs[feature]

    def share(self, feature: int) -> float:
        """The share of documents that had the feature among those that came since it was first asked for."""
        return float(self._arrays.seen[feature] / max(1.0, self._arrays.state[0] - self._arrays.born[feature]))

    def forget(self, features: Iterable[int]) -> None:
        """Drop those of the features that no profile names any more."""
        uses, sizes, words = self._arrays.uses, self._arrays.sizes, []
        for feature in dict.fromkeys(features):
            if uses[feature] == 0:
                if sizes[feature]:
                    words.append(feature)
                elif self._forget_condition(feature):
                    self._give_back([feature])
        if words:
            self.words.drop(words, sizes)
            self._give_back(words)

    def post(self) -> None:
        """Look for what was numbered since the last time."""
        self.words.post()
        self._tally()

    def settle(self) -> None:
        """The same; and forget of it what is still not used."""
        self.post()
        fresh, self._fresh = self._fresh, []
        self.forget(fresh)
        self._tally()

    def _tally(self) -> None:
        """Have compiled loops know how many there are: where a profile is posted depends on it."""
        self._arrays.state[1] = len(self)

    def mark(self, reading: Reading, now: datetime) -> Ints:
        """Mark what a version has in `present`; returns the numbers, a view that the next call overwrites."""
        present, found = self._arrays.present, self.found
        present[ALWAYS] = 1
        found[0] = ALWAYS
        n = self.words.mark(reading, present, found, 1)
        for index in (self._prefixes, self._facets, self._paths):
            n = self._mark(index.find(reading), n)
        n = self._times.mark(reading, now, present, found, n)
        n = self._mark(self._judged.find(reading, self._arrays, found[:n], self.words, self._specs), n)
        return found[:n]

    def mark_again(self, found: Ints) -> Ints:
        """Mark what a version was seen to have before; returns it."""
        self._arrays.present[found] = 1
        return found

    def unmark(self, found: Ints) -> None:
        """Take back the marks of one version."""
        unmark_features(found, self._arrays.present)

    def unmark_all(self) -> None:
        """Take back whatever is marked."""
        self._arrays.present[:] = 0

    def _mark(self, features: Iterable[int], n: int) -> int:
        present = self._arrays.present
        for feature in features:
            if not present[feature]:
                present[feature] = 1
                self.found[n] = feature
                n += 1
        return n

    def _new_words(self, spec: WordSpec) -> int:
        feature = self._create(_WORD_PRIOR)
        self._arrays.sizes[feature] = len(spec.forms[0])
        self.words.add(feature, spec)
        return feature

    def _new_condition(self, spec: Condition) -> int:
        feature = self._create(_PRIORS[type(spec)])
        self._name(feature, spec)
        self._indexes[type(spec)].add(feature, spec)
        return feature

    def _name(self, feature: int, spec: Condition) -> None:
        self._numbers[type(spec)][spec], self._specs[feature] = feature, spec

    def _create(self, prior: float) -> int:
        if self._free:
            feature = self._free.pop()
        else:
            feature = self._last + 1
            if feature >= MAX_FEATURES:
                raise MemoryError(f"all profiles together ask for more than {MAX_FEATURES} different things")
            if feature >= len(self.found):
                self._lengthen(2 * len(self.found))
            self._last = feature
        self._arrays.prior[feature], self._arrays.born[feature] = prior, self._arrays.state[0]
        self._fresh.append(feature)
        return feature

    def _lengthen(self, length: int) -> None:
        columns: list[NDArray[Any]] = list(self._arrays[:-1])
        longer, found = [lengthened(column, length) for column in columns], lengthened(self.found, length)
        self._arrays, self.found = FeatureArrays._make([*longer, self._arrays.state]), found

    def _give_back(self, features: Sequence[int]) -> None:
        seen, sizes = self._arrays.seen, self._arrays.sizes
        for feature in features:
            seen[feature] = sizes[feature] = 0
        self._free += features
        self._tally()

    def _forget_condition(self, feature: int) -> bool:
        spec = self._specs.pop(feature, None)
        if spec is None:
            return False
        del self._numbers[type(spec)][spec]
        if isinstance(spec, JudgedSpec):
            self.forget(self._judged.drop(feature, self.parts()))
        else:
            self._indexes[type(spec)].drop(feature, spec)
        return True
