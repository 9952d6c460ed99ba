"""Why a version matches a profile, in the version's own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.distribute.matcher.conditions import FacetSpec, PathSpec, PrefixSpec, TimeSpec
from headwater.distribute.matcher.words import WordSpec

if TYPE_CHECKING:
    from headwater.distribute.matcher.features import Spec
    from headwater.distribute.matcher.lists import Ints
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


@dataclass(frozen=True, slots=True)
class Grounds:
    """The features that matches of one version rest on, profile by profile, and what each stands for.

    `ends` says where each profile's features end; -1: it does not match.
    """

    profiles: list[int]
    ends: Ints
    features: Ints
    specs: dict[int, Spec]

    def in_words(self, reading: Reading) -> Iterator[tuple[int, Reason | None]]:
        """Each profile with its evidence from left to right, without repeats: each is put into words as it is taken."""
        evidence, begin, features = _Evidence(self.specs, reading), 0, self.features.tolist()
        for profile, end in zip(self.profiles, self.ends.tolist(), strict=True):
            if end < 0:
                yield profile, None
            else:
                yield profile, _reason([evidence[feature] for feature in features[begin:end]])
                begin = end


class _Evidence(dict[int, Evidence]):
    """What the features are in a version's words; each is looked for once."""

    def __init__(self, specs: dict[int, Spec], reading: Reading) -> None:
        self._specs, self._reading = specs, reading

    def __missing__(self, feature: int) -> Evidence:
        found = self[feature] = _evidence(self._specs[feature], self._reading)
        return found


def _reason(found: list[Evidence]) -> Reason:
    return tuple(found) if len(found) == 1 else tuple(dict.fromkeys(found))


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
    passages: Iterator[str] = (text for form in sorted(spec.by_channel()) if (text := reading.passage(*form)))
    several = len(spec.forms[0]) > 1
    return Evidence("phrase" if several else "word", next(passages, ""))
