"""Everything a query asks for besides words, and the sorts of it that a plain table finds: word beginnings and facets.

Dates are found in `times.py`, paths in `globs.py`, and what must be judged in `nears.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from headwater.distribute.matcher.reading import Reading
from headwater.search.language.query import Near, Phrase, Prefix, Word

_MOST_WORDS = 100_000
_MOST_CHANGES = 10
_OPENING = 2


class PrefixSpec(NamedTuple):
    """Some word's surface begins with this."""

    field: str
    prefix: str


class FacetSpec(NamedTuple):
    """The version has this value, given as its `facet_key`."""

    name: str
    key: str


class PathSpec(NamedTuple):
    """The version's path matches this glob."""

    pattern: str


class TimeSpec(NamedTuple):
    """Published since a day in UTC, or until a day, itself included; or in the last so many days: one of the three.

    Two days are asked for as two specs: there are few days, and very many pairs of days.
    """

    since: date | None = None
    until: date | None = None
    days: int | None = None


class JudgedSpec(NamedTuple):
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
        self._fields: dict[str, _Beginnings] = {}

    def add(self, feature: int, spec: PrefixSpec) -> None:
        """Let words with this beginning bring the feature."""
        self._fields.setdefault(spec.field, _Beginnings()).put(spec.prefix, feature)

    def drop(self, feature: int, spec: PrefixSpec) -> None:
        """Undo `add`."""
        beginnings = self._fields[spec.field]
        beginnings.take(spec.prefix)
        if not beginnings.features:
            del self._fields[spec.field]

    def find(self, reading: Reading) -> Iterator[int]:
        """The features present, some of them several times."""
        for field, beginnings in self._fields.items():
            beginnings.settle()
            yield from chain.from_iterable(map(beginnings.__getitem__, reading.surfaces(field)))


class _Beginnings(dict[str, tuple[int, ...]]):
    """What each word brings by its beginning, worked out once; `features` has what is asked, by length and prefix."""

    def __init__(self) -> None:
        self.features: dict[int, dict[str, int]] = {}
        self._changed: list[str] = []
        self._alike: dict[str, list[str]] = {}  # the words by their first letters

    def put(self, prefix: str, feature: int) -> None:
        """Let words with this beginning bring the feature."""
        self.features.setdefault(len(prefix), {})[prefix] = feature
        self._note(prefix)

    def take(self, prefix: str) -> None:
        """Undo `put`."""
        same = self.features[len(prefix)]
        del same[prefix]
        if not same:
            del self.features[len(prefix)]
        self._note(prefix)

    def _note(self, prefix: str) -> None:
        if self and len(self._changed) <= _MOST_CHANGES:
            self._changed.append(prefix)

    def settle(self) -> None:
        """Forget what was worked out of words that begin with what was put or taken, or all when it is too much."""
        is_short = any(len(prefix) < _OPENING for prefix in self._changed)
        if is_short or len(self) > _MOST_WORDS or len(self._changed) > _MOST_CHANGES:
            self.clear()
            self._alike.clear()
        for prefix in self._changed:
            self._forget(prefix)
        self._changed.clear()

    def _forget(self, prefix: str) -> None:
        alike = self._alike.get(prefix[:_OPENING], [])
        for word in alike:
            if word.startswith(prefix):
                del self[word]
        self._alike[prefix[:_OPENING]] = [word for word in alike if word in self]

    def __missing__(self, word: str) -> tuple[int, ...]:
        found = (features.get(word[:length]) for length, features in self.features.items())
        brought = self[word] = tuple(feature for feature in found if feature is not None)
        self._alike.setdefault(word[:_OPENING], []).append(word)
        return brought


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
