"""Everything a query asks for besides words, and the sorts of it that a plain table finds: word beginnings and facets.

Dates are found in `times.py`, paths in `globs.py`, and what must be judged in `nears.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from headwater.distribute.matcher.reading import Reading
from headwater.search.language.query import Near, Phrase, Prefix, Word


@dataclass(frozen=True, slots=True)
class PrefixSpec:
    """Some word's surface begins with this."""

    field: str
    prefix: str


@dataclass(frozen=True, slots=True)
class FacetSpec:
    """The version has this value, given as its `facet_key`."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class PathSpec:
    """The version's path matches this glob."""

    pattern: str


@dataclass(frozen=True, slots=True)
class TimeSpec:
    """Published since a day in UTC, or until a day, itself included; or in the last so many days: one of the three.

    Two days are asked for as two specs: there are few days, and very many pairs of days.
    """

    since: date | None = None
    until: date | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class JudgedSpec:
    """A NEAR, which only its definition can judge, for readers of these languages."""

    leaf: Near
    languages: tuple[str, ...]


Condition = PrefixSpec | FacetSpec | PathSpec | TimeSpec | JudgedSpec


def said(spec: Condition) -> list[Any]:
    """The condition in what JSON can say; `heard` reads it."""
    match spec:
        case PrefixSpec(field, prefix):
            return ["prefix", field, prefix]
        case FacetSpec(name, key):
            return ["facet", name, key]
        case PathSpec(pattern):
            return ["path", pattern]
        case TimeSpec(since, until, days):
            return ["time", since and since.isoformat(), until and until.isoformat(), days]
        case JudgedSpec(leaf, languages):
            return ["near", leaf.distance, [_said_part(part) for part in leaf.parts], list(languages)]


def heard(words: list[Any]) -> Condition:
    """The condition that was said."""
    match words:
        case ["prefix", field, prefix]:
            return PrefixSpec(field, prefix)
        case ["facet", name, key]:
            return FacetSpec(name, key)
        case ["path", pattern]:
            return PathSpec(pattern)
        case ["time", since, until, days]:
            return TimeSpec(since and date.fromisoformat(since), until and date.fromisoformat(until), days)
        case ["near", distance, parts, languages]:
            return JudgedSpec(Near(tuple(map(_heard_part, parts)), distance), tuple(languages))
    raise ValueError(f"no condition: {words!r}")


def _said_part(part: Word | Prefix | Phrase) -> list[Any]:
    if isinstance(part, Phrase):
        return ["phrase", list(part.words), part.field]
    return ["word" if isinstance(part, Word) else "prefix", part.text, part.field]


def _heard_part(words: list[Any]) -> Word | Prefix | Phrase:
    kind, text, field = words
    if kind == "phrase":
        return Phrase(tuple(text), field)
    return Word(text, field) if kind == "word" else Prefix(text, field)


class PrefixIndex:
    """Prefixes by field and length: a word's beginnings are looked up, so many prefixes cost no more than few."""

    def __init__(self) -> None:
        self._features: dict[tuple[str, int], dict[str, int]] = {}

    def add(self, feature: int, spec: PrefixSpec) -> None:
        """Let words with this beginning bring the feature."""
        self._features.setdefault((spec.field, len(spec.prefix)), {})[spec.prefix] = feature

    def drop(self, feature: int, spec: PrefixSpec) -> None:
        """Undo `add`."""
        same = self._features[spec.field, len(spec.prefix)]
        del same[spec.prefix]
        if not same:
            del self._features[spec.field, len(spec.prefix)]

    def find(self, reading: Reading) -> Iterator[int]:
        """The features present."""
        for (field, length), features in self._features.items():
            beginnings = set(map(itemgetter(slice(length)), reading.surfaces(field)))
            for beginning in features.keys() & beginnings:
                yield features[beginning]


class FacetIndex:
    """Values of facets."""

    def __init__(self) -> None:
        self._features: dict[tuple[str, str], int] = {}

    def add(self, feature: int, spec: FacetSpec) -> None:
        """Let versions with this value bring the feature."""
        self._features[spec.name, spec.key] = feature

    def drop(self, feature: int, spec: FacetSpec) -> None:
        """Undo `add`."""
        del self._features[spec.name, spec.key]

    def find(self, reading: Reading) -> Iterator[int]:
        """The features present."""
        if self._features:
            for facet in set(reading.facets()):
                feature = self._features.get(facet)
                if feature is not None:
                    yield feature
