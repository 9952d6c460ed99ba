"""Why a version matches a profile, in the version's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.distribute.matcher.conditions import FacetSpec, PathSpec, PrefixSpec, TimeSpec
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


class Reasons:
    """Puts the features that matches of one version rest on into words, each feature once."""

    def __init__(self, spec_of: Callable[[int], Spec], reading: Reading) -> None:
        self._spec_of = spec_of
        self._reading = reading
        self._known: dict[int, Evidence] = {}

    def of(self, features: Sequence[int]) -> Reason:
        """The evidence of these features from left to right, without repeats."""
        known = self._known
        found = tuple([known.get(feature) or self._learn(feature) for feature in features])
        return found if len(found) == 1 else tuple(dict.fromkeys(found))

    def _learn(self, feature: int) -> Evidence:
        evidence = self._known[feature] = _evidence(self._spec_of(feature), self._reading)
        return evidence


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
    several = len(spec.forms[0][1]) > 1
    return Evidence("phrase" if several else "word", next(passages, ""))
