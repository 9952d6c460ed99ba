"""Why a version matches a profile, in the version's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.conditions import FacetSpec, PathSpec, PrefixSpec, TimeSpec
from headwater.distribute.matcher.plan import ALWAYS, All, Tree
from headwater.distribute.matcher.words import WordSpec

if TYPE_CHECKING:
    from headwater.distribute.matcher.features import Spec
    from headwater.distribute.matcher.reading import Reading


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing a version was matched by.

    `kind` is word, phrase, prefix, near, topic, source, kind, lang, unit, path or published; `value` the words as the
    version writes them, or the value, glob or date as it was asked for.
    """

    kind: str
    value: str


Reason = tuple[Evidence, ...]
"""All the evidence for one match; empty when the profile asks for everything, or only for what must be absent."""


def reason_for(
    tree: Tree, present: NDArray[np.uint8], spec_of: Callable[[int], Spec], reading: Reading
) -> Reason | None:
    """What the parts of the tree that hold were held up by, without repeats; None when the tree does not hold."""
    features = supports(tree, present)
    if features is None:
        return None
    return tuple(dict.fromkeys(_evidence(spec_of(feature), reading) for feature in features))


def supports(tree: Tree, present: NDArray[np.uint8]) -> list[int] | None:
    """The features that the tree rests on, from left to right; None when it does not hold."""
    if isinstance(tree, int):
        if tree < 0:
            return None if present[-tree] else []
        return ([] if tree == ALWAYS else [tree]) if present[tree] else None
    parts = [supports(part, present) for part in tree.parts]
    held = [part for part in parts if part is not None]
    if len(held) < (len(parts) if isinstance(tree, All) else 1):
        return None
    return [feature for part in held for feature in part]


def _evidence(spec: Spec, reading: Reading) -> Evidence:
    if isinstance(spec, WordSpec):
        return _words(spec, reading)
    if isinstance(spec, PrefixSpec):
        return Evidence("prefix", reading.opening(spec.field, spec.prefix) or spec.prefix)
    if isinstance(spec, FacetSpec):
        return Evidence(spec.name, spec.key)
    if isinstance(spec, PathSpec):
        return Evidence("path", spec.pattern)
    if isinstance(spec, TimeSpec):
        return Evidence("published", reading.searchable.published_at.date().isoformat())
    return Evidence("near", reading.passage_near(spec.leaf, spec.languages) or "")


def _words(spec: WordSpec, reading: Reading) -> Evidence:
    passages: Iterator[str] = (text for form in sorted(spec.forms) if (text := reading.passage(*form)))
    several = len(next(iter(spec.forms))[1]) > 1
    return Evidence("phrase" if several else "word", next(passages, ""))
